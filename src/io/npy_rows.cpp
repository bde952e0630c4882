#include "io/npy_rows.hpp"

#include "io/npy_numbers.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace faltung::io {

NpyRows::NpyRows(const std::string& path) : path_(path) {
  InputFile file(path);
  header_ = read_npy_header(file, path);
  if (header_.fortran_order && header_.shape.size() > 1)
    fail(path, "it is in Fortran order, whose rows lie apart",
         "save it in C order (numpy.ascontiguousarray), or leave --stream out");
  size_ = file.size();
  void* const mapping = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, ::fileno(file.get()), 0);
  if (mapping == MAP_FAILED) fail_system(path, "map it", errno);
  bytes_ = static_cast<const unsigned char*>(mapping);
}

NpyRows::~NpyRows() { ::munmap(const_cast<unsigned char*>(bytes_), size_); }

template <class T>
void NpyRows::read(std::int64_t first, std::int64_t count, T* to) const {
  const auto width = static_cast<std::size_t>(header_.bytes);
  const std::size_t begin = header_.start + static_cast<std::size_t>(first) * width,
                    end = begin + static_cast<std::size_t>(count) * width;
  const auto convert = [&]<class N>() {
    const unsigned char* from = bytes_ + begin;
    for (std::int64_t i = 0; i < count; ++i, from += width) to[i] = static_cast<T>(number<N>(header_, from, path_));
  };
  switch (dtype()) {
    case DType::f32:
      convert.template operator()<float>();
      break;
    case DType::f64:
      convert.template operator()<double>();
      break;
    case DType::i64:
      convert.template operator()<std::int64_t>();
      break;
  }
  // whole pages only; a halo that is read again comes from the system's cache
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t from_page = begin / page * page, to_page = end / page * page;
  if (to_page > from_page)
    ::madvise(const_cast<unsigned char*>(bytes_) + from_page, to_page - from_page, MADV_DONTNEED);
}
template void NpyRows::read(std::int64_t, std::int64_t, float*) const;
template void NpyRows::read(std::int64_t, std::int64_t, double*) const;
template void NpyRows::read(std::int64_t, std::int64_t, std::int64_t*) const;

NpyRowWriter::NpyRowWriter(const std::string& path, DType dtype, const Shape& shape)
    : file_(path), bytes_(size_of(dtype)) {
  const std::string header = npy_header(path, npy_type(dtype), shape);
  file_.write_at(0, header.data(), header.size());
  start_ = header.size();
}

void NpyRowWriter::write(std::int64_t first, std::int64_t count, const void* from) {
  file_.write_at(start_ + static_cast<std::uint64_t>(first) * bytes_, from, static_cast<std::size_t>(count) * bytes_);
}

}  // namespace faltung::io
