// Winograd's algorithm: its transforms in fractions, its tiles at every edge, what it does with Inf and NaN.
#include <faltung/cpu.hpp>
#include <faltung/error.hpp>

#include "kernels/bilinear.hpp"
#include "support/winograd_runs.hpp"
#include "unit/refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <random>

namespace faltung::test {
namespace {

using internal::Bilinear;
using internal::Fraction;
using internal::WinogradScheme;
using std::int64_t;
using testing::HasSubstr;

std::size_t at(int64_t i) { return static_cast<std::size_t>(i); }

/// Result j of a tile where only tap k and cell i are 1.
Fraction product_of(const Bilinear& filter, int j, int k, int i) {
  Fraction sum = 0;
  for (int term = 0; term < filter.terms; ++term)
    sum = sum + filter.out.at(j, filter.term_out[at(term)]) * filter.weights.at(term, k) *
                    filter.in.at(filter.term_in[at(term)], i);
  return sum;
}

TEST(Winograd, TransformsAreTheConvolutionInFractions) {
  for (std::size_t scheme = 0; scheme < internal::winograd_schemes; ++scheme) {
    const Bilinear& filter = internal::bilinear_of(static_cast<WinogradScheme>(scheme));
    for (int j = 0; j < filter.out.rows; ++j)
      for (int k = 0; k < filter.taps; ++k)
        for (int i = 0; i < filter.in.columns; ++i) {
          const bool meet = filter.scatter ? j == filter.stride * i + k - filter.back : i == filter.stride * j + k;
          EXPECT_EQ(product_of(filter, j, k, i), Fraction(meet ? 1 : 0))
              << "scheme " << scheme << ", result " << j << ", tap " << k << ", cell " << i;
        }
    EXPECT_EQ(filter.in_factors.left * filter.in_factors.right, filter.in);
    EXPECT_EQ(filter.out_factors.left * filter.out_factors.right, filter.out);
    for (int j = 0; j < filter.out.rows; ++j) {  // a bias of 1 at these points is 1 in every result
      Fraction sum = 0;
      for (int i = 0; i < filter.out.columns; ++i)
        if (filter.ones[at(i)]) sum = sum + filter.out.at(j, i);
      EXPECT_EQ(sum, Fraction(1)) << "scheme " << scheme;
    }
  }
}

/// On every target and by every pair of schemes; whole numbers, so that the sliding window is exact.
template <class T>
void expect_within_bound(const char* text, bool bias) {
  Problem problem = parse_problem(text);
  problem.dtype = dtype_of<T>;
  const auto operands = whole_operands<T>(problem, 7, bias);
  const std::vector<T> expected = run(problem, "sliding_window", operands);
  const auto all = all_winograd(problem);
  ASSERT_FALSE(all.empty()) << text;
  for (const std::string& target : available_targets()) {
    ::setenv("FALTUNG_TARGET", target.c_str(), 1);
    for (const auto& axes : all) {
      const double bound = winograd_bound(problem, axes, operands);
      const std::vector<T> result = run_winograd(problem, axes, operands);
      for (std::size_t i = 0; i < result.size(); ++i)
        ASSERT_LE(std::abs(static_cast<double>(result[i]) - static_cast<double>(expected[i])), bound)
            << text << " at " << i << " on " << target << ", schemes " << static_cast<int>(axes.y.scheme) << " and "
            << static_cast<int>(axes.x.scheme);
      for (const int threads : {2, 3, 7})
        ASSERT_TRUE(same_bits(run_winograd(problem, axes, operands, threads), result)) << text << " on " << target;
    }
  }
  ::unsetenv("FALTUNG_TARGET");
}

TEST(Winograd, EveryEdgeIsWithinTheBound) {
  for (const char* text : {"conv2d i3x3 k3x3",
                           "conv2d i4x4 k3x3 p1",
                           "conv2d ic3 oc5 i13x17 k3x3 p1",
                           "conv2d ic2 oc3 i5x41 k3x3 p0:2x3:0",
                           "conv2d n2 g3 ic6 oc9 i9x8 k3x3 p1",
                           "conv2d ic2 oc2 i12x19 k3x3 p2 d2",
                           "conv2d ic2 oc2 i33x34 k3x3 p6 d6",
                           "conv2d ic2 oc3 i9x8 k3x3 p4 flip",
                           "conv2d ic2 oc2 i7x9 k1x3 p0x1",
                           "conv2d ic2 oc2 i9x7 k3x1 p1x0",
                           "conv1d ic5 oc4 i67 k3 p1",
                           "conv1d ic2 oc2 i100 k3 d20 p3",
                           "conv2d ic2 oc2 i1x1 k3x3 p1",
                           "convt2d ic3 oc5 i13x17 k3x3 p1",
                           "convt2d n2 g2 ic4 oc6 i9x8 k3x3",
                           "convt2d ic2 oc2 i9x8 k3x3 p2 d2 flip",
                           "convt1d ic3 oc3 i50 k3 p2",
                           "conv2d-dx ic4 oc3 i11x12 k3x3 p1",
                           "convt2d-dx ic4 oc3 i11x12 k3x3 p1",
                           "conv3d ic3 oc4 i6x9x10 k3x3x3 p1",
                           "conv3d n2 g2 ic4 oc4 i7x5x6 k3x3x3 s2x1x1 p1",
                           "conv3d i9x4x5 k3x3x3 d2x1x1 p2x1x1",
                           "conv3d ic2 oc2 i5x6x7 k1x3x3",
                           "convt3d ic2 oc3 i5x6x7 k3x3x3 p1",
                           "conv2d ic3 oc4 i14x11 k3x3 s2 p1",
                           "conv2d n2 g2 ic4 oc4 i9x8 k3x3 s2x1 p0x1",
                           "conv1d ic3 oc2 i67 k3 s2 p3:0",
                           "conv2d ic2 oc3 i13x12 k5x5 p2",
                           "conv2d ic2 oc3 i13x12 k7x7 p3",
                           "conv1d ic5 oc4 i131 k7 p3",
                           "conv1d ic2 oc2 i61 k5 d4 p8",
                           "conv2d ic2 oc2 i19x17 k7x3 p3x1 d1x2",
                           "convt2d ic3 oc4 i7x6 k3x3 s2 p1 o14x12",
                           "convt2d ic3 oc4 i7x6 k3x3 s2",
                           "convt2d n2 g2 ic4 oc6 i5x9 k4x4 s2 p1",
                           "convt2d ic2 oc2 i5x9 k4x3 s2x1 p0x1",
                           "convt1d ic3 oc2 i40 k4 s2 p3:2",
                           "convt1d ic3 oc2 i9 k3 s2 p7:1 flip",
                           "convt1d ic3 oc2 i19 k4 s2 p13:1",
                           "conv2d-dx ic4 oc3 i11x12 k3x3 s2 p1",
                           "convt2d ic3 oc2 i12x13 k5x7 p2x3",
                           "conv3d ic2 oc3 i5x8x9 k3x3x3 s1x2x2 p1"}) {
    expect_within_bound<float>(text, true);
    expect_within_bound<double>(text, false);
  }
}

TEST(Winograd, EveryBoundaryIsWithinTheBound) {
  for (const char* boundary : {"reflect", "symmetric", "replicate", "circular"})
    for (const char* problem : {"conv2d ic2 oc3 i9x11 k3x3 p1 b", "conv2d ic2 oc2 i3x4 k3x3 p7:2x0:9 b",
                                "conv3d ic2 oc2 i3x5x6 k3x3x3 p2 b", "conv2d ic2 oc2 i8x9 k3x3 p3 d2 b"})
      expect_within_bound<float>((std::string(problem) + boundary).c_str(), true);
}

/// Blocks of the sum, chunks of channels, blocks of rows and of columns; one and two positions more than whole vectors.
TEST(Winograd, LargeProblemsAreWithinTheBound) {
  expect_within_bound<float>("conv2d ic200 oc9 i6x7 k3x3 p1", true);
  expect_within_bound<float>("conv2d ic9 oc270 i6x7 k3x3 p1", true);
  expect_within_bound<float>("conv2d ic70 oc110 i5x9 k3x3 p1", true);
  expect_within_bound<float>("conv2d ic70 oc37 i12x12 k3x3 p1", true);
  expect_within_bound<double>("conv2d ic66 oc3 i4x4 k3x3 p1", true);
  expect_within_bound<float>("conv2d ic2 oc2 i3x5000 k3x3 p1", true);
  expect_within_bound<float>("conv2d ic2 oc2 i300x30 k3x3 p1", true);
  expect_within_bound<double>("conv3d ic40 oc20 i4x5x6 k3x3x3 p1", true);
}

/// The points of F(2, 3) are 0, 1, −1 and infinity: its transforms only halve.
TEST(Winograd, SmallWholeNumbersAreExactInTilesOfTwo) {
  const Problem problem = parse_problem("conv2d ic16 oc8 i21x22 k3x3 p1");
  const auto operands = whole_operands<float>(problem, 3, true);
  const auto axes = internal::winograd_with(problem, WinogradScheme::f2x3, WinogradScheme::f2x3);
  EXPECT_EQ(run_winograd(problem, *axes, operands), run(problem, "sliding_window", operands));
}

/// What `Accuracy::standard` says.
TEST(Winograd, NormalNumbersHaveSmallErrors) {
  const auto normal = [](std::size_t count, std::uint32_t seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> distribution;
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(distribution(random));
    return values;
  };
  const auto wide = [](const std::vector<float>& values) { return std::vector<double>(values.begin(), values.end()); };
  for (const char* text :
       {"conv2d ic64 oc16 i28x28 k3x3 p1", "conv2d ic512 oc8 i20x20 k3x3 p1", "conv2d ic3 oc32 i30x30 k3x3",
        "conv3d ic16 oc8 i8x16x16 k3x3x3 p1", "convt2d ic64 oc16 i28x28 k3x3 p1", "conv2d ic128 oc16 i28x28 k3x3 s2 p1",
        "conv1d ic200 oc32 i500 k7 p3", "conv2d ic32 oc8 i24x24 k5x5 p2", "convt2d ic64 oc8 i20x20 k3x3 s2 p1",
        "convt2d ic64 oc8 i20x20 k4x4 s2 p1"}) {
    Problem problem = parse_problem(text);
    const auto operands = make_operands<float>(problem, 5, false, normal);
    const Operands<double> exact{wide(operands.fine), wide(operands.coarse), wide(operands.weights), {}};
    const std::vector<double> expected = run(problem, "polyphase", exact);
    double square = 0;
    for (const double value : expected) square += value * value;
    const double unit = std::sqrt(square / static_cast<double>(expected.size()));
    for (const auto& axes : all_winograd(problem)) {
      const std::vector<float> result = run_winograd(problem, axes, operands);
      double error = 0;
      for (std::size_t i = 0; i < result.size(); ++i)
        error = std::max(error, std::abs(static_cast<double>(result[i]) - expected[i]));
      EXPECT_LE(error, axes.error * unit) << text;
    }
  }
}

/// The fastest tiles of those that the caller's accuracy allows.
TEST(Winograd, TilesFollowTheAccuracy) {
  const auto candidate = [](const char* problem, double accuracy) {
    const Options options{.accuracy = Accuracy::within(accuracy)};
    for (const Candidate& one : make_plan(parse_problem(problem), options).report().candidates)
      if (one.algorithm == "winograd") return one;
    return Candidate{};
  };
  const char* five = "conv2d ic64 oc64 i56x56 k5x5 p2";
  EXPECT_EQ(candidate(five, 1e-3).way, "F(4, 5) along y, F(4, 5) along x");
  EXPECT_EQ(candidate(five, 1e-5).refusal,
            "its least error of 1.1e-05 of the result's root mean square is above 1e-05");
  const char* transposed = "convt2d ic64 oc64 i128x256 k3x3 s2 p1";
  EXPECT_EQ(candidate(transposed, 1e-3).way, "transposed F(8, 3) along y, transposed F(8, 3) along x");
  const char* three = "conv2d ic64 oc64 i56x56 k3x3 p1";
  EXPECT_EQ(candidate(three, 2e-5).way, "F(4, 3) along y, F(4, 3) along x");
  EXPECT_EQ(candidate(three, 4e-6).way, "F(2, 3) along y, F(2, 3) along x");
  for (const char* problem : {five, transposed, three, "conv1d ic200 oc32 i500 k7 p3"}) {
    double least = 0;
    for (const double accuracy : {1e-2, 1e-3, 1e-4, 5e-5, 2e-5, 1e-5, 8e-6, 6e-6}) {
      const Candidate one = candidate(problem, accuracy);
      if (one.refusal) continue;
      EXPECT_LE(one.error, accuracy) << problem;
      EXPECT_GE(one.predicted_seconds, least) << problem << " within " << accuracy;
      least = one.predicted_seconds;
    }
  }
}

/// What runs is what the report says.
TEST(Winograd, RunsTheTilesOfTheAccuracy) {
  const Problem problem = parse_problem("conv2d ic64 oc64 i28x28 k5x5 p2");
  const auto operands = make_operands<float>(problem, 5, false, normal_numbers<float>);
  std::vector<std::vector<float>> results;
  for (const double accuracy : {1e-3, 2e-5}) {
    const Plan plan = make_plan(problem, {.algorithm = "winograd", .accuracy = Accuracy::within(accuracy)});
    results.push_back(run(plan, operands));
    for (const Candidate& candidate : plan.report().candidates)
      for (const auto& axes : all_winograd(problem))
        if (candidate.way == fmt::format("{} along y, {} along x", name_of(axes.y.scheme), name_of(axes.x.scheme))) {
          EXPECT_TRUE(same_bits(results.back(), run_winograd(problem, axes, operands))) << candidate.way;
        }
  }
  EXPECT_FALSE(same_bits(results[0], results[1]));
}

/// A tile would spread them: everything is computed directly instead.
TEST(Winograd, InfAndNanReachTheSumsThatTheyAreTermsOf) {
  for (const char* text : {"conv2d ic3 oc4 i13x17 k3x3 p1", "convt2d ic3 oc4 i13x17 k3x3 p1",
                           "conv2d ic3 oc4 i13x17 k3x3 s2 p1", "convt2d ic3 oc4 i7x9 k4x4 s2 p1",
                           "conv2d ic3 oc4 i13x17 k3x3 p1 breflect", "conv3d ic2 oc2 i5x6x7 k3x3x3 p1"}) {
    const Problem problem = parse_problem(text);
    for (std::uint32_t seed = 0; seed < 12; ++seed) {
      auto operands = make_operands<float>(problem, seed, true, fractions<float>);
      make_wild(operands, seed);
      const auto expected = run(problem, "sliding_window", operands);
      for (const int threads : {1, 3}) {
        const auto result = run(problem, "winograd", operands, threads);
        for (std::size_t i = 0; i < result.size(); ++i) {
          ASSERT_EQ(std::isnan(result[i]), std::isnan(expected[i])) << text << ", seed " << seed << ", at " << i;
          if (std::isnan(expected[i])) continue;
          if (std::isinf(expected[i])) {
            ASSERT_EQ(result[i], expected[i]) << text << ", seed " << seed << ", at " << i;
          }
        }
      }
    }
  }
}

/// Numbers whose sums are finite, but not those of a transform.
TEST(Winograd, NumbersTooLargeForTheTransformsAreComputedDirectly) {
  const Problem problem = parse_problem("conv2d ic2 oc2 i9x9 k3x3 p1");
  auto operands = whole_operands<float>(problem, 1, true);
  for (float& x : operands.fine) x = std::copysign(1e38F, x);
  for (float& w : operands.weights) w *= 1e-3F;
  const auto expected = run(problem, "sliding_window", operands);
  ASSERT_TRUE(std::all_of(expected.begin(), expected.end(), [](float y) { return std::isfinite(y); }));
  for (const auto& axes : all_winograd(problem)) {
    const auto result = run_winograd(problem, axes, operands);
    EXPECT_TRUE(std::all_of(result.begin(), result.end(), [](float y) { return std::isfinite(y); }));
  }
}

TEST(Winograd, RefusesWithAReason) {
  const auto refusal = [](const char* problem, Accuracy accuracy = Accuracy::standard) {
    return message_of<ProblemError>(
        [&] { make_plan(parse_problem(problem), {.algorithm = "winograd", .accuracy = accuracy}); });
  };
  EXPECT_THAT(refusal("conv2d i9x9 k3x3 p1", Accuracy::strict), HasSubstr("strict order"));
  EXPECT_THAT(refusal("conv2d i9x9 k3x3 i64"), HasSubstr("integers"));
  EXPECT_THAT(refusal("conv2d-dw i9x9 k3x3"), HasSubstr("weight gradients"));
  EXPECT_THAT(refusal("conv2d i9x9 k11x11 p5"), HasSubstr("11 taps with stride 1 and dilation 1 along y"));
  EXPECT_THAT(refusal("conv2d i9x9 k1x1"), HasSubstr("nothing to save"));
  EXPECT_THAT(refusal("convt2d i9x9 k3x3 p1 breflect"), HasSubstr("folded"));
  EXPECT_THAT(refusal("conv3d i99x9x9 k33x3x3"), HasSubstr("spans 33 planes"));
}

TEST(Winograd, WorkspacesStayBelowFourMebibytes) {
  for (const char* text :
       {"conv2d ic64 oc64 i56x56 k3x3 p1", "conv2d ic128 oc128 i28x28 k3x3 p1", "conv2d ic32 oc32 i512x512 k3x3 p1",
        "conv3d ic16 oc16 i64x64x64 k3x3x3 p1", "convt2d ic503 oc17 i4x16 k7x3 d3 p0x1"})
    EXPECT_LE(make_plan(parse_problem(text), {.algorithm = "winograd"}).workspace_bytes(), 4U << 20U) << text;
}

}  // namespace
}  // namespace faltung::test
