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
inline constexpr int most_fft_radix = 8;
/// Result channels of one product: ten sums of a real or imaginary part, and 16 registers hold what they need.
inline constexpr int most_product_channels = 5;

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

/// result[channel] = Σ_term Σ_given weights · given, of one pair and one frequency of each lane. Distances in elements.
template <class T>
struct FftProduct {
  const T* given;  ///< [given channel][plane]
  std::int64_t given_channel, given_plane;
  const T* weights;  ///< [tap][given channel][result channel]
  std::int64_t weights_tap, weights_channel;
  T* result;  ///< [result channel]
  std::int64_t result_channel;
  std::int64_t channels, terms;
  const std::int64_t *plane, *tap;  ///< [terms]
  bool continues;                   ///< from what stands in the result
};

/// Where rows of a tile come from or go to, of its real and its imaginary part: row j of the `radix` that meet in one
/// butterfly of the first pass along y is row k + j·y.points / radix of the tile.
template <class T>
using FftRows = std::array<T*, most_fft_radix>;

template <class T>
struct FftKernels {
  std::int64_t lanes = 1;
  /// The first pass along y of rows k, k + …: x.points readable numbers in each of them.
  void (*load)(const FftTile<T>& shape, std::int64_t k, const FftRows<const T>& real, const FftRows<const T>& imaginary,
               T* tile);
  /// The last pass back along y, bias added: the first `n_real` and `n_imaginary` numbers of each row, of null rows
  /// none. Whether all of them are finite.
  bool (*store)(const FftTile<T>& shape, std::int64_t k, const T* tile, T bias, const FftRows<T>& real,
                std::int64_t n_real, const FftRows<T>& imaginary, std::int64_t n_imaginary);
  /// What follows `load`: point i of the spectrum to spectrum[i·step]. `row` holds x.points points; destroys the tile.
  void (*forward)(const FftTile<T>& shape, T* tile, T* row, T* spectrum, std::int64_t step);
  /// The adjoint, up to `store`: the inverse times the number of points. Of the first `panels` panels.
  void (*inverse)(const FftTile<T>& shape, const T* spectrum, std::int64_t step, T* row, T* tile, std::int64_t panels);
  /// forward, times `weights`, inverse, without leaving the cache.
  void (*convolve)(const FftTile<T>& shape, T* tile, T* row, const T* weights, std::int64_t panels);
  /// By result channels.
  void (*multiply[most_product_channels + 1])(const FftProduct<T>& product);
};

template <class T>
const FftKernels<T>& fft_kernels(Target target);
template <>
const FftKernels<float>& fft_kernels<float>(Target target);
template <>
const FftKernels<double>& fft_kernels<double>(Target target);

}  // namespace faltung::internal
