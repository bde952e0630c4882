// How far rounding is expected to take a result from the exact one.
#pragma once

#include <faltung/problem.hpp>

#include "support/integers.hpp"

#include <algorithm>
#include <cmath>

namespace faltung::internal {

/// How many cells of the padded axis may be added onto one of the fine array.
inline std::int64_t cells_on_one(const Axis& axis) {
  if (axis.boundary == Boundary::zeros) return 1;
  if (axis.boundary == Boundary::replicate) return 1 + std::max(axis.pad_before, axis.pad_after);
  return ceil_divide(axis.padded(), axis.fine) + 1;
}

/// The largest error of a sum of n products of N(0, 1) numbers, over its root mean square √n: every one of n additions
/// rounds a partial sum, √i on average, by up to u; the largest of a result's errors is four or five times the usual
/// one. Measured: docs/design/accuracy.md; the bound for any data is γₙ·(|b| + Σ|w||x|). Source: Higham & Mary, "A new
/// approach to probabilistic rounding error analysis", 2019.
inline double error_of_direct_sums(const Problem& problem) {
  if (problem.dtype == DType::i64) return 0;
  double products = real(problem.unknown == Unknown::weights  ? problem.batch
                         : problem.unknown == Unknown::coarse ? problem.fine_channels / problem.groups
                                                              : problem.coarse_channels / problem.groups);
  for (const Axis& axis : problem.axes)
    products *= real(problem.unknown == Unknown::weights  ? axis.coarse
                     : problem.unknown == Unknown::coarse ? axis.kernel
                                                          : ceil_divide(axis.kernel, axis.stride) * cells_on_one(axis));
  const double unit = problem.dtype == DType::f32 ? 0x1p-24 : 0x1p-53;
  return 2 * unit * std::sqrt(products + 16);
}

}  // namespace faltung::internal
