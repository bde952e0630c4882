// .npy files byte by byte, as the format's description says, independent of the reader.
#pragma once

#include "io/array.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace faltung::test {

/// The bytes of a number in the wanted order.
template <class T>
std::string raw(T value, bool big_endian) {
  const auto* begin = reinterpret_cast<const char*>(&value);
  std::string bytes(begin, sizeof(T));
  if (big_endian != (std::endian::native == std::endian::big)) std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

/// A file as NumPy writes it, for any header text.
inline std::string npy(const std::string& header, const std::string& data, int version = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  std::string text = header;
  const std::size_t before = version == 1 ? 10 : 12;
  while ((before + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';
  for (std::size_t i = 0; i < before - 8; ++i) file += static_cast<char>(text.size() >> (8 * i) & 0xFFU);
  return file + text + data;
}

inline std::string header(const std::string& type, const std::string& shape, bool fortran = false) {
  return "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }";
}

inline std::string shape_text(const Shape& shape) {
  std::string text = "(";
  for (const std::int64_t extent : shape) text += std::to_string(extent) + (shape.size() == 1 ? "," : ", ");
  if (shape.size() > 1) text.resize(text.size() - 2);
  return text + ")";
}

template <class T>
const std::vector<T>& values_of(const io::Array& array) {
  return std::get<std::vector<T>>(array.values);
}

}  // namespace faltung::test
