// Source: Boisvert, Pozo & Remington, "The Matrix Market exchange formats", NISTIR 5935, 1996; SciPy,
// scipy.sparse.save_npz.
#include "io/matrix.hpp"

#include "io/file.hpp"
#include "io/npy.hpp"

#include <faltung/tensor.hpp>

#include <fmt/format.h>
#include <zip.h>

#include <memory>
#include <type_traits>

namespace faltung::io {

namespace {

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct Free {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};

/// A zip archive that grows in memory.
class Archive {
 public:
  explicit Archive(const std::string& path) : path_(path) {
    zip_error_t error;
    zip_error_init(&error);
    source_.reset(zip_source_buffer_create(nullptr, 0, 0, &error));
    if (!source_) throw std::bad_alloc();
    archive_.reset(zip_open_from_source(source_.get(), ZIP_TRUNCATE, &error));
    if (!archive_) throw std::bad_alloc();
    zip_source_keep(source_.get());  // the archive owns one reference, the reading afterwards another
  }

  /// The bytes must live until `bytes()`.
  void add(const char* name, const std::string& content) {
    zip_source_t* member = zip_source_buffer(archive_.get(), content.data(), content.size(), 0);
    if (!member) throw std::bad_alloc();
    if (zip_file_add(archive_.get(), name, member, ZIP_FL_ENC_UTF_8) < 0) {
      zip_source_free(member);
      refuse(zip_strerror(archive_.get()));
    }
  }

  std::string bytes() {
    if (zip_close(archive_.get()) != 0) refuse(zip_strerror(archive_.get()));
    static_cast<void>(archive_.release());
    zip_stat_t information;
    if (zip_source_open(source_.get()) != 0 || zip_source_stat(source_.get(), &information) != 0)
      refuse("it cannot be read back");
    std::string all(information.size, '\0');
    if (zip_source_read(source_.get(), all.data(), all.size()) != static_cast<zip_int64_t>(all.size()))
      refuse("it cannot be read back");
    zip_source_close(source_.get());
    return all;
  }

 private:
  [[noreturn]] void refuse(const std::string& reason) { fail(path_, "libzip says " + reason, "write .mtx instead"); }

  const std::string& path_;
  std::unique_ptr<zip_source_t, Free> source_;
  std::unique_ptr<zip_t, Discard> archive_;
};

template <class T>
std::string npy_bytes(const std::string& path, const std::string& type, const Shape& shape, const T* values,
                      std::size_t count) {
  std::string bytes = npy_header(path, type, shape);
  bytes.append(reinterpret_cast<const char*>(values), count * sizeof(T));
  return bytes;
}

template <class T>
std::string npy_bytes(const std::string& path, const std::vector<T>& values) {
  return npy_bytes(path, npy_type(dtype_of<T>), {static_cast<std::int64_t>(values.size())}, values.data(),
                   values.size());
}

}  // namespace

template <class T>
void write_matrix_market(const std::string& path, const SparseMatrix<T>& matrix, const std::string& comment) {
  OutputFile file(path);
  std::string text = fmt::format("%%MatrixMarket matrix coordinate {} general\n% {}\n{} {} {}\n",
                                 std::is_integral_v<T> ? "integer" : "real", comment, matrix.rows, matrix.columns,
                                 matrix.value.size());
  for (std::size_t row = 0; row < static_cast<std::size_t>(matrix.rows); ++row)
    for (auto i = static_cast<std::size_t>(matrix.row_start[row]);
         i < static_cast<std::size_t>(matrix.row_start[row + 1]); ++i) {
      fmt::format_to(std::back_inserter(text), "{} {} {}\n", row + 1, matrix.column[i] + 1, matrix.value[i]);
      constexpr std::size_t block = 1 << 16;  // written now and then, so that the text is never whole in memory
      if (text.size() < block) continue;
      file.write(text.data(), text.size());
      text.clear();
    }
  file.write(text.data(), text.size());
  file.commit();
}

template <class T>
void write_npz(const std::string& path, const SparseMatrix<T>& matrix) {
  const std::string indices = npy_bytes(path, matrix.column), starts = npy_bytes(path, matrix.row_start),
                    data = npy_bytes(path, matrix.value),
                    shape = npy_bytes(path, std::vector<std::int64_t>{matrix.rows, matrix.columns}),
                    format = npy_bytes(path, "|S3", {}, "csr", 3);
  Archive archive(path);
  archive.add("indices.npy", indices);
  archive.add("indptr.npy", starts);
  archive.add("format.npy", format);
  archive.add("shape.npy", shape);
  archive.add("data.npy", data);
  const std::string bytes = archive.bytes();
  OutputFile file(path);
  file.write(bytes.data(), bytes.size());
  file.commit();
}

#define FALTUNG_INSTANTIATE(T)                                                                       \
  template void write_matrix_market(const std::string&, const SparseMatrix<T>&, const std::string&); \
  template void write_npz(const std::string&, const SparseMatrix<T>&);
FALTUNG_INSTANTIATE(float)
FALTUNG_INSTANTIATE(double)
FALTUNG_INSTANTIATE(std::int64_t)
#undef FALTUNG_INSTANTIATE

}  // namespace faltung::io
