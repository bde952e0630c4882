// Every rule that a problem must keep, and that the refusal names the numbers, the axis and the way out.
#include <faltung/error.hpp>
#include <faltung/problem.hpp>

#include "unit/layers.hpp"
#include "unit/refusal.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>

namespace faltung {
namespace {

using test::both;
using test::conv;
using test::hand_made;
using test::largest;
using test::message_of;
using test::smallest;
using test::transposed;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string refusal(const LayerSpec& spec) {
  return message_of<ProblemError>([&] { make_problem(spec); });
}
std::string refusal(const Problem& problem) {
  return message_of<ProblemError>([&] { validate(problem); });
}

TEST(Validate, ExtentsAreAtLeastOne) {
  for (const std::int64_t bad : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{-7}, smallest}) {
    const std::string number = fmt::format("is {}", bad);
    const auto says = [&](const char* what) {
      return AllOf(HasSubstr(what), HasSubstr(number), HasSubstr("at least 1"));
    };
    for (const LayerSpec& spec : both({bad, 5}, {3, 3})) EXPECT_THAT(refusal(spec), says("input y"));
    for (const LayerSpec& spec : both({5, bad}, {3, 3})) EXPECT_THAT(refusal(spec), says("input x"));
    for (const LayerSpec& spec : both({bad, 5, 5}, {3, 3, 3})) EXPECT_THAT(refusal(spec), says("input z"));
    for (const LayerSpec& spec : both({5, 5}, {bad, 3})) EXPECT_THAT(refusal(spec), says("kernel y"));
    for (const LayerSpec& spec : both({5}, {bad})) EXPECT_THAT(refusal(spec), says("kernel x"));
    for (LayerSpec spec : both({9, 9}, {3, 3})) {
      spec.stride = {1, bad};
      EXPECT_THAT(refusal(spec), says("stride x"));
      spec.stride = {bad, 1};
      EXPECT_THAT(refusal(spec), says("stride y"));
      spec.stride = {};
      spec.dilation = {bad, 1};
      EXPECT_THAT(refusal(spec), says("dilation y"));
    }
  }
}

TEST(Validate, ChannelsAndGroupsAreAtLeastOne) {
  for (const std::int64_t bad : {std::int64_t{0}, std::int64_t{-3}, smallest}) {
    const std::string number = fmt::format("is {}", bad);
    for (LayerSpec spec : both({5}, {3})) {
      spec.input_channels = bad;
      EXPECT_THAT(refusal(spec), AllOf(HasSubstr("input channels"), HasSubstr(number), HasSubstr("at least 1")));
      spec.input_channels = 1;
      spec.output_channels = bad;
      EXPECT_THAT(refusal(spec), AllOf(HasSubstr("output channels"), HasSubstr(number), HasSubstr("at least 1")));
      spec.output_channels = 1;
      spec.groups = bad;
      EXPECT_THAT(refusal(spec), AllOf(HasSubstr("groups"), HasSubstr(number), HasSubstr("at least 1")));
    }
  }
}

TEST(Validate, AnEmptyBatchIsLegalANegativeOneIsNot) {
  for (LayerSpec spec : both({5}, {3})) {
    spec.batch = 0;
    EXPECT_EQ(make_problem(spec).batch, 0);
    EXPECT_EQ(element_count(make_problem(spec).unknown_shape()), 0);
    spec.batch = -2;
    EXPECT_THAT(refusal(spec), AllOf(HasSubstr("batch is -2"), HasSubstr("at least 0")));
  }
}

TEST(Validate, GroupsDivideBothChannelCounts) {
  for (LayerSpec spec : both({5}, {3})) {
    spec.groups = 4;
    spec.input_channels = 8;
    spec.output_channels = 12;
    EXPECT_EQ(make_problem(spec).groups, 4);
    spec.input_channels = 6;
    EXPECT_THAT(refusal(spec),
                AllOf(HasSubstr("6 input channels in 4 groups"), HasSubstr("divide"), HasSubstr("4 or 8 input")));
    spec.input_channels = 8;
    spec.output_channels = 9;
    EXPECT_THAT(refusal(spec), AllOf(HasSubstr("9 output channels in 4 groups"), HasSubstr("8 or 12 output")));
  }
}

TEST(Validate, FewerChannelsThanGroupsNameOneFixOnce) {
  LayerSpec spec = conv({5}, {3});
  spec.groups = 4;
  spec.input_channels = 3;
  spec.output_channels = 4;
  EXPECT_THAT(refusal(spec),
              AllOf(HasSubstr("3 input channels in 4 groups"), HasSubstr("4 input"), Not(HasSubstr("4 or 4"))));
}

TEST(Validate, GroupsNearTheEndOf64BitsAreRefusedWithoutOverflow) {
  LayerSpec spec = conv({5}, {3});
  spec.groups = 2;
  spec.input_channels = largest;  // odd; the next multiple of 2 does not exist
  spec.output_channels = 2;
  EXPECT_THAT(refusal(spec), AllOf(HasSubstr(std::to_string(largest)), HasSubstr("2 groups")));
}

TEST(Validate, PadsAreNotNegative) {
  for (LayerSpec spec : both({9, 9}, {3, 3})) {
    spec.padding.sides = {{-1, 0}, {0, 0}};
    EXPECT_THAT(refusal(spec), AllOf(HasSubstr("before"), HasSubstr(" y"), HasSubstr("is -1"), HasSubstr("crop")));
    spec.padding.sides = {{0, 0}, {2, -4}};
    EXPECT_THAT(refusal(spec), AllOf(HasSubstr("after"), HasSubstr(" x"), HasSubstr("is -4"), HasSubstr("crop")));
    spec.padding.sides = {{smallest, smallest}};
    EXPECT_THAT(refusal(spec), HasSubstr(std::to_string(smallest)));
  }
}

TEST(Validate, TheKernelFitsIntoThePaddedInput) {
  EXPECT_THAT(refusal(conv({3, 9}, {5, 3})),
              AllOf(HasSubstr("kernel y is 5"), HasSubstr("padded input y is 3"), HasSubstr("fit")));
  LayerSpec spec = conv({16, 9}, {7, 7});
  spec.dilation = {1, 2};
  spec.padding.sides = {{1, 1}};
  EXPECT_THAT(refusal(spec),
              AllOf(HasSubstr("kernel x is 7 with dilation 2 and spans 13"), HasSubstr("padded input x is 11"),
                    HasSubstr("reduce dilation to 1"), HasSubstr("pad x by at least 1 more on each side")));
}

TEST(Validate, TheFixOfAKernelThatDoesNotFitWorks) {
  for (std::int64_t input = 1; input <= 6; ++input)
    for (std::int64_t kernel = 2; kernel <= 6; ++kernel)
      for (std::int64_t dilation = 1; dilation <= 4; ++dilation) {
        LayerSpec spec = conv({input}, {kernel});
        spec.dilation = {dilation};
        if ((kernel - 1) * dilation + 1 <= input) continue;
        const std::string message = refusal(spec);
        std::int64_t pad = 0, fitting = dilation;
        while (input + 2 * pad < (kernel - 1) * dilation + 1) ++pad;
        while (fitting > 0 && (kernel - 1) * fitting + 1 > input) --fitting;
        EXPECT_THAT(message, HasSubstr(fmt::format("pad x by at least {} more", pad)));
        if (fitting > 0)
          EXPECT_THAT(message, HasSubstr(fmt::format("reduce dilation to {}", fitting)));
        else
          EXPECT_THAT(message, Not(HasSubstr("reduce dilation")));
        spec.padding.sides = {{pad, pad}};
        EXPECT_NO_THROW(make_problem(spec));
      }
}

TEST(Validate, ATransposedConvolutionKeepsAtLeastOneCell) {
  LayerSpec spec = transposed({2, 9}, {2, 2});
  spec.padding.sides = {{2, 2}, {0, 0}};
  EXPECT_THAT(refusal(spec), AllOf(HasSubstr("output y is -1"), HasSubstr("padding 2 and 2"), HasSubstr("at least 1"),
                                   HasSubstr("reduce the padding of y by 2")));
  spec.padding.sides = {{1, 1}, {0, 0}};
  EXPECT_EQ(make_problem(spec).axes[0].fine, 1);
}

TEST(Validate, OutputPaddingIsLessThanStrideOrDilation) {
  LayerSpec spec = transposed({4, 4}, {3, 3});
  spec.stride = {2, 3};
  spec.dilation = {4, 1};
  spec.output_padding = {3, 2};
  EXPECT_NO_THROW(make_problem(spec));
  spec.output_padding = {4, 2};
  EXPECT_THAT(refusal(spec), AllOf(HasSubstr("output padding y is 4"), HasSubstr("max(stride, dilation) = 4"),
                                   HasSubstr("at most 3")));
  spec.output_padding = {3, 3};
  EXPECT_THAT(refusal(spec), AllOf(HasSubstr("output padding x is 3"), HasSubstr("max(stride, dilation) = 3")));
  spec.output_padding = {0, -1};
  EXPECT_THAT(refusal(spec), AllOf(HasSubstr("output padding x is -1"), HasSubstr("at least 0"), HasSubstr("crop")));
  spec.output_padding = {largest, 0};
  EXPECT_THAT(refusal(spec), HasSubstr(std::to_string(largest)));
}

TEST(Validate, RankIsOneToThree) {
  EXPECT_THAT(refusal(conv({}, {})), AllOf(HasSubstr("0 axes"), HasSubstr("1, 2 or 3")));
  EXPECT_THAT(refusal(conv({5, 5, 5, 5}, {1, 1, 1, 1})), AllOf(HasSubstr("4 axes"), HasSubstr("1, 2 or 3")));
  EXPECT_THAT(refusal(Problem{}), AllOf(HasSubstr("0"), HasSubstr("axes")));
  Problem four = hand_made(Layer::conv, Axis{});
  four.axes.resize(4);
  EXPECT_THAT(refusal(four), AllOf(HasSubstr("4"), HasSubstr("axes")));
}

TEST(Validate, ListsHaveNoneOneOrOneEntryPerAxis) {
  EXPECT_THAT(refusal(conv({5}, {3, 3})), AllOf(HasSubstr("input 5 and kernel 3x3"), HasSubstr("same number of axes")));
  for (LayerSpec spec : both({8, 8, 8}, {3, 3, 3})) {
    const auto says = [](const char* what) { return AllOf(HasSubstr(what), HasSubstr("2"), HasSubstr("3 axes")); };
    const LayerSpec good = spec;
    (spec = good).stride = {1, 2};
    EXPECT_THAT(refusal(spec), says("stride"));
    (spec = good).dilation = {1, 2};
    EXPECT_THAT(refusal(spec), says("dilation"));
    (spec = good).padding.sides = {{1, 1}, {1, 1}};
    EXPECT_THAT(refusal(spec), says("padding"));
    (spec = good).boundary = {Boundary::zeros, Boundary::reflect};
    EXPECT_THAT(refusal(spec), says("boundary"));
    (spec = good).output_padding = {0, 0};
    EXPECT_THAT(refusal(spec), says("output padding"));
    (spec = good).output_size = Shape{6, 2};
    EXPECT_THAT(refusal(spec), says("output size 6x2"));
    (spec = good).output_shape = Shape{6, 2};
    EXPECT_THAT(refusal(spec), says("output shape 6x2"));
  }
}

TEST(Validate, ContradictoryWishesAreRefused) {
  LayerSpec spec = conv({5}, {3});
  spec.output_padding = {1};
  EXPECT_THAT(refusal(spec), AllOf(HasSubstr("output padding 1"), HasSubstr("only a transposed")));
  spec = conv({5}, {3});
  spec.output_shape = Shape{3};
  EXPECT_THAT(refusal(spec), AllOf(HasSubstr("output shape"), HasSubstr("only a transposed")));

  const LayerSpec plain = transposed({5}, {3});
  (spec = plain).output_size = Shape{7};
  spec.output_shape = Shape{7};
  EXPECT_THAT(refusal(spec), AllOf(HasSubstr("output size"), HasSubstr("output shape"), HasSubstr("one of them")));
  (spec = plain).output_size = Shape{7};
  spec.stride = {2};
  spec.output_padding = {1};
  EXPECT_THAT(refusal(spec), AllOf(HasSubstr("output size"), HasSubstr("output padding"), HasSubstr("one of them")));
  for (const Padding::Word word : {Padding::Word::same, Padding::Word::same_lower}) {
    (spec = plain).output_size = Shape{7};
    spec.padding.word = word;
    EXPECT_THAT(refusal(spec), AllOf(HasSubstr("output size"), HasSubstr("same"), HasSubstr("one of them")));
  }
  for (const Padding::Word word :
       {Padding::Word::valid, Padding::Word::full, Padding::Word::same, Padding::Word::same_lower}) {
    (spec = plain).output_shape = Shape{7};
    spec.padding.word = word;
    EXPECT_THAT(refusal(spec), AllOf(HasSubstr("output shape"), HasSubstr("padding"), HasSubstr("one of them")));
  }
  (spec = plain).output_shape = Shape{7};
  spec.padding.sides = {{0, 1}};
  EXPECT_THAT(refusal(spec), AllOf(HasSubstr("output shape"), HasSubstr("padding"), HasSubstr("one of them")));
}

TEST(Validate, APaddingWordHasNoNumbers) {
  for (const Padding::Word word :
       {Padding::Word::valid, Padding::Word::full, Padding::Word::same, Padding::Word::same_lower})
    for (LayerSpec spec : both({9}, {3})) {
      spec.padding = {word, {{2, 2}}};  // problem.hpp: sides only with Word::numbers
      EXPECT_THAT(refusal(spec), HasSubstr("padding"));
    }
}

TEST(Validate, AHandMadeProblemKeepsTheSurplusRule) {
  // fine 7, kernel 3, stride 2: three windows reach over all 7 cells
  Axis axis{.fine = 7, .coarse = 3, .kernel = 3, .stride = 2};
  EXPECT_NO_THROW(validate(hand_made(Layer::conv, axis)));
  EXPECT_NO_THROW(validate(hand_made(Layer::conv_transpose, axis)));
  axis.coarse = 2;
  EXPECT_THAT(refusal(hand_made(Layer::conv, axis)),
              AllOf(HasSubstr("output x is 2"), HasSubstr("leaves 2"), HasSubstr("max(stride, dilation) = 2"),
                    HasSubstr("use output x 3")));
  EXPECT_THAT(refusal(hand_made(Layer::conv_transpose, axis)),
              AllOf(HasSubstr("output padding x is 2"), HasSubstr("at most 1")));
  axis.coarse = 4;
  EXPECT_THAT(refusal(hand_made(Layer::conv, axis)), AllOf(HasSubstr("output x is 4"), HasSubstr("9 cells"),
                                                           HasSubstr("padded input x is 7"), HasSubstr("at most 3")));
  EXPECT_THAT(refusal(hand_made(Layer::conv_transpose, axis)),
              AllOf(HasSubstr("input x is 4"), HasSubstr("9 cells"), HasSubstr("padded output x is 7"),
                    HasSubstr("at most 3")));
  axis.coarse = 2;
  axis.kernel = 2;
  axis.dilation = 4;  // spans 5, reaches over 7: a dilation over the stride allows up to 3 behind the last tap
  EXPECT_NO_THROW(validate(hand_made(Layer::conv, axis)));
  axis.pad_after = 3;
  EXPECT_NO_THROW(validate(hand_made(Layer::conv, axis)));
  axis.pad_after = 4;
  EXPECT_THAT(refusal(hand_made(Layer::conv, axis)), HasSubstr("max(stride, dilation) = 4"));
}

TEST(Validate, AHandMadeProblemKeepsEveryOtherRule) {
  using Member = std::int64_t Axis::*;
  const std::pair<Member, const char*> members[] = {{&Axis::stride, "stride x"},
                                                    {&Axis::dilation, "dilation x"},
                                                    {&Axis::kernel, "kernel x"},
                                                    {&Axis::fine, "put x"},
                                                    {&Axis::coarse, "put x"},
                                                    {&Axis::pad_before, "padding before x"},
                                                    {&Axis::pad_after, "padding after x"}};
  for (const Layer layer : {Layer::conv, Layer::conv_transpose})
    for (const auto& [member, name] : members)
      for (const std::int64_t bad : {std::int64_t{-1}, smallest, largest}) {
        Axis axis{.fine = 5, .coarse = 3, .kernel = 3};
        axis.*member = bad;
        const std::string message = refusal(hand_made(layer, axis));
        EXPECT_THAT(message, HasSubstr(" x"));
        if (bad == -1) {
          EXPECT_THAT(message, AllOf(HasSubstr(name), HasSubstr("-1")));
        }
      }
}

}  // namespace
}  // namespace faltung
