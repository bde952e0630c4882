// Addition and multiplication of the four kinds of numbers that the reference and the matrix are written for.
#pragma once

#include <faltung/error.hpp>

#include "reference/symbol.hpp"

#include <cmath>
#include <cstdint>

namespace faltung::internal {

inline void add_to(float& sum, float term) { sum += term; }
inline void add_to(double& sum, double term) { sum += term; }
inline void add_to(Symbol& sum, const Symbol& term) { sum += term; }
inline void add_to(std::int64_t& sum, std::int64_t term) {
  if (__builtin_add_overflow(sum, term, &sum))
    throw OverflowError(
        "an int64 sum leaves the range of 64 bits: integers are exact here: use f64, or smaller numbers");
}

/// sum += a · b; floating point with one rounding (fused).
inline void multiply_add(float& sum, float a, float b) { sum = std::fma(a, b, sum); }
inline void multiply_add(double& sum, double a, double b) { sum = std::fma(a, b, sum); }
inline void multiply_add(Symbol& sum, const Symbol& a, const Symbol& b) { sum += a * b; }
inline void multiply_add(std::int64_t& sum, std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product))
    throw OverflowError(
        "an int64 product leaves the range of 64 bits: integers are exact here: use f64, or smaller numbers");
  add_to(sum, product);
}

}  // namespace faltung::internal
