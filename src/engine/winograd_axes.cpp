#include "engine/winograd_axes.hpp"

#include "kernels/kernels.hpp"
#include "kernels/target.hpp"
#include "support/cache.hpp"
#include "support/integers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace faltung::internal {

namespace {

constexpr std::int64_t most_channels = std::int64_t{1} << 16U;
constexpr std::int64_t most_extent = std::int64_t{1} << 40U;

/// The schemes that compute an axis.
std::vector<WinogradScheme> schemes_of(const Axis& axis, Unknown unknown) {
  if (axis.stride == 1) {
    if (axis.kernel == 1) return {WinogradScheme::one_tap};
    if (axis.kernel == 3) return {WinogradScheme::f2x3, WinogradScheme::f3x3, WinogradScheme::f4x3};
    if (axis.kernel == 5) return {WinogradScheme::f2x5, WinogradScheme::f3x5, WinogradScheme::f4x5};
    if (axis.kernel == 7) return {WinogradScheme::f4x7};
  }
  if (axis.stride == 2 && axis.dilation == 1) {
    if (unknown == Unknown::coarse && axis.kernel == 3)
      return {WinogradScheme::strided_2x3, WinogradScheme::strided_3x3, WinogradScheme::strided_4x3};
    if (unknown == Unknown::fine && axis.kernel == 3)
      return {WinogradScheme::transposed_4x3, WinogradScheme::transposed_6x3, WinogradScheme::transposed_8x3};
    if (unknown == Unknown::fine && axis.kernel == 4) return {WinogradScheme::transposed_6x4};
  }
  return {};
}

WinogradAxis make_axis(const Axis& axis, Unknown unknown, WinogradScheme scheme) {
  WinogradAxis made;
  made.scheme = scheme;
  made.granule = axis.kernel == 1 ? 1 : axis.dilation;
  const Bilinear& filter = made.algorithm();
  if (unknown == Unknown::coarse) {
    made.given = axis.fine;
    made.result = axis.coarse;
    made.in_offset = -axis.pad_before;
    made.boundary = axis.boundary;
  } else {
    made.given = axis.coarse;
    made.result = axis.fine;
    if (filter.scatter) {  // tiles begin at padded cell 0; those that lie in the margin are left out
      const std::int64_t before = axis.pad_before / filter.out.rows;
      made.out_offset = before * filter.out.rows - axis.pad_before;
      made.in_offset = before * filter.step - 1;
    } else {
      made.in_offset = axis.pad_before - (axis.kernel - 1) * axis.dilation;
      made.backwards = true;
    }
  }
  made.tiles = ceil_divide(ceil_divide(made.result - made.out_offset, made.granule), filter.out.rows);
  return made;
}

DepthAxis make_depth(const Axis& axis, Unknown unknown) {
  if (unknown == Unknown::coarse)
    return {axis.fine, axis.coarse, axis.kernel, axis.stride, axis.dilation, -axis.pad_before, false, axis.boundary};
  return {axis.coarse, axis.fine,      axis.kernel,
          1,           axis.dilation,  axis.pad_before - (axis.kernel - 1) * axis.dilation,
          true,        Boundary::zeros};
}

/// max_j Σ_p |A_jp| (Σ_k |G_pk|) (Σ_i |B_pi|): how much larger than their terms the sums of an axis' products may be.
double growth_of(const Bilinear& filter) {
  const auto magnitude = [](const FractionMatrix& matrix, int row) {
    double sum = 0;
    for (int j = 0; j < matrix.columns; ++j) sum += std::abs(matrix.at(row, j).value());
    return sum;
  };
  double most = 0;
  for (int j = 0; j < filter.out.rows; ++j) {
    double sum = 0;
    for (int term = 0; term < filter.terms; ++term)
      sum += std::abs(filter.out.at(j, filter.term_out[at(term)]).value()) * magnitude(filter.weights, term) *
             magnitude(filter.in, filter.term_in[at(term)]);
    most = std::max(most, sum);
  }
  return most;
}

/// How much an axis magnifies rounding: measured, docs/design/winograd.md.
double magnification(WinogradScheme scheme) {
  switch (scheme) {
    case WinogradScheme::one_tap:
      break;
    case WinogradScheme::f2x3:
      return 1.4;
    case WinogradScheme::f2x5:
      return 2.6;
    case WinogradScheme::strided_4x3:
      return 3;
    case WinogradScheme::f3x3:
    case WinogradScheme::f4x3:
      return 3.4;
    case WinogradScheme::f4x7:
      return 3.5;
    case WinogradScheme::f3x5:
      return 4.3;
    case WinogradScheme::f4x5:
    case WinogradScheme::transposed_8x3:
      return 5;
    case WinogradScheme::strided_2x3:
    case WinogradScheme::strided_3x3:
    case WinogradScheme::transposed_4x3:
    case WinogradScheme::transposed_6x3:
    case WinogradScheme::transposed_6x4:
      return 1.6;
  }
  return 1.5;
}

/// The largest error of N(0, 1) numbers in units of the result's rms: of the transforms, and of sums of `terms` in
/// blocks, whose partial sums grow like a block's and like the number of blocks. Measured: docs/design/winograd.md.
double error_of(WinogradScheme y, WinogradScheme x, double terms, bool f32) {
  const double block = std::min<double>(terms, winograd_sum_block);
  const double sums = 9 + 0.25 * (block / 2 + terms / (2 * block));
  return (f32 ? 1 : 0x1p-29) * 0.39e-6 * std::sqrt(sums) * magnification(y) * magnification(x);
}

/// Seconds for a multiply-add, a point of the input and of the output, more for a point of the input where there are
/// 512 channels, whose points lie far apart, and for either where planes of a dilation lie side by side and for those
/// of a result of several phases; a row of the input, a byte of weights of a group that do not stay near, and a
/// product. Fitted to measurements of all schemes: docs/design/winograd.md.
struct Rates {
  double product, in, out, distant, apart, interleaved, row, weight_byte, call;
};
Rates rates_of(std::int64_t lanes) {
  if (lanes >= 16) return {0.0123e-9, 0.236e-9, 0.17e-9, 0.137e-9, 0.25e-9, 0.1e-9, 1.4e-9, 0.012e-9, 40e-9};
  return {0.0225e-9, 0.268e-9, 0.2e-9, 0.2e-9, 0.25e-9, 0.12e-9, 4e-9, 0.008e-9, 55e-9};
}

}  // namespace

