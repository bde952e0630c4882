#include "engine/dense_form.hpp"

#include "engine/planes.hpp"
#include "support/cache.hpp"
#include "support/integers.hpp"

#include <algorithm>
#include <utility>

namespace faltung::internal {

namespace {

std::array<LoweredAxis, 3> lower_met(const Problem& problem, const std::array<Axis, 3>& axes, PhaseOrigin origin) {
  std::array<LoweredAxis, 3> lowered = lower(axes, problem.unknown, origin);
  for (LoweredAxis& axis : lowered) axis.leave_out_unmet_taps();
  return lowered;
}

/// Seconds for a multiply-add, a sum moved between memory and registers, a cell packed into planes and a row of them,
/// a cell copied into a panel, a result put between those of other phases and a row of them, and a run of positions.
/// Measured: docs/design/cost_model.md.
struct Rates {
  double multiply_add, sum, packed, packed_strided, packed_row, panel, placed, placed_row, run;
};
constexpr Rates rates = {0.0187e-9, 0.03e-9, 0.07e-9, 0.19e-9, 5.1e-9, 0.19e-9, 0.23e-9, 6e-9, 30e-9},
                rates_of_64_bytes = {0.0101e-9, 0.09e-9, 0.13e-9, 0.18e-9, 4.4e-9, 0.2e-9, 0.19e-9, 4.7e-9, 30e-9};
/// Strided rows that are packed by whole vectors, on every target.
constexpr double short_rows_packed_strided = 0.15e-9, short_rows_packed_row = 1.3e-9;

/// Where the weights of a group do not stay in the second-level cache, a core reads this many bytes of them in a
/// second.
constexpr double far_weights_per_second = 14e9;

/// Phases apart, unless their products have few rows and take longer than together, where a few positions more are
/// computed; tiles of few rows, and of more than one kind, are 15 % slower than they count.
PhaseOrigin choose_origin(const Problem& problem, const std::array<Axis, 3>& axes, const TileLimits& tiles) {
  if (problem.unknown != Unknown::fine) return PhaseOrigin::result;
  const std::int64_t channels = problem.fine_channels / problem.groups;
  bool few = false;
  const auto cost_from = [&](PhaseOrigin origin) {
    const std::array<LoweredAxis, 3> lowered = lower_met(problem, axes, origin);
    double cost = 0;
    for (const PhaseGroup& group : group_phases(lowered, axes)) {
      const std::int64_t rows = channels * static_cast<std::int64_t>(group.phases.size());
      few = few || rows < most_tile_rows;
      cost += real(static_cast<std::int64_t>(group.taps.size())) *
              least_tiles_cost(rows, ceil_divide(lowered[2].positions, tiles.lanes), tiles);
    }
    return cost * real(lowered[0].positions) * real(lowered[1].positions);
  };
  const double apart = cost_from(PhaseOrigin::result);
  return few && cost_from(PhaseOrigin::padded) < 1.15 * apart ? PhaseOrigin::padded : PhaseOrigin::result;
}

}  // namespace

DenseForm dense_form(const Problem& problem, const TileLimits& tiles, std::int64_t element_bytes,
                     const DenseArrays& arrays, const Orientation& orientation) {
  DenseForm form;
  const std::array<Axis, 3> problem_axes = orientation.of(three_axes(problem));
  form.axes = lower_met(problem, problem_axes, choose_origin(problem, problem_axes, tiles));
  form.groups = group_phases(form.axes, problem_axes, orientation);
  form.planes = planes_read(form.groups);
  const bool gather = problem.unknown == Unknown::coarse;
  const std::int64_t fine = problem.fine_channels / problem.groups, coarse = problem.coarse_channels / problem.groups;
  const std::int64_t phases = form.axes[0].phases * form.axes[1].phases * form.axes[2].phases;
  std::int64_t smallest = phases, largest = 0, taps = 0;
  bool nested = true;
  for (const PhaseGroup& group : form.groups) {
    const auto count = static_cast<std::int64_t>(group.phases.size());
    smallest = std::min(smallest, count);
    largest = std::max(largest, count);
    taps = std::max(taps, static_cast<std::int64_t>(group.taps.size()));
    nested = nested && (group.taps.empty() || group.taps_along[0] > 0);
  }
  form.shape = {gather ? fine : coarse, gather ? coarse : fine, phases, smallest, largest, taps,
                static_cast<std::int64_t>(form.planes.size()), element_bytes, arrays.waits,
                // 1×1, kernels as large as their stride (transposed), and convolutions without padding
                arrays.given_dense && std::all_of(form.axes.begin(), form.axes.end(),
                                                  [](const LoweredAxis& axis) { return axis.in_place(); }),
                nested ? form.axes[0].met() * form.axes[1].met() : 1};
  form.blocking = choose_blocking(form.axes, form.shape, tiles);
  return form;
}

DenseWork dense_work(const Problem& problem, const DenseForm& form, const TileLimits& tiles) {
  const std::array<LoweredAxis, 3>& axes = form.axes;
  const Blocking& blocking = form.blocking;
  const auto& box = blocking.box;
  const DenseShape& shape = form.shape;
  double boxes = real(problem.batch * problem.groups), full = 1;  // the last box of an axis may be smaller
  std::array<std::int64_t, 3> reach;
  for (std::size_t a = 0; a < 3; ++a) {
    const std::int64_t count = ceil_divide(axes[a].positions, box[a]);
    boxes *= real(count);
    full *= real(axes[a].positions) / real(count * box[a]);
    reach[a] = box[a] + axes[a].high - axes[a].low;
  }
  const std::int64_t lines = box[0] * box[1], lanes = tiles.lanes;
  // positions of a box as the tiles see them: rows apart, exact in panels, or rows flattened with the margins between
  std::int64_t runs = 1, run = box[2] * lines;
  const bool one_tap = reach == box;
  if (!blocking.panels && shape.in_place && one_tap) {
    // rows follow each other without a gap
  } else if (!blocking.panels && blocking.rows_apart) {
    runs = lines, run = box[2];
  } else if (!blocking.panels) {
    run = ((box[0] - 1) * reach[1] + box[1] - 1) * reach[2] + box[2];
  }
  std::int64_t vectors = ceil_divide(run, lanes);
  const bool joined = !blocking.panels && blocking.joins_rows;  // each tile is a run
  if (joined) vectors *= std::exchange(runs, 1);
  const std::int64_t chunks = ceil_divide(shape.result_channels, blocking.chunk);
  const double cells = real(runs * vectors * lanes);
  double met = 1;  // tiles leave out taps that meet nothing but zeros
  if (blocking.skips_taps)
    met = met_by_rows(axes, blocking.panels ? 1 + ceil_divide(blocking.tile_vectors * lanes - 1, box[2])
                                            : blocking.rows_of_tile(ceil_divide(box[2], lanes)));
  DenseWork work;
  double weights = 0;
  for (const PhaseGroup& group : form.groups) {
    const auto phases = static_cast<std::int64_t>(group.phases.size());
    const std::int64_t depth = shape.given_channels * static_cast<std::int64_t>(group.taps.size());
    const std::int64_t rows = ceil_divide(shape.result_channels, chunks) * phases;
    const double all_rows = real(shape.result_channels * phases);
    work.multiply_adds += met * real(runs * depth * lanes) * all_rows / real(rows) *
                          tiles_cost(rows, vectors, blocking.tile_rows, blocking.tile_vectors);
    const double blocks = real(std::max<std::int64_t>(1, ceil_divide(depth, blocking.sum_block)));
    work.sums += all_rows * cells * blocks;
    work.runs += real(joined ? ceil_divide(vectors, blocking.tile_vectors) * chunks : runs * chunks) * blocks;
    if (blocking.panels) work.panels += met * real(depth * chunks) * cells;
    weights += all_rows * real(depth);
  }
  if (!shape.in_place) {
    work.packed = real(shape.given_channels * shape.planes * reach[0] * reach[1] * reach[2]);
    work.packed_rows = real(shape.given_channels * shape.planes * reach[0] * reach[1]);
  }
  const double again =
      blocking.panels ? real(ceil_divide(lines * box[2], std::max<std::int64_t>(1, blocking.panel_positions))) : 1;
  if (shape.phases > 1) {
    work.placed = real(shape.result_channels * shape.phases * lines * box[2]);
    work.placed_rows = real(shape.result_channels * shape.phases * lines);
  }
  for (double* counted : {&work.multiply_adds, &work.sums, &work.packed, &work.packed_rows, &work.panels, &work.placed,
                          &work.placed_rows, &work.runs})
    *counted *= boxes * full;
  work.weights = weights * boxes * again;
  work.kernel = weights;
  return work;
}

double dense_seconds(const DenseWork& work, const DenseForm& form, const TileLimits& tiles) {
  const std::int64_t bytes = form.shape.element_bytes;
  Rates of = tiles.lanes * bytes >= 64 ? rates_of_64_bytes : rates;
  if (form.axes[2].planes > 1 && rows_are_short(form.axes, form.blocking.box[2])) {
    of.packed_strided = short_rows_packed_strided;
    of.packed_row = short_rows_packed_row;
  }
  const double wider = real(bytes) / 4;  // they were measured with f32
  const double seconds = wider * (work.multiply_adds * of.multiply_add + work.sums * of.sum +
                                  work.packed * (form.axes[2].planes > 1 ? of.packed_strided : of.packed) +
                                  work.panels * of.panel + work.placed * of.placed) +
                         work.packed_rows * of.packed_row + work.placed_rows * of.placed_row + work.runs * of.run;
  // weights are read while others are multiplied
  if (work.kernel * real(bytes) <= near_weights) return seconds;
  return std::max(seconds, work.weights * real(bytes) / far_weights_per_second);
}

}  // namespace faltung::internal
