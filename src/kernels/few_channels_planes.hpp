// Kernels for one channel per group and the shapes that networks have: whole planes, read where they are.
#pragma once

#include "kernels/target.hpp"

#include <cstdint>

namespace faltung::internal {

/// Rows row_begin … row_end − 1 of one result plane, from one given plane; both dense. Nothing outside of the planes is
/// read. Rows beyond the given ones are no products; columns beyond them are zeros.
template <class T>
struct FewChannelsPlane {
  const T* in;
  T* out;
  std::int64_t in_height, in_width, out_width;
  std::int64_t row_begin, row_end;  ///< where phases are interleaved: pairs of rows
  std::int64_t first_y, first_x;    ///< the first of the given cells that result 0 meets
  const T* weights;                 ///< of each phase, taps ascending
  T start;
  const T* ahead_in;   ///< prefetched meanwhile: what the next call reads
  const T* ahead_out;  ///< and writes
  std::int64_t ahead_in_bytes, ahead_out_bytes;
};
template <class T>
using FewChannelsPlaneKernel = void (*)(const FewChannelsPlane<T>& plane);

/// All null where a vector has one lane.
template <class T>
struct FewChannelsPlaneKernels {
  std::int64_t lanes = 1;
  FewChannelsPlaneKernel<T> gather_3x3 = nullptr;   ///< c[r] = Σ w[k] · in[r + first + k]
  FewChannelsPlaneKernel<T> scatter_3x3 = nullptr;  ///< f[r] = Σ w[k] · in[r + first + 2 − k]
  FewChannelsPlaneKernel<T> gather_5x5 = nullptr;
  FewChannelsPlaneKernel<T> scatter_5x5 = nullptr;
  FewChannelsPlaneKernel<T> gather_3x3_strided = nullptr;  ///< c[r] = Σ w[k] · in[2r + first + k]
  /// f[2q] = w₀ · in[q + first], f[2q + 1] = w₁[0] · in[q + first + 1] + w₁[1] · in[q + first].
  FewChannelsPlaneKernel<T> scatter_3x3_strided = nullptr;
  /// f[2q] = w₀[0] · in[q + first + 1] + w₀[1] · in[q + first], f[2q + 1] the same with w₁, one cell further.
  FewChannelsPlaneKernel<T> scatter_4x4_strided = nullptr;
};

/// Columns that the given plane has at least, and the result plane (or each of its phases) `lanes`: a vector reaches no
/// further than into the rows beside its own.
constexpr std::int64_t few_channels_plane_columns(std::int64_t lanes, std::int64_t stride) {
  return lanes * stride + 4;
}

template <class T>
const FewChannelsPlaneKernels<T>& few_channels_plane_kernels(Target target);
template <>
const FewChannelsPlaneKernels<float>& few_channels_plane_kernels<float>(Target target);
template <>
const FewChannelsPlaneKernels<double>& few_channels_plane_kernels<double>(Target target);

}  // namespace faltung::internal
