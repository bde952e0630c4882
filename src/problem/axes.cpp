#include "problem/axes.hpp"

#include "problem/terms.hpp"

namespace faltung::internal {

namespace {

std::int64_t modulo(std::int64_t value, std::int64_t period) {
  const std::int64_t remainder = value % period;
  return remainder < 0 ? remainder + period : remainder;
}

}  // namespace

std::int64_t copied_cell(std::int64_t f, std::int64_t extent, Boundary boundary) {
  switch (boundary) {
    case Boundary::zeros:
      return -1;
    case Boundary::replicate:
      return f < 0 ? 0 : extent - 1;
    case Boundary::circular:
      return modulo(f, extent);
    case Boundary::symmetric: {
      const std::int64_t cell = modulo(f, 2 * extent);
      return cell < extent ? cell : 2 * extent - 1 - cell;
    }
    case Boundary::reflect: {
      if (extent == 1) return 0;  // nothing to mirror about: numpy.pad repeats the only cell
      const std::int64_t cell = modulo(f, 2 * extent - 2);
      return cell < extent ? cell : 2 * extent - 2 - cell;
    }
  }
  return -1;
}

std::array<Axis, 3> three_axes(const Problem& problem) {
  std::array<Axis, 3> axes{};
  const std::size_t absent = 3 - problem.axes.size();
  for (std::size_t a = 0; a < problem.axes.size(); ++a) axes[absent + a] = problem.axes[a];
  return axes;
}

std::vector<std::int64_t> source_cells(const Axis& axis) {
  std::vector<std::int64_t> cells(static_cast<std::size_t>(axis.padded()));
  for (std::size_t p = 0; p < cells.size(); ++p) cells[p] = source_cell(axis, static_cast<std::int64_t>(p));
  return cells;
}

}  // namespace faltung::internal
