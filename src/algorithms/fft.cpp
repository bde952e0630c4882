// Idea
// Long kernels cost less in the frequency domain: cut the array into overlapping tiles, transform them, multiply by the
// spectra of the weights, transform back, and keep the results that no wrap has reached. Two tiles travel as the real
// and the imaginary part of one complex array. Where a result is not finite, the direct way does it all again, so that
// Inf and NaN stay where they belong.
// Source: Cooley & Tukey, "An algorithm for the machine calculation of complex Fourier series", 1965; Stockham,
// "High-speed convolution and correlation", 1966; Mathieu, Henaff & LeCun, "Fast training of convolutional networks
// through FFTs", 2014. docs/design/fft.md.
#include "algorithms/algorithm.hpp"
#include "algorithms/directly.hpp"
#include "algorithms/with_type.hpp"
#include "engine/direct_again.hpp"
#include "engine/fft_convolution.hpp"
#include "kernels/kernels.hpp"

#include <algorithm>
#include <cmath>

namespace faltung::internal {

namespace {

/// The last one is kept: a plan asks four times.
const std::optional<FftTiling>& tiling_of(const Problem& problem) {
  struct Last {
    Problem problem;
    std::int64_t lanes = 0;
    std::optional<FftTiling> tiling;
  };
  thread_local Last last;
  const Target target = current_target();
  const std::int64_t lanes =
      problem.dtype == DType::f32 ? fft_kernels<float>(target).lanes : fft_kernels<double>(target).lanes;
  if (last.lanes != lanes || last.problem != problem) {
    last.lanes = 0;
    last.tiling = fft_tiling(problem, lanes);
    last.problem = problem;
    last.lanes = lanes;
  }
  return last.tiling;
}

// Prepare
template <class T>
class PreparedFft : public Transformed {
 public:
  PreparedFft(const Problem& problem, int threads)
      : finite_(row_kernels<T>(current_target()).finite),
        weights_(element_count(problem.weights_shape())),
        bias_(problem.bias_size()),
        gather_(problem.unknown == Unknown::coarse),
        fft_(problem, *tiling_of(problem), threads, current_target()) {}

  std::size_t workspace_bytes() const override { return fft_.workspace_bytes(); }
  std::size_t packed_bytes() const override { return fft_.packed_bytes(); }

  std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const override {
    const auto *w = static_cast<const T*>(weights), *b = static_cast<const T*>(bias);
    if (!finite_(w, weights_) || (b != nullptr && !finite_(b, bias_))) return nullptr;
    return std::make_unique<FftWeights<T>>(fft_.pack(w, b));
  }

  // Run
  bool run(const Arrays& arrays, std::byte* workspace) const override {
    return fft_.run(static_cast<const T*>(gather_ ? arrays.fine : arrays.coarse),
                    static_cast<const FftWeights<T>&>(*arrays.packed),
                    static_cast<T*>(gather_ ? arrays.coarse : arrays.fine), workspace);
  }

 private:
  bool (*finite_)(const T*, std::int64_t);
  std::int64_t weights_, bias_;
  bool gather_;
  FftConvolution<T> fft_;
};

class Fft : public Algorithm {
 public:
  std::string_view name() const override { return "fft"; }
  std::string_view idea() const override {
    return "overlapping tiles, transformed, times the spectra of the weights, transformed back";
  }
  std::string_view source() const override {
    return "Cooley & Tukey, An algorithm for the machine calculation of complex Fourier series, 1965; Stockham, "
           "High-speed "
           "convolution and correlation, 1966";
  }
  bool strict() const override { return false; }

  // Where it applies
  std::optional<std::string> refusal(const Problem& problem) const override {
    if (problem.dtype == DType::i64) return "transforms round: integers are exact here";
    if (problem.unknown == Unknown::weights)
      return "weight gradients are as long as the kernel: their tiles would be thrown away";
    if (!tiling_of(problem)) return "no tile is large enough for the kernel, or its spectra are larger than 1 GiB";
    return std::nullopt;
  }

  // What it costs
  Cost cost(const Problem& problem) const override {
    const FftTiling tiling = *tiling_of(problem);
    const double direct = seconds_to_order_weights(problem, 1.8e-9);  // packed too, for numbers that are not finite
    return {tiling.seconds + seconds_of_arrays(problem), tiling.pack_seconds + direct};
  }

  /// Roundings spread over a tile: the usual error is that of its root mean square.
  double error(const Problem& problem) const override {
    const FftTiling tiling = *tiling_of(problem);
    const FftExtents extents = fft_extents(problem, tiling.pieces);
    const double unit = problem.dtype == DType::f32 ? 0x1p-24 : 0x1p-53;
    const double levels = std::log2(static_cast<double>(tiling.points()));
    const auto products = static_cast<double>(extents.given_channels * extents.taps);
    return 2 * unit * (levels + std::sqrt(2 * products));
  }

  /// A transform of n points loses up to 7u·log₂n of its 2-norm (Higham, "Accuracy and stability of numerical
  /// algorithms", 2002, 24.2): two of them, and the weights', and the sum of the products; norms of a tile by the
  /// largest number.
  double growth(const Problem& problem) const override {
    const FftTiling tiling = *tiling_of(problem);
    const FftExtents extents = fft_extents(problem, tiling.pieces);
    const auto points = static_cast<double>(tiling.points());
    double taps = std::sqrt(2 * points);
    for (const Axis& axis : problem.axes)
      taps *= static_cast<double>(axis.kernel * (problem.unknown == Unknown::fine ? cells_on_one(axis) : 1));
    return (21 * std::log2(points) + 4 + static_cast<double>(extents.given_channels * extents.taps)) * taps;
  }

  std::unique_ptr<const Prepared> prepare(const Problem& problem, int threads) const override {
    std::unique_ptr<const Transformed> tiles;
    if (problem.dtype == DType::f32)
      tiles = std::make_unique<PreparedFft<float>>(problem, threads);
    else
      tiles = std::make_unique<PreparedFft<double>>(problem, threads);
    return std::make_unique<DirectAgain>(std::move(tiles), prepare_directly(problem, threads));
  }
};

}  // namespace

const Algorithm& fft_algorithm() {
  static const Fft algorithm;
  return algorithm;
}

}  // namespace faltung::internal
