// Keras, the layers of TensorFlow: a list of layers, channels last. Convolutions know `valid` and `same` only, so other
// pads are layers of their own; strides and dilations exclude each other; a transposed convolution has no groups.
// Source: Keras documentation, Conv2D, Conv2DTranspose, ZeroPadding2D, Cropping2D;
// keras/src/layers/convolutional/base_conv_transpose.py.
#include "frameworks/layer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace faltung::internal {

namespace {

std::string cells(const Shape& pairs_flat) {
  if (pairs_flat.size() == 2) return tuple(pairs_flat);  // ZeroPadding1D takes the pair alone
  std::vector<std::string> pairs;
  for (std::size_t i = 0; i < pairs_flat.size(); i += 2)
    pairs.push_back(tuple(Shape{pairs_flat[i], pairs_flat[i + 1]}));
  return tuple(pairs);
}

std::string layers(const std::vector<std::string>& list) { return fmt::format("[{}]", fmt::join(list, ", ")); }

/// What Keras itself says no to.
std::string excluded(const Problem& problem) {
  const auto strided = [](const Axis& axis) { return axis.stride > 1; };
  const auto dilated = [](const Axis& axis) { return axis.dilation > 1; };
  if (any(problem, strided) && any(problem, dilated)) return "strides over 1 exclude dilation_rate over 1";
  if (is_transposed(problem) && problem.groups > 1) return "a transposed convolution has no groups";
  return {};
}

std::string filters(const Problem& problem, const std::string& padding, const std::string& more) {
  return fmt::format("layers.Conv{}D{}({}, {}, strides={}, padding=\"{}\", {}dilation_rate={}{}, use_bias=False)",
                     problem.axes.size(), is_transposed(problem) ? "Transpose" : "", problem.output_channels(),
                     tuple(kernels(problem)), tuple(strides(problem)), padding, more, tuple(dilations(problem)),
                     problem.groups > 1 ? fmt::format(", groups={}", problem.groups) : "");
}

}  // namespace

FrameworkWords keras_words(const Problem& problem) {
  FrameworkWords words{"Keras (TensorFlow)", "", "", {}};
  const std::size_t rank = problem.axes.size();
  const bool transposed = is_transposed(problem);
  const std::string excluding = excluded(problem);
  const auto look = [&](const std::string& said, const std::string& padding, const std::string& more,
                        const std::function<Placement(const Axis&)>& placement) {
    Lookalike like = compared(problem, said, layers({filters(problem, padding, more)}), placement);
    if (!excluding.empty()) like.agreement = Agreement::refused, like.why = excluding;
    if (problem.flip && like.agreement == Agreement::same &&
        any(problem, [](const Axis& axis) { return axis.kernel > 1; }))
      like.agreement = Agreement::other, like.why = "the kernel is not flipped";
    words.lookalikes.push_back(like);
  };
  const bool plain_pads = any(problem, [](const Axis& axis) { return axis.pad_before + axis.pad_after > 0; });
  Shape pads;
  for (const Axis& axis : problem.axes) pads.insert(pads.end(), {axis.pad_before, axis.pad_after});
  words.missing = excluding;
  if (words.missing.empty() && problem.flip) words.missing = "kernels are not flipped: flip the weights beforehand";
  if (words.missing.empty() && has_margins(problem)) words.missing = "padding layers have zeros only";
  if (!transposed) {
    if (words.missing.empty() && any(problem, [](const Axis& axis) { return axis.surplus() >= axis.stride; }))
      words.missing = "it makes every window that fits";
    if (words.missing.empty()) {
      std::vector<std::string> list;
      if (plain_pads) list.push_back(fmt::format("layers.ZeroPadding{}D({})", rank, cells(pads)));
      list.push_back(filters(problem, "valid", ""));
      words.code = layers(list);
    }
    look("padding=\"same\"", "same", "", [&](const Axis& axis) { return placed_same(problem, axis); });
    look("padding=\"valid\"", "valid", "", [&](const Axis& axis) { return placed(problem, axis, 0, 0); });
    return words;
  }
  if (words.missing.empty() &&
      any(problem, [](const Axis& axis) { return axis.surplus() >= axis.stride && axis.surplus() > 0; }))
    words.missing = "output_padding must be under the stride";
  if (words.missing.empty()) {
    std::vector<std::string> list{
        filters(problem, "valid", fmt::format("output_padding={}, ", tuple(surpluses(problem))))};
    if (plain_pads) list.push_back(fmt::format("layers.Cropping{}D({})", rank, cells(pads)));
    words.code = layers(list);
  }
  look("padding=\"valid\", output_padding=None", "valid", "", [&](const Axis& axis) {
    return Placement{0, axis.coarse * axis.stride + std::max<std::int64_t>(axis.span() - axis.stride, 0)};
  });
  look("padding=\"same\", output_padding=None", "same", "",
       [&](const Axis& axis) { return placed_same(problem, axis); });
  return words;
}

}  // namespace faltung::internal
