#include "io/file.hpp"

#include "io/unfinished.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace faltung::io {

void fail(const std::string& path, const std::string& what, const std::string& fix) {
  throw FileError(fmt::format("{}: {}: {}", path, what, fix));
}

void fail_system(const std::string& path, const std::string& action, int error) {
  const char* fix = error == ENOENT                     ? "check the path"
                    : error == EACCES || error == EPERM ? "check the permissions"
                    : error == ENOSPC                   ? "free some space"
                    : error == EFBIG                    ? "files may not be so large here: write a smaller one"
                    : error == EROFS                    ? "use another folder"
                                                        : "check the file";
  fail(path, fmt::format("cannot {}, {}", action, std::strerror(error)), fix);
}

InputFile::InputFile(const std::string& path) : path_(path) {
  struct stat information {};
  if (::stat(path.c_str(), &information) != 0) fail_system(path, "open it", errno);
  if (!S_ISREG(information.st_mode)) fail(path, "it is not a regular file", "give a file");
  size_ = static_cast<std::uint64_t>(information.st_size);
  file_ = std::fopen(path.c_str(), "rb");
  if (!file_) fail_system(path, "open it", errno);
}

InputFile::~InputFile() {
  if (file_) std::fclose(file_);
}

void InputFile::read(void* to, std::size_t count) {
  if (count > 0 && std::fread(to, 1, count, file_) != count)
    fail(path_, "the file ends too early", "make it again: it is cut off");
}

void InputFile::read_at(std::uint64_t position, void* to, std::size_t count) {
  if (::fseeko(file_, static_cast<off_t>(position), SEEK_SET) != 0) fail_system(path_, "read it", errno);
  read(to, count);
}

std::vector<unsigned char> read_all(const std::string& path, std::uint64_t limit) {
  InputFile file(path);
  if (file.size() > limit)
    fail(path, fmt::format("it has {} bytes, at most {} are read", file.size(), limit), "use a smaller file");
  std::vector<unsigned char> bytes(file.size());
  file.read(bytes.data(), bytes.size());
  return bytes;
}

OutputFile::OutputFile(const std::string& path) : path_(path) {
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (std::filesystem::is_directory(status)) fail(path, "it is a folder", "give the name of a file");
  // renaming over a pipe or a device would take it away from its users
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    fail(path, "it is not a regular file", "give the name of a file");
  temporary_ = path + ".XXXXXX";
  const int descriptor = make_unfinished(temporary_);
  if (descriptor < 0) {
    temporary_.clear();
    fail_system(path, "write it", errno);
  }
  const mode_t mask = ::umask(0);  // mkstemp makes private files; the result has the usual rights
  ::umask(mask);
  ::fchmod(descriptor, 0666 & ~mask);
  file_ = ::fdopen(descriptor, "wb");
  if (!file_) {
    const int error = errno;
    ::close(descriptor);
    std::remove(temporary_.c_str());
    forget_unfinished(temporary_);
    fail_system(path, "write it", error);
  }
}

OutputFile::~OutputFile() {
  if (file_) std::fclose(file_);
  if (temporary_.empty()) return;
  std::remove(temporary_.c_str());
  forget_unfinished(temporary_);
}

void OutputFile::write(const void* from, std::size_t count) {
  if (count > 0 && std::fwrite(from, 1, count, file_) != count) fail_system(path_, "write it", errno);
}

void OutputFile::write_at(std::uint64_t position, const void* from, std::size_t count) {
  const auto* bytes = static_cast<const char*>(from);
  while (count > 0) {
    const ssize_t written = ::pwrite(descriptor(), bytes, count, static_cast<off_t>(position));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail_system(path_, "write it", written < 0 ? errno : ENOSPC);
    bytes += written;
    position += static_cast<std::uint64_t>(written);
    count -= static_cast<std::size_t>(written);
  }
}

int OutputFile::descriptor() const { return ::fileno(file_); }

void OutputFile::commit() {
  const bool flushed = std::fclose(file_) == 0;
  file_ = nullptr;
  if (!flushed) fail_system(path_, "write it", errno);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail_system(path_, "rename the finished file to it", errno);
  forget_unfinished(temporary_);
  temporary_.clear();
}

void write_text(const std::string& path, const std::string& text) {
  OutputFile file(path);
  file.write(text.data(), text.size());
  file.commit();
}

FileKind kind_of(const std::string& path) {
  const std::size_t dot = path.find_last_of("./");
  if (dot == std::string::npos || path[dot] != '.') return FileKind::unknown;
  std::string suffix = path.substr(dot + 1);
  std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (suffix == "npy") return FileKind::npy;
  if (suffix == "png") return FileKind::png;
  if (suffix == "wav") return FileKind::wav;
  return suffix == "jpg" || suffix == "jpeg" ? FileKind::jpeg : FileKind::unknown;
}

}  // namespace faltung::io
