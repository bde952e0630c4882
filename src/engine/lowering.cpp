#include "engine/lowering.hpp"

#include "problem/axes.hpp"
#include "support/integers.hpp"

#include <algorithm>
#include <set>

namespace faltung::internal {

namespace {

LoweredAxis lower_gather(const Axis& axis) {
  LoweredAxis lowered;
  lowered.planes = axis.stride;
  lowered.positions = lowered.result = axis.coarse;
  lowered.given = axis.fine;
  lowered.taps.resize(1);
  for (std::int64_t k = 0; k < axis.kernel; ++k)
    lowered.taps[0].push_back({k, k * axis.dilation % axis.stride, k * axis.dilation / axis.stride});
  lowered.high = lowered.taps[0].back().shift;
  lowered.pad = axis.pad_before;
  lowered.padded = axis.padded();
  lowered.boundary = axis.boundary;
  return lowered;
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

LoweredAxis lower_scatter(const Axis& axis, PhaseOrigin origin) {
  const bool folds = axis.boundary != Boundary::zeros;
  const std::int64_t pad = folds ? 0 : axis.pad_before;  // of the array that is written here
  LoweredAxis lowered;
  lowered.phases = axis.stride;
  lowered.result = folds ? axis.padded() : axis.fine;
  lowered.given = axis.coarse;
  lowered.crop = origin == PhaseOrigin::padded ? pad % axis.stride : 0;
  lowered.positions = ceil_divide(lowered.result + lowered.crop, axis.stride);
  lowered.taps.resize(static_cast<std::size_t>(axis.stride));
  bool any = false;
  for (std::int64_t phase = 0; phase < axis.stride; ++phase)
    for (std::int64_t k = 0; k < axis.kernel; ++k) {
      const std::int64_t distance = phase - lowered.crop + pad - k * axis.dilation;
      if (distance % axis.stride != 0) continue;
      const std::int64_t shift = floor_divide(distance, axis.stride);
      lowered.taps[static_cast<std::size_t>(phase)].push_back({k, 0, shift});
      lowered.low = any ? std::min(lowered.low, shift) : shift;
      lowered.high = any ? std::max(lowered.high, shift) : shift;
      any = true;
    }
  lowered.pad = -lowered.low;
  lowered.padded = lowered.cells();
  return lowered;
}

/// The smallest number not below a / b that is at least 0.
std::int64_t ceil_from_zero(std::int64_t a, std::int64_t b) { return a <= 0 ? 0 : ceil_divide(a, b); }

}  // namespace

LoweredAxis::Run LoweredAxis::inside(std::int64_t plane) const {
  const std::int64_t begin = std::min(cells(), ceil_from_zero(pad - plane, planes));
  return {begin, std::clamp(ceil_from_zero(given + pad - plane, planes), begin, cells())};
}

LoweredAxis::Run LoweredAxis::met(std::int64_t phase, std::int64_t position) const {
  const std::vector<Tap>& all = taps[static_cast<std::size_t>(phase)];
  const auto meets = [&](std::int64_t i) {
    const Tap& tap = all[static_cast<std::size_t>(i)];
    return source(tap.plane, position + tap.shift - low) >= 0;
  };
  Run run{0, static_cast<std::int64_t>(all.size())};
  while (run.begin < run.end && !meets(run.begin)) ++run.begin;
  while (run.begin < run.end && !meets(run.end - 1)) --run.end;
  return run;
}

LoweredAxis::Run LoweredAxis::positions_met(const Tap& tap) const {
  const Run cells = inside(tap.plane);
  const std::int64_t shift = tap.shift - low;
  return {std::clamp<std::int64_t>(cells.begin - shift, 0, positions),
          std::clamp<std::int64_t>(cells.end - shift, 0, positions)};
}

double LoweredAxis::met(std::int64_t together) const {
  const std::int64_t windows = ceil_divide(positions, together);
  double met = 0, all = 0;
  for (const std::vector<Tap>& of_phase : taps)
    for (const Tap& tap : of_phase) {
      const Run at = positions_met(tap);
      if (at.end > at.begin) met += real(ceil_divide(at.end, together) - at.begin / together);
      all += real(windows);
    }
  return boundary != Boundary::zeros || all == 0 ? 1 : met / all;
}

double met_by_rows(const std::array<LoweredAxis, 3>& axes, std::int64_t rows) {
  const std::int64_t lines = std::max<std::int64_t>(1, axes[1].positions);
  if (rows >= lines) return axes[0].met(ceil_divide(rows, lines));
  const double inside = axes[0].met() * axes[1].met(rows);
  if (axes[0].positions <= 1) return inside;
  const double across = real(rows - 1) / real(lines);
  return (1 - across) * inside + across * axes[0].met(2);
}

void LoweredAxis::leave_out_unmet_taps() {
  if (boundary != Boundary::zeros) return;
  std::vector<std::vector<Tap>> kept = taps;
  std::int64_t first = high, last = low;
  bool any = false;
  for (std::vector<Tap>& of_phase : kept) {
    std::erase_if(of_phase, [&](const Tap& tap) {
      const Run at = positions_met(tap);
      return at.end <= at.begin;
    });
    for (const Tap& tap : of_phase) {
      any = true;
      first = std::min(first, tap.shift);
      last = std::max(last, tap.shift);
    }
  }
  if (!any) return;  // the result is the start of the sums: any taps will do
  taps = std::move(kept);
  pad -= (first - low) * planes;
  padded -= (first - low) * planes;
  low = first;
  high = last;
}

LoweredAxis::Run LoweredAxis::clear_of_zeros(std::int64_t phase) const {
  Run clear{0, positions};
  if (boundary != Boundary::zeros) return clear;
  for (const Tap& tap : taps[static_cast<std::size_t>(phase)]) {
    const Run cells = inside(tap.plane);
    clear.begin = std::max(clear.begin, cells.begin - (tap.shift - low));
    clear.end = std::min(clear.end, cells.end - (tap.shift - low));
  }
  return clear;
}

bool LoweredAxis::meets_zeros() const {
  for (std::int64_t phase = 0; phase < phases; ++phase) {
    const Run clear = clear_of_zeros(phase);
    if (clear.begin > 0 || clear.end < positions) return true;
  }
  return false;
}

std::array<LoweredAxis, 3> lower(const Problem& problem, PhaseOrigin origin) {
  return lower(three_axes(problem), problem.unknown, origin);
}

std::array<LoweredAxis, 3> lower(const std::array<Axis, 3>& axes, Unknown unknown, PhaseOrigin origin) {
  std::array<LoweredAxis, 3> lowered;
  for (std::size_t a = 0; a < 3; ++a)
    lowered[a] = unknown == Unknown::fine ? lower_scatter(axes[a], origin) : lower_gather(axes[a]);
  return lowered;
}

std::vector<PhaseGroup> group_phases(const std::array<LoweredAxis, 3>& axes, const std::array<Axis, 3>& problem_axes,
                                     const Orientation& orientation) {
  const LoweredAxis &az = axes[0], &ay = axes[1], &ax = axes[2];
  struct Entry {
    std::int64_t kernel;
    PhaseGroup::Tap tap;
  };
  std::vector<PhaseGroup> groups;
  for (std::int64_t phase = 0; phase < az.phases * ay.phases * ax.phases; ++phase) {
    std::vector<Entry> entries;
    for (const auto& z : az.taps[static_cast<std::size_t>(phase / (ay.phases * ax.phases))])
      for (const auto& y : ay.taps[static_cast<std::size_t>(phase / ax.phases % ay.phases)])
        for (const auto& x : ax.taps[static_cast<std::size_t>(phase % ax.phases)])
          entries.push_back({orientation.kernel(problem_axes, {z.k, y.k, x.k}),
                             {{z.shift - az.low, y.shift - ay.low, x.shift - ax.low},
                              (z.plane * ay.planes + y.plane) * ax.planes + x.plane}});
    const auto ascending = [](const Entry& a, const Entry& b) { return a.kernel < b.kernel; };
    const bool nested = std::is_sorted(entries.begin(), entries.end(), ascending);
    if (!nested) std::sort(entries.begin(), entries.end(), ascending);
    std::vector<PhaseGroup::Tap> taps;
    std::vector<std::int64_t> kernel;
    for (const Entry& entry : entries) {
      taps.push_back(entry.tap);
      kernel.push_back(entry.kernel);
    }
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const PhaseGroup& group) {
      return std::equal(group.taps.begin(), group.taps.end(), taps.begin(), taps.end(),
                        [](const auto& a, const auto& b) { return a.shift == b.shift && a.plane == b.plane; });
    });
    const bool first = same == groups.end();
    PhaseGroup& group = first ? groups.emplace_back() : *same;
    if (first) {
      group.taps = std::move(taps);
      const std::int64_t along[3] = {phase / (ay.phases * ax.phases), phase / ax.phases % ay.phases, phase % ax.phases};
      for (std::size_t a = 0; nested && a < 3; ++a)
        group.taps_along[a] = static_cast<std::int64_t>(axes[a].taps[static_cast<std::size_t>(along[a])].size());
    }
    group.phases.push_back(phase);
    group.kernel.push_back(std::move(kernel));
  }
  return groups;
}

std::vector<std::int64_t> planes_read(std::span<const PhaseGroup> groups) {
  std::set<std::int64_t> planes;
  for (const PhaseGroup& group : groups)
    for (const PhaseGroup::Tap& tap : group.taps) planes.insert(tap.plane);
  return {planes.begin(), planes.end()};
}

}  // namespace faltung::internal
