// Derived sizes: whatever fits into 64 bits is accepted, whatever leaves them is refused before anything is computed
// with it.
#include <faltung/error.hpp>
#include <faltung/problem.hpp>

#include "unit/layers.hpp"
#include "unit/refusal.hpp"

#include <cstdint>
#include <string>

namespace faltung {
namespace {

using test::both;
using test::conv;
using test::largest;
using test::message_of;
using test::transposed;
using test::two_to;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

std::string refusal(const LayerSpec& spec) {
  return message_of<ProblemError>([&] { make_problem(spec); });
}

TEST(Sizes, Around2To31AreAccepted) {
  for (const std::int64_t extent : {two_to(31) - 1, two_to(31), two_to(31) + 1, two_to(32) + 1, two_to(40)})
    for (const LayerSpec& spec : both({extent}, {3})) {
      const Problem problem = make_problem(spec);
      const std::int64_t other = spec.layer == Layer::conv ? extent - 2 : extent + 2;
      EXPECT_EQ(problem.unknown_shape(), (Shape{1, 1, other}));
    }
  LayerSpec plane = conv({two_to(30), two_to(29)}, {1, 1});  // 2^59 numbers, 2^62 bytes
  EXPECT_EQ(element_count(make_problem(plane).fine_shape()), two_to(59));
  LayerSpec channels = conv({1}, {1});
  channels.input_channels = two_to(30);
  channels.output_channels = two_to(29);
  EXPECT_NO_THROW(make_problem(channels));
  LayerSpec long_kernel = conv({two_to(32) - 1}, {two_to(31)});  // 2^62 multiply-adds
  EXPECT_EQ(make_problem(long_kernel).axes[0].coarse, two_to(31));
  LayerSpec far = conv({two_to(40)}, {2});
  far.dilation = {two_to(40) - 1};
  EXPECT_EQ(make_problem(far).axes[0].coarse, 1);
}

TEST(Sizes, ThatLeave64BitsAreRefused) {
  const auto too_large = AllOf(HasSubstr("64 bits"), HasSubstr("smaller"));
  for (const std::int64_t extent : {two_to(60), two_to(62), largest})
    for (const LayerSpec& spec : both({extent}, {3})) EXPECT_THAT(refusal(spec), too_large) << extent;  // bytes
  EXPECT_THAT(refusal(conv({two_to(31), two_to(29)}, {1, 1})), too_large);  // product of the extents
  EXPECT_THAT(refusal(conv({two_to(31), two_to(31), two_to(31)}, {1, 1, 1})), too_large);

  LayerSpec spec = conv({5}, {3});
  spec.padding.sides = {{two_to(62), two_to(62)}};
  EXPECT_THAT(refusal(spec), AllOf(too_large, HasSubstr(" x")));  // padded side
  spec.padding.sides = {{two_to(61), 0}};
  EXPECT_THAT(refusal(spec), AllOf(too_large, HasSubstr("padded input")));  // padded bytes
  spec = transposed({two_to(31)}, {3});
  spec.stride = {two_to(33)};
  EXPECT_THAT(refusal(spec), AllOf(too_large, HasSubstr("temporary output"), HasSubstr(" x")));
  spec = transposed({two_to(31)}, {1});
  spec.stride = {two_to(31)};
  spec.padding.sides = {{two_to(61), two_to(61) - two_to(31)}};  // only one cell is kept, the temporary output has 2^62
  EXPECT_THAT(refusal(spec), AllOf(too_large, HasSubstr("temporary output")));
  spec = conv({5}, {two_to(32)});
  spec.dilation = {two_to(32)};
  EXPECT_THAT(refusal(spec), AllOf(too_large, HasSubstr("kernel x")));  // span
  spec = conv({1}, {1});
  spec.input_channels = spec.output_channels = two_to(30);
  EXPECT_THAT(refusal(spec), AllOf(too_large, HasSubstr("weights")));
  spec = conv({two_to(32) - 1}, {two_to(31)});
  spec.batch = 2;
  EXPECT_THAT(refusal(spec), AllOf(too_large, HasSubstr("products")));  // 2^63 multiply-adds
  spec = conv({two_to(20)}, {1});
  spec.batch = two_to(40);
  EXPECT_THAT(refusal(spec), too_large);  // the batch counts
}

TEST(Sizes, ThatLeave64BitsAreNamedWithTheirNumbers) {
  LayerSpec spec = conv({5}, {3});
  spec.padding.sides = {{two_to(62), two_to(62)}};
  EXPECT_THAT(refusal(spec), HasSubstr(std::to_string(two_to(62))));
  spec = transposed({two_to(31)}, {3});
  spec.stride = {two_to(33)};
  EXPECT_THAT(refusal(spec), AnyOf(HasSubstr(std::to_string(two_to(31))), HasSubstr(std::to_string(two_to(33)))));
  spec = conv({5}, {two_to(32)});
  spec.dilation = {two_to(32)};
  EXPECT_THAT(refusal(spec), HasSubstr(std::to_string(two_to(32))));
  EXPECT_THAT(refusal(conv({two_to(31), two_to(29)}, {1, 1})), HasSubstr(std::to_string(two_to(31))));
}

TEST(Sizes, ElementCountNoticesOverflowAndZero) {
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({2, 3, 4}), 24);
  EXPECT_EQ(element_count({two_to(62), 4, 0}), 0);
  EXPECT_THAT(message_of<ProblemError>([] {
                element_count({two_to(62), 2});
              }),
              AllOf(HasSubstr(std::to_string(two_to(62))), HasSubstr("64 bits")));
}

}  // namespace
}  // namespace faltung
