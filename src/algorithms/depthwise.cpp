// Idea
// With few channels per group a cell of the given array meets few weights, so tiles of channels stay empty: instead
// keep the sums of a few result rows in registers, from the bias to the last tap, and let them share the given rows.
// Source: this project; keeping rows of a depthwise convolution in registers: Zhang, Lo & Lu, "High performance
// depthwise and pointwise convolutions on mobile devices", 2020. A weight gradient keeps the sums of a few taps
// instead, its vectors along the pairs of channels.
#include "algorithms/algorithm.hpp"
#include "algorithms/with_type.hpp"
#include "engine/few_channels.hpp"
#include "engine/few_channels_gradient.hpp"
#include "support/integers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace faltung::internal {

namespace {

/// Bytes that the given rows of a tile may take: a part of the second-level cache.
constexpr double most_bytes = double{1 << 20};
/// Tables of rows are made while planning and in the workspace.
constexpr double most_rows = double{1 << 16};
constexpr std::int64_t most_positions = std::int64_t{1} << 22U;

/// 16, as AVX2: tiles of at most twelve vectors.
bool has_few_registers() {
  const TileKernels<float>& kernels = tile_kernels<float>(current_target());
  return kernels.wide_rows * kernels.wide_vectors <= 12;
}

std::int64_t lanes_of(const Problem& problem) {
  return problem.dtype == DType::f32 ? few_channels_gradient_kernels<float>(current_target()).lanes
                                     : few_channels_gradient_kernels<double>(current_target()).lanes;
}

/// Shapes whose planes have a kernel of their own, which packs nothing.
bool goes_by_planes(const Problem& problem) {
  const bool gather = problem.unknown == Unknown::coarse;
  if (problem.axes.size() != 2 || (gather ? problem.fine_channels : problem.coarse_channels) != problem.groups)
    return false;
  const Axis &y = problem.axes[0], &x = problem.axes[1];
  const bool square = y.kernel == x.kernel && y.stride == x.stride && y.dilation == 1 && x.dilation == 1 &&
                      y.boundary == Boundary::zeros && x.boundary == Boundary::zeros;
  const bool dense = x.stride == 1 && (x.kernel == 3 || x.kernel == 5);
  return square && (dense || (x.stride == 2 && (x.kernel == 3 || (x.kernel == 4 && !gather))));
}

/// Of weight gradients.
std::optional<std::string> refusal_of_gradient(const Problem& problem) {
  const double bytes = few_channels_gradient_bytes(problem, lanes_of(problem));
  if (bytes > most_bytes) return fmt::format("rows of all lanes take {:.0f} bytes, more than {}", bytes, most_bytes);
  return std::nullopt;
}

/// A vector of pairs of channels at a time: its cells are transposed, then each position meets the taps. Measured:
/// docs/design/cost_model.md.
Cost cost_of_gradient(const Problem& problem) {
  const auto real = [](std::int64_t i) { return static_cast<double>(i); };
  const std::int64_t lanes = lanes_of(problem), bytes = lanes * static_cast<std::int64_t>(size_of(problem.dtype));
  const std::int64_t pairs = problem.coarse_channels * (problem.fine_channels / problem.groups);
  double taps = 1, positions = 1, cells = 1;
  for (const Axis& axis : problem.axes) {
    taps *= real(axis.kernel);
    positions *= real(axis.coarse);
    cells *= real((axis.coarse - 1) * axis.stride + axis.span());
  }
  const double tap = 0.15e-9 + 0.3e-9 / 64 * real(bytes), cell = 0.8e-9 + 1.4e-9 / 64 * real(bytes);
  const double seconds = real(problem.batch * ceil_divide(pairs, lanes)) *
                         (tap * std::max(taps, 8.0) * positions + cell * (positions + cells));
  const std::int64_t numbers = element_count(problem.fine_shape()) + element_count(problem.coarse_shape());
  const double products = multiply_adds(problem);
  return {products, products > 0 ? seconds / products : 0, real(numbers) * static_cast<double>(size_of(problem.dtype)),
          0};
}

template <class T>
std::unique_ptr<const Prepared> prepare_typed(const Problem& problem, int threads, const Ends& ends) {
  if (problem.unknown == Unknown::weights)
    return std::make_unique<FewChannelsGradient<T>>(problem, threads, current_target(), ends);
  return std::make_unique<FewChannels<T>>(problem, threads, current_target(), ends);
}

class Depthwise : public Algorithm {
 public:
  std::string_view name() const override { return "depthwise"; }
  std::string_view idea() const override {
    return "few channels per group: the sums of a few result rows stay in registers";
  }
  std::string_view source() const override {
    return "Zhang, Lo & Lu, High performance depthwise and pointwise convolutions on mobile devices, 2020";
  }
  bool strict() const override { return tile_kernels<float>(current_target()).fused; }

