// Sizes and indices of arrays: rounding, and the step from a signed size to a container's index.
#pragma once

#include <cstddef>
#include <cstdint>

namespace faltung::internal {

inline std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
inline double real(std::int64_t i) { return static_cast<double>(i); }

/// ⌈a / b⌉ for a ≥ 0, b > 0; no sum that could leave 64 bits.
inline std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return a / b + (a % b != 0 ? 1 : 0); }

/// The smallest multiple of `step` that is not below `value`.
inline std::int64_t round_up(std::int64_t value, std::int64_t step) { return ceil_divide(value, step) * step; }

}  // namespace faltung::internal
