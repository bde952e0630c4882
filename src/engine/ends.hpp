// What surrounds the sums of a run: how the arrays lie in memory, and what is done to the result's numbers, last.
#pragma once

#include <faltung/plan.hpp>

#include "kernels/kernels.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

namespace faltung::internal {

/// Distances of neighbours in memory, in elements, of an array [sample, channel, z, y, x]. Any sign.
using Strides = std::array<std::int64_t, 5>;

inline Strides dense_strides(std::int64_t channels, std::int64_t z, std::int64_t y, std::int64_t x) {
  return {channels * z * y * x, z * y * x, y * x, x, 1};
}

/// Whether an array of these extents lies dense; how far the only cell of an axis lies from the next is nobody's
/// matter.
inline bool lies_dense(const Strides& strides, const std::array<std::int64_t, 5>& extent) {
  const Strides dense = dense_strides(extent[1], extent[2], extent[3], extent[4]);
  for (std::size_t a = 0; a < 5; ++a)
    if (extent[a] > 1 && strides[a] != dense[a]) return false;
  return true;
}

struct Ends {
  Activation activation;
  bool sum_into_output = false;
  std::optional<Strides> fine, coarse;  ///< nothing: dense, row-major

  /// Nothing to do: plain sums of dense arrays.
  bool plain() const { return activation.kind == Activation::Kind::none && !sum_into_output && !fine && !coarse; }
};

/// A bound in the element type; beyond the integers: the last one.
template <class T>
T bound(double value) {
  if constexpr (std::is_integral_v<T>) {
    constexpr double beyond = 9223372036854775808.0;  // 2⁶³
    if (value >= beyond) return std::numeric_limits<T>::max();
    if (value < -beyond) return std::numeric_limits<T>::min();
  }
  return static_cast<T>(value);
}

template <class T>
Finish<T> finish_of(const Ends& ends) {
  const Activation& activation = ends.activation;
  Finish<T> finish;
  finish.adds = ends.sum_into_output;
  switch (activation.kind) {
    case Activation::Kind::none:
      break;
    case Activation::Kind::relu:
      finish.limits = true;
      finish.high = bound<T>(std::numeric_limits<double>::infinity());
      break;
    case Activation::Kind::leaky_relu:
      finish.leaks = true;
      finish.slope = static_cast<T>(activation.slope);
      break;
    case Activation::Kind::clamp:
      finish.limits = true;
      finish.low = bound<T>(activation.low);
      finish.high = bound<T>(activation.high);
  }
  return finish;
}

}  // namespace faltung::internal