std::optional<WinogradAxes> winograd_with(const Problem& problem, WinogradScheme y, WinogradScheme x) {
  const std::array<Axis, 3> axes = three_axes(problem);
  for (const auto& [axis, scheme] : {std::pair{axes[1], y}, std::pair{axes[2], x}}) {
    const auto fitting = schemes_of(axis, problem.unknown);
    if (std::find(fitting.begin(), fitting.end(), scheme) == fitting.end()) return std::nullopt;
  }
  WinogradAxes made{make_depth(axes[0], problem.unknown), make_axis(axes[1], problem.unknown, y),
                    make_axis(axes[2], problem.unknown, x)};
  const bool f32 = problem.dtype == DType::f32, gather = problem.unknown == Unknown::coarse;
  const double given = real((gather ? problem.fine_channels : problem.coarse_channels) / problem.groups);
  const double result = real((gather ? problem.coarse_channels : problem.fine_channels) / problem.groups);
  const Bilinear &by = bilinear_of(y), &bx = bilinear_of(x);
  // A product of few rows or few terms leaves the register tiles waiting; rows are transformed in whole vectors.
  const std::int64_t lanes =
      f32 ? tile_kernels<float>(current_target()).lanes : tile_kernels<double>(current_target()).lanes;
  const Rates rates = rates_of(tile_kernels<float>(current_target()).lanes);
  const double slower = f32 ? 1 : 2, number = f32 ? 4 : 8;
  const std::int64_t lines = made.y.tiles * made.y.granule, columns = made.x.tiles * made.x.granule;
  const std::int64_t rest = lines * columns % lanes;
  const double last = rest * 2 > lanes || rest > 2 ? 1 : rest == 2 ? 0.55 : rest == 1 ? 0.4 : 0;  // one or two: columns
  const double positions = real(lines * columns - rest) + last * real(lanes),
               vectors = real(lines * round_up(columns, lanes));
  const double depth = real(made.z.result), planes = real(std::min(made.z.given, made.z.result * made.z.taps));
  const double weights = real(by.terms) * real(bx.terms) * given * result * real(made.z.taps);
  const double calls = depth * real(by.terms) * real(bx.terms);
  const double products = positions * calls * given * real(made.z.taps) * std::max(result, 3.3);
  const double in = vectors * planes * given * real(by.in.rows) * real(bx.in.rows),
               out = vectors * depth * result * real(by.out.columns) * real(bx.out.columns);
  // an axis of one tap is not transformed
  const double passes = by.terms == 1 || bx.terms == 1 ? 0.5 : 1;
  const bool planes_apart = made.x.granule > 1, interleaved = by.scatter || bx.scatter;
  made.seconds = real(problem.batch * problem.groups) *
                 (calls * rates.call + real(lines * by.in.rows) * planes * given * rates.row +
                  (weights * number > near_weights ? weights * number * rates.weight_byte : 0) +
                  slower * (products * rates.product +
                            in * (passes * rates.in + std::min(1.0, given * real(made.z.taps) / 512) * rates.distant) +
                            out * rates.out + (planes_apart ? (in + out) * rates.apart : 0) +
                            (interleaved ? out * rates.interleaved : 0)));
  made.pack_seconds = 0.7e-9 * slower * real(problem.groups) * weights;
  made.growth = 3 * growth_of(by) * growth_of(bx);
  made.error = error_of(y, x, given * real(made.z.taps), f32);
  return made;
}

