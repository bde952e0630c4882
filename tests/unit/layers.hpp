// Layers and problems with as few words as possible.
#pragma once

#include <faltung/problem.hpp>

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace faltung::test {

inline constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t two_to(int exponent) { return std::int64_t{1} << exponent; }

inline LayerSpec conv(Shape input, Shape kernel) {
  LayerSpec spec;
  spec.input = std::move(input);
  spec.kernel = std::move(kernel);
  return spec;
}

inline LayerSpec transposed(Shape input, Shape kernel) {
  LayerSpec spec = conv(std::move(input), std::move(kernel));
  spec.layer = Layer::conv_transpose;
  return spec;
}

/// Both layers, because most rules about what a user says hold for both.
inline std::vector<LayerSpec> both(const Shape& input, const Shape& kernel) {
  return {conv(input, kernel), transposed(input, kernel)};
}

/// A forward problem of one axis that did not pass `make_problem`.
inline Problem hand_made(Layer layer, const Axis& axis) {
  Problem problem;
  problem.layer = layer;
  problem.unknown = layer == Layer::conv ? Unknown::coarse : Unknown::fine;
  problem.axes = {axis};
  return problem;
}

}  // namespace faltung::test
