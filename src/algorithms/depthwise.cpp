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
#include <numeric>

namespace faltung::internal {

namespace {

/// Bytes that the given rows of a tile may take: a part of the second-level cache.
constexpr double most_bytes = double{1 << 20};
/// Cells at both ends of a row that are packed, at most: two boxes.
constexpr double packed_cells = 512;
/// Tables of rows are made while planning and in the workspace.
constexpr double most_rows = double{1 << 16};
constexpr std::int64_t most_positions = std::int64_t{1} << 22U;

std::int64_t lanes_of(const Problem& problem) {
  return problem.dtype == DType::f32 ? few_channels_gradient_kernels<float>(current_target()).lanes
                                     : few_channels_gradient_kernels<double>(current_target()).lanes;
}

/// Shapes whose planes have a kernel of their own, which packs nothing: as FewChannels chooses them.
bool goes_by_planes(const Problem& problem) {
  const bool gather = problem.unknown == Unknown::coarse;
  if (problem.axes.size() != 2 || (gather ? problem.fine_channels : problem.coarse_channels) != problem.groups)
    return false;
  const Axis &y = problem.axes[0], &x = problem.axes[1];
  const bool square = y.kernel == x.kernel && y.stride == x.stride && y.dilation == 1 && x.dilation == 1 &&
                      y.boundary == Boundary::zeros && x.boundary == Boundary::zeros;
  const bool short_rows = x.fine + x.coarse <= 1024 && std::max(x.pad_before, x.pad_after) <= 4;
  if (!square || !short_rows) return false;
  if (x.stride == 1) return x.kernel == 3 || x.kernel == 5;
  if (x.stride != 2 || gather) return x.stride == 2 && x.kernel == 3;
  return (x.kernel == 3 || x.kernel == 4) && y.fine % 2 == 0 && x.fine % 2 == 0 && y.pad_before % 2 == 1 &&
         x.pad_before % 2 == 1;
}

/// Seconds for a multiply-add of planes, of those of a strided gather, of kernels that know their taps and of others,
/// for a loaded vector's numbers, for a multiply-add more with 4 (kernels that know their taps: 8) and with 64 given
/// channels; a row and tap of four result rows, a call of the kernel, a result of several phases, a given cell and a
/// row of them, and how long a sum waits for its multiply-add. Measured: docs/design/cost_model.md.
struct Rates {
  double planes, planes_strided, known, any, load, many, crowd, row, call, placed, packed, packed_row, latency;
};
Rates rates_of() {
  if (tile_kernels<float>(current_target()).lanes >= 16)
    return {0.02e-9, 0.055e-9, 0.0085e-9, 0.0173e-9, 0.02e-9, 0, 0.0042e-9, 3.1e-9, 17e-9, 0.3e-9, 0.124e-9, 0, 1.3e-9};
  return {0.029e-9, 0.06e-9, 0.0206e-9, 0.0266e-9, 0.042e-9, 0.001e-9, 0.0054e-9,
          1.4e-9,   23e-9,   0.17e-9,   0.136e-9,  0.74e-9,  1.3e-9};
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
  return {seconds + seconds_of_arrays(problem)};
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
    const std::int64_t channels =
        (problem.unknown == Unknown::coarse ? problem.fine_channels : problem.coarse_channels) / problem.groups;
    const double outer = real(channels) * real(axes[0].kernel);
    const double rows = 4 * real(axes[1].dilation) * real(axes[1].stride) + real(axes[1].span());
    const std::int64_t row = std::max(axes[2].fine, axes[2].coarse);
    const double cells = real(std::min<std::int64_t>(256, row)) * real(axes[2].stride) + real(axes[2].span());
    if (row > most_positions) return fmt::format("a row has {} cells, more than {}", row, most_positions);
    if (outer * rows > most_rows)
      return fmt::format("a tile would read {:.0f} rows, more than {}", outer * rows, most_rows);
    const double bytes = outer * rows * cells * static_cast<double>(size_of(problem.dtype));
    if (bytes > most_bytes) return fmt::format("a tile would read {:.0f} bytes, more than {}", bytes, most_bytes);
    return std::nullopt;
  }

  // What it costs: a loaded vector is worth as many multiply-adds as taps along x and result rows meet it
  Cost cost(const Problem& problem) const override {
    if (problem.unknown == Unknown::weights) return cost_of_gradient(problem);
    const bool gather = problem.unknown == Unknown::coarse, f32 = problem.dtype == DType::f32;
    const std::array<Axis, 3> axes = three_axes(problem);
    const Axis &z = axes[0], &y = axes[1], &x = axes[2];
    const auto taps = [&](const Axis& axis) { return gather ? axis.kernel : ceil_divide(axis.kernel, axis.stride); };
    const std::int64_t height = taps(y), width = taps(x);
    const std::int64_t channels = (gather ? problem.fine_channels : problem.coarse_channels) / problem.groups;
    const Rates rates = rates_of();
    const double products = gathered_multiply_adds(problem), wider = f32 ? 1 : 2;
    const double results = real(element_count(problem.unknown_shape()));
    double seconds = 0;
    if (goes_by_planes(problem)) {
      seconds = wider * (gather && x.stride > 1 ? rates.planes_strided : rates.planes) * products;
    } else {
      const bool whole = gather ? x.stride == 1 : y.kernel % y.stride == 0 && x.kernel % x.stride == 0;
      const bool known = whole && height == width && (height == 2 || (height == 3 && gather));
      const double met = 4 * real(height) / real(3 * (gather ? y.stride : 1) + height);
      double product = rates.known;
      if (!known) product = rates.any + rates.load / (real(width) * met);
      if (channels >= (known ? 8 : 4)) product += known || channels < 64 ? rates.many : rates.crowd;
      const auto extent = [&](const Axis& axis) {
        return std::max<std::int64_t>(1, gather ? axis.coarse : ceil_divide(axis.fine, axis.stride));
      };
      const double positions = real(extent(x));
      // few sums wait for themselves: rows of a tile, as far apart as their taps, and the vectors of a row
      const std::int64_t apart = y.dilation / std::gcd(y.stride, y.dilation),
                         vectors = ceil_divide(extent(x), lanes_of(problem)),
                         rows = std::min<std::int64_t>(few_channels_rows, ceil_divide(extent(y), apart)),
                         together = std::min<std::int64_t>(vectors, rows == 1 ? 8 : 2);
      const double waiting = rates.latency * real(ceil_divide(vectors, together)) / (positions * real(rows));
      const double calls = results / positions / 4, whole_vectors = real(vectors * lanes_of(problem)) / positions;
      // of long rows only the ends are packed
      const double row = real(gather ? x.fine : x.coarse), given = real(element_count(problem.given_shape())),
                   packed =
                       std::min(1.0, packed_cells / std::max(1.0, row)) * real(taps(z)) / (gather ? real(z.stride) : 1);
      seconds = std::max(wider * product * whole_vectors, waiting) * products +
                calls * (rates.call + rates.row * real(channels * taps(z) * height)) +
                packed * given * (wider * rates.packed + rates.packed_row / std::max(1.0, row)) +
                (!gather && x.stride > 1 ? wider * rates.placed * results : 0);
    }
    return {seconds + seconds_of_arrays(problem), seconds_to_order_weights(problem, 5e-9)};
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
