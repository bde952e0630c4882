// Every algorithm on data on which rounding shows, held to the bound that docs/design/accuracy.md states for any data,
// and to what the default accuracy promises of N(0, 1).
#include "support/hostile.hpp"
#include "support/winograd_runs.hpp"

#include <faltung/cpu.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace faltung::test {
namespace {

constexpr const char* hostile_problems[] = {"conv1d ic5 oc4 i131 k7 p3",
                                            "conv1d ic3 oc2 i67 k3 s2 p3:0",
                                            "conv1d ic2 oc3 i700 k65 p32",
                                            "conv1d n2 i2000 k90",
                                            "convt1d ic3 oc2 i40 k4 s2 p1",
                                            "convt1d ic2 oc3 i300 k40 s3 p5",
                                            "conv2d ic8 oc6 i24x25 k3x3 p1",
                                            "conv2d ic70 oc5 i9x9 k3x3 p1 breflect",
                                            "conv2d ic4 oc4 i20x21 k5x5 p2",
                                            "conv2d g4 ic4 oc4 i30x32 k9x9 p4",
                                            "conv2d ic3 oc4 i14x13 k3x3 s2 p1",
                                            "convt2d ic4 oc3 i12x13 k3x3 s2 p1",
                                            "convt2d ic4 oc3 i11x9 k4x4 s2 p1",
                                            "convt2d ic2 oc3 i30x25 k9x9 p4 bcircular",
                                            "conv3d ic3 oc4 i6x9x10 k3x3x3 p1",
                                            "convt3d ic2 oc3 i5x6x7 k3x3x3 p1",
                                            "conv3d ic2 oc2 i6x20x22 k3x5x7 p1x2x3",
                                            "conv2d-dw ic4 oc5 i13x12 k3x3 p1",
                                            "convt3d-dw ic2 oc3 i5x6x7 k3x3x3 p1"};

double largest(const std::vector<double>& values) {
  return values.empty() ? 0.0 : *std::max_element(values.begin(), values.end());
}

template <class T>
double most(const std::vector<T>& values) {
  double size = 0;
  for (const T value : values) size = std::max(size, std::abs(static_cast<double>(value)));
  return size;
}

/// The largest error over its bound; what is not finite is infinitely wrong. `growth` 0: the cell's terms are summed.
template <class T>
double share_of_bound(const Problem& problem, const Operands<T>& operands, const ExactSums& exact,
                      const std::vector<T>& result, double growth, double roundings) {
  const bool gather = problem.unknown == Unknown::coarse;
  const auto channels =
      static_cast<double>((gather ? problem.fine_channels : problem.coarse_channels) / problem.groups);
  const double weights = most(operands.weights), given = most(gather ? operands.fine : operands.coarse);
  const double lost = static_cast<double>(std::numeric_limits<T>::denorm_min()) * longest_sum(problem);
  double share = 0;
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto error = static_cast<double>(std::abs(static_cast<long double>(result[i]) - exact.value[i]));
    const double bound =
        growth == 0 ? roundings * static_cast<double>(exact.size[i]) + lost
                    : growth * channels * (roundings * weights * given + lost * std::max(1.0, weights + given));
    share = std::max(share, std::isfinite(error) ? (error == 0 ? 0 : error / bound) : HUGE_VAL);
  }
  return share;
}

template <class T>
void expect_within_bounds(const std::string& text, Hostile kind, const std::string& target) {
  Problem problem = parse_problem(text);
  problem.dtype = dtype_of<T>;
  const auto operands = hostile_operands<T>(problem, 11, kind);
  const ExactSums exact = exact_sums(problem, operands);
  const auto check = [&](const std::string& algorithm, const std::vector<T>& result, double growth, double roundings) {
    EXPECT_LE(share_of_bound(problem, operands, exact, result, growth, roundings), 1)
        << algorithm << " on " << target << ", `" << to_string(problem) << "`, kind " << static_cast<int>(kind);
  };
  const double unit = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2, gamma = gamma_of<T>(problem);
  for (const std::string& algorithm : willing(problem)) check(algorithm, run(problem, algorithm, operands), 0, gamma);
  for (const internal::Algorithm* algorithm : internal::all_algorithms())
    if (algorithm->name() == "fft" && !algorithm->refusal(problem))
      check("fft", run(problem, "fft", operands), algorithm->growth(problem), unit);
  if (problem.unknown == Unknown::weights) return;
  for (const auto& axes : all_winograd(problem))
    check("winograd, schemes " + std::to_string(static_cast<int>(axes.y.scheme)) + " and " +
              std::to_string(static_cast<int>(axes.x.scheme)),
          run_winograd(problem, axes, operands), axes.growth, gamma);
}

/// One after the other, so that every target meets every kind and every problem.
TEST(Hostile, EveryAlgorithmIsWithinItsBound) {
  const std::vector<std::string> targets = available_targets();
  std::size_t turn = 0;
  for (const Hostile kind : all_hostile)
    for (const char* text : hostile_problems) {
      const std::string& target = targets[turn++ % targets.size()];
      ::setenv("FALTUNG_TARGET", target.c_str(), 1);
      expect_within_bounds<float>(text, kind, target);
      expect_within_bounds<double>(text, kind, target);
    }
  ::unsetenv("FALTUNG_TARGET");
}

