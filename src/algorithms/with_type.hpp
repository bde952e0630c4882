// From a DType to the type: `with_type(dtype, [&]<class T>() { … })`.
#pragma once

#include <faltung/problem.hpp>

#include <algorithm>
#include <cstdint>

namespace faltung::internal {

template <class F>
auto with_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32:
      return f.template operator()<float>();
    case DType::f64:
      return f.template operator()<double>();
    case DType::i64:
      break;
  }
  return f.template operator()<std::int64_t>();
}

/// Multiply-adds of one run, of all samples.
inline double multiply_adds(const Problem& problem) {
  double count = static_cast<double>(problem.batch) * static_cast<double>(problem.coarse_channels) *
                 static_cast<double>(problem.fine_channels / problem.groups);
  for (const Axis& axis : problem.axes) count *= static_cast<double>(axis.coarse) * static_cast<double>(axis.kernel);
  return count;
}

/// The same where a transposed convolution is gathered: every cell of the result meets the taps of its phase, those
/// that would read beyond the coarse array too.
inline double gathered_multiply_adds(const Problem& problem) {
  double count = multiply_adds(problem);
  if (problem.unknown != Unknown::fine || count == 0) return count;
  for (const Axis& axis : problem.axes) {
    const std::int64_t cells = axis.boundary == Boundary::zeros ? axis.fine : axis.padded();
    count *= static_cast<double>((cells + axis.stride - 1) / axis.stride) / static_cast<double>(axis.coarse);
  }
  return count;
}

/// Bytes of the arrays beyond the second-level cache cost time of their own, results the more the further away: lines
/// that are written are read first. Measured: docs/design/cost_model.md.
inline double seconds_of_arrays(const Problem& problem) {
  constexpr double near = 1 << 20, far = 12e6;
  const auto size = static_cast<double>(size_of(problem.dtype));
  double all = size * static_cast<double>(element_count(problem.fine_shape()) + element_count(problem.coarse_shape()));
  const double result = size * static_cast<double>(element_count(problem.unknown_shape()));
  if (problem.unknown == Unknown::weights) all += result;
  if (all <= near) return 0;
  const double outside = 1 - near / all;
  return outside * (0.03e-9 * (all - result) + 0.02e-9 * result) + std::max(0.0, 1 - far / all) * 0.06e-9 * result;
}

/// Packing where weights are only put into another order; `seconds` for each, measured: docs/design/cost_model.md.
inline double seconds_to_order_weights(const Problem& problem, double seconds) {
  return problem.unknown == Unknown::weights ? 0
                                             : seconds * static_cast<double>(element_count(problem.weights_shape()));
}

}  // namespace faltung::internal
