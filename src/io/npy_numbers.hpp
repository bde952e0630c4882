// From the bytes of a .npy file to numbers.
#pragma once

#include "io/npy.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace faltung::io {

inline float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16U, exponent = (half >> 10U) & 0x1FU, fraction = half & 0x3FFU;
  if (exponent == 0) {
    const float value = std::ldexp(static_cast<float>(fraction), -24);
    return sign ? -value : value;
  }
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000U | fraction << 13U);
  return std::bit_cast<float>(sign | (exponent + 112) << 23U | fraction << 13U);
}

template <class T>
T load(const unsigned char* bytes, bool swap) {
  unsigned char raw[sizeof(T)];
  std::memcpy(raw, bytes, sizeof(T));
  if (swap) std::reverse(raw, raw + sizeof(T));
  return std::bit_cast<T>(raw);
}

/// One number of the file, as the type that arrays of its kind have.
template <class T>
T number(const NpyHeader& header, const unsigned char* b, const std::string& path) {
  const bool swap = header.byte_order == '>' && header.bytes > 1;
  if constexpr (std::is_same_v<T, double>) {
    return load<double>(b, swap);
  } else if constexpr (std::is_same_v<T, float>) {
    return header.bytes == 4 ? load<float>(b, swap) : half_to_float(load<std::uint16_t>(b, swap));
  } else {
    const bool is_signed = header.kind == 'i';
    switch (header.bytes) {
      case 1:
        return is_signed ? static_cast<std::int64_t>(load<std::int8_t>(b, false)) : header.kind == 'b' ? *b != 0 : *b;
      case 2:
        return is_signed ? static_cast<std::int64_t>(load<std::int16_t>(b, swap)) : load<std::uint16_t>(b, swap);
      case 4:
        return is_signed ? static_cast<std::int64_t>(load<std::int32_t>(b, swap)) : load<std::uint32_t>(b, swap);
      default:
        break;
    }
    if (!is_signed &&
        load<std::uint64_t>(b, swap) > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      fail(path, "it holds a uint64 over 2^63 - 1", "use float64, or smaller numbers");
    return load<std::int64_t>(b, swap);
  }
}

}  // namespace faltung::io
