// The kernels that have a name: their numbers, sums, and what goes with them.
#include "cli/named_kernels.hpp"

#include <faltung/error.hpp>
#include <faltung/problem.hpp>

#include "unit/layers.hpp"
#include "unit/refusal.hpp"

#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace faltung::cli {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Values = std::vector<double>;

double sum(const Values& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

/// Sums of n doubles around 1 lose at most about n roundings.
double rounding(const Values& values) { return static_cast<double>(values.size() + 10) * 1.2e-16; }

void expect_plain(const NamedKernel& kernel, std::int64_t height, std::int64_t width) {
  EXPECT_EQ(kernel.height, height);
  EXPECT_EQ(kernel.width, width);
  EXPECT_EQ(kernel.values.size(), static_cast<std::size_t>(height * width));
  EXPECT_EQ(kernel.stride, 1);
  EXPECT_EQ(kernel.padding, "same");
}

TEST(NamedKernels, TheSmallOnes) {
  for (const bool transposed : {false, true}) {
    for (const char* name : {"sobel-x", "sobel-y", "laplacian", "sharpen"})
      expect_plain(named_kernel(name, transposed), 3, 3);
    EXPECT_EQ(named_kernel("sobel-x", transposed).values, (Values{-1, 0, 1, -2, 0, 2, -1, 0, 1}));
    EXPECT_EQ(named_kernel("sobel-y", transposed).values, (Values{-1, -2, -1, 0, 0, 0, 1, 2, 1}));
    EXPECT_EQ(named_kernel("laplacian", transposed).values, (Values{0, 1, 0, 1, -4, 1, 0, 1, 0}));
    EXPECT_EQ(named_kernel("sharpen", transposed).values, (Values{0, -1, 0, -1, 5, -1, 0, -1, 0}));
  }
}

TEST(NamedKernels, SobelIsPositiveWhereThePictureRises) {
  double right = 0, down = 0;
  for (std::size_t i = 0; i < 9; ++i) {
    right += named_kernel("sobel-x", false).values[i] * static_cast<double>(i % 3);
    down += named_kernel("sobel-y", false).values[i] * static_cast<double>(i / 3);
  }
  EXPECT_EQ(right, 8);
  EXPECT_EQ(down, 8);
}

TEST(NamedKernels, BoxIsAMean) {
  expect_plain(named_kernel("box:5", false), 5, 5);
  EXPECT_EQ(named_kernel("box:5", false).values, Values(25, 1.0 / 25));
  expect_plain(named_kernel("box:3x5", false), 3, 5);
  EXPECT_EQ(named_kernel("box:3x5", true).values, Values(15, 1.0 / 15));
  EXPECT_EQ(named_kernel("box:1", false).values, Values{1});
  expect_plain(named_kernel("box:4095x1", false), 4095, 1);
  EXPECT_NEAR(sum(named_kernel("box:7x9", false).values), 1, rounding(Values(63)));
}

TEST(NamedKernels, GaussianFollowsItsFormula) {
  for (const double sigma : {0.1, 0.3, 0.5, 1.0, 1.4, 2.0, 5.25}) {
    const NamedKernel kernel = named_kernel("gaussian:" + std::to_string(sigma), false);
    const auto radius = static_cast<std::int64_t>(std::ceil(3 * sigma - 1e-9)), side = 2 * radius + 1;
    expect_plain(kernel, side, side);
    EXPECT_NEAR(sum(kernel.values), 1, rounding(kernel.values));
    const double center = kernel.values[static_cast<std::size_t>(radius * side + radius)];
    for (std::int64_t y = -radius; y <= radius; ++y)
      for (std::int64_t x = -radius; x <= radius; ++x) {
        const double value = kernel.values[static_cast<std::size_t>((y + radius) * side + x + radius)];
        const auto square = static_cast<double>(y * y + x * x);
        EXPECT_NEAR(value, center * std::exp(-square / (2 * sigma * sigma)), 1e-15 * center);
      }
  }
}

TEST(NamedKernels, GaussianIsSymmetricToTheBit) {
  const NamedKernel kernel = named_kernel("gaussian:1.7", false);
  const Values reversed(kernel.values.rbegin(), kernel.values.rend());
  EXPECT_EQ(kernel.values, reversed);
  const auto side = static_cast<std::size_t>(kernel.width);
  for (std::size_t y = 0; y < side; ++y)
    for (std::size_t x = 0; x < side; ++x) EXPECT_EQ(kernel.values[y * side + x], kernel.values[x * side + y]);
}

TEST(NamedKernels, AVanishingGaussianIsTheIdentity) {
  for (const std::string sigma : {"0.01", "1e-8", "1e-150", "1e-170", "1e-300", "4.9e-324"})
    EXPECT_EQ(named_kernel("gaussian:" + sigma, false).values, (Values{0, 0, 0, 0, 1, 0, 0, 0, 0})) << sigma;
}

TEST(NamedKernels, BilinearHasTheKnownNumbers) {
  NamedKernel kernel = named_kernel("bilinear:2", true);
  const Values row{0.25, 0.75, 0.75, 0.25};
  EXPECT_EQ(kernel.height, 4);
  EXPECT_EQ(kernel.width, 4);
  EXPECT_EQ(kernel.stride, 2);
  EXPECT_EQ(kernel.padding, "1");
  for (std::size_t i = 0; i < 16; ++i) EXPECT_DOUBLE_EQ(kernel.values[i], row[i / 4] * row[i % 4]);
  const NamedKernel reducing = named_kernel("bilinear:2", false);
  for (std::size_t i = 0; i < 16; ++i) EXPECT_DOUBLE_EQ(reducing.values[i], kernel.values[i] / 4);
  kernel = named_kernel("bilinear:3", true);
  EXPECT_EQ(kernel.height, 5);
  EXPECT_EQ(kernel.padding, "1");
  const Values triangle{1. / 3, 2. / 3, 1, 2. / 3, 1. / 3};
  for (std::size_t i = 0; i < 25; ++i) EXPECT_DOUBLE_EQ(kernel.values[i], triangle[i / 5] * triangle[i % 5]);
  for (const bool transposed : {false, true}) {
    kernel = named_kernel("bilinear:1", transposed);
    EXPECT_EQ(kernel.values, Values{1});
    EXPECT_EQ(kernel.stride, 1);
    EXPECT_EQ(kernel.padding, "0");
  }
}

TEST(NamedKernels, BilinearChangesTheSizeByItsFactorAndKeepsAConstant) {
  for (std::int64_t factor = 1; factor <= 9; ++factor) {
    const std::string name = "bilinear:" + std::to_string(factor);
    const NamedKernel larger = named_kernel(name, true), smaller = named_kernel(name, false);
    for (const std::int64_t input : {1, 2, 7}) {
      LayerSpec spec = test::transposed({input, input}, {larger.height, larger.width});
      spec.stride = {larger.stride};
      spec.padding = parse_padding(larger.padding, "p");
      EXPECT_EQ(make_problem(spec).unknown_shape(), (Shape{1, 1, factor * input, factor * input}));
      spec.layer = Layer::conv;
      spec.input = {factor * input, factor * input};
      EXPECT_EQ(make_problem(spec).unknown_shape(), (Shape{1, 1, input, input}));
    }
    EXPECT_NEAR(sum(smaller.values), 1, rounding(smaller.values));
    // inside, the taps that reach one output pixel are those of one phase per axis
    for (std::int64_t phase_y = 0; phase_y < factor; ++phase_y)
      for (std::int64_t phase_x = 0; phase_x < factor; ++phase_x) {
        double total = 0;
        for (std::int64_t y = phase_y; y < larger.height; y += factor)
          for (std::int64_t x = phase_x; x < larger.width; x += factor)
            total += larger.values[static_cast<std::size_t>(y * larger.width + x)];
        EXPECT_NEAR(total, 1, 1e-15) << name;
      }
    for (std::size_t i = 0; i < larger.values.size(); ++i)
      EXPECT_NEAR(smaller.values[i], larger.values[i] / static_cast<double>(factor * factor), 1e-16);
  }
}

TEST(NamedKernels, WhatIsNoKernelIsRefused) {
  for (const std::string bad : {"",
                                ":",
                                "sobel",
                                "Sobel-x",
                                "sobel-x:",
                                "sobel-x:3",
                                "sharpen:1",
                                "laplacian:",
                                "gauss:2",
                                "gaussian",
                                "box",
                                "bilinear",
                                "gaussian:",
                                "gaussian:0",
                                "gaussian:-1",
                                "gaussian:nan",
                                "gaussian:inf",
                                "gaussian:-inf",
                                "gaussian:x",
                                "gaussian:2x",
                                "gaussian:2:3",
                                "gaussian:1e999",
                                "gaussian:683",
                                "box:",
                                "box:0",
                                "box:-3",
                                "box:3x",
                                "box:3x0",
                                "box:3x3x3",
                                "box:2.5",
                                "box:4096",
                                "box:1x4096",
                                "box:99999999999999999999",
                                "bilinear:",
                                "bilinear:0",
                                "bilinear:-2",
                                "bilinear:2x2",
                                "bilinear:1.5",
                                "bilinear:2048",
                                "bilinear:9223372036854775807"})
    for (const bool transposed : {false, true})
      EXPECT_THAT(message_of<ProblemError>([&] { named_kernel(bad, transposed); }), HasSubstr("--kernel")) << bad;
}

TEST(NamedKernels, RefusalsNameWhatWasGiven) {
  const auto refusal = [](const std::string& text) {
    return message_of<ProblemError>([&] { named_kernel(text, false); });
  };
  EXPECT_THAT(refusal("sobel"), AllOf(HasSubstr("`sobel`"), HasSubstr("gaussian:SIGMA"), HasSubstr("sobel-x")));
  EXPECT_THAT(refusal("gaussian:-1"), AllOf(HasSubstr("gaussian:-1"), HasSubstr("sigma"), HasSubstr("682")));
  EXPECT_THAT(refusal("box:4096"), AllOf(HasSubstr("box:4096"), HasSubstr("4095")));
  EXPECT_THAT(refusal("bilinear:0"), AllOf(HasSubstr("bilinear:0"), HasSubstr("2047")));
  EXPECT_THAT(refusal(std::string(100'000, 'x')), HasSubstr("xxx"));
  for (const std::string start : {"", "a", "ab"}) {
    std::string word = start;
    for (int i = 0; i < 40; ++i) word += "€";
    EXPECT_THAT(refusal(word), HasSubstr("€"));  // cut between characters
  }
  EXPECT_THAT(refusal("sobel\n\x1b[31mred"), HasSubstr("sobel"));  // one line, whatever the shell hands over
}

}  // namespace
}  // namespace faltung::cli
