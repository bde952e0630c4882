// Problems larger than one block of columns, which generated ones never are.
#include "support/arrays.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <ctime>
#include <thread>
#include <vector>

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

/// Processor time of the whole process beyond that of this thread, per second of this thread.
double share_of_other_threads(const Plan& plan, const Operands<float>& operands) {
  const auto seconds = [](clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double process = seconds(CLOCK_PROCESS_CPUTIME_ID), thread = seconds(CLOCK_THREAD_CPUTIME_ID);
  while (seconds(CLOCK_THREAD_CPUTIME_ID) < thread + 0.3) run(plan, operands);
  const double own = seconds(CLOCK_THREAD_CPUTIME_ID) - thread;
  return (seconds(CLOCK_PROCESS_CPUTIME_ID) - process - own) / own;
}

TEST(Im2colBlas, OneThreadIsOne) {
  const Problem problem = parse_problem("conv2d ic64 oc64 i56x56 k3x3 p1");
  const auto operands = whole_operands<float>(problem, 1, false);
  const auto share = [&](int threads) {
    return share_of_other_threads(make_plan(problem, {.algorithm = "im2col_blas", .threads = threads}), operands);
  };
  share(1);  // threads that went idle just now may still spin
  EXPECT_LT(share(1), 0.05);
  if (std::thread::hardware_concurrency() > 1) {
    EXPECT_GT(share(2), 0.05);  // the measure can tell
  }
}

/// A BLAS that lends one buffer to two callers gives wrong numbers now and then.
TEST(Im2colBlas, CallersAtOnceDoNotShareABufferOfTheBlas) {
  const Problem problem = parse_problem("conv2d-dw n3 g4 ic4 oc4 i9x7 k2x4 s1x3 d3x1");
  const auto operands = whole_operands<float>(problem, 7, false);
  const Plan plan = make_plan(problem, {.algorithm = "im2col_blas"});
  const auto expected = run(problem, "sliding_window", operands);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&] {
      for (int turn = 0; turn < 5000; ++turn) wrong += run(plan, operands) != expected;
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
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