std::variant<WinogradAxes, std::string> choose_winograd(const Problem& problem, double most_error) {
  if (problem.dtype == DType::i64) return "its transforms divide, integers do not";
  if (problem.unknown == Unknown::weights) return "its products are not made for weight gradients";
  const std::array<Axis, 3> axes = three_axes(problem);
  const char* names = "zyx";
  bool transforms = false;
  for (std::size_t a = 0; a < 3; ++a) {
    const Axis& axis = axes[a];
    if (problem.unknown == Unknown::fine && axis.boundary != Boundary::zeros)
      return fmt::format("the boundary along {} is folded, its tiles are not", names[a]);
    if (std::max(axis.padded(), axis.coarse) > most_extent)
      return fmt::format("{} has more than {} cells", names[a], most_extent);
    if (a == 0) {
      if (problem.unknown == Unknown::fine && axis.stride != 1) return std::string("the stride along z is not 1");
      if ((axis.kernel - 1) * axis.dilation + 1 > most_depth_span)
        return fmt::format("the kernel spans {} planes, more than {}", axis.span(), most_depth_span);
      continue;
    }
    if (schemes_of(axis, problem.unknown).empty())
      return fmt::format("it has no tiles for {} taps with stride {} and dilation {} along {}", axis.kernel,
                         axis.stride, axis.dilation, names[a]);
    transforms = transforms || axis.kernel > 1;
  }
  if (!transforms) return std::string("one tap along y and x: nothing to save");
  if (std::max(problem.fine_channels, problem.coarse_channels) / problem.groups > most_channels)
    return fmt::format("a group has more than {} channels", most_channels);
  std::optional<WinogradAxes> best;
  double least_error = 0;
  for (const WinogradScheme y : schemes_of(axes[1], problem.unknown))
    for (const WinogradScheme x : schemes_of(axes[2], problem.unknown)) {
      // nine streams of points are written slower than its products save: docs/design/winograd.md
      if (x == WinogradScheme::strided_4x3) continue;
      if (const auto made = winograd_with(problem, y, x)) {
        least_error = least_error == 0 ? made->error : std::min(least_error, made->error);
        if (made->error <= most_error && (!best || made->seconds < best->seconds)) best = made;
      }
    }
  if (!best)
    return fmt::format("its least error of {:.2g} of the result's root mean square is above {:.2g}", least_error,
                       most_error);
  return *best;
}

}  // namespace faltung::internal
