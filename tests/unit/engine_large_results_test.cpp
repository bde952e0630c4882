// Results that are larger than caches are written past them: every cell, and no other one.
#include <faltung/plan.hpp>
#include <faltung/problem.hpp>

#include "support/arrays.hpp"

#include <gtest/gtest.h>

namespace faltung::test {
namespace {

/// 16 MiB of results and more, as `sliding_window` computes them.
template <class T>
void expect_same(const char* text, int threads = 1, const Activation& activation = {}) {
  SCOPED_TRACE(text);
  Problem problem = parse_problem(text);
  problem.dtype = dtype_of<T>;
  ASSERT_GE(cells(problem.unknown_shape()) * sizeof(T), std::size_t{16} << 20U);
  const auto operands = whole_operands<T>(problem, 1, true);
  const auto by = [&](const char* algorithm) {
    return run(make_plan(problem, {.algorithm = algorithm, .threads = threads, .activation = activation}), operands);
  };
  EXPECT_TRUE(same_bits(by("polyphase"), by("sliding_window")));
}

TEST(LargeResults, AreWrittenWhole) {
  expect_same<float>("convt1d ic2 oc3 i200001 k16 s8 p5");
  expect_same<float>("convt1d ic1 oc1 i70000 k100 s80 p3");  // more phases than rows are interleaved at once
  expect_same<float>("convt2d ic2 oc8 i301x311 k5x4 s3x2 p1:2x2:0");
  expect_same<double>("convt2d ic1 oc3 i401x307 k3x3 s2x3 p1");
  expect_same<float>("convt2d n2 g3 ic3 oc3 i256x699 k4x4 s2 d3");
}

TEST(LargeResults, AreWrittenWholeByThreads) { expect_same<float>("convt2d ic2 oc8 i301x311 k3x4 s3x2 p1", 3); }

TEST(LargeResults, AreActivated) {
  expect_same<float>("convt2d ic2 oc8 i301x311 k2x2 s3x2", 1, {.kind = Activation::Kind::leaky_relu, .slope = 0.25});
}

}  // namespace
}  // namespace faltung::test
