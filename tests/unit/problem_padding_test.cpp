// From what a user says of padding and sizes to both extents and both pads, against the formulas of the article, ONNX
// and PyTorch.
#include <faltung/error.hpp>
#include <faltung/problem.hpp>

#include "unit/layers.hpp"
#include "unit/refusal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace faltung {
namespace {

using test::conv;
using test::message_of;
using test::transposed;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Sides = std::pair<std::int64_t, std::int64_t>;
using Word = Padding::Word;

Sides pads(const Axis& axis) { return {axis.pad_before, axis.pad_after}; }

/// One axis of input, kernel, stride, dilation.
struct Layer1d {
  std::int64_t input = 1, kernel = 1, stride = 1, dilation = 1;

  std::int64_t span() const { return (kernel - 1) * dilation + 1; }
  LayerSpec spec(Layer layer) const {
    LayerSpec spec = layer == Layer::conv ? conv({input}, {kernel}) : transposed({input}, {kernel});
    spec.stride = {stride};
    spec.dilation = {dilation};
    return spec;
  }
  std::string text() const { return fmt::format("i{} k{} s{} d{}", input, kernel, stride, dilation); }
};

/// Every small axis: even and odd kernels, kernels shorter than the stride, dilations over and under it.
void for_each_axis(const std::function<void(const Layer1d&)>& visit) {
  for (std::int64_t input = 1; input <= 9; ++input)
    for (std::int64_t kernel = 1; kernel <= 6; ++kernel)
      for (std::int64_t stride = 1; stride <= 5; ++stride)
        for (std::int64_t dilation = 1; dilation <= 4; ++dilation) {
          const Layer1d axis{input, kernel, stride, dilation};
          SCOPED_TRACE(axis.text());
          visit(axis);
        }
}

TEST(Padding, TheArticlesExamplesHaveTheArticlesSizes) {
  EXPECT_EQ(make_problem(conv({3, 3}, {2, 2})).unknown_shape(), (Shape{1, 1, 2, 2}));
  LayerSpec item5 = conv({3, 3}, {2, 2});
  item5.stride = {2};
  item5.padding.sides = {{1, 1}};
  EXPECT_EQ(make_problem(item5).unknown_shape(), (Shape{1, 1, 2, 2}));
  EXPECT_EQ(make_problem(item5).padded_shape(), (Shape{1, 1, 5, 5}));
  EXPECT_EQ(make_problem(transposed({2, 2}, {2, 2})).unknown_shape(), (Shape{1, 1, 3, 3}));
  LayerSpec item7 = transposed({2, 2}, {2, 2});
  item7.stride = {2};
  item7.padding.sides = {{1, 1}};
  EXPECT_EQ(make_problem(item7).padded_shape(), (Shape{1, 1, 4, 4}));  // the temporary output
  EXPECT_EQ(make_problem(item7).unknown_shape(), (Shape{1, 1, 2, 2}));
  item7.output_padding = {1};  // reaches the 3×3 that item 5 came from
  EXPECT_EQ(make_problem(item7).unknown_shape(), (Shape{1, 1, 3, 3}));
  EXPECT_EQ(make_problem(item7).padded_shape(), (Shape{1, 1, 5, 5}));
}

TEST(Padding, NumbersGiveTheArticlesSizes) {
  for_each_axis([](const Layer1d& axis) {
    for (std::int64_t before = 0; before <= 3; ++before)
      for (std::int64_t after = 0; after <= 3; ++after) {
        LayerSpec spec = axis.spec(Layer::conv);
        spec.padding.sides = {{before, after}};
        if (axis.span() <= axis.input + before + after) {
          const Problem problem = make_problem(spec);
          EXPECT_EQ(problem.axes[0].coarse, 1 + (axis.input + before + after - axis.span()) / axis.stride);
          EXPECT_EQ(problem.axes[0].fine, axis.input);
          EXPECT_EQ(pads(problem.axes[0]), Sides(before, after));
        } else {
          EXPECT_THROW(make_problem(spec), ProblemError);
        }
        spec = axis.spec(Layer::conv_transpose);
        spec.padding.sides = {{before, after}};
        const std::int64_t temporary = (axis.input - 1) * axis.stride + axis.span();
        if (temporary - before - after >= 1) {
          const Problem problem = make_problem(spec);
          EXPECT_EQ(problem.axes[0].padded(), temporary);
          EXPECT_EQ(problem.axes[0].fine, temporary - before - after);
          EXPECT_EQ(problem.axes[0].coarse, axis.input);
        } else {
          EXPECT_THROW(make_problem(spec), ProblemError);
        }
      }
  });
}

TEST(Padding, OneNumberOrPairIsRepeatedAndNoneIsZero) {
  LayerSpec spec = conv({9, 9, 9}, {3, 3, 3});
  for (const Axis& axis : make_problem(spec).axes) EXPECT_EQ(pads(axis), Sides(0, 0));
  spec.padding.sides = {{1, 2}};
  for (const Axis& axis : make_problem(spec).axes) EXPECT_EQ(pads(axis), Sides(1, 2));
  spec.padding.sides = {{1, 2}, {0, 3}, {4, 0}};
  const Problem problem = make_problem(spec);
  EXPECT_EQ(pads(problem.axes[0]), Sides(1, 2));
  EXPECT_EQ(pads(problem.axes[1]), Sides(0, 3));
  EXPECT_EQ(pads(problem.axes[2]), Sides(4, 0));
  EXPECT_EQ(problem.unknown_shape(), (Shape{1, 1, 10, 10, 11}));
}

TEST(Padding, ValidIsNoneAndFullIsAllButOneTap) {
  for_each_axis([](const Layer1d& axis) {
    LayerSpec spec = axis.spec(Layer::conv);
    spec.padding.word = Word::full;
    const Axis full = make_problem(spec).axes[0];
    EXPECT_EQ(pads(full), Sides(axis.span() - 1, axis.span() - 1));
    EXPECT_EQ(full.coarse, 1 + (axis.input + axis.span() - 2) / axis.stride);
    spec.padding.word = Word::valid;
    if (axis.span() <= axis.input) {
      const Axis valid = make_problem(spec).axes[0];
      EXPECT_EQ(pads(valid), Sides(0, 0));
      EXPECT_EQ(valid.coarse, 1 + (axis.input - axis.span()) / axis.stride);
    } else {
      EXPECT_THROW(make_problem(spec), ProblemError);
    }
    spec = axis.spec(Layer::conv_transpose);
    spec.padding.word = Word::valid;
    EXPECT_EQ(make_problem(spec).axes[0].fine, (axis.input - 1) * axis.stride + axis.span());
    spec.padding.word = Word::full;
    const std::int64_t cut = (axis.input - 1) * axis.stride + axis.span() - 2 * (axis.span() - 1);
    if (cut >= 1)
      EXPECT_EQ(make_problem(spec).axes[0].fine, cut);
    else
      EXPECT_THROW(make_problem(spec), ProblemError);
  });
}

TEST(Padding, SameOfAConvolutionIsOnnx) {
  // SAME_UPPER / SAME_LOWER: output = ceil(input / stride); the odd cell of the padding goes to the end / the beginning
  for_each_axis([](const Layer1d& axis) {
    const std::int64_t output = (axis.input + axis.stride - 1) / axis.stride;
    const std::int64_t total = std::max<std::int64_t>(0, (output - 1) * axis.stride + axis.span() - axis.input);
    LayerSpec spec = axis.spec(Layer::conv);
    spec.padding.word = Word::same;
    const Axis upper = make_problem(spec).axes[0];
    EXPECT_EQ(upper.coarse, output);
    EXPECT_EQ(upper.fine, axis.input);
    EXPECT_EQ(pads(upper), Sides(total / 2, total - total / 2));
    spec.padding.word = Word::same_lower;
    const Axis lower = make_problem(spec).axes[0];
    EXPECT_EQ(lower.coarse, output);
    EXPECT_EQ(pads(lower), Sides(total - total / 2, total / 2));
  });
}

TEST(Padding, SameHasTheKnownValues) {
  const auto same = [](LayerSpec spec, Word word) {
    spec.padding.word = word;
    return pads(make_problem(spec).axes[0]);
  };
  EXPECT_EQ(same(conv({7}, {3}), Word::same), Sides(1, 1));
  EXPECT_EQ(same(conv({7}, {4}), Word::same), Sides(1, 2));
  EXPECT_EQ(same(conv({7}, {4}), Word::same_lower), Sides(2, 1));
  LayerSpec strided = conv({224}, {7});
  strided.stride = {2};
  EXPECT_EQ(same(strided, Word::same), Sides(2, 3));  // TensorFlow's first layer of ResNet
  strided = conv({9}, {1});
  strided.stride = {3};
  EXPECT_EQ(same(strided, Word::same), Sides(0, 0));
}

TEST(Padding, SameOfATransposedConvolutionIsInputTimesStride) {
  for_each_axis([](const Layer1d& axis) {
    const std::int64_t output = axis.input * axis.stride;
    const std::int64_t total = axis.stride * (axis.input - 1) + axis.span() - output;
    for (const Word word : {Word::same, Word::same_lower}) {
      LayerSpec spec = axis.spec(Layer::conv_transpose);
      spec.padding.word = word;
      const Axis result = make_problem(spec).axes[0];
      EXPECT_EQ(result.fine, output);
      EXPECT_EQ(result.coarse, axis.input);
      const std::int64_t cut = std::max<std::int64_t>(0, total), half = cut / 2;
      EXPECT_EQ(pads(result), word == Word::same ? Sides(half, cut - half) : Sides(cut - half, half));
      EXPECT_EQ(result.surplus(), std::max<std::int64_t>(0, -total));  // a span under the stride: output padding
    }
  });
}

TEST(Padding, SameOfATransposedConvolutionWithOutputPaddingIsOnnx) {
  for_each_axis([](const Layer1d& axis) {
    for (std::int64_t added = 0; added < std::max(axis.stride, axis.dilation); ++added) {
      const std::int64_t total = axis.stride * (axis.input - 1) + added + axis.span() - axis.input * axis.stride;
      if (total < 0) continue;  // ONNX has no negative pads
      LayerSpec spec = axis.spec(Layer::conv_transpose);
      spec.padding.word = Word::same;
      spec.output_padding = {added};
      const Axis result = make_problem(spec).axes[0];
      EXPECT_EQ(result.fine, axis.input * axis.stride);
      EXPECT_EQ(pads(result), Sides(total / 2, total - total / 2));
      EXPECT_EQ(result.surplus(), added);
    }
  });
}

TEST(Padding, OutputShapeComputesThePadsAsOnnxDoes) {
  for_each_axis([](const Layer1d& axis) {
    const std::int64_t limit = std::max(axis.stride, axis.dilation);
    for (std::int64_t added = 0; added < limit; ++added) {
      const std::int64_t reach = axis.stride * (axis.input - 1) + axis.span();
      for (std::int64_t output = 1; output <= reach + added; output += 1 + output / 6) {
        LayerSpec spec = axis.spec(Layer::conv_transpose);
        spec.output_padding = {added};
        spec.output_shape = Shape{output};
        const Axis result = make_problem(spec).axes[0];
        const std::int64_t total =
            axis.stride * (axis.input - 1) + added + ((axis.kernel - 1) * axis.dilation + 1) - output;
        EXPECT_EQ(result.fine, output);
        EXPECT_EQ(pads(result), Sides(total - total / 2, total / 2));
        EXPECT_EQ(result.surplus(), added);
      }
    }
  });
}

TEST(Padding, OutputShapeOutOfReachIsRefused) {
  LayerSpec spec = transposed({4, 4}, {3, 3});
  spec.stride = {2};
  spec.output_shape = Shape{9, 10};  // 9 is reached without pads, 10 with output padding 1
  EXPECT_EQ(make_problem(spec).axes[1].surplus(), 1);
  spec.output_shape = Shape{9, 11};
  EXPECT_THAT(message_of<ProblemError>([&] { make_problem(spec); }), AllOf(HasSubstr("padding x"), HasSubstr("is 2")));
  spec.output_shape = Shape{0, 9};
  EXPECT_THAT(message_of<ProblemError>([&] { make_problem(spec); }),
              AllOf(HasSubstr("output y"), HasSubstr("0"), HasSubstr("at least 1")));
  spec.output_shape = Shape{-5, 9};
  EXPECT_THAT(message_of<ProblemError>([&] { make_problem(spec); }), HasSubstr("-5"));
  spec.output_shape = Shape{9, test::largest};
  EXPECT_THAT(message_of<ProblemError>([&] { make_problem(spec); }), HasSubstr(" x"));
  spec.output_shape = Shape{9, test::smallest};
  EXPECT_THAT(message_of<ProblemError>([&] { make_problem(spec); }), HasSubstr(" x"));
}

TEST(Padding, OutputSizeKeepsThePadsAsPyTorchDoes) {
  for_each_axis([](const Layer1d& axis) {
    const std::int64_t limit = std::max(axis.stride, axis.dilation);
    for (std::int64_t pad = 0; pad <= 2; ++pad) {
      const std::int64_t shortest = (axis.input - 1) * axis.stride + axis.span() - 2 * pad;
      for (std::int64_t output = shortest - 2; output <= shortest + limit + 1; ++output) {
        LayerSpec spec = axis.spec(Layer::conv_transpose);
        spec.padding.sides = {{pad, pad}};
        spec.output_size = Shape{output};
        if (output < 1 || output < shortest || output >= shortest + limit) {
          EXPECT_THROW(make_problem(spec), ProblemError) << output;
          continue;
        }
        const Axis result = make_problem(spec).axes[0];
        EXPECT_EQ(result.fine, output);
        EXPECT_EQ(pads(result), Sides(pad, pad));
        EXPECT_EQ(result.surplus(), output - shortest);
      }
    }
  });
}

TEST(Padding, AnOutputSizeOutOfReachNamesTheRange) {
  LayerSpec spec = transposed({4, 4}, {3, 3});
  spec.stride = {3, 2};
  spec.padding.sides = {{1, 1}};
  spec.output_size = Shape{10, 9};  // y: 10 … 12, x: 7 … 8
  EXPECT_THAT(message_of<ProblemError>([&] { make_problem(spec); }),
              AllOf(HasSubstr("output x"), HasSubstr("be 9"), HasSubstr("7 to 8")));
  spec.output_size = Shape{13, 7};
  EXPECT_THAT(message_of<ProblemError>([&] { make_problem(spec); }),
              AllOf(HasSubstr("output y"), HasSubstr("be 13"), HasSubstr("10 to 12")));
  // full padding of a short input leaves nothing: the range that is offered must be one that can be asked for
  spec = transposed({1}, {4});
  spec.padding.word = Word::full;
  spec.output_size = Shape{1};
  EXPECT_THAT(message_of<ProblemError>([&] { make_problem(spec); }),
              AllOf(HasSubstr("output x"), Not(HasSubstr("to -2"))));
}

TEST(Padding, AConvolutionsOutputSizeMustBeOneThatItHas) {
  LayerSpec spec = conv({10}, {3});
  spec.stride = {2};
  spec.output_size = Shape{4};
  EXPECT_EQ(make_problem(spec).axes[0].coarse, 4);
  for (const std::int64_t bad : {3, 5, 0, -1}) {
    spec.output_size = Shape{bad};
    EXPECT_THAT(message_of<ProblemError>([&] { make_problem(spec); }), HasSubstr(fmt::format("output x is {}", bad)));
  }
  spec.stride = {1};
  spec.dilation = {4};  // one or two windows; one leaves 1 < max(stride, dilation) cells behind it
  spec.output_size = Shape{1};
  EXPECT_EQ(make_problem(spec).axes[0].surplus(), 1);
}

TEST(Padding, OutputPaddingAddsCellsBehind) {
  for_each_axis([](const Layer1d& axis) {
    for (std::int64_t added = 0; added <= std::max(axis.stride, axis.dilation); ++added) {
      LayerSpec spec = axis.spec(Layer::conv_transpose);
      spec.output_padding = {added};
      if (added == std::max(axis.stride, axis.dilation)) {
        EXPECT_THROW(make_problem(spec), ProblemError);
        continue;
      }
      const Axis result = make_problem(spec).axes[0];
      EXPECT_EQ(result.fine, (axis.input - 1) * axis.stride + axis.span() + added);
      EXPECT_EQ(result.surplus(), added);
    }
  });
}

TEST(Padding, GradientsOnlyChangeTheUnknown) {
  for (LayerSpec spec : test::both({9, 8}, {3, 2})) {
    spec.batch = 2;
    spec.groups = 2;
    spec.input_channels = 4;
    spec.output_channels = 6;
    spec.stride = {2, 1};
    spec.dilation = {1, 3};
    spec.padding.sides = {{1, 0}, {2, 1}};
    spec.boundary = {Boundary::reflect, Boundary::zeros};
    spec.dtype = DType::f64;
    spec.flip = true;
    const Problem forward = make_problem(spec);
    const bool is_conv = spec.layer == Layer::conv;
    EXPECT_EQ(forward.unknown, is_conv ? Unknown::coarse : Unknown::fine);
    Problem expected = forward;
    expected.unknown = is_conv ? Unknown::fine : Unknown::coarse;
    EXPECT_EQ(input_gradient(forward), expected);
    EXPECT_NO_THROW(validate(expected));
    expected.unknown = Unknown::weights;
    EXPECT_EQ(weight_gradient(forward), expected);
    EXPECT_NO_THROW(validate(expected));
    EXPECT_EQ(input_gradient(forward).unknown_shape(), forward.given_shape());
    EXPECT_EQ(input_gradient(forward).given_shape(), forward.unknown_shape());
    EXPECT_EQ(weight_gradient(forward).unknown_shape(), forward.weights_shape());
    EXPECT_EQ(weight_gradient(forward).given_shape(), forward.given_shape());
    EXPECT_EQ(forward.weights_shape(), is_conv ? (Shape{6, 2, 3, 2}) : (Shape{4, 3, 3, 2}));
    EXPECT_EQ(forward.bias_size(), 6);
    EXPECT_EQ(input_gradient(forward).bias_size(), 4);
    EXPECT_EQ(weight_gradient(forward).bias_size(), 0);
  }
}

}  // namespace
}  // namespace faltung
