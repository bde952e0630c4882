// Convolution and its transpose by batched FFTs: tiles that overlap, two of them as one complex array; products with
// the weights' spectra, summed over channels and the taps of axes that are not transformed; the inverse.
//
// Sources: Stockham, "High-speed convolution and correlation", 1966 (overlap-save); Mathieu, Henaff & LeCun, "Fast
// training of convolutional networks through FFTs", 2014 (sums over channels in the frequency domain).
#pragma once

#include "engine/aligned_numbers.hpp"
#include "engine/fft_axis.hpp"
#include "engine/fft_size.hpp"
#include "engine/fft_tiling.hpp"
#include "engine/fold.hpp"
#include "engine/prepared.hpp"
#include "kernels/fft.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace faltung::internal {

template <class T>
struct FftWeights : Packed {
  AlignedNumbers<T> spectra;
  std::vector<T> bias;
};

template <class T>
class FftConvolution {
 public:
  /// `tiling` is one of `fft_tiling`; the unknown is coarse or fine.
  FftConvolution(const Problem& problem, const FftTiling& tiling, int threads, Target target);

  std::size_t workspace_bytes() const;
  std::size_t packed_bytes() const;
  /// `weights` must be finite.
  FftWeights<T> pack(const T* weights, const T* bias) const;
  /// False where a result is not finite: the given array is not, or sums left the type's range. Every number of the
  /// result is written all the same.
  bool run(const T* given, const FftWeights<T>& weights, T* result, std::byte* workspace) const;

 private:
  struct Lane {
    T *tile, *row, *zeros, *rows;
  };
  /// One tile of one sample.
  struct Instance {
    std::int64_t sample, y, x;
  };

  Lane lane(std::byte* memory) const;
  std::int64_t lane_numbers() const;
  std::int64_t temporary_numbers() const;
  std::int64_t point() const { return 2 * kernels_.lanes; }
  std::int64_t frequencies() const { return tiling_.points() / kernels_.lanes; }
  std::int64_t given_step(std::int64_t pairs) const;  // from one frequency to the next
  std::int64_t result_step(std::int64_t pairs) const;
  std::int64_t weights_step() const;
  Instance instance(std::int64_t index) const;

  /// The pair of tiles of one plane (counted in the whole given array of a sample) into the lane's tile.
  void load(const T* given, std::int64_t plane, std::int64_t pair, const Lane& lane) const;
  const T* given_row(const T* plane, const Instance& tile, std::int64_t row, const Lane& lane, T* scratch) const;
  struct Kept;
  Kept kept(T* plane, const Instance& tile, std::int64_t row) const;
  std::int64_t kept_columns(std::int64_t pair) const;
  bool store(const Lane& lane, std::int64_t plane, std::int64_t pair, T bias, T* result) const;

  /// One given channel, one result channel, one term: from array to array by tiles.
  bool run_single(const T* given, const FftWeights<T>& weights, T* result, T* scratch) const;
  bool run_many(const T* given, const FftWeights<T>& weights, T* result, T* scratch) const;
  /// All products of one frequency that are of result channels `begin` … `end` − 1.
  void multiply(const T* weights, const T* given, T* result, std::int64_t pairs, std::int64_t begin,
                std::int64_t end) const;
  void fold(T* temporary, const std::vector<T>& bias, T* result) const;
  T bias_of(const FftWeights<T>& weights, std::int64_t channel) const {
    return weights.bias.empty() || fold_ ? T{} : weights.bias[static_cast<std::size_t>(channel)];
  }

  Problem problem_;
  FftTiling tiling_;
  FftExtents extents_;
  int threads_;
  bool gather_;
  const FftKernels<T>& kernels_;
  FftSize<T> rows_, columns_;
  AlignedNumbers<T> outer_;
  FftTile<T> shape_;
  FftAxis y_, x_;
  std::int64_t given_plane_, result_plane_;                       // cells of one plane
  std::vector<std::int64_t> term_begin_, term_plane_, term_tap_;  // of every result plane
  bool single_;
  std::int64_t chunk_;  ///< result channels whose spectra are held together
  std::optional<Fold> fold_;
  std::int64_t lanes_;  // threads with scratch memory of their own
};

}  // namespace faltung::internal
