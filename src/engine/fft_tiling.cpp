#include "engine/fft_tiling.hpp"

#include "engine/fft_size.hpp"
#include "support/cache.hpp"
#include "support/integers.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace faltung::internal {

namespace {

// Measured on one core of a Xeon of the Sapphire Rapids class: docs/design/cost_model.md. Arithmetic of f64 takes twice
// what it takes in f32.
constexpr double per_level = 0.055e-9;          // of one point in a pass of radix 2
constexpr double per_point = 0.6e-9;            // reading or writing a point, transposing it
constexpr double per_product = 0.12e-9;         // complex multiply-add of one point; of idle rows of five a third
constexpr double per_far_byte = 0.014e-9;       // of weights that do not stay in the second-level cache
constexpr double per_spectrum_byte = 0.085e-9;  // of spectra that do not
constexpr double per_remote_byte = 0.065e-9;    // more, of many of either; of spectra four times that
constexpr double per_result_byte = 0.14e-9;     // of many, which tiles scatter
constexpr double near_bytes = 256e3, near_spectra = 0.7e6, near_results = 4e6, remote_spectra = 5e6,
                 remote_weights = 20e6;
constexpr double near_tile = 0.27;  // of the second-level cache: a tile that stays near beside its weights
constexpr double per_tile = 0.08e-6;
constexpr double per_narrow_point = 1e-9;                        // more, where a row of a tile is one vector
constexpr double per_kernel = 0.3e-6, per_packed_byte = 2.2e-9;  // of packing; fresh memory takes most of it

/// Numbers that vectors and lines of the cache hold, for the sake of alignment.
constexpr std::int64_t whole = 8;

/// Spectra that are held at once, and the weights', at most.
constexpr double most_bytes = double{1 << 30};
constexpr std::int64_t most_terms = std::int64_t{1} << 22U;

/// `contiguous`: along the axis on which neighbours in memory lie.
std::optional<FftTiles> tiles_of(const FftAxis& axis, std::int64_t points, bool contiguous) {
  if (points >= axis.circle()) return FftTiles{points, axis.results(), 1, 0};
  FftTiles tiles{points, points - axis.span() + 1, 1, 0};
  if (tiles.results < 1) return std::nullopt;
  if (contiguous && tiles.results > 8 * whole) {  // a few results less, for reads and writes of whole vectors
    const std::int64_t spare = tiles.results % whole, wanted = axis.position_of_whole(whole);
    tiles.results -= spare;
    if (wanted <= spare) tiles.lead = wanted;
  }
  tiles.count = ceil_divide(axis.results(), tiles.results);
  return tiles;
}

std::vector<FftTiles> all_tiles(const FftAxis& axis, std::int64_t lanes, bool contiguous) {
  std::vector<FftTiles> all;
  for (const std::int64_t points : fft_sizes()) {
    if (points % lanes != 0) continue;
    if (const auto tiles = tiles_of(axis, points, contiguous)) all.push_back(*tiles);
    if (points >= axis.circle()) break;  // larger ones hold nothing more
  }
  return all;
}

class Search {
 public:
  Search(const Problem& problem, std::int64_t lanes, bool pieces)
      : problem_(problem),
        lanes_(lanes),
        pieces_(pieces),
        extents_(fft_extents(problem, pieces)),
        result_bytes_(
            real(element_count(problem.unknown_shape()) * static_cast<std::int64_t>(size_of(problem.dtype)))) {}

  void run(std::optional<FftTiling>& best) const {
    if (extents_.terms > most_terms) return;
    const std::array<Axis, 3> axes = three_axes(problem_);
    const FftAxis y(pieces_ ? Axis{} : axes[1], problem_.unknown), x(axes[2], problem_.unknown);
    if (!pieces_) {
      const auto along_x = all_tiles(x, lanes_, true);
      for (const FftTiles& rows : all_tiles(y, lanes_, false))
        for (const FftTiles& columns : along_x) consider({false, rows.points, columns.points, rows, columns}, best);
      return;
    }
    for (const std::int64_t rows : fft_sizes())
      for (const std::int64_t columns : fft_sizes()) {
        if (rows % lanes_ != 0 || columns % lanes_ != 0 || 2 * rows > 3 * columns || 2 * columns > 3 * rows) continue;
        if (const auto tiles = tiles_of(x, rows * columns, true)) consider({true, rows, columns, {}, *tiles}, best);
      }
  }

