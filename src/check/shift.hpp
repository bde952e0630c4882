// The cells that can be moved along an axis without meeting a margin: what the shift property needs.
#pragma once

#include "problem/axes.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace faltung::internal {

/// Per cell of the axis, whether it may hold a number other than 0 before the move; nothing when no cell may.
using Movable = std::optional<std::vector<bool>>;

inline Movable some(std::vector<bool> cells) {
  for (const bool movable : cells)
    if (movable) return cells;
  return std::nullopt;
}

/// Fine cells that stay inside when moved by a stride, and that no margin copies before or after.
inline Movable movable_fine(const Axis& axis) {
  std::vector<bool> copied(static_cast<std::size_t>(axis.fine)), movable(copied.size());
  for (std::int64_t f = -axis.pad_before; f < axis.fine + axis.pad_after; ++f)
    if (const std::int64_t cell = source_cell(f, axis.fine, axis.boundary); cell >= 0 && cell != f)
      copied[static_cast<std::size_t>(cell)] = true;
  for (std::int64_t f = 0; f + axis.stride < axis.fine; ++f)
    movable[static_cast<std::size_t>(f)] =
        !copied[static_cast<std::size_t>(f)] && !copied[static_cast<std::size_t>(f + axis.stride)];
  return some(std::move(movable));
}

/// Coarse cells that stay inside when moved by one, and whose stamps are not folded before or after.
inline Movable movable_coarse(const Axis& axis) {
  const auto inside = [&](std::int64_t c) {
    const std::int64_t first = c * axis.stride - axis.pad_before;
    return axis.boundary == Boundary::zeros || (first >= 0 && first + axis.span() <= axis.fine);
  };
  std::vector<bool> movable(static_cast<std::size_t>(axis.coarse));
  for (std::int64_t c = 0; c + 1 < axis.coarse; ++c) movable[static_cast<std::size_t>(c)] = inside(c) && inside(c + 1);
  return some(std::move(movable));
}

/// `array` is [outer, extent, inner]: keeps the movable cells and makes the others 0.
template <class T>
void keep_movable(std::vector<T>& array, const std::vector<bool>& movable, std::size_t inner) {
  for (std::size_t i = 0; i < array.size(); ++i)
    if (!movable[i / inner % movable.size()]) array[i] = T{};
}

/// The array moved by `by` cells along an axis of `extent`; zeros come in.
template <class T>
std::vector<T> moved(const std::vector<T>& array, std::size_t extent, std::size_t inner, std::size_t by) {
  std::vector<T> to(array.size());
  for (std::size_t i = 0; i < array.size(); ++i)
    if (i / inner % extent >= by) to[i] = array[i - by * inner];
  return to;
}

}  // namespace faltung::internal
