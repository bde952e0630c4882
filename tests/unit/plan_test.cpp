#include <faltung/cpu.hpp>
#include <faltung/error.hpp>
#include <faltung/plan.hpp>

#include "support/allocations.hpp"
#include "support/arrays.hpp"
#include "unit/refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace faltung::test {
namespace {

using testing::HasSubstr;

constexpr const char* layers[] = {"conv2d n2 g2 ic4 oc6 i9x8 k3x2 s2x1 p1 breflect",
                                  "convt2d n2 g2 ic4 oc6 i9x8 k3x2 s2x1 p1", "conv2d ic3 oc5 i6x6 k1x1"};

TEST(Plan, RunAllocatesNothingOnOneThread) {
  for (const char* text : layers)
    for (const Unknown unknown : {Unknown::coarse, Unknown::fine, Unknown::weights}) {
      Problem problem = parse_problem(text);
      problem.unknown = unknown;
      const auto operands = whole_operands<float>(problem, 1, false);
      for (const std::string& algorithm : willing(problem)) {
        const Plan plan = make_plan(problem, {.algorithm = algorithm});
        std::vector<std::byte> workspace(plan.workspace_bytes());
        std::vector<float> result(cells(problem.unknown_shape()));
        const bool conv = problem.layer == Layer::conv;
        const TensorView<const float> fine{operands.fine.data(), problem.fine_shape()},
            coarse{operands.coarse.data(), problem.coarse_shape()};
        const TensorView<const float> given = unknown == Unknown::coarse ? fine : coarse;
        const TensorView<const float> input = conv ? fine : coarse, gradient = conv ? coarse : fine;
        const TensorView<float> out{result.data(), problem.unknown_shape()};
        const PackedWeights packed = unknown == Unknown::weights
                                         ? PackedWeights{}
                                         : plan.pack<float>({operands.weights.data(), problem.weights_shape()});
        for (int repeat = 0; repeat < 2; ++repeat) {
          if (unknown == Unknown::weights)  // once before counting: libraries may allocate on first use
            plan.run_weight_gradient(input, gradient, out, workspace);
          else
            plan.run(given, packed, out, workspace);
        }
        // the shapes in the views are vectors that the caller owns; copies of them would be counted
        const std::int64_t before = allocations();
        if (unknown == Unknown::weights)
          plan.run_weight_gradient(input, gradient, out, workspace);
        else
          plan.run(given, packed, out, workspace);
        EXPECT_EQ(allocations() - before, 0) << algorithm << " on " << to_string(problem);
      }
    }
}

TEST(Plan, ManyThreadsShareOne) {
  const Problem problem = parse_problem("conv2d ic4 oc6 i17x16 k3x3 s2 p1 breflect");
  const auto operands = whole_operands<float>(problem, 1, true);
  for (const std::string& algorithm : willing(problem)) {
    const Plan plan = make_plan(problem, {.algorithm = algorithm, .threads = 2});
    const auto expected = run(plan, operands);
    std::vector<std::thread> users;
    std::atomic<int> wrong{0};
    for (int user = 0; user < 4; ++user)
      users.emplace_back([&] {
        for (int i = 0; i < 20; ++i) wrong += run(plan, operands) != expected;
      });
    for (std::thread& user : users) user.join();
    EXPECT_EQ(wrong, 0) << algorithm;
  }
}

TEST(Plan, HugeProblemsArePlannedAtOnce) {
  for (const char* text :
       {"conv1d i3000000000 k1", "conv1d-dx i2000000000 k1000000000", "conv1d-dw i1073741824 k1 s1048576",
        "convt1d i20 k4000000 s2 p2000000 breflect", "conv1d i1099511627776 k2 d1099511627775",
        "conv3d-dw ic64 oc64 i512x512x512 k3x3x3 p1 i64", "conv2d-dw ic16 oc16 i256x256 k3x3 i64"}) {
    const Problem problem = parse_problem(text);
    for (const Accuracy accuracy : {Accuracy::standard, Accuracy::strict})
      EXPECT_LT(peak_bytes([&] { make_plan(problem, {.accuracy = accuracy}); }), 1 << 20) << text;
  }
}

TEST(Plan, ReportsChosenAndRefused) {
  const Report report = make_plan(parse_problem("conv2d i3x3 k2x2 i64"), {.algorithm = "kernel_matrix"}).report();
  EXPECT_EQ(report.chosen, "kernel_matrix");
  ASSERT_EQ(report.candidates.size(), algorithms().size());
  for (const Candidate& candidate : report.candidates)
    EXPECT_EQ(candidate.refusal.has_value(),
              candidate.algorithm == "im2col_blas" || candidate.algorithm == "polyphase" ||
                  candidate.algorithm == "depthwise" || candidate.algorithm == "fully_connected" ||
                  candidate.algorithm == "winograd" || candidate.algorithm == "fft" || candidate.algorithm == "kn2row");
  const std::string text = to_text(report);
  EXPECT_THAT(text, HasSubstr("chosen   kernel_matrix"));
  EXPECT_THAT(text, HasSubstr("refused  im2col_blas     a BLAS has no product of integers"));
}

TEST(Plan, StrictRefusesAlgorithmsWithoutTheDefinedOrder) {
  const Report report = make_plan(parse_problem("conv2d i9x9 k3x3"), {.accuracy = Accuracy::strict}).report();
  for (const Candidate& candidate : report.candidates) {
    if (candidate.algorithm == "polyphase" || candidate.algorithm == "depthwise" ||
        candidate.algorithm == "fully_connected")
      continue;  // strict where the machine has fused multiply-add
    EXPECT_EQ(candidate.refusal.has_value(), candidate.algorithm != "sliding_window") << candidate.algorithm;
  }
  EXPECT_THAT(message_of<ProblemError>([] {
                make_plan(parse_problem("conv2d i9x9 k3x3"),
                          {.algorithm = "im2col_blas", .accuracy = Accuracy::strict});
              }),
              AllOf(HasSubstr("im2col_blas"), HasSubstr("strict order")));
}

TEST(Plan, AnAccuracyIsAnErrorThatSumsMayHave) {
  const Problem problem = parse_problem("conv2d ic64 oc64 i3x3 k3x3");  // one window: no tiles, whose errors differ
  EXPECT_EQ(parse_accuracy("default"), Accuracy::standard);
  EXPECT_EQ(parse_accuracy("strict"), Accuracy::strict);
  for (const char* text : {"default", "strict", "1e-05", "0.25"}) EXPECT_EQ(to_string(parse_accuracy(text)), text);
  const double error = make_plan(problem).report().candidates.front().error;  // sliding_window's
  EXPECT_NEAR(error, 2.9e-6, 1e-7);
  EXPECT_EQ(make_plan(problem, {.accuracy = Accuracy::within(error * 1.01)}).algorithm(),
            make_plan(problem).algorithm());
  EXPECT_THAT(message_of<ProblemError>([&] { make_plan(problem, {.accuracy = Accuracy::within(1e-8)}); }),
              AllOf(HasSubstr("accuracy of 1e-08"), HasSubstr("2.9e-06"), HasSubstr("use f64")));
  EXPECT_NO_THROW(make_plan(parse_problem("conv2d ic64 oc64 i9x9 k3x3 f64"), {.accuracy = Accuracy::within(1e-8)}));
  EXPECT_NO_THROW(make_plan(parse_problem("conv2d ic64 oc64 i9x9 k3x3 i64"), {.accuracy = Accuracy::within(1e-30)}));
  // direct sums may always be taken by default, however long
  EXPECT_NO_THROW(make_plan(parse_problem("conv2d ic65536 oc1 i9x9 k3x3")));
  for (const char* text : {"", "0", "-1e-5", "nan", "inf", "1e-5 ", "exact", "1e999"})
    EXPECT_THROW(parse_accuracy(text), ProblemError) << text;
}

TEST(Plan, WeightsThatAreUsedOnceAreNotMadeIntoAMatrix) {
  const Problem problem = parse_problem("conv2d ic4 oc4 i16x16 k3x3 p1 i64");
  EXPECT_EQ(make_plan(problem).algorithm(), "kernel_matrix");
  EXPECT_EQ(make_plan(problem, {.pack_each_run = true}).algorithm(), "sliding_window");
}

TEST(Plan, ChoosesTheFasterByFar) {
  EXPECT_EQ(make_plan(parse_problem("conv2d ic64 oc64 i56x56 k3x3 p1")).algorithm(), "winograd");
  EXPECT_EQ(make_plan(parse_problem("conv2d ic64 oc64 i56x56 k9x9 p4")).algorithm(), "fft");
  EXPECT_EQ(make_plan(parse_problem("convt2d ic64 oc64 i28x28 k2x2 s2")).algorithm(), "polyphase");
  EXPECT_EQ(make_plan(parse_problem("conv2d g144 ic144 oc144 i56x56 k3x3 p1")).algorithm(), "depthwise");
  EXPECT_EQ(make_plan(parse_problem("convt2d g64 ic64 oc64 i64x64 k4x4 s2 p1")).algorithm(), "depthwise");
  EXPECT_NE(make_plan(parse_problem("conv2d ic16 oc64 i28x28 k1x1")).algorithm(), "depthwise");
  EXPECT_EQ(make_plan(parse_problem("conv3d g142 ic142 oc142 i39x39x39 k5x5x5 s4 d3 p6x0x6")).algorithm(), "depthwise");
  // gathered, every result meets all taps, though most of them lie beyond the few given cells
  EXPECT_NE(make_plan(parse_problem("convt2d ic9 oc128 i9x9 k15x15")).algorithm(), "polyphase");
  EXPECT_EQ(make_plan(parse_problem("convt3d ic64 oc11 i20x27x19 k5x5x5 d3")).algorithm(), "fft");
  EXPECT_EQ(make_plan(parse_problem("conv2d-dw g144 ic144 oc144 i56x56 k3x3 p1")).algorithm(), "depthwise");
  EXPECT_NE(make_plan(parse_problem("conv2d-dw ic64 oc64 i56x56 k3x3 p1")).algorithm(), "depthwise");
  // one tap: nothing that rows in registers would share
  EXPECT_EQ(make_plan(parse_problem("conv2d ic16 oc25 i47x485 k1x1")).algorithm(), "polyphase");
  EXPECT_NE(make_plan(parse_problem("conv2d g276 ic276 oc276 i116x116 k1x1")).algorithm(), "im2col_blas");
}

TEST(Plan, PlanesOfOneChannelAreReadWhereTheyAre) {
  if (chosen_target() == "SCALAR") GTEST_SKIP() << "has no kernels for planes";
  for (const char* problem :
       {"conv2d g144 ic144 oc144 i56x56 k3x3 p1", "conv2d g144 ic144 oc144 i56x56 k3x3 s2 p1",
        "conv2d-dx g144 ic144 oc144 i56x56 k3x3 p1", "conv2d g64 ic64 oc64 i56x56 k5x5 p2",
        "conv2d-dx g144 ic144 oc144 i56x56 k3x3 s2 p1", "convt2d g64 ic64 oc64 i64x64 k4x4 s2 p1"})
    EXPECT_EQ(make_plan(parse_problem(problem), {.algorithm = "depthwise"}).workspace_bytes(), 0) << problem;
}

TEST(Plan, DepthwiseRefusesRowsThatLeaveTheCache) {
  const auto refusal = [](const char* problem) {
    return message_of<ProblemError>([&] { make_plan(parse_problem(problem), {.algorithm = "depthwise"}); });
  };
  EXPECT_THAT(refusal("conv2d-dw ic8 oc8 i300x9000 k200x3"), HasSubstr("rows of all lanes take"));
  EXPECT_THAT(refusal("conv2d ic8 oc8 i9x9 k3x3 i64"), HasSubstr("floating point"));
  EXPECT_THAT(refusal("conv1d i5000000 k1"), HasSubstr("a row has 5000000 cells, more than 4194304"));
  EXPECT_THAT(refusal("conv1d ic1026 oc1 i500000 k4096"), HasSubstr("bytes, more than 1048576"));
  EXPECT_THAT(refusal("conv2d ic64 oc1 i4000x4 k2x2 d1000x1"), HasSubstr("rows, more than 65536"));
}

TEST(Plan, EveryAlgorithmSaysWhatItIs) {
  for (const AlgorithmInfo& info : algorithms()) {
    EXPECT_FALSE(info.idea.empty()) << info.name;
    EXPECT_THAT(std::string(info.source), testing::ContainsRegex("(19|20)[0-9][0-9]")) << info.name;
  }
}

class PlanErrors : public testing::Test {
 protected:
  const Problem problem = parse_problem("conv2d ic2 oc3 i4x4 k3x3");
  const Plan plan = make_plan(problem);
  std::vector<float> x = std::vector<float>(32), w = std::vector<float>(54), y = std::vector<float>(12);
  const TensorView<const float> input{x.data(), {1, 2, 4, 4}}, weights{w.data(), {3, 2, 3, 3}};
  const TensorView<float> output{y.data(), {1, 3, 2, 2}};
  std::vector<std::byte> workspace = std::vector<std::byte>(plan.workspace_bytes());
};

TEST_F(PlanErrors, NameTheArrayAndTheRule) {
  const auto packed = plan.pack<float>(weights);
  plan.run(input, packed, output, workspace);
  EXPECT_THAT(message_of<ArgumentError>([&] {
                plan.pack<float>({w.data(), {2, 3, 3, 3}});
              }),
              AllOf(HasSubstr("weights of shape [2, 3, 3, 3]"), HasSubstr("[3, 2, 3, 3]")));
  EXPECT_THAT(message_of<ArgumentError>([&] { plan.pack<float>(weights, std::vector<float>(2)); }),
              AllOf(HasSubstr("bias of 2"), HasSubstr("3 channels")));
  EXPECT_THAT(message_of<ArgumentError>([&] {
                plan.run<float>({x.data(), {1, 2, 4, 5}}, packed, output, workspace);
              }),
              HasSubstr("given array of shape [1, 2, 4, 5]"));
  EXPECT_THAT(message_of<ArgumentError>([&] {
                plan.run<float>(input, packed, {y.data(), {1, 3, 2, 3}}, workspace);
              }),
              HasSubstr("result of shape [1, 3, 2, 3]"));
  EXPECT_THAT(message_of<ArgumentError>([&] {
                plan.run<float>({nullptr, {1, 2, 4, 4}}, packed, output, workspace);
              }),
              HasSubstr("null pointer"));
  EXPECT_THAT(message_of<ArgumentError>([&] {
                plan.run<float>(input, packed, {x.data() + 8, {1, 3, 2, 2}}, workspace);
              }),
              HasSubstr("overlaps"));
  EXPECT_THAT(message_of<ArgumentError>([&] { plan.run(input, PackedWeights{}, output, workspace); }),
              HasSubstr("pack them with this plan"));
  EXPECT_THAT(
      message_of<ArgumentError>([&] { plan.run(input, make_plan(problem).pack<float>(weights), output, workspace); }),
      HasSubstr("another plan"));
  EXPECT_THAT(message_of<ArgumentError>([&] {
                plan.run_weight_gradient<float>(input, output, {w.data(), {3, 2, 3, 3}});
              }),
              HasSubstr("weight_gradient(problem)"));
  std::vector<double> wide(54);
  EXPECT_THAT(message_of<ArgumentError>([&] {
                plan.pack<double>({wide.data(), {3, 2, 3, 3}});
              }),
              AllOf(HasSubstr("f64"), HasSubstr("f32")));
}

TEST_F(PlanErrors, SmallWorkspace) {
  const Plan blas = make_plan(problem, {.algorithm = "im2col_blas"});
  ASSERT_GT(blas.workspace_bytes(), 0U);
  const auto packed = blas.pack<float>(weights);
  std::vector<std::byte> small(blas.workspace_bytes() - 1);
  EXPECT_THAT(message_of<ArgumentError>([&] { blas.run(input, packed, output, small); }),
              HasSubstr(std::to_string(blas.workspace_bytes())));
}

TEST_F(PlanErrors, WeightGradientPlansHaveNoWeights) {
  const Plan gradient = make_plan(weight_gradient(problem));
  EXPECT_THAT(message_of<ArgumentError>([&] { gradient.pack<float>(weights); }), HasSubstr("run_weight_gradient"));
  EXPECT_THAT(message_of<ArgumentError>([&] { gradient.run(input, PackedWeights{}, output); }),
              HasSubstr("run_weight_gradient"));
  EXPECT_THAT(message_of<ArgumentError>([&] {
                gradient.run_weight_gradient<float>(input, output, {x.data(), {3, 2, 3, 3}});
              }),
              HasSubstr("overlaps"));
}

TEST(PlanOptions, BadOnesAreNamed) {
  const Problem problem = parse_problem("conv1d i3 k2");
  EXPECT_THAT(message_of<ProblemError>([&] { make_plan(problem, {.algorithm = "magic"}); }),
              AllOf(HasSubstr("magic"), HasSubstr("sliding_window, kernel_matrix")));
  EXPECT_THAT(message_of<ProblemError>([&] { make_plan(problem, {.threads = -1}); }), HasSubstr("-1 threads"));
  EXPECT_THAT(message_of<ProblemError>([&] { make_plan(problem, {.threads = 5000}); }), HasSubstr("4096"));
}

TEST(PlanIntegers, OverflowIsAnErrorInEveryAlgorithm) {
  for (const char* text : {"conv1d i2 k2 i64", "convt1d i2 k2 i64", "conv1d-dw i2 k2 n2 i64"}) {
    const Problem problem = parse_problem(text);
    const auto large = [](std::size_t count, std::uint32_t) {
      return std::vector<std::int64_t>(count, std::int64_t{1} << 31);
    };
    const auto operands = make_operands<std::int64_t>(problem, 0, false, large);  // 2³¹ · 2³¹ fits, twice it does not
    for (const std::string& algorithm : willing(problem))
      EXPECT_THROW(run(problem, algorithm, operands, 2), OverflowError) << algorithm << " on " << text;
  }
}

// Found by fuzzing: planning looked through all of its positions, which took days.
TEST(Plan, AWeightGradientOfManyPositionsIsPlannedAtOnce) {
  const Problem problem = parse_problem("conv2d-dw i4x4 k1x2 bcircular p116666666");
  EXPECT_EQ(make_plan(problem, {.algorithm = "polyphase"}).algorithm(), "polyphase");
}

}  // namespace
}  // namespace faltung::test
