// One property over many generated problems, in GoogleTest.
#pragma once

#include "property/generate.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdint>
#include <iostream>

namespace faltung::test {

/// Problems per property, and the fewest of them that both features of any pair must have in common.
constexpr std::int64_t default_problems = 20000;
constexpr std::int64_t least_per_pair = 50;

/// Checks `holds(problem, seed)` (RC_ASSERT inside) on `default_problems` problems (RC_PARAMS may say otherwise). From
/// that many on, every pair of features must have been met often enough; `print` shows the counts.
template <class Holds>
void for_all_problems(Holds&& holds, bool print = false) {
  Coverage coverage;
  const bool passed = rc::check([&] {
    const Problem problem = *problems();
    const auto seed = *rc::gen::noShrink(rc::gen::arbitrary<std::uint32_t>());
    coverage.add(problem);
    holds(problem, seed);
  });
  if (print) std::cout << coverage.table();
  ASSERT_TRUE(passed);
  if (coverage.problems() < default_problems) return;
  for (const std::string& pair : coverage.rare_pairs(least_per_pair)) ADD_FAILURE() << "too few problems of " << pair;
}

}  // namespace faltung::test
