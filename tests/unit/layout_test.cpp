// Arrays with strides: what is taken, what is refused.
#include <faltung/error.hpp>
#include <faltung/plan.hpp>

#include "support/allocations.hpp"
#include "support/laid_out.hpp"
#include "unit/refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace faltung::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Strides, ChannelsLastGivesChannelsLast) {
  const Problem problem = parse_problem("conv2d ic2 oc2 i1x3 k1x1");
  for (const std::string& algorithm : willing(problem)) {
    const Plan plan =
        make_plan(problem, {.algorithm = algorithm, .fine_strides = {6, 1, 6, 2}, .coarse_strides = {6, 1, 6, 2}});
    const std::vector<float> x = {1, 10, 2, 20, 3, 30}, w = {1, 0, 0, 2};
    std::vector<float> y(6);
    const auto packed = plan.pack<float>({w.data(), {2, 2, 1, 1}});
    plan.run<float>({x.data(), {1, 2, 1, 3}, {6, 1, 6, 2}}, packed, {y.data(), {1, 2, 1, 3}, {6, 1, 6, 2}});
    EXPECT_THAT(y, ElementsAre(1, 20, 2, 40, 3, 60)) << algorithm;
  }
}

TEST(Strides, EveryAlgorithmTakesThemForEveryUnknownAndType) {
  for (const char* text :
       {"conv2d n2 g2 ic4 oc6 i9x8 k3x2 s2x1 p1 breflect", "convt2d n2 g2 ic4 oc6 i9x8 k3x2 s2x1 p1 breflect"})
    for (const Unknown unknown : {Unknown::coarse, Unknown::fine, Unknown::weights}) {
      Problem problem = parse_problem(text);
      problem.unknown = unknown;
      const auto floats = whole_operands<float>(problem, 1, false);
      for (const std::string& algorithm : willing(problem))
        for (std::uint32_t seed = 0; seed < 6; ++seed)
          EXPECT_EQ(run_laid_out(problem, {.algorithm = algorithm}, floats, seed), run(problem, algorithm, floats))
              << algorithm;
      problem.dtype = DType::i64;
      const auto integers = whole_operands<std::int64_t>(problem, 1, false);
      EXPECT_EQ(run_laid_out(problem, {.threads = 3}, integers, 2), run(problem, "sliding_window", integers));
    }
}

TEST(Strides, BothArraysMayLieBackwards) {
  const std::vector<float> w = {1, 10, 100};
  const Problem forth = parse_problem("conv1d i6 k3 s2 p1:0"), back = parse_problem("convt1d i3 k3 s2 p1:0");
  for (const std::string& algorithm : willing(forth)) {
    const Options options{.algorithm = algorithm, .fine_strides = {6, 6, -1}, .coarse_strides = {3, 3, -1}};
    const std::vector<float> x = {6, 5, 4, 3, 2, 1}, y = {3, 2, 1};
    std::vector<float> coarse(3), fine(6);
    const Plan conv = make_plan(forth, options), transposed = make_plan(back, options);
    conv.run<float>({&x[5], {1, 1, 6}, {6, 6, -1}}, conv.pack<float>({w.data(), {1, 1, 3}}),
                    {&coarse[2], {1, 1, 3}, {3, 3, -1}});
    EXPECT_THAT(coarse, ElementsAre(654, 432, 210)) << algorithm;
    transposed.run<float>({&y[2], {1, 1, 3}, {3, 3, -1}}, transposed.pack<float>({w.data(), {1, 1, 3}}),
                          {&fine[5], {1, 1, 6}, {6, 6, -1}});
    EXPECT_THAT(fine, ElementsAre(300, 30, 203, 20, 102, 10)) << algorithm;
  }
}

TEST(Strides, GivenArraysMayBeBroadcast) {
  const Problem problem = parse_problem("conv1d n2 ic2 oc1 i3 k1");
  const Plan plan = make_plan(problem, {.fine_strides = {0, 0, 1}});
  const std::vector<float> x = {1, 2, 3}, w = {1, 1};
  std::vector<float> y(6);
  plan.run<float>({x.data(), {2, 2, 3}, {0, 0, 1}}, plan.pack<float>({w.data(), {1, 2, 1}}), {y.data(), {2, 1, 3}});
  EXPECT_THAT(y, ElementsAre(2, 4, 6, 2, 4, 6));
}

TEST(Strides, OfAxesWithOneCellMeanNothing) {
  const Problem problem = parse_problem("conv1d i4 k1");
  const Plan plan = make_plan(problem, {.algorithm = "polyphase", .fine_strides = {7, -9, 1}});
  const std::vector<float> x = {1, 2, 3, 4}, w = {2};
  std::vector<float> y(4);
  plan.run<float>({x.data(), {1, 1, 4}}, plan.pack<float>({w.data(), {1, 1, 1}}), {y.data(), {1, 1, 4}, {4, 4, 1}});
  EXPECT_THAT(y, ElementsAre(2, 4, 6, 8));
}

TEST(Strides, WrongOnesAreNamed) {
  const Problem problem = parse_problem("conv1d n2 ic2 oc2 i3 k1");
  const auto refusal = [&](const Options& options) {
    return message_of<ProblemError>([&] { make_plan(problem, options); });
  };
  EXPECT_THAT(refusal({.fine_strides = {6, 1}}),
              AllOf(HasSubstr("2 strides of the fine array"), HasSubstr("[2, 2, 3]")));
  EXPECT_THAT(refusal({.coarse_strides = {6, 0, 1}}),
              AllOf(HasSubstr("coarse array"), HasSubstr("places of their own")));
  EXPECT_THAT(refusal({.coarse_strides = {2, 1, 2}}), HasSubstr("places of their own"));
  EXPECT_THAT(refusal({.fine_strides = {std::int64_t{1} << 61, 1, 2}}), HasSubstr("64 bits"));
  EXPECT_THAT(refusal({.fine_strides = {std::numeric_limits<std::int64_t>::min(), 1, 2}}), HasSubstr("64 bits"));

  const Plan plan = make_plan(problem, {.fine_strides = {6, 1, 2}});
  std::vector<float> x(12), w(4), y(12);
  const PackedWeights packed = plan.pack<float>({w.data(), {2, 2, 1}});
  const TensorView<float> result{y.data(), {2, 2, 3}};
  EXPECT_THAT(message_of<ArgumentError>([&] {
                plan.run<float>({x.data(), {2, 2, 3}}, packed, result);
              }),
              AllOf(HasSubstr("the given array"), HasSubstr("dense rows"), HasSubstr("[6, 1, 2]")));
  EXPECT_THAT(message_of<ArgumentError>([&] {
                plan.run<float>({x.data(), {2, 2, 3}, {6, 1}}, packed, result);
              }),
              HasSubstr("strides [6, 1]"));
  EXPECT_THAT(message_of<ArgumentError>([&] {
                plan.run<float>({y.data() + 6, {2, 2, 3}, {6, 1, 2}}, packed, result);
              }),
              HasSubstr("overlaps"));
  EXPECT_THAT(message_of<ArgumentError>([&] {
                plan.pack<float>({w.data(), {2, 2, 1}, {1, 2, 1}});
              }),
              HasSubstr("weights with strides"));
}

}  // namespace
}  // namespace faltung::test
