// Arrays larger than memory: a .npy read through the file's mapping and written in pieces.
#pragma once

#include "io/npy.hpp"

#include <cstdint>
#include <string>

namespace faltung::io {

/// A .npy in C order, mapped into memory. What was read is given back to the system at once, so that resident memory
/// stays small. Errors: FileError (also for Fortran order).
class NpyRows {
 public:
  explicit NpyRows(const std::string& path);
  ~NpyRows();
  NpyRows(const NpyRows&) = delete;
  NpyRows& operator=(const NpyRows&) = delete;

  const Shape& shape() const { return header_.shape; }
  DType dtype() const { return header_.dtype(); }
  /// `count` numbers in C order from number `first` on. T: float, double, or (of integers only) std::int64_t.
  template <class T>
  void read(std::int64_t first, std::int64_t count, T* to) const;

 private:
  std::string path_;
  NpyHeader header_;
  const unsigned char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

/// A .npy whose pieces come in any order, each once. Without `commit` nothing remains. Errors: FileError.
class NpyRowWriter {
 public:
  NpyRowWriter(const std::string& path, DType dtype, const Shape& shape);
  /// `count` numbers of the array's type, from number `first` on.
  void write(std::int64_t first, std::int64_t count, const void* from);
  void commit() { file_.commit(); }

 private:
  OutputFile file_;
  std::uint64_t start_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace faltung::io
