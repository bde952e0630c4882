#include "engine/fold.hpp"

#include <algorithm>

namespace faltung::internal {

bool folds_result(const Problem& problem) {
  return problem.unknown == Unknown::fine &&
         std::any_of(problem.axes.begin(), problem.axes.end(),
                     [](const Axis& axis) { return axis.boundary != Boundary::zeros; });
}

Fold::Fold(const std::array<Axis, 3>& axes) {
  for (std::size_t a = 0; a < 3; ++a) {
    Axis axis = axes[a];
    if (axis.boundary == Boundary::zeros) axis.pad_before = axis.pad_after = 0;
    axes_[a] = {axis.fine, axis.pad_before, axis.padded(), source_cells(axis)};
  }
}

template <class T>
void Fold::operator()(T* temporary) const {
  const Side &az = axes_[0], &ay = axes_[1], &ax = axes_[2];
  for (std::int64_t z = 0; z < az.temporary; ++z)
    for (std::int64_t y = 0; y < ay.temporary; ++y) {
      const T* row = temporary + (z * ay.temporary + y) * ax.temporary;
      T* to = temporary + kept_row(az.source[static_cast<std::size_t>(z)], ay.source[static_cast<std::size_t>(y)]);
      const auto add = [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t x = begin; x < end; ++x) to[ax.source[static_cast<std::size_t>(x)]] += row[x];
      };
      const bool kept = z >= az.before && z < az.before + az.fine && y >= ay.before && y < ay.before + ay.fine;
      add(0, kept ? ax.before : ax.temporary);
      if (kept) add(ax.before + ax.fine, ax.temporary);
    }
}

template void Fold::operator()(float*) const;
template void Fold::operator()(double*) const;

}  // namespace faltung::internal
