// The leaf loop of few positions and many channels: vectors lie along the result channels, so that a matrix-vector
// product reads its weights once, one behind the other.
#pragma once

#include "kernels/kernels.hpp"

#include <cstdint>

namespace faltung::internal {

/// sums[i][j] += Σ_c Σ_t cells[(c·taps + t)·rows + i] · weights[(c·channel_steps + step[t])·width + j], i < rows,
/// j < width = vectors·lanes, c < channels, t < taps; c and t ascending, fused multiply-add.
template <class T>
struct FewPositionsProduct {
  const T* weights;
  const T* cells;
  const std::int32_t* step;
  std::int64_t taps, channels, channel_steps;
  T* sums;
  std::int64_t sums_stride;
  const T* ask;        ///< memory that is wanted soon, …
  std::int64_t lines;  ///< … so many lines of the cache in every step
};
template <class T>
using FewPositionsKernel = void (*)(const FewPositionsProduct<T>& of);

template <class T>
struct FewPositionsKernels {
  /// By rows and vectors; null where the registers do not suffice.
  FewPositionsKernel<T> product[most_tile_rows + 1][most_tile_vectors + 1] = {};
  /// out[i] = in[cell[i]], or 0 where cell[i] is below 0; i < n.
  void (*gather)(const T* in, const std::int32_t* cell, std::int64_t n, T* out) = nullptr;
};

template <class T>
const FewPositionsKernels<T>& few_positions_kernels(Target target);
template <>
const FewPositionsKernels<float>& few_positions_kernels<float>(Target target);
template <>
const FewPositionsKernels<double>& few_positions_kernels<double>(Target target);

}  // namespace faltung::internal
