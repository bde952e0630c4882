// Whole .npy arrays.
#include "io/npy.hpp"

#include "io/npy_numbers.hpp"

#include <bit>

namespace faltung::io {

namespace {

/// Calls put(i, bytes of element i in C order) while reading in file order.
template <class Put>
void for_each_element(InputFile& file, const NpyHeader& header, Put&& put) {
  const std::int64_t count = header.count;
  const auto bytes = static_cast<std::size_t>(header.bytes);
  std::vector<unsigned char> buffer(bytes * static_cast<std::size_t>(std::min<std::int64_t>(count, 1 << 16)));
  Shape position(header.shape.size(), 0);
  std::int64_t linear = 0;  // in C order
  for (std::int64_t done = 0; done < count;) {
    const std::int64_t now = std::min<std::int64_t>(count - done, 1 << 16);
    file.read(buffer.data(), static_cast<std::size_t>(now) * bytes);
    for (std::int64_t i = 0; i < now; ++i) {
      put(static_cast<std::size_t>(linear), buffer.data() + static_cast<std::size_t>(i) * bytes);
      if (!header.fortran_order) {
        ++linear;
        continue;
      }
      std::int64_t stride = count;  // Fortran: the first axis runs fastest
      for (std::size_t a = 0; a < position.size(); ++a) {
        stride /= header.shape[a];
        linear += stride;
        if (++position[a] < header.shape[a]) break;
        linear -= stride * header.shape[a];
        position[a] = 0;
      }
    }
    done += now;
  }
}

}  // namespace

Array read_npy(const std::string& path) {
  InputFile file(path);
  const NpyHeader header = read_npy_header(file, path);
  Array array;
  array.shape = header.shape;
  const auto fill = [&]<class T>(std::vector<T>& values) {
    values.resize(static_cast<std::size_t>(header.count));
    for_each_element(file, header,
                     [&](std::size_t i, const unsigned char* bytes) { values[i] = number<T>(header, bytes, path); });
  };
  switch (header.dtype()) {
    case DType::f32:
      fill(array.values.emplace<std::vector<float>>());
      break;
    case DType::f64:
      fill(array.values.emplace<std::vector<double>>());
      break;
    case DType::i64:
      fill(array.values.emplace<std::vector<std::int64_t>>());
      break;
  }
  return array;
}

void write_npy(const std::string& path, const Array& array) {
  const std::string header = npy_header(path, npy_type(array.dtype()), array.shape);
  OutputFile file(path);
  file.write(header.data(), header.size());
  static_assert(std::endian::native == std::endian::little, "write_npy writes the machine's bytes as little-endian");
  std::visit([&](const auto& values) { file.write(values.data(), values.size() * sizeof(values[0])); }, array.values);
  file.commit();
}

}  // namespace faltung::io
