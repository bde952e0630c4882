// Convolution by transforms: tiles, ranks, margins, directions, and numbers that are none.
#include "support/arrays.hpp"

#include <faltung/cpu.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace faltung::test {
namespace {

using testing::HasSubstr;

const std::string zeros_and_others[] = {"", " breflect", " bsymmetric", " breplicate", " bcircular"};

template <class T>
Operands<T> normal_operands(const Problem& problem) {
  return make_operands<T>(problem, 5, true, normal_numbers<T>);
}

double rms(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum / static_cast<double>(std::max<std::size_t>(1, values.size())));
}

/// The largest error over the root mean square, against direct sums in double.
template <class T>
double error_of(const Problem& problem, const Operands<T>& operands, int threads = 1) {
  Operands<double> wide;
  wide.fine.assign(operands.fine.begin(), operands.fine.end());
  wide.coarse.assign(operands.coarse.begin(), operands.coarse.end());
  wide.weights.assign(operands.weights.begin(), operands.weights.end());
  wide.bias.assign(operands.bias.begin(), operands.bias.end());
  const std::vector<double> exact = run(problem, "polyphase", wide);
  const std::vector<T> result = run(problem, "fft", operands, threads);
  double error = 0;
  for (std::size_t i = 0; i < exact.size(); ++i)
    error = std::max(error, std::abs(static_cast<double>(result[i]) - exact[i]));
  return error / rms(exact);
}

void expect_small_errors(const std::string& text) {
  const Problem problem = parse_problem(text);
  EXPECT_LE(error_of(problem, normal_operands<float>(problem)), 5e-6) << text;
  EXPECT_LE(error_of(problem, normal_operands<double>(problem)), 5e-14) << text;
}

TEST(Fft, TilesMeetInEveryRank) {
  for (const char* text :
       {"conv1d i5000 k300", "conv1d n3 ic2 oc3 i700 k65 p32", "convt1d ic3 oc2 i900 k80 p7", "conv1d i40000 k3000",
        "conv2d i150x210 k21x13 p10x6", "convt2d i150x210 k21x13 p3x4", "conv2d n2 ic3 oc4 i70x90 k9x7 p4x3",
        "convt2d n3 ic4 oc3 i40x50 k7x9", "conv3d ic2 oc3 i9x40x44 k3x5x7 p1x2x3", "convt3d ic2 oc2 i6x30x34 k4x6x5",
        "conv2d g5 ic5 oc5 i60x64 k15x15 p7", "conv2d g2 ic6 oc8 i33x29 k5x5 p2", "conv2d-dx ic3 oc5 i40x44 k7x7 p3",
        "convt1d-dx ic3 oc2 i300 k80 s2", "conv2d i30x500 k1x64", "conv2d i500x30 k64x1", "conv2d i1x1 k9x9 p4"})
    expect_small_errors(text);
}

TEST(Fft, ResultChannelsAreMadeInChunks) {
  for (const char* text : {"conv2d ic2 oc163 i64x64 k9x9 p4", "conv3d ic2 oc17 i9x40x40 k3x9x9 p1x4x4",
                           "convt2d n2 g2 ic6 oc62 i60x60 k15x15"}) {
    expect_small_errors(text);
    EXPECT_LT(make_plan(parse_problem(text), {.algorithm = "fft", .threads = 1}).workspace_bytes(), 4U << 20U) << text;
  }
}

TEST(Fft, AnyStrideDilationAndFlip) {
  for (const char* text :
       {"conv1d i900 k40 s3 d2 p11", "convt1d i300 k40 s3 d2 p11", "conv2d ic2 oc3 i60x70 k5x6 s2x3 d3x1 p4x2",
        "convt2d ic3 oc2 i30x25 k5x6 s2x3 d3x1 p4x2", "conv3d i20x22x24 k3x4x5 s2x1x3 d1x2x1 p1x3x2",
        "convt3d i9x12x8 k3x4x5 s2x1x3 d1x2x1 p1x3x2", "conv2d i40x40 k7x9 p3x4 flip", "convt2d i40x40 k7x9 p3x4 flip"})
    expect_small_errors(text);
}

TEST(Fft, EveryBoundaryIsPaddedAndFolded) {
  for (const std::string& boundary : zeros_and_others)
    for (const char* text : {"conv1d i400 k33 p16", "convt1d i400 k33 p16", "conv2d ic2 oc3 i30x40 k9x7 p9:2x3:8",
                             "convt2d ic2 oc3 i30x40 k9x7 s2x1 p7:2x3:6", "conv3d i7x20x20 k3x5x5 p2",
                             "convt3d i7x20x20 k3x5x5 p2", "conv1d i5 k30 p40", "convt2d i30x30 k5x5 p11"})
      expect_small_errors(text + boundary);
}

