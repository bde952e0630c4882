// Arrays as a caller describes them: where their elements lie.
#pragma once

#include <faltung/problem.hpp>

#include "engine/ends.hpp"

#include <optional>
#include <string_view>
#include <utility>

namespace faltung::internal {

/// The layout that the caller's strides ask for; nothing where it is the dense row-major one. `written`: no two
/// elements may share a place. Errors: ProblemError.
std::optional<Strides> layout_of(std::string_view what, const Shape& shape, const Shape& strides, bool written);

/// Whether two sets of strides (empty: dense row-major) put every element at the same place. Allocates nothing.
bool same_layout(const Shape& shape, const Shape& a, const Shape& b);

/// The lowest and the highest element, counted from element 0; of an array with elements.
std::pair<std::int64_t, std::int64_t> reach_of(const Shape& shape, const Shape& strides);

}  // namespace faltung::internal
