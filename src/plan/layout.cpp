#include "plan/layout.hpp"

#include <faltung/error.hpp>

#include "support/checked.hpp"
#include "support/integers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace faltung::internal {

std::optional<Strides> layout_of(std::string_view what, const Shape& shape, const Shape& strides, bool written) {
  if (strides.empty()) return std::nullopt;
  if (strides.size() != shape.size())
    throw ProblemError(fmt::format("{} strides of {}", strides.size(), what),
                       fmt::format("it has the {} axes [{}]", shape.size(), fmt::join(shape, ", ")),
                       "give one stride per axis, or none for a dense array");
  const auto given = [&] { return fmt::format("strides [{}] of {}", fmt::join(strides, ", "), what); };
  std::vector<std::pair<std::int64_t, std::int64_t>> axes;  // distance, steps
  Checked reach = 0;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    if (shape[a] < 2) continue;
    if (strides[a] == std::numeric_limits<std::int64_t>::min())
      throw ProblemError(given(), "it reaches beyond 64 bits", "make it smaller");
    axes.emplace_back(std::abs(strides[a]), shape[a] - 1);
    reach = reach + Checked(shape[a] - 1) * std::abs(strides[a]) * std::int64_t{sizeof(double)};
  }
  if (!reach.value()) throw ProblemError(given(), "it reaches beyond 64 bits", "make it smaller");
  std::sort(axes.begin(), axes.end());
  std::int64_t covered = 0;
  for (const auto& [distance, steps] : axes) {
    if (written && distance <= covered)
      throw ProblemError(given(), "elements that are written have places of their own",
                         "use an array that is not broadcast");
    covered += distance * steps;
  }
  if (same_layout(shape, strides, {})) return std::nullopt;
  Strides layout{strides[0], strides[1], 0, 0, 0};
  std::copy(strides.begin() + 2, strides.end(), layout.end() - static_cast<std::ptrdiff_t>(strides.size() - 2));
  return layout;
}

bool same_layout(const Shape& shape, const Shape& a, const Shape& b) {
  std::int64_t dense = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] > 1 && (a.empty() ? dense : a[i]) != (b.empty() ? dense : b[i])) return false;
    dense *= shape[i];
  }
  return true;
}

std::pair<std::int64_t, std::int64_t> reach_of(const Shape& shape, const Shape& strides) {
  if (strides.empty()) return {0, element_count(shape) - 1};
  std::int64_t low = 0, high = 0;
  for (std::size_t a = 0; a < shape.size(); ++a) (strides[a] < 0 ? low : high) += (shape[a] - 1) * strides[a];
  return {low, high};
}

}  // namespace faltung::internal
