// Reading a whole file, and writing one so that it appears whole or not at all.
#pragma once

#include "io/array.hpp"

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace faltung::io {

/// "<path>: <what>: <fix>"
[[noreturn]] void fail(const std::string& path, const std::string& what, const std::string& fix);
/// The same with the system's reason (errno).
[[noreturn]] void fail_system(const std::string& path, const std::string& action, int error);

/// A regular file, opened for reading.
class InputFile {
 public:
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::uint64_t size() const { return size_; }
  std::FILE* get() const { return file_; }
  /// Exactly `count` bytes. Errors: FileError when the file ends before.
  void read(void* to, std::size_t count);
  /// The same from a place in the file; where `read` goes on is left open.
  void read_at(std::uint64_t position, void* to, std::size_t count);

 private:
  std::string path_;
  std::FILE* file_ = nullptr;
  std::uint64_t size_ = 0;
};

/// Everything, at most `limit` bytes.
std::vector<unsigned char> read_all(const std::string& path, std::uint64_t limit);

/// Writes into a temporary file beside `path`; `commit` renames it. Without commit nothing remains.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(const void* from, std::size_t count);
  /// Bytes anywhere in the file; not to be mixed with `write`.
  void write_at(std::uint64_t position, const void* from, std::size_t count);
  int descriptor() const;
  void commit();

 private:
  std::string path_, temporary_;
  std::FILE* file_ = nullptr;
};

}  // namespace faltung::io
