// Short rows of an array into planes: taken apart by phases, the zeros around them written with them.
#pragma once

#include "kernels/target.hpp"

#include <cstdint>

namespace faltung::internal {

/// Of every channel c and row y: to[place[r] + c·to_stride + y·to_pitch + i] = in[c·in_stride + y·in_pitch + i·phases +
/// r] where begin[r] <= i < end[r], else 0; r < phases, i < n. Places below 0 are left out. `in` null: zeros. Rows
/// ascend; up to short_rows_slack cells behind each are written, and as much is read of every phase.
template <class T>
struct ShortRows {
  const T* in;
  std::int64_t in_stride, in_pitch;
  std::int64_t channels, height, phases, n;
  T* to;
  std::int64_t place[4], to_stride, to_pitch;
  std::int64_t begin[4], end[4];
};
inline constexpr std::int64_t most_short_rows_phases = 4;
constexpr std::int64_t short_rows_slack(std::int64_t element_bytes) { return 16 / element_bytes - 1; }

template <class T>
using ShortRowsKernel = void (*)(const ShortRows<T>& of);

template <class T>
ShortRowsKernel<T> short_rows_kernel(Target target);
template <>
ShortRowsKernel<float> short_rows_kernel<float>(Target target);
template <>
ShortRowsKernel<double> short_rows_kernel<double>(Target target);

}  // namespace faltung::internal