/// Sums whose transforms alone leave the range are the direct ones, to the bit; so are sums that are infinite.
template <class T>
void expect_direct_where_transforms_overflow(const std::string& text, double size) {
  Problem problem = parse_problem(text);
  problem.dtype = dtype_of<T>;
  auto operands = make_operands<T>(problem, 3, true, normal_numbers<T>);
  std::vector<T>& given = problem.unknown == Unknown::coarse ? operands.fine : operands.coarse;
  const T wide = static_cast<T>(size * static_cast<double>(std::numeric_limits<T>::max()));
  for (T& x : given) x = wide;  // B's rows add up to 0: only their partial sums, or A's, overflow
  for (std::size_t i = 0; i < given.size(); i += 3) given[i] = -wide;
  for (T& w : operands.weights) w /= static_cast<T>(operands.weights.size());
  const auto expected = run(problem, "polyphase", operands);
  for (const char* algorithm : {"fft", "winograd"}) {
    if (make_plan(problem, {.algorithm = algorithm}).algorithm() != algorithm) continue;
    EXPECT_TRUE(same_numbers(run(problem, algorithm, operands), expected)) << algorithm << ", `" << text << "`";
    EXPECT_TRUE(same_numbers(run(problem, algorithm, operands, 3), expected)) << algorithm << ", `" << text << "`";
  }
}

TEST(Hostile, WhatOverflowsInATransformIsComputedDirectly) {
  for (const char* text :
       {"conv1d ic5 oc4 i131 k7 p3", "conv2d ic8 oc6 i24x25 k3x3 p1", "convt2d ic4 oc3 i12x13 k3x3 s2 p1",
        "convt2d ic4 oc3 i11x9 k4x4 s2 p1", "conv3d ic3 oc4 i6x9x10 k3x3x3 p1"}) {
    expect_direct_where_transforms_overflow<float>(text, 0.9);
    expect_direct_where_transforms_overflow<double>(text, 0.9);
  }
}

/// Only its tile's bound grows.
TEST(Hostile, AnOutlierIsFeltInItsTileOnly) {
  for (const char* text : {"conv2d ic4 oc3 i40x40 k3x3 p1", "conv2d ic4 oc3 i80x80 k3x3 s2 p1",
                           "convt2d ic4 oc3 i20x20 k3x3 s2 p1", "conv2d ic4 oc3 i40x40 k5x5 p2"}) {
    const Problem problem = parse_problem(text);
    auto operands = make_operands<float>(problem, 5, false, normal_numbers<float>);
    (problem.unknown == Unknown::coarse ? operands.fine : operands.coarse)[0] = 1e18F;
    const ExactSums exact = exact_sums(problem, operands);
    const auto width = static_cast<std::size_t>(problem.unknown_shape().back());
    const double rms = std::sqrt(4.0 * static_cast<double>(problem.axes[0].kernel * problem.axes[1].kernel));
    for (const auto& axes : all_winograd(problem)) {
      const std::vector<float> result = run_winograd(problem, axes, operands);
      for (std::size_t i = 0; i < result.size(); ++i)
        if (i / width % width >= 8 || i % width >= 8) {
          ASSERT_LE(std::abs(static_cast<double>(result[i]) - static_cast<double>(exact.value[i])),
                    2 * axes.error * rms)
              << text << " at " << i << ", schemes " << static_cast<int>(axes.y.scheme) << " and "
              << static_cast<int>(axes.x.scheme);
        }
    }
  }
}

/// 2e-5 of the result's root mean square: layers as they are, deep ones too.
TEST(Hostile, TheDefaultAccuracyKeepsItsPromise) {
  for (const char* text :
       {"conv2d ic64 oc8 i28x28 k3x3 p1", "conv2d ic512 oc4 i14x14 k3x3 p1", "conv2d ic3 oc8 i40x40 k7x7 s2 p3",
        "conv2d g16 ic16 oc16 i40x40 k15x15 p7", "conv1d ic200 oc16 i300 k7 p3", "conv1d i6000 k1000",
        "conv3d ic16 oc8 i8x16x16 k3x3x3 p1", "conv2d ic32 oc8 i24x24 k5x5 p2", "convt2d ic64 oc8 i20x20 k3x3 s2 p1",
        "convt2d ic256 oc8 i12x12 k4x4 s2 p1", "convt1d ic64 oc8 i200 k16 s8", "conv2d ic2048 oc2 i9x9 k3x3 p1",
        "conv2d-dw ic16 oc16 i24x24 k3x3 p1"}) {
    const Problem problem = parse_problem(text);
    const auto operands = make_operands<float>(problem, 5, false, normal_numbers<float>);
    const ExactSums exact = exact_sums(problem, operands);
    long double square = 0;
    for (const long double value : exact.value) square += value * value;
    const auto rms = static_cast<double>(std::sqrt(square / static_cast<long double>(exact.value.size())));
    for (const Candidate& candidate : make_plan(problem).report().candidates) {
      if (candidate.refusal) continue;
      const auto result = run(problem, candidate.algorithm, operands);
      std::vector<double> errors;
      for (std::size_t i = 0; i < result.size(); ++i)
        errors.push_back(static_cast<double>(std::abs(static_cast<long double>(result[i]) - exact.value[i])));
      EXPECT_LE(largest(errors), 2e-5 * rms) << candidate.algorithm << ", `" << text << "`";
    }
  }
}

}  // namespace
}  // namespace faltung::test
