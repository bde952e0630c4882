// A transform of a size with the factors 2, 3 and 5: its passes and twiddles.
#pragma once

#include "kernels/fft.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace faltung::internal {

/// Sizes that tiles may have along one axis, ascending; a tile takes those that are a multiple of the lanes.
std::span<const std::int64_t> fft_sizes();

template <class T>
class FftSize {
 public:
  /// One of `fft_sizes()`.
  explicit FftSize(std::int64_t points);
  FftSize(FftSize&&) noexcept = default;  // the passes point into the twiddles
  FftSize(const FftSize&) = delete;
  FftSize& operator=(const FftSize&) = delete;

  const FftPasses<T>& passes() const { return passes_; }
  /// The frequency that stands at each place of the spectrum.
  std::vector<std::int64_t> frequencies() const;

 private:
  std::vector<T> twiddles_;
  FftPasses<T> passes_;
};

/// cos and −sin of 2π·numerator / denominator.
struct Twiddle {
  double re, im;
};
Twiddle twiddle(std::int64_t numerator, std::int64_t denominator);

}  // namespace faltung::internal
