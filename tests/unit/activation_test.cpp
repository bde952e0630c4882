// Activations and sums into the output: their edges, integers, and what is refused.
#include <faltung/blocks.hpp>
#include <faltung/error.hpp>
#include <faltung/plan.hpp>

#include "support/allocations.hpp"
#include "support/arrays.hpp"
#include "unit/refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace faltung::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = Activation::Kind;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// `numbers` through the identity and an activation, by one algorithm.
template <class T>
std::vector<T> through(const std::string& algorithm, const Activation& activation, const std::vector<T>& numbers) {
  Problem problem = parse_problem("conv1d i" + std::to_string(numbers.size()) + " k1");
  problem.dtype = dtype_of<T>;
  const Operands<T> operands{numbers, {}, {T{1}}, {-T{0}}};
  return run(make_plan(problem, {.algorithm = algorithm, .activation = activation}), operands);
}

TEST(Activation, DoesWhatItsNameSays) {
  const std::vector<float> numbers = {-2, -0.5F, 0.25F, 3};
  for (const std::string& algorithm : willing(parse_problem("conv1d i4 k1"))) {
    EXPECT_THAT(through<float>(algorithm, {.kind = Kind::relu}, numbers), ElementsAre(0, 0, 0.25F, 3)) << algorithm;
    EXPECT_THAT(through<float>(algorithm, {.kind = Kind::leaky_relu, .slope = 0.5}, numbers),
                ElementsAre(-1, -0.25F, 0.25F, 3))
        << algorithm;
    EXPECT_THAT(through<float>(algorithm, {.kind = Kind::clamp, .low = -1, .high = 2}, numbers),
                ElementsAre(-1, -0.5F, 0.25F, 2))
        << algorithm;
  }
}

TEST(Activation, LetsNaNAndMinusZeroPass) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const char* algorithm : {"sliding_window", "polyphase", "depthwise"})
    for (const Activation& activation :
         {Activation{.kind = Kind::relu}, Activation{.kind = Kind::leaky_relu, .slope = 0.5},
          Activation{.kind = Kind::clamp, .low = 0, .high = 6}}) {
      for (const std::size_t count : {std::size_t{3}, std::size_t{100}}) {
        std::vector<float> numbers(count, nan);
        numbers[1] = -0.0F;
        const std::vector<float> result = through(algorithm, activation, numbers);
        EXPECT_TRUE(std::isnan(result.front()) && std::isnan(result.back())) << algorithm;
        EXPECT_TRUE(result[1] == 0 && std::signbit(result[1])) << algorithm;
      }
    }
}

TEST(Activation, IsExactOnIntegers) {
  constexpr std::int64_t large = (std::int64_t{1} << 53) + 1;  // no double
  const std::vector<std::int64_t> numbers = {-large, -3, 0, large};
  for (const char* algorithm : {"sliding_window", "kernel_matrix"}) {
    EXPECT_THAT(through<std::int64_t>(algorithm, {.kind = Kind::relu}, numbers), ElementsAre(0, 0, 0, large));
    EXPECT_THAT(through<std::int64_t>(algorithm, {.kind = Kind::clamp, .low = -2, .high = infinity}, numbers),
                ElementsAre(-2, -2, 0, large));
    EXPECT_THAT(through<std::int64_t>(algorithm, {.kind = Kind::clamp, .low = -infinity, .high = 1e30}, numbers),
                ElementsAre(-large, -3, 0, large));
  }
}

TEST(SumIntoOutput, AddsToWhatStandsThereAndThenActivates) {
  const Problem problem = parse_problem("conv1d i4 k1");
  const Operands<float> operands{{1, 2, 3, 4}, {}, {-1}, {0.5F}};
  for (const std::string& algorithm : willing(problem))
    EXPECT_THAT(
        run(make_plan(problem, {.algorithm = algorithm, .activation = {.kind = Kind::relu}, .sum_into_output = true}),
            operands, {10, 0, 2.5F, 4}),
        ElementsAre(9.5F, 0, 0, 0.5F))
        << algorithm;
}

TEST(SumIntoOutput, OverflowOfIntegersIsAnError) {
  const Problem problem = parse_problem("conv1d i1 k1 i64");
  const Operands<std::int64_t> operands{{1}, {}, {1}, {}};
  const Plan plan = make_plan(problem, {.sum_into_output = true});
  EXPECT_THROW(run(plan, operands, {std::numeric_limits<std::int64_t>::max()}), OverflowError);
}

TEST(Activation, AllocatesNothingOnOneThread) {
  const Problem problem = parse_problem("convt2d ic4 oc6 i9x8 k3x2 s2x1 p1 breflect");
  const auto operands = whole_operands<float>(problem, 1, true);
  for (const std::string& algorithm : willing(problem)) {
    const Plan plan =
        make_plan(problem, {.algorithm = algorithm, .activation = {.kind = Kind::relu}, .sum_into_output = true});
    const auto packed = plan.pack<float>({operands.weights.data(), problem.weights_shape()}, operands.bias);
    std::vector<float> result(cells(problem.unknown_shape()));
    std::vector<std::byte> workspace(plan.workspace_bytes());
    const TensorView<const float> given{operands.coarse.data(), problem.given_shape()};
    const TensorView<float> to{result.data(), problem.unknown_shape()};
    plan.run(given, packed, to, workspace);  // once before counting: libraries may allocate on first use
    const std::int64_t before = allocations();
    plan.run(given, packed, to, workspace);
    EXPECT_EQ(allocations() - before, 0) << algorithm;
  }
}

std::string refusal_of(const std::string& problem, const Options& options) {
  return message_of<ProblemError>([&] { make_plan(parse_problem(problem), options); });
}

TEST(Activation, IsRefusedWhereItHasNoMeaning) {
  for (const char* gradient : {"conv1d-dx", "conv1d-dw", "convt1d-dx"}) {
    const std::string problem = std::string(gradient) + " i9 k3";
    EXPECT_THAT(refusal_of(problem, {.activation = {.kind = Kind::relu}}),
                AllOf(HasSubstr(gradient), HasSubstr("forward products"), HasSubstr("derivative")));
    EXPECT_THAT(refusal_of(problem, {.sum_into_output = true}), HasSubstr("forward products"));
  }
  EXPECT_THAT(refusal_of("conv1d i9 k3 i64", {.activation = {.kind = Kind::leaky_relu, .slope = 2}}),
              HasSubstr("leaky_relu of i64"));
  EXPECT_THAT(refusal_of("conv1d i9 k3", {.activation = {.kind = Kind::leaky_relu, .slope = infinity}}),
              HasSubstr("slope of inf"));
  EXPECT_THAT(refusal_of("conv1d i9 k3", {.activation = {.kind = Kind::clamp, .low = 2, .high = 1}}),
              HasSubstr("clamp from 2 to 1"));
  EXPECT_THAT(refusal_of("conv1d i9 k3", {.activation = {.kind = Kind::clamp, .low = std::nan(""), .high = 1}}),
              HasSubstr("clamp from nan to 1"));
  EXPECT_THAT(refusal_of("conv1d i9 k3 i64", {.activation = {.kind = Kind::clamp, .low = 0.5, .high = 1}}),
              HasSubstr("whole or infinite"));
  EXPECT_THAT(message_of<ArgumentError>([] {
                const std::vector<float> weights(3);
                run_by_rows<float>(parse_problem("conv1d i9 k3"), weights, {}, {}, {},
                                   {.plan = {.activation = {.kind = Kind::relu}}});
              }),
              HasSubstr("activation of blocks of rows"));
}

}  // namespace
}  // namespace faltung::test
