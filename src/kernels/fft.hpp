// The loops of the batched FFT, as tables of functions: one table per element type and target.
//
// A point is re[lanes], im[lanes]: as many transforms side by side as a vector has lanes, so that no pass shuffles.
// Two real arrays travel as the real and the imaginary part of one complex array: a product with the spectrum of a
// real kernel keeps them apart.
#pragma once

#include "kernels/target.hpp"

#include <array>
#include <cstdint>

namespace faltung::internal {

inline constexpr int most_fft_passes = 10;
inline constexpr int most_product_channels = 3;
inline constexpr int most_product_pairs = 2;

/// Splits transforms of `length` points into `radix` of length / radix.
template <class T>
struct FftPass {
  int radix = 1;
  std::int64_t length = 1;
  const T* twiddles = nullptr;  ///< [length / radix][radix − 1][re, im]: exp(−2πi·j·k / length), j = 1 … radix − 1
};

/// One transform: its passes from the longest to the shortest. Forward by decimation in frequency, inverse in time, so
/// that nothing is ever brought into order. Source: Cooley & Tukey, "An algorithm for the machine calculation of
/// complex Fourier series", 1965; Gentleman & Sande, "Fast Fourier transforms: for fun and profit", 1966.
template <class T>
struct FftPasses {
  std::int64_t points = 1;
  int count = 0;
  std::array<FftPass<T>, most_fft_passes> pass = {};
};

/// A tile of y.points rows of x.points numbers. In memory: panels of `lanes` columns, `panel_stride` elements apart,
/// each of y.points points with lanes along x. Its spectrum: blocks of `lanes` rows, each of x.points points with lanes
/// along y.
template <class T>
struct FftTile {
  FftPasses<T> y, x;
  /// Null for two axes. For one axis in rows (the four-step method: Bailey, "FFTs in external or hierarchical memory",
  /// 1990): twiddles between y and x, [y.points / lanes][x.points] points.
  const T* outer = nullptr;
  std::int64_t panel_stride = 0;
};

/// result[channel][pair] = Σ_term Σ_given weights · given, of one frequency of each lane. Distances in elements.
template <class T>
struct FftProduct {
  const T* given;  ///< [given channel][plane][pair]
  std::int64_t given_channel, given_plane;
  const T* weights;  ///< [tap][given channel][result channel]
  std::int64_t weights_tap, weights_channel;
  T* result;  ///< [result channel][pair]
  std::int64_t result_channel;
  std::int64_t channels, terms;
  const std::int64_t *plane, *tap;  ///< [terms]
};

template <class T>
struct FftKernels {
  std::int64_t lanes = 1;
  /// One row of a tile: a real and an imaginary one, x.points readable numbers each.
  void (*load_row)(const T* real, const T* imaginary, std::int64_t points, std::int64_t panel_stride, T* row);
  /// out[i] = bias + part[i], i < n, of the real (or, one vector behind, the imaginary) part of a row. Whether every
  /// one of them is finite.
  bool (*store_row)(const T* part, std::int64_t panel_stride, T bias, T* out, std::int64_t n);
  /// Point i of the spectrum to spectrum[i·step]. `row` holds x.points points; destroys the tile.
  void (*forward)(const FftTile<T>& shape, T* tile, T* row, T* spectrum, std::int64_t step);
  /// The adjoint of `forward`: the inverse times the number of points.
  void (*inverse)(const FftTile<T>& shape, const T* spectrum, std::int64_t step, T* row, T* tile);
  /// forward, times `weights`, inverse, without leaving the cache.
  void (*convolve)(const FftTile<T>& shape, T* tile, T* row, const T* weights);
  /// By result channels and pairs.
  void (*multiply[most_product_channels + 1][most_product_pairs + 1])(const FftProduct<T>& product);
};

template <class T>
const FftKernels<T>& fft_kernels(Target target);
template <>
const FftKernels<float>& fft_kernels<float>(Target target);
template <>
const FftKernels<double>& fft_kernels<double>(Target target);

}  // namespace faltung::internal
