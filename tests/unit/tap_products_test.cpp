// kn2row: a row for every result channel and tap. Exact on integers on every target; the same bits for any number of
// threads, because strips are cut at the same cells.
#include <faltung/cpu.hpp>
#include <faltung/plan.hpp>

#include "support/arrays.hpp"
#include "unit/refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

namespace faltung::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* tap_products[] = {
    "convt2d ic70 oc1 i13x11 k3x3",                 // some blocks of channels, rows that end with a part of a vector
    "conv2d ic67 oc2 i9x14 k3x2 p1x0",              // the kernel turned
    "conv2d ic5 oc3 i7x9 k3x3 d2 p2 flip",          // …
    "convt2d n2 g3 ic12 oc9 i6x5 k4x3 s2x3 p1",     // phases that overlap, groups, samples
    "convt2d ic4 oc2 i5x6 k2x2 s3x4 p0x1",          // gaps
    "convt3d ic9 oc2 i4x5x6 k3x2x3 s2x1x2 p1x0x1",  // layers
    "conv3d ic6 oc2 i5x4x7 k3x3x3 p1",              // …
    "conv1d ic3 oc40 i1500 k9 p4",                  // rows longer than a strip
    "convt1d ic5 oc30 i900 k9 s3 d2 p7",            // …
    "convt2d ic3 oc2 i4x4 k9x9 p5",                 // taps that meet nothing
    "conv2d-dx ic2 oc8 i9x8 k3x3 s2 p1",            // the adjoint
    "convt2d-dx ic3 oc8 i9x8 k3x3 p1",
    "conv1d ic2 oc3 i1 k1",
    "convt2d ic4 oc2 i4x5 k2x2 s3 o12x16",  // results that no product reaches, at the end
    "conv1d ic4 oc2 i6 k3 p5",              // … and at the beginning
};

template <class T, class Numbers>
std::vector<T> results(const Problem& problem, const char* algorithm, int threads, const Numbers& numbers) {
  return run(make_plan(problem, {.algorithm = algorithm, .threads = threads}),
             make_operands<T>(problem, 1, true, numbers));
}

TEST(TapProducts, AreExactOnIntegers) {
  for (const std::string& target : available_targets()) {
    ::setenv("FALTUNG_TARGET", target.c_str(), 1);
    for (const char* text : tap_products)
      for (const int threads : {1, 3}) {
        Problem problem = parse_problem(text);
        EXPECT_EQ(results<float>(problem, "kn2row", threads, whole_numbers<float>),
                  results<float>(problem, "sliding_window", 1, whole_numbers<float>))
            << text << " on " << target << ", threads " << threads;
        problem.dtype = DType::f64;
        EXPECT_EQ(results<double>(problem, "kn2row", threads, whole_numbers<double>),
                  results<double>(problem, "sliding_window", 1, whole_numbers<double>))
            << text << " on " << target << ", threads " << threads;
      }
  }
  ::unsetenv("FALTUNG_TARGET");
}

TEST(TapProducts, HaveTheSameBitsForAnyNumberOfThreads) {
  for (const char* text : tap_products) {
    const Problem problem = parse_problem(text);
    const std::vector<float> one = results<float>(problem, "kn2row", 1, fractions<float>);
    for (const int threads : {2, 3, 7})
      EXPECT_TRUE(same_numbers(one, results<float>(problem, "kn2row", threads, fractions<float>)))
          << text << ", threads " << threads;
  }
}

TEST(TapProducts, WhatIsNotFiniteReachesTheSumsThatItIsATermOf) {
  for (const char* text : tap_products) {
    const Problem problem = parse_problem(text);
    Operands<float> operands = make_operands<float>(problem, 1, true, whole_numbers<float>);
    operands.weights[operands.weights.size() / 2] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(same_numbers(run(make_plan(problem, {.algorithm = "kn2row"}), operands),
                             run(make_plan(problem, {.algorithm = "sliding_window"}), operands)))
        << text;
  }
}

TEST(TapProducts, AreChosenForFewResultsOfManyChannels) {
  for (const char* problem : {"convt2d ic400 oc1 i121x121 k3x3", "conv2d ic256 oc1 i64x64 k3x3 p1"}) {
    EXPECT_EQ(make_plan(parse_problem(problem)).algorithm(), "kn2row") << problem;
    EXPECT_NE(make_plan(parse_problem(problem), {.accuracy = Accuracy::strict}).algorithm(), "kn2row") << problem;
  }
  EXPECT_NE(make_plan(parse_problem("conv2d ic64 oc64 i56x56 k3x3 p1")).algorithm(), "kn2row");
}

TEST(TapProducts, RefuseWhatTheyWouldComputeForNobody) {
  const auto refusal = [](const char* problem) {
    return message_of<ProblemError>([&] { make_plan(parse_problem(problem), {.algorithm = "kn2row"}); });
  };
  EXPECT_THAT(refusal("conv2d ic64 oc4 i16x16 k3x3 s2"), HasSubstr("for nobody"));
  EXPECT_THAT(refusal("conv2d ic64 oc4 i16x16 k3x3 p1 breflect"), HasSubstr("margins are zeros"));
  EXPECT_THAT(refusal("conv2d ic64 oc256 i16x16 k3x3"), HasSubstr("2304 rows, more than 1024"));
  EXPECT_THAT(refusal("conv2d-dw ic4 oc4 i5x5 k3x3"), HasSubstr("weights"));
  EXPECT_THAT(refusal("conv2d ic4 oc4 i5x5 k3x3 i64"), HasSubstr("floating point"));
}

}  // namespace
}  // namespace faltung::test
