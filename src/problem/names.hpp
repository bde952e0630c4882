// Words that error messages share.
#pragma once

#include <cstddef>
#include <string>

namespace faltung::internal {

/// x for the last axis, y and z before it.
inline std::string axis_name(std::size_t axis, std::size_t rank) {
  const std::size_t from_last = rank - 1 - axis;
  return from_last < 3 ? std::string(1, "xyz"[from_last]) : std::to_string(axis);
}

}  // namespace faltung::internal
