// The matrix times the vector in higher precision: what `check` measures against.
#pragma once

#include <faltung/problem.hpp>

#include <vector>

namespace faltung::internal {

/// The three arrays of a problem and a bias for the unknown one (or none); the unknown one is not read.
template <class T>
struct Operands {
  std::vector<T> fine, coarse, weights, bias;
};

/// `value`: the unknown array; `size`: the same sums of magnitudes, the unit in which rounding is measured. Whole
/// numbers are exact.
struct Product {
  std::vector<long double> value, size;
};

/// By the sparse matrix of one channel of the unknown array after the other, so that the whole is never in memory.
template <class T>
Product matrix_product(const Problem& problem, const Operands<T>& operands);

}  // namespace faltung::internal
