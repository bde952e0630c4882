// Vectors along the result channels: fully connected layers and images of a few cells, bit for bit as the definition,
// on every target, in every block of a sum, chunk of channels and number of threads.
#include <faltung/cpu.hpp>
#include <faltung/plan.hpp>

#include "kernels/kernels.hpp"
#include "kernels/target.hpp"
#include "support/arrays.hpp"
#include "unit/refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

namespace faltung::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* few_positions[] = {
    "conv3d ic7 oc37 i3x4x5 k3x4x5",          // a fully connected layer
    "conv2d n3 ic40 oc70 i2x3 k2x3 flip",     // … of several samples
    "conv2d n9 ic330 oc9 i1x1 k1x1",          // several blocks of the sum, more samples than rows of a tile
    "conv1d g3 ic15 oc21 i1 k1",              // groups
    "conv2d-dx ic19 oc33 i3x3 k3x3",          // its adjoint
    "convt2d ic21 oc34 i1x1 k4x4",            // one tap for every cell
    "conv2d ic12 oc29 i4x3 k3x3 p1",          // taps in the margin
    "conv2d ic5 oc18 i7x7 k15x15 s3 d3 p21",  // … most of them
    "convt2d ic9 oc25 i5x5 k15x15 d2 p14x0",  // … and dilated
    "convt2d ic31 oc40 i6x6 k3x3 s2 p1",      // phases
    "convt3d n2 ic6 oc11 i2x3x2 k3x5x2 s2x3x1 d2x1x3 p1x0x1",
    "conv2d n5 ic3 oc90 i9x8 k3x3 s2 p1 breflectxcircular",
    "conv1d n2 ic2 oc19 i40 k700 p340",  // more taps than a block of the sum, more rows than are summed together
    "convt1d ic3 oc5 i4 k9 s7 d7",       // phases without taps
    "conv1d ic4 oc3 i2 k2 d40 p20",      // no tap meets anything
};

template <class T>
void expect_bits_of_sliding_window(const std::string& text, T weight, int threads, const Activation& activation = {}) {
  Problem problem = parse_problem(text);
  problem.dtype = dtype_of<T>;
  Operands<T> operands = make_operands<T>(problem, 1, true, fractions<T>);
  operands.weights[operands.weights.size() / 2] = weight;
  const auto results = [&](const char* algorithm, int used) {
    return run(make_plan(problem, {.algorithm = algorithm, .threads = used, .activation = activation}), operands);
  };
  EXPECT_TRUE(same_numbers(results("fully_connected", threads), results("sliding_window", 1)))
      << text << " on " << chosen_target() << ", threads " << threads;
}

TEST(FewPositions, AreTheDefinitionBitForBit) {
  for (const std::string& target : available_targets()) {
    ::setenv("FALTUNG_TARGET", target.c_str(), 1);
    if (!internal::tile_kernels<float>(internal::current_target()).fused) continue;
    for (const char* problem : few_positions) {
      for (const int threads : {1, 3}) {
        expect_bits_of_sliding_window<float>(problem, 0.5F, threads);
        expect_bits_of_sliding_window<double>(problem, 0.5, threads);
      }
      if (parse_problem(problem).unknown == Unknown::fine && parse_problem(problem).layer == Layer::conv) continue;
      // what is finished twice is not what is finished once
      expect_bits_of_sliding_window<float>(problem, 0.5F, 1, {.kind = Activation::Kind::leaky_relu, .slope = 0.5});
    }
  }
  ::unsetenv("FALTUNG_TARGET");
}

TEST(FewPositions, AWeightThatIsNotFiniteMeetsNoZeroOfTheMargin) {
  if (!internal::tile_kernels<float>(internal::current_target()).fused) GTEST_SKIP() << "no fused multiply-add";
  for (const char* problem : few_positions)
    for (const float weight : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()})
      expect_bits_of_sliding_window<float>(problem, weight, 2);
}

TEST(FewPositions, AreChosenWhereVectorsOfPositionsWouldStayEmpty) {
  for (const char* problem :
       {"conv3d ic233 oc166 i7x7x7 k7x7x7", "conv2d ic512 oc1024 i7x7 k7x7", "conv2d ic1024 oc1000 i1x1 k1x1",
        "conv2d n8 ic1024 oc1000 i1x1 k1x1", "convt2d ic100 oc1024 i1x1 k4x4"})
    EXPECT_EQ(make_plan(parse_problem(problem)).algorithm(), "fully_connected") << problem;
  for (const char* problem : {"conv2d ic64 oc64 i56x56 k1x1", "conv2d g64 ic64 oc64 i7x7 k7x7"})
    EXPECT_NE(make_plan(parse_problem(problem)).algorithm(), "fully_connected") << problem;
}

TEST(FewPositions, KeepLittleBesideTheWeights) {
  for (const char* text : {"conv2d ic512 oc4096 i7x7 k7x7", "conv2d n8 ic2048 oc4096 i1x1 k1x1",
                           "conv2d n30 ic64 oc512 i8x8 k8x8 p3", "conv1d ic2 oc19 i40 k3000 p1499"}) {
    const Problem problem = parse_problem(text);
    const Plan plan = make_plan(problem, {.algorithm = "fully_connected", .threads = 1});
    EXPECT_LT(plan.workspace_bytes(), std::size_t{4} << 20U) << text;
  }
}

TEST(FewPositions, RefuseManyAndWhatIsFolded) {
  const auto refusal = [](const char* problem) {
    return message_of<ProblemError>([&] { make_plan(parse_problem(problem), {.algorithm = "fully_connected"}); });
  };
  EXPECT_THAT(refusal("conv2d ic64 oc64 i256x256 k3x3"), HasSubstr("its table would have 580644 cells"));
  EXPECT_THAT(refusal("convt2d ic4 oc4 i5x5 k3x3 p1 breflect"), HasSubstr("others are added onto it"));
  EXPECT_THAT(refusal("conv2d-dw ic4 oc4 i5x5 k5x5"), HasSubstr("weight gradient"));
  EXPECT_THAT(refusal("conv2d ic4 oc4 i5x5 k5x5 i64"), HasSubstr("floating point"));
}

}  // namespace
}  // namespace faltung::test
