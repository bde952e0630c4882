#include "engine/few_positions_form.hpp"

#include "engine/blocking.hpp"
#include "problem/terms.hpp"
#include "support/cache.hpp"
#include "support/integers.hpp"

#include <algorithm>
#include <utility>

namespace faltung::internal {

namespace {

/// Seconds for a multiply-add of full tiles, a cell that is put beside those of other positions (of several samples),
/// a result (of several phases or samples), and a tile of a block. Measured: docs/design/cost_model.md.
struct Rates {
  double multiply_add, cell, cell_of_samples, result, result_apart, tile;
};
constexpr Rates rates = {0.0215e-9, 0.22e-9, 0.7e-9, 0.4e-9, 1e-9, 25e-9},
                rates_of_64_bytes = {0.0135e-9, 0.22e-9, 0.7e-9, 0.4e-9, 1e-9, 25e-9};
/// Where the weights of a group do not stay in the second-level cache, a core reads this many bytes of them in a
/// second: one stream, asked for ahead.
constexpr double far_weights_per_second = 26e9;
/// Bytes of weights of which nothing is left near from one run to the next: where several tiles of 64-byte vectors
/// share them, reading is not hidden.
constexpr double farther_weights = double{4 << 20};

/// Where result and tap meet: the given cell, or −1.
std::int64_t given_cell(const Axis& axis, bool gather, std::int64_t result, std::int64_t tap) {
  if (gather) return source_cell(axis, result * axis.stride + tap * axis.dilation);
  const std::int64_t distance = result + axis.pad_before - tap * axis.dilation;
  if (distance < 0 || distance % axis.stride != 0 || distance / axis.stride >= axis.coarse) return -1;
  return distance / axis.stride;
}

std::vector<PhaseAxis> phases_of(const Axis& axis, bool gather) {
  const std::int64_t count = gather ? 1 : std::min(axis.stride, axis.fine), extent = gather ? axis.coarse : axis.fine;
  std::vector<PhaseAxis> phases(at(count));
  for (std::int64_t first = 0; first < count; ++first) {
    PhaseAxis& phase = phases[at(first)];
    std::vector<std::int64_t> index(at(axis.kernel), 0);
    for (std::int64_t tap = 0; tap < axis.kernel; ++tap) {
      bool meets = false;
      for (std::int64_t result = first; !meets && result < extent; result += gather ? 1 : axis.stride)
        meets = given_cell(axis, gather, result, tap) >= 0;
      if (!meets) continue;
      index[at(tap)] = static_cast<std::int64_t>(phase.taps.size());
      phase.taps.push_back(tap);
    }
    for (std::int64_t result = first; result < extent; result += gather ? 1 : axis.stride) {
      phase.results.push_back(result);
      phase.met.emplace_back();
      for (const std::int64_t tap : phase.taps)
        if (const std::int64_t given = given_cell(axis, gather, result, tap); given >= 0)
          phase.met.back().push_back({index[at(tap)], given});
    }
  }
  return phases;
}

/// What a step of a tile takes, in multiply-adds of a vector: those, or its loads and what it asks for, or the latency
/// of few sums. Two of either begin in a cycle, one load from the second-level cache.
double step_cost(std::int64_t rows, std::int64_t vectors, bool near) {
  return real(std::max({rows * vectors, rows + vectors + (near ? vectors / 2 + 1 : vectors), busy_accumulators}));
}

/// All tiles of rows and panels of vectors, one step.
double steps_cost(const EvenParts& tiles, const EvenParts& panels, bool near) {
  double cost = 0;
  for (const std::int64_t larger : {0, 1})
    for (const std::int64_t wider : {0, 1}) {
      const std::int64_t high = larger == 1 ? tiles.larger : tiles.parts - tiles.larger;
      const std::int64_t wide = wider == 1 ? panels.larger : panels.parts - panels.larger;
      if (high * wide > 0) cost += real(high * wide) * step_cost(tiles.least + larger, panels.least + wider, near);
    }
  return cost;
}

/// Visits the phases of all axes together.
template <class Visit>
void for_each_phase(const FewPositionsForm& form, Visit&& visit) {
  for (const PhaseAxis& z : form.phases[0])
    for (const PhaseAxis& y : form.phases[1])
      for (const PhaseAxis& x : form.phases[2]) visit(z, y, x);
}

}  // namespace

BlockOfChannels block_of_channels(std::int64_t taps, double taken, bool one_tile, std::int64_t step_bytes) {
  // steps of a tile: at most; and where half of a first-level cache leaves fewer, weights stay in a second-level cache
  constexpr std::int64_t most_steps = 288, least_steps = 48, near_bytes = std::int64_t{24} << 10U,
                         far_bytes = std::int64_t{256} << 10U;
  const std::int64_t near = near_bytes / step_bytes / taps;
  const bool stays = one_tile || real(near) * taken >= real(least_steps);
  std::int64_t channels = static_cast<std::int64_t>(real(most_steps) / std::max(1.0, taken));
  if (!one_tile) channels = std::min(channels, stays ? near : far_bytes / step_bytes / taps);
  return {std::max<std::int64_t>(1, channels), stays};
}

double PhaseAxis::taps_of(std::int64_t together) const {
  const auto count = static_cast<std::int64_t>(met.size());
  if (count == 0) return 0;
  together = std::min(together, count);
  double sum = 0, windows = 0;
  std::vector<std::int64_t> window(taps.size(), -1);  // the last one that met each tap
  for (std::int64_t first = 0; first < count; first += together, ++windows) {
    for (std::int64_t i = first; i < std::min(count, first + together); ++i)
      for (const Meeting& meeting : met[at(i)])
        if (std::exchange(window[at(meeting.tap)], first) != first) ++sum;
  }
  return sum / windows;
}

double few_positions_table(const Problem& problem) {
  const bool gather = problem.unknown == Unknown::coarse;
  double cells = real(problem.batch);
  for (const Axis& axis : problem.axes)
    cells *=
        real(gather ? axis.coarse : axis.fine) * real(gather ? axis.kernel : ceil_divide(axis.kernel, axis.stride));
  return cells;
}

FewPositionsForm few_positions_form(const Problem& problem, std::int64_t lanes,
                                    const std::array<std::int64_t, most_tile_vectors + 1>& most_rows) {
  const bool gather = problem.unknown == Unknown::coarse;
  const std::int64_t fine = problem.fine_channels / problem.groups, coarse = problem.coarse_channels / problem.groups;
  FewPositionsForm form{};
  const std::array<Axis, 3> axes = three_axes(problem);
  for (std::size_t a = 0; a < 3; ++a) form.phases[a] = phases_of(axes[a], gather);
  form.given_channels = gather ? fine : coarse;
  form.result_channels = gather ? coarse : fine;
  const auto bytes = static_cast<double>(size_of(problem.dtype));
  const bool whole_lines = real(lanes) * bytes >= 64;
  const Rates& of = whole_lines ? rates_of_64_bytes : rates;
  const double channels = real(form.given_channels), batch = real(problem.batch), wider = bytes / 4;
  const std::int64_t all_vectors = ceil_divide(form.result_channels, lanes);
  const bool together =
      problem.batch == 1 &&
      (gather || std::all_of(axes.begin(), axes.end(), [](const Axis& axis) { return axis.stride == 1; }));
  const double cell = problem.batch == 1 ? of.cell : of.cell_of_samples,
               result = together ? of.result : of.result_apart;
  double weights = 0, results = 0;
  for_each_phase(form, [&](const PhaseAxis& z, const PhaseAxis& y, const PhaseAxis& x) {
    weights += real(static_cast<std::int64_t>(z.taps.size() * y.taps.size() * x.taps.size()));
    results += real(static_cast<std::int64_t>(z.results.size() * y.results.size() * x.results.size()));
  });
  weights *= channels * real(form.result_channels) * bytes;
  form.far = weights > near_weights;
  for (const bool apart : {false, true})
    for (std::int64_t vectors = std::min<std::int64_t>(most_tile_vectors, all_vectors); vectors > 0; --vectors) {
      double multiply_adds = 0, cells = 0, tiles = 0, most_tiles = 0;
      const std::int64_t step_bytes = vectors * lanes * static_cast<std::int64_t>(size_of(problem.dtype));
      for_each_phase(form, [&](const PhaseAxis& z, const PhaseAxis& y, const PhaseAxis& x) {
        const auto nx = static_cast<std::int64_t>(x.results.size()), ny = static_cast<std::int64_t>(y.results.size()),
                   nz = static_cast<std::int64_t>(z.results.size());
        const std::int64_t rows = apart ? problem.batch : problem.batch * nx * ny * nz;
        if (rows == 0) return;
        const std::int64_t positions =
            apart ? 1 : ceil_divide(std::min(rows, most_rows[at(vectors)]), std::max<std::int64_t>(1, problem.batch));
        const double taps =
            x.taps_of(positions) * y.taps_of(ceil_divide(positions, nx)) * z.taps_of(ceil_divide(positions, nx * ny));
        const double times = apart ? real(nx * ny * nz) : 1;
        const EvenParts parts(rows, most_rows[at(vectors)]), panels(all_vectors, vectors);
        const auto all = static_cast<std::int64_t>(z.taps.size() * y.taps.size() * x.taps.size());
        if (all == 0) return;
        const BlockOfChannels block = block_of_channels(all, taps, times * real(parts.parts) == 1, step_bytes);
        multiply_adds += times * taps * steps_cost(parts, panels, block.near);
        most_tiles = std::max(most_tiles, times * real(parts.parts));
        tiles += times * real(parts.parts * panels.parts) * std::max(1.0, channels / real(block.channels));
        cells += times * taps * real(rows);
      });
      double seconds = wider * of.multiply_add * real(lanes) * channels * multiply_adds;
      if (form.far) {  // weights are read while others are multiplied, the better half of the time
        const double reading = weights / far_weights_per_second;
        seconds = whole_lines && weights > farther_weights && most_tiles > 1
                      ? seconds + reading
                      : std::max(seconds, reading) + std::min(seconds, reading) / 2;
      }
      seconds += cell * channels * cells + result * batch * results * real(form.result_channels) + of.tile * tiles;
      seconds *= real(problem.groups);
      if (form.vectors > 0 && seconds >= form.seconds) continue;
      form.vectors = vectors;
      form.rows = most_rows[at(vectors)];
      form.apart = apart;
      form.seconds = seconds;
    }
  return form;
}

}  // namespace faltung::internal