 private:
  void consider(FftTiling tiling, std::optional<FftTiling>& best) const {
    const double size = real(static_cast<std::int64_t>(size_of(problem_.dtype))), points = real(tiling.points());
    const double groups = real(problem_.groups);
    const double given = real(extents_.given_channels * extents_.given_planes),
                 results = real(extents_.result_channels * extents_.result_planes);
    const double channels = real(extents_.given_channels * extents_.result_channels);
    tiling.pairs = std::max<std::int64_t>(1, ceil_divide(problem_.batch * tiling.y.count * tiling.x.count, 2));
    const double weights = channels * real(extents_.taps) * points * 2 * size;  // bytes, of one group
    const double spectra = (given + results) * points * 2 * size;               // of one pair
    const bool single = extents_.single();
    // weights that come from far are read once for as many pairs as fit
    double at_once = weights < near_bytes ? 2 : 4 * weights / spectra;
    at_once = std::min(at_once, most_bytes / 4 / spectra);
    tiling.pairs_at_once = std::clamp<std::int64_t>(static_cast<std::int64_t>(at_once), 1, tiling.pairs);
    if (tiling.pairs_at_once > 1 && tiling.pairs_at_once < tiling.pairs)
      tiling.pairs_at_once = round_up(ceil_divide(tiling.pairs, ceil_divide(tiling.pairs, tiling.pairs_at_once)), 2);
    if (weights * groups > most_bytes || spectra * real(tiling.pairs_at_once) > most_bytes) return;
    const double wide = real(lanes_) * size >= 64 ? 0.85 : 1;  // vectors of 64 bytes
    const double levels = std::log2(points);
    const double near_here = near_tile * real(second_cache_bytes());
    const double far = 1 + 0.8 * std::clamp((points * 2 * size - near_here) / (2 * near_here), 0.0, 1.0);
    const double narrow = tiling.columns == lanes_ ? per_narrow_point : 0;
    const double once = per_tile + points * ((per_point + per_level * levels) * far + narrow);
    double arithmetic = real(tiling.pairs) * groups * (given + results) * once, moving = 0;
    if (single) {
      moving = groups * weights * per_far_byte;
    } else {
      const double rows = real(extents_.result_channels),
                   idle = real(ceil_divide(extents_.result_channels, 5) * 5) - rows;
      arithmetic += real(tiling.pairs) * groups * real(extents_.given_channels) * (rows + idle / 3) *
                    real(extents_.terms) * points * per_product;
      const auto beyond = [](double bytes, double near) { return bytes > near ? 1 - near / bytes : 0; };
      const double held = spectra * real(tiling.pairs_at_once);
      const double passes = real(ceil_divide(tiling.pairs, tiling.pairs_at_once));
      moving =
          real(tiling.pairs) * groups * spectra *
              (beyond(held, near_spectra) * per_spectrum_byte + beyond(held, remote_spectra) * 4 * per_remote_byte) +
          passes * groups * weights * beyond(weights, remote_weights) * per_remote_byte;
      if (weights > near_bytes) moving += passes * groups * weights * per_far_byte;
    }
    moving += per_result_byte * std::max(0.0, result_bytes_ - near_results);
    tiling.seconds = wide * (arithmetic * (problem_.dtype == DType::f32 ? 1 : 2) + moving);
    tiling.pack_seconds = groups * channels * real(extents_.taps) * (per_kernel + points * size * per_packed_byte);
    if (!best || tiling.seconds < best->seconds) best = tiling;
  }

  const Problem& problem_;
  std::int64_t lanes_;
  bool pieces_;
  FftExtents extents_;
  double result_bytes_;
};

/// Pairs of a coarse cell and a tap that meet; of very many taps, at most.
std::int64_t terms_of(const Axis& axis) {
  if (axis.boundary != Boundary::zeros || axis.kernel > most_terms) return axis.coarse * axis.kernel;
  std::int64_t terms = 0;
  for (std::int64_t k = 0; k < axis.kernel; ++k) {
    const std::int64_t first = axis.pad_before - k * axis.dilation;  // c·s ≥ first, and < first + fine
    const std::int64_t begin = first > 0 ? ceil_divide(first, axis.stride) : 0;
    const std::int64_t end = first + axis.fine > 0 ? ceil_divide(first + axis.fine, axis.stride) : 0;
    terms += std::max<std::int64_t>(0, std::min(end, axis.coarse) - begin);
  }
  return terms;
}

}  // namespace

FftExtents fft_extents(const Problem& problem, bool pieces) {
  const bool gather = problem.unknown == Unknown::coarse;
  const std::int64_t fine = problem.fine_channels / problem.groups, coarse = problem.coarse_channels / problem.groups;
  FftExtents extents{gather ? fine : coarse, gather ? coarse : fine};
  const std::array<Axis, 3> axes = three_axes(problem);
  for (int a = 0; a < (pieces ? 2 : 1); ++a) {
    const Axis& axis = axes[at(a)];
    extents.given_planes *= gather ? axis.fine : axis.coarse;
    extents.result_planes *= gather ? axis.coarse : axis.fine;
    extents.taps *= axis.kernel;
    extents.terms *= terms_of(axis);
  }
  return extents;
}

std::optional<FftTiling> fft_tiling(const Problem& problem, std::int64_t lanes) {
  std::optional<FftTiling> best;
  if (problem.axes.size() > 1) Search(problem, lanes, false).run(best);
  Search(problem, lanes, true).run(best);
  return best;
}

}  // namespace faltung::internal