TEST(Fft, SmallWholeNumbersComeBackByRounding) {
  for (const char* text : {"conv2d ic3 oc2 i40x50 k9x9 p4", "convt2d ic3 oc2 i40x50 k9x9 s2 p4", "conv1d i3000 k500"}) {
    const Problem problem = parse_problem(text);
    const auto operands = whole_operands<float>(problem, 9, true);
    std::vector<float> result = run(problem, "fft", operands);
    for (float& value : result) value = std::nearbyint(value) + 0.0F;
    EXPECT_EQ(result, run(problem, "sliding_window", operands)) << text;
  }
}

TEST(Fft, ThreadsAndTargets) {
  for (const char* text : {"conv2d i150x210 k21x13 p10x6", "conv2d n2 ic5 oc7 i70x90 k9x7 p4x3", "conv1d i40000 k1000",
                           "convt3d ic2 oc3 i6x30x34 k4x6x5 breflect p2"})
    for (const std::string& target : available_targets()) {
      ::setenv("FALTUNG_TARGET", target.c_str(), 1);
      const Problem problem = parse_problem(text);
      const auto operands = normal_operands<float>(problem);
      EXPECT_LE(error_of(problem, operands, 3), 5e-6) << text << " on " << target;
      const std::vector<float> one = run(problem, "fft", operands);
      for (const int threads : {2, 3, 7})
        EXPECT_TRUE(same_bits(run(problem, "fft", operands, threads), one)) << text << " on " << target;
    }
  ::unsetenv("FALTUNG_TARGET");
}

TEST(Fft, InfAndNanTakeTheDirectWay) {
  for (const char* text :
       {"conv2d i150x210 k21x13 p10x6", "convt2d ic3 oc2 i40x50 k9x9 s2 p4 breflect", "conv1d i9000 k90"}) {
    const Problem problem = parse_problem(text);
    for (const float wild : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
      for (auto which :
           {&Operands<float>::fine, &Operands<float>::coarse, &Operands<float>::weights, &Operands<float>::bias}) {
        auto operands = normal_operands<float>(problem);
        auto& values = operands.*which;
        values[values.size() / 3] = wild;
        const bool given =
            which != (problem.unknown == Unknown::coarse ? &Operands<float>::coarse : &Operands<float>::fine);
        EXPECT_EQ(same_numbers(run(problem, "fft", operands), run(problem, "polyphase", operands)), given) << text;
      }
    }
    // finite numbers whose sums leave the range
    auto operands = normal_operands<float>(problem);
    for (float& value : operands.fine) value *= 1e38F;
    for (float& value : operands.coarse) value *= 1e38F;
    EXPECT_TRUE(same_numbers(run(problem, "fft", operands), run(problem, "polyphase", operands))) << text;
  }
}

TEST(Fft, AnOutlierIsFeltInItsTileOnly) {
  const Problem problem = parse_problem("conv2d i800x800 k15x15 p7");
  auto operands = normal_operands<float>(problem);
  operands.fine[700 * 800 + 400] = 1e4F;
  const auto exact = run(problem, "sliding_window", operands), result = run(problem, "fft", operands);
  double most = 0;
  for (std::size_t i = 0; i < exact.size(); ++i)
    most = std::max(most, std::abs(static_cast<double>(result[i]) - static_cast<double>(exact[i])));
  // ‖weights‖₂ is 15; a few roundings of the outlier's spectrum: docs/design/fft.md
  EXPECT_LE(most, 5 * 0x1p-24 * 1e4 * 15);
  for (std::size_t i = 0; i < 800 * 200; ++i) EXPECT_NEAR(result[i], exact[i], 15 * 5e-6);
}

TEST(Fft, ChosenWhereItWinsAndRefusedWithAReason) {
  for (const char* text : {"conv2d i2048x2048 k31x31 p15", "conv1d i1000000 k4096",
                           "conv2d g64 ic64 oc64 i64x64 k31x31 p15", "conv2d ic64 oc64 i64x64 k15x15 p7"})
    EXPECT_EQ(make_plan(parse_problem(text)).algorithm(), "fft") << text;
  for (const char* text : {"conv2d ic64 oc64 i56x56 k3x3 p1", "conv2d i2048x2048 k3x3 p1", "conv1d i100000 k16",
                           "conv2d ic64 oc256 i56x56 k1x1"})
    EXPECT_NE(make_plan(parse_problem(text)).algorithm(), "fft") << text;
  EXPECT_NE(make_plan(parse_problem("conv1d i1000000 k4096"), {.accuracy = Accuracy::strict}).algorithm(), "fft");
  const auto reason = [](const char* text) {
    try {
      make_plan(parse_problem(text), {.algorithm = "fft"});
    } catch (const ProblemError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(reason("conv1d i10 k3 i64"), HasSubstr("integers"));
  EXPECT_THAT(reason("conv1d-dw i10 k3"), HasSubstr("weight gradients"));
  EXPECT_THAT(reason("conv1d i9000000 k3000000"), HasSubstr("no tile"));
}

}  // namespace
}  // namespace faltung::test