  // Where it applies
  std::optional<std::string> refusal(const Problem& problem) const override {
    if (problem.dtype == DType::i64) return "its kernels are for floating point";
    if (problem.unknown == Unknown::weights) return refusal_of_gradient(problem);
    // rows and their cells that a narrow tile of four result rows of each phase reads
    const std::array<Axis, 3> axes = three_axes(problem);
    const auto real = [](std::int64_t i) { return static_cast<double>(i); };
    const std::int64_t channels =
        (problem.unknown == Unknown::coarse ? problem.fine_channels : problem.coarse_channels) / problem.groups;
    const double outer = real(channels) * real(axes[0].kernel);
    const double rows = 4 * real(axes[1].dilation) * real(axes[1].stride) + real(axes[1].span());
    const double cells = 256 * real(axes[2].stride) + real(axes[2].span());
    if (const std::int64_t row = std::max(axes[2].fine, axes[2].coarse); row > most_positions)
      return fmt::format("a row has {} cells, more than {}", row, most_positions);
    if (outer * rows > most_rows)
      return fmt::format("a tile would read {:.0f} rows, more than {}", outer * rows, most_rows);
    const double bytes = outer * rows * cells * static_cast<double>(size_of(problem.dtype));
    if (bytes > most_bytes) return fmt::format("a tile would read {:.0f} bytes, more than {}", bytes, most_bytes);
    return std::nullopt;
  }

  // What it costs: measured, docs/design/cost_model.md. A loaded vector is worth as many multiply-adds as taps along x
  // and result rows meet it; a call of the kernel costs as much as a thousand of them.
  Cost cost(const Problem& problem) const override {
    if (problem.unknown == Unknown::weights) return cost_of_gradient(problem);
    const bool gather = problem.unknown == Unknown::coarse, f32 = problem.dtype == DType::f32;
    const std::array<Axis, 3> axes = three_axes(problem);
    const Axis &y = axes[1], &x = axes[2];
    const auto real = [](std::int64_t i) { return static_cast<double>(i); };
    const std::int64_t height = gather ? y.kernel : ceil_divide(y.kernel, y.stride);
    const std::int64_t width = gather ? x.kernel : ceil_divide(x.kernel, x.stride);
    const std::int64_t rows = gather ? y.coarse : ceil_divide(y.fine, y.stride);
    const double met = 4 * real(height) / real(3 * (gather ? y.stride : 1) + height);
    double slower = 1 + 3.7 / (real(width) * met);
    const bool planes = goes_by_planes(problem);
    if (planes || (height == width && height > 1 && height <= 3)) slower = 1;  // the kernel knows them
    if (rows == 1) slower = 2;  // nothing to share: a load for each multiply-add
    // with many channels the given rows of a tile leave the cache before another result channel meets them
    if (gather && problem.fine_channels / problem.groups >= 8) slower *= has_few_registers() ? 1.4 : 1.1;
    const double channels = real(problem.batch * (gather ? problem.coarse_channels : problem.fine_channels));
    const double calls = channels * real(gather ? axes[0].coarse : axes[0].fine) * real(gather ? 1 : x.stride) *
                         real(ceil_divide(gather ? y.coarse : y.fine, 4));
    const std::int64_t cells = element_count(problem.fine_shape()) + element_count(problem.coarse_shape());
    const double products = gathered_multiply_adds(problem);
    const double seconds = (f32 ? 0.0205e-9 : 0.041e-9) * slower * products + (planes ? 20e-9 : 50e-9) * calls;
    return {products, products > 0 ? seconds / products : 0, real(cells) * static_cast<double>(size_of(problem.dtype)),
            seconds_to_order_weights(problem, 5e-9)};
  }

  std::unique_ptr<const Prepared> prepare(const Problem& problem, int threads) const override {
    return prepare_with(problem, threads, {});
  }
  std::unique_ptr<const Prepared> prepare_with(const Problem& problem, int threads, const Ends& ends) const override {
    if (problem.unknown != Unknown::weights && (ends.sum_into_output || ends.fine || ends.coarse)) return nullptr;
    return problem.dtype == DType::f32 ? prepare_typed<float>(problem, threads, ends)
                                       : prepare_typed<double>(problem, threads, ends);
  }
};

}  // namespace

const Algorithm& depthwise_algorithm() {
  static const Depthwise algorithm;
  return algorithm;
}

}  // namespace faltung::internal
