// The axes of a problem as they lie in memory. Which axis is called x, and where it begins, is the caller's word; the
// sums are the same along any, in the same order. So rows of tiles lie along the axis whose cells are neighbours in
// both arrays, from the first cell in memory on, and columns-first or backwards arrays take the way of dense ones.
#pragma once

#include <faltung/problem.hpp>

#include "engine/ends.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace faltung::internal {

struct Orientation {
  std::array<std::size_t, 3> axis{0, 1, 2};  ///< which axis of the problem each is, the outermost first
  std::array<bool, 3> backwards{};           ///< runs from the last cell to the first

  std::array<Axis, 3> of(const std::array<Axis, 3>& problem_axes) const;
  Strides of(const Strides& strides) const;
  /// From the first cell of the problem to the first here.
  std::int64_t shift(const Strides& strides, const std::array<Axis, 3>& problem_axes, bool coarse) const;
  /// The problem's linear kernel position of taps along these axes.
  std::int64_t kernel(const std::array<Axis, 3>& axes, const std::array<std::int64_t, 3>& taps) const;
};

/// That of the arrays, when both have strides that agree on it.
Orientation choose_orientation(const Problem& problem, const Ends& ends);

}  // namespace faltung::internal
