// The kernels on sizes that fill their tiles: many channels, long rows, blocks that cross rows and planes; on every
// target of this machine.
#include "support/arrays.hpp"
#include "support/laid_out.hpp"

#include <faltung/cpu.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>

namespace faltung::test {
namespace {

using std::int64_t;

/// Multiply-adds of one problem at most: the sliding window takes about 4 ns for each.
constexpr int64_t most_products = 1'000'000;
constexpr int default_problems = 400;

class Draw {
 public:
  explicit Draw(std::uint32_t seed) : random_(seed) {}
  int64_t between(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }
  bool one_in(int64_t n) { return between(1, n) == 1; }
  int64_t either(int64_t a, int64_t b) { return one_in(2) ? a : b; }

 private:
  std::mt19937 random_;
};

Problem draw_problem(std::uint32_t seed) {
  Draw draw(seed);
  for (;;) {
    Problem problem;
    const int64_t rank = draw.between(1, 3);
    for (int64_t a = 0; a < rank; ++a) {
      Axis axis;
      axis.kernel = draw.one_in(8) ? draw.between(1, 13) : draw.between(1, 4);
      axis.stride = draw.one_in(6) ? draw.between(1, 9) : draw.between(1, 2);
      axis.dilation = draw.one_in(4) ? draw.between(2, 3) : 1;
      axis.coarse =
          rank == 1 ? draw.between(1, draw.either(40, 1500)) : draw.between(1, draw.either(9, rank == 2 ? 70 : 20));
      const int64_t padded =
          (axis.coarse - 1) * axis.stride + axis.span() + draw.between(0, std::max(axis.stride, axis.dilation) - 1);
      const int64_t pads = draw.between(0, std::min(padded - 1, 2 * axis.span()));
      axis.pad_before = draw.one_in(2) ? pads / 2 : draw.between(0, pads);
      axis.pad_after = pads - axis.pad_before;
      axis.fine = padded - pads;
      if (draw.one_in(3)) axis.boundary = static_cast<Boundary>(draw.between(0, 4));
      problem.axes.push_back(axis);
    }
    problem.layer = static_cast<Layer>(draw.between(0, 1));
    problem.unknown = static_cast<Unknown>(draw.between(0, 2));
    problem.flip = draw.one_in(5);
    problem.batch = draw.between(1, 2);
    problem.groups = draw.one_in(4) ? draw.between(2, 20) : 1;
    problem.fine_channels = problem.groups * draw.between(1, draw.either(5, problem.groups > 1 ? 9 : 150));
    problem.coarse_channels = problem.groups * draw.between(1, draw.either(5, problem.groups > 1 ? 9 : 150));
    int64_t products = problem.batch * problem.coarse_channels * (problem.fine_channels / problem.groups);
    for (const Axis& axis : problem.axes) products *= axis.coarse * axis.kernel;
    if (products <= most_products) return problem;
  }
}

template <class T>
void expect_same_bits(Problem problem, std::uint32_t seed, const std::string& command) {
  problem.dtype = dtype_of<T>;
  auto operands = make_operands<T>(problem, seed, seed % 2 == 0 && problem.unknown != Unknown::weights, fractions<T>);
  if (seed % 4 >= 2) make_wild(operands, seed);  // Inf and NaN reach the sums that they are terms of, and no others
  const std::vector<T> expected = run(problem, "sliding_window", operands);
  for (const std::string& target : available_targets()) {
    ::setenv("FALTUNG_TARGET", target.c_str(), 1);
    for (const std::string& algorithm : willing(problem, Accuracy::strict)) {
      if (algorithm == "sliding_window") continue;
      for (const int threads : {1, 2, 3, 7})
        ASSERT_TRUE(same_numbers(run(problem, algorithm, operands, threads), expected))
            << algorithm << " on " << target << " with " << threads << " threads, `" << to_string(problem) << "`\n  "
            << command;
    }
  }
  ::unsetenv("FALTUNG_TARGET");
}

/// `holds(problem, seed, command)` on one problem of `one_in` that are drawn.
template <class Holds>
void for_drawn_problems(int one_in, Holds&& holds) {
  const char* wanted = std::getenv("FALTUNG_SEED");
  const char* many = std::getenv("FALTUNG_PROBLEMS");
  const std::uint32_t first =
      wanted != nullptr ? static_cast<std::uint32_t>(std::strtoul(wanted, nullptr, 10)) : std::random_device{}();
  const int count = many != nullptr ? std::atoi(many) / one_in : wanted != nullptr ? 1 : default_problems / one_in;
  for (int i = 0; i < count; ++i) {
    const std::uint32_t seed = first + static_cast<std::uint32_t>(i);
    const std::string command = "FALTUNG_SEED=" + std::to_string(seed) + " property_tests --gtest_filter='Engine.*'";
    SCOPED_TRACE(command);
    const Problem problem = draw_problem(seed);
    validate(problem);
    holds(problem, seed, command);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(Engine, StrictAlgorithmsRepeatTheBitsOnEveryTarget) {
  std::cout << "targets:";
  for (const std::string& target : available_targets()) std::cout << ' ' << target;
  std::cout << '\n';
  for_drawn_problems(1, [](const Problem& problem, std::uint32_t seed, const std::string& command) {
    expect_same_bits<float>(problem, seed, command);
    expect_same_bits<double>(problem, seed, command);
  });
}

/// What drawn problems are seldom large enough for: sums of many blocks through panels, in place, and without panels.
TEST(Engine, SumsOfManyBlocksRepeatTheBits) {
  for (const char* text :
       {"conv2d ic120 oc110 i5x6 k3x3 p1", "convt2d ic110 oc40 i4x5 k4x4 s2 p1", "conv2d ic900 oc120 i3x5 k1x1",
        "conv1d ic90 oc9 i40 k8 p4", "conv2d-dx ic110 oc120 i5x6 k3x3 p1", "conv2d-dw n2 g40 ic40 oc40 i40x41 k3x3 p1",
        "convt2d-dw g18 ic18 oc36 i70x33 k5x4 s3x2 p2x1", "conv3d-dw g20 ic20 oc20 i5x20x30 k3x3x3 d1x2x1 p1x2x1"})
    for (const std::uint32_t seed : {0U, 2U}) {  // with a bias; the second with Inf and NaN
      expect_same_bits<float>(parse_problem(text), seed, text);
      expect_same_bits<double>(parse_problem(text), seed, text);
    }
}

/// Shapes that have a kernel for whole planes: at the sides, in planes of few rows, where bands meet, and just too
/// narrow.
const char* const planes[] = {"conv2d g5 ic5 oc10 i19x18 k3x3 p1",
                              "conv2d n2 g3 ic3 oc3 i90x67 k3x3",
                              "conv2d g2 ic2 oc2 i2x130 k3x3 p1:2x3:0",
                              "conv2d g3 ic3 oc3 i1x40 k3x3 p2 flip",
                              "conv2d g2 ic2 oc2 i20x17 k3x3 p1",
                              "conv2d ic1 oc4 i60x300 k3x3 p0:1x2:3",
                              "conv2d g4 ic4 oc4 i55x56 k3x3 s2 p1",
                              "conv2d n2 g2 ic2 oc4 i56x35 k3x3 s2 p1:0x0:1",
                              "conv2d g2 ic2 oc2 i1x34 k3x3 s2 p1x3",
                              "convt2d g4 ic4 oc4 i31x34 k4x4 s2 p1",
                              "convt2d n2 g2 ic2 oc6 i3x67 k4x4 s2 p3x1",
                              "convt2d g3 ic3 oc3 i1x41 k4x4 s2 p1 flip",
                              "conv2d-dx g3 ic3 oc3 i56x70 k3x3 p1",
                              "convt2d g2 ic2 oc2 i40x18 k3x3 p0x2",
                              "conv2d-dx g2 ic2 oc2 i34x82 k4x4 s2 p1",
                              "conv2d n2 g3 ic3 oc6 i50x53 k5x5 p2",
                              "conv2d g2 ic2 oc2 i3x20 k5x5 p3:4x4:3 flip",
                              "conv2d-dx g3 ic3 oc3 i70x60 k5x5 p1x4",
                              "conv2d-dx n2 g3 ic3 oc6 i40x66 k3x3 s2 p1",
                              "conv2d-dx g2 ic2 oc2 i2x76 k3x3 s2 p1x3 flip",
                              "conv2d-dx g2 ic2 oc2 i90x60 k3x3 s2 p3:0x1:2"};

TEST(Engine, PlanesOfOneChannelRepeatTheBits) {
  for (const char* text : planes)
    for (const std::uint32_t seed : {0U, 2U, 6U}) {  // with a bias; the others with Inf and NaN
      expect_same_bits<float>(parse_problem(text), seed, text);
      expect_same_bits<double>(parse_problem(text), seed, text);
    }
}

template <class T>
T activated(const Activation& activation, T y) {
  switch (activation.kind) {
    case Activation::Kind::none:
      break;
    case Activation::Kind::relu:
      return y < 0 ? T{0} : y;
    case Activation::Kind::leaky_relu:
      return y < 0 ? static_cast<T>(activation.slope) * y : y;
    case Activation::Kind::clamp:
      return y < static_cast<T>(activation.low)    ? static_cast<T>(activation.low)
             : y > static_cast<T>(activation.high) ? static_cast<T>(activation.high)
                                                   : y;
  }
  return y;
}

template <class T>
void expect_activation_of_the_sums(Problem problem, std::uint32_t seed, const std::string& command) {
  problem.dtype = dtype_of<T>;
  problem.unknown = problem.layer == Layer::conv ? Unknown::coarse : Unknown::fine;
  auto operands = make_operands<T>(problem, seed, seed % 2 == 0, fractions<T>);
  if (seed % 16 >= 12) make_wild(operands, seed);
  const std::vector<T> sums = run(problem, "sliding_window", operands);
  const std::vector<T> before = fractions<T>(sums.size(), seed + 4);
  constexpr Activation activations[] = {{.kind = Activation::Kind::none},
                                        {.kind = Activation::Kind::relu},
                                        {.kind = Activation::Kind::leaky_relu, .slope = 0.01},
                                        {.kind = Activation::Kind::clamp, .low = -0.3, .high = 0.7}};
  const Activation& activation = activations[seed % 4];
  for (const bool onto : {true, false}) {
    std::vector<T> expected(sums.size());
    for (std::size_t i = 0; i < sums.size(); ++i)
      expected[i] = activated(activation, onto ? before[i] + sums[i] : sums[i]);
    for (const std::string& target : available_targets()) {
      ::setenv("FALTUNG_TARGET", target.c_str(), 1);
      for (const std::string& algorithm : willing(problem, Accuracy::strict))
        for (const int threads : {1, 3}) {
          const Options options{
              .algorithm = algorithm, .threads = threads, .activation = activation, .sum_into_output = onto};
          ASSERT_TRUE(
              same_numbers(run(make_plan(problem, options), operands, onto ? before : std::vector<T>{}), expected))
              << algorithm << " on " << target << " with " << threads << " threads, activation " << seed % 4
              << (onto ? " of a sum into the output, `" : ", `") << to_string(problem) << "`\n  " << command;
        }
    }
  }
  ::unsetenv("FALTUNG_TARGET");
}

template <class T>
void expect_the_same_in_any_layout(Problem problem, std::uint32_t seed, const std::string& command) {
  problem.dtype = dtype_of<T>;
  auto operands = make_operands<T>(problem, seed, seed % 2 == 0 && problem.unknown != Unknown::weights, fractions<T>);
  if (seed % 16 >= 12) make_wild(operands, seed);
  const bool forward = problem.unknown == (problem.layer == Layer::conv ? Unknown::coarse : Unknown::fine);
  std::vector<T> expected = run(problem, "sliding_window", operands);
  Options options;
  std::vector<T> before;
  if (forward && seed % 3 != 0) {  // an activation, in the layout of the result
    options.activation = {.kind = Activation::Kind::leaky_relu, .slope = 0.1};
    options.sum_into_output = seed % 3 == 1;
    if (options.sum_into_output) before = fractions<T>(expected.size(), seed + 4);
    for (std::size_t i = 0; i < expected.size(); ++i)
      expected[i] = activated(options.activation, before.empty() ? expected[i] : before[i] + expected[i]);
  }
  for (const std::string& target : available_targets()) {
    ::setenv("FALTUNG_TARGET", target.c_str(), 1);
    for (const std::string& algorithm : willing(problem, Accuracy::strict))
      for (const int threads : {1, 3}) {
        options.algorithm = algorithm;
        options.threads = threads;
        ASSERT_TRUE(same_numbers(run_laid_out(problem, options, operands, seed, before), expected))
            << algorithm << " on " << target << " with " << threads << " threads, `" << to_string(problem) << "`\n  "
            << command;
      }
  }
  ::unsetenv("FALTUNG_TARGET");
}

TEST(Engine, PlanesOfOneChannelAreActivated) {
  for (const char* text : planes)
    for (const std::uint32_t seed : {1U, 3U, 14U})
      expect_activation_of_the_sums<float>(parse_problem(text), seed, text);
}

TEST(Engine, ArraysMayLieInAnyLayout) {
  for_drawn_problems(2, [](const Problem& problem, std::uint32_t seed, const std::string& command) {
    seed % 2 == 0 ? expect_the_same_in_any_layout<float>(problem, seed, command)
                  : expect_the_same_in_any_layout<double>(problem, seed, command);
  });
}

TEST(Engine, ActivationsInTheSamePassHaveTheBitsOfOnesAfterwards) {
  for_drawn_problems(4, [](const Problem& problem, std::uint32_t seed, const std::string& command) {
    seed % 2 == 0 ? expect_activation_of_the_sums<float>(problem, seed, command)
                  : expect_activation_of_the_sums<double>(problem, seed, command);
  });
}

}  // namespace
}  // namespace faltung::test
