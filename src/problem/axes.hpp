// An axis apart from the others: what stands in its margins.
#pragma once

#include <faltung/problem.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace faltung::internal {

/// `source_cell` outside of the array.
std::int64_t copied_cell(std::int64_t f, std::int64_t extent, Boundary boundary);

/// The cell that a position of the fine axis copies: itself inside, by the boundary's rule in the margin (also when the
/// margin is larger than the array, as numpy.pad), −1 for zeros. `f` counts from the first true cell.
inline std::int64_t source_cell(std::int64_t f, std::int64_t extent, Boundary boundary) {
  return f >= 0 && f < extent ? f : boundary == Boundary::zeros ? -1 : copied_cell(f, extent, boundary);
}

/// The problem's axes as exactly three, absent outer ones trivial.
std::array<Axis, 3> three_axes(const Problem& problem);

/// For one axis: the fine cell (or −1) that each padded cell copies.
std::vector<std::int64_t> source_cells(const Axis& axis);

}  // namespace faltung::internal
