#include "engine/orientation.hpp"

#include "engine/fold.hpp"
#include "problem/axes.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace faltung::internal {

namespace {

/// f = c·s + k·d − p for f, c and k counted from the other end.
Axis reversed(Axis axis) {
  const std::int64_t surplus = axis.surplus(), before = axis.pad_before;
  axis.pad_before = axis.pad_after - surplus;
  axis.pad_after = before + surplus;
  return axis;
}

}  // namespace

std::array<Axis, 3> Orientation::of(const std::array<Axis, 3>& problem_axes) const {
  std::array<Axis, 3> axes;
  for (std::size_t a = 0; a < 3; ++a) axes[a] = backwards[a] ? reversed(problem_axes[axis[a]]) : problem_axes[axis[a]];
  return axes;
}

Strides Orientation::of(const Strides& strides) const {
  Strides here = strides;
  for (std::size_t a = 0; a < 3; ++a) here[a + 2] = backwards[a] ? -strides[axis[a] + 2] : strides[axis[a] + 2];
  return here;
}

std::int64_t Orientation::shift(const Strides& strides, const std::array<Axis, 3>& problem_axes, bool coarse) const {
  std::int64_t shift = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    const Axis& of = problem_axes[axis[a]];
    if (backwards[a]) shift += ((coarse ? of.coarse : of.fine) - 1) * strides[axis[a] + 2];
  }
  return shift;
}

std::int64_t Orientation::kernel(const std::array<Axis, 3>& axes, const std::array<std::int64_t, 3>& taps) const {
  std::array<std::int64_t, 3> extent{}, tap{};  // along the axes of the problem
  for (std::size_t a = 0; a < 3; ++a) {
    extent[axis[a]] = axes[a].kernel;
    tap[axis[a]] = backwards[a] ? axes[a].kernel - 1 - taps[a] : taps[a];
  }
  return (tap[0] * extent[1] + tap[1]) * extent[2] + tap[2];
}

Orientation choose_orientation(const Problem& problem, const Ends& ends) {
  Orientation orientation;
  const std::array<Axis, 3> axes = three_axes(problem);
  // what is folded is added up in the order of the problem's axes
  if (!ends.fine || !ends.coarse || folds_result(problem)) return orientation;
  const auto farthest = [&](std::size_t a) {
    if (axes[a].coarse == 1 && axes[a].fine == 1) return std::numeric_limits<std::int64_t>::max();
    return std::max(std::abs((*ends.fine)[a + 2]), std::abs((*ends.coarse)[a + 2]));
  };
  std::stable_sort(orientation.axis.begin(), orientation.axis.end(),
                   [&](std::size_t a, std::size_t b) { return farthest(a) > farthest(b); });
  for (std::size_t a = 0; a < 3; ++a) {
    const std::size_t of = orientation.axis[a];
    orientation.backwards[a] =
        (*ends.fine)[of + 2] < 0 && (*ends.coarse)[of + 2] < 0 && reversed(axes[of]).pad_before >= 0;
  }
  return orientation;
}

}  // namespace faltung::internal
