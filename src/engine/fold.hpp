// The adjoint of padding: what stands in the margin is added onto the cells that the margin copies.
//
// Order of the additions: the kept cells first, then the cells of the margin in row-major order
// (docs/design/order_of_sums.md).
#pragma once

#include "problem/axes.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace faltung::internal {

/// Whether a result has a margin that is folded onto it.
bool folds_result(const Problem& problem);

class Fold {
 public:
  /// Axes with zeros are cut already: their temporary extent is the fine one.
  explicit Fold(const std::array<Axis, 3>& axes);

  std::int64_t temporary_cells() const { return axes_[0].temporary * axes_[1].temporary * axes_[2].temporary; }
  std::int64_t fine_cells() const { return axes_[0].fine * axes_[1].fine * axes_[2].fine; }

  /// The kept range of an axis within its temporary extent.
  std::int64_t kept_begin(std::size_t axis) const { return axes_[axis].before; }
  std::int64_t kept_end(std::size_t axis) const { return axes_[axis].before + axes_[axis].fine; }

  /// One channel, in place: the margin onto the kept cells.
  template <class T>
  void operator()(T* temporary) const;
  /// Where a kept row of `fine_extent(2)` cells begins.
  std::int64_t kept_row(std::int64_t z, std::int64_t y) const {
    return ((z + axes_[0].before) * axes_[1].temporary + y + axes_[1].before) * axes_[2].temporary + axes_[2].before;
  }
  std::int64_t fine_extent(std::size_t axis) const { return axes_[axis].fine; }

 private:
  struct Side {
    std::int64_t fine, before, temporary;
    std::vector<std::int64_t> source;  // fine cell of every temporary cell
  };
  std::array<Side, 3> axes_;
};

}  // namespace faltung::internal
