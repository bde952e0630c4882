// Problems larger than one block of columns, which generated ones never are.
#include "support/arrays.hpp"

#include <gtest/gtest.h>

namespace faltung::test {
namespace {

void expect_equal_to_sliding_window(const std::string& text) {
  for (const Unknown unknown : {Unknown::coarse, Unknown::fine, Unknown::weights}) {
    Problem problem = parse_problem(text);
    problem.unknown = unknown;
    const auto operands = whole_operands<float>(problem, 7, unknown != Unknown::weights);
    const auto expected = run(problem, "sliding_window", operands, 2);
    for (const int threads : {1, 2, 5})
      EXPECT_EQ(run(problem, "im2col_blas", operands, threads), expected)
          << to_string(problem) << ", threads " << threads;
  }
}

TEST(Im2colBlas, ManyBlocksOfRows) { expect_equal_to_sliding_window("conv2d ic300 oc3 i6x5 k3x3 p1"); }
TEST(Im2colBlas, OneChannelLongerThanABlockOfRows) {
  expect_equal_to_sliding_window("conv2d ic2 oc2 i50x50 k41x41 p3 breflect");
}
TEST(Im2colBlas, ManyBlocksOfPositions) {
  expect_equal_to_sliding_window("conv2d n2 ic24 oc4 i70x67 k3x3 s1x2 p1 bcircular");
}
TEST(Im2colBlas, ManyBlocksOfBoth) { expect_equal_to_sliding_window("conv2d g2 ic280 oc4 i45x47 k3x3 d2 p2"); }
TEST(Im2colBlas, OneByOneNeedsNoColumns) { expect_equal_to_sliding_window("conv2d n2 g2 ic6 oc8 i33x31 k1x1"); }
TEST(Im2colBlas, Volumes) {
  expect_equal_to_sliding_window("conv3d ic5 oc3 i12x11x13 k3x3x3 s2x1x1 p1 bsymmetric flip");
}

TEST(Im2colBlas, RefusesSidesThatDoNotFitABlasInt) {
  const Report report = make_plan(parse_problem("conv1d i3000000000 k1")).report();
  for (const Candidate& candidate : report.candidates)
    if (candidate.algorithm == "im2col_blas") {
      EXPECT_NE(candidate.refusal.value_or("").find("3000000000"), std::string::npos);
    }
}

}  // namespace
}  // namespace faltung::test
