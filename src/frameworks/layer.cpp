#include "frameworks/layer.hpp"

#include "problem/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace faltung {

namespace internal {

std::string tuple(const std::vector<std::string>& items) {
  return fmt::format("({}{})", fmt::join(items, ", "), items.size() == 1 ? "," : "");
}
std::string tuple(const Shape& numbers) {
  return fmt::format("({}{})", fmt::join(numbers, ", "), numbers.size() == 1 ? "," : "");
}
std::string list(const Shape& numbers) { return fmt::format("[{}]", fmt::join(numbers, ", ")); }

Shape each(const Problem& problem, const std::function<std::int64_t(const Axis&)>& of) {
  Shape numbers;
  for (const Axis& axis : problem.axes) numbers.push_back(of(axis));
  return numbers;
}
Shape strides(const Problem& problem) {
  return each(problem, [](const Axis& axis) { return axis.stride; });
}
Shape dilations(const Problem& problem) {
  return each(problem, [](const Axis& axis) { return axis.dilation; });
}
Shape kernels(const Problem& problem) {
  return each(problem, [](const Axis& axis) { return axis.kernel; });
}
Shape surpluses(const Problem& problem) {
  return each(problem, [](const Axis& axis) { return axis.surplus(); });
}
Shape begins_and_ends(const Problem& problem) {
  Shape pads = each(problem, [](const Axis& axis) { return axis.pad_before; });
  for (const Axis& axis : problem.axes) pads.push_back(axis.pad_after);
  return pads;
}
std::string pad_pairs(const Problem& problem) {
  std::vector<std::string> pairs;
  for (const Axis& axis : problem.axes) pairs.push_back(tuple(Shape{axis.pad_before, axis.pad_after}));
  return tuple(pairs);
}

bool is_transposed(const Problem& problem) { return problem.layer == Layer::conv_transpose; }
bool any(const Problem& problem, const std::function<bool(const Axis&)>& holds) {
  return std::any_of(problem.axes.begin(), problem.axes.end(), holds);
}
bool has_margins(const Problem& problem) {
  return any(problem,
             [](const Axis& axis) { return axis.boundary != Boundary::zeros && axis.pad_before + axis.pad_after > 0; });
}

Placement placed(const Problem& problem, const Axis& axis, std::int64_t before, std::int64_t after,
                 std::int64_t output_padding) {
  if (is_transposed(problem))
    return {before, (axis.coarse - 1) * axis.stride + axis.span() - before - after + output_padding};
  const std::int64_t room = axis.fine + before + after - axis.span();
  return {before, room < 0 ? 0 : room / axis.stride + 1};
}

Placement placed_same(const Problem& problem, const Axis& axis, bool larger_first) {
  const bool transposed = is_transposed(problem);
  const std::int64_t coarse = transposed ? axis.coarse : (axis.fine + axis.stride - 1) / axis.stride;
  const std::int64_t fine = transposed ? axis.coarse * axis.stride : axis.fine;
  const std::int64_t total = std::max<std::int64_t>(0, (coarse - 1) * axis.stride + axis.span() - fine);
  return {larger_first ? total - total / 2 : total / 2, transposed ? fine : coarse};
}

Lookalike compared(const Problem& problem, std::string words, std::string code,
                   const std::function<Placement(const Axis&)>& placement) {
  Lookalike lookalike{std::move(words), std::move(code), Agreement::same, {}};
  std::vector<std::string> reasons;
  for (std::size_t a = 0; a < problem.axes.size(); ++a) {
    const Axis& axis = problem.axes[a];
    const std::string name = axis_name(a, problem.axes.size());
    const std::int64_t out = is_transposed(problem) ? axis.fine : axis.coarse;
    const auto [before, other_out] = placement(axis);
    if (other_out != out) reasons.push_back(fmt::format("output {} is {}, not {}", name, other_out, out));
    if (before != axis.pad_before)
      reasons.push_back(fmt::format("{} {} cells before {}, not {}", is_transposed(problem) ? "cuts" : "adds", before,
                                    name, axis.pad_before));
    else if (axis.boundary != Boundary::zeros && axis.pad_before + axis.pad_after > 0)
      reasons.push_back(fmt::format("zeros in the margin of {}, not {}", name, to_string(axis.boundary)));
  }
  if (!reasons.empty()) {
    lookalike.agreement = Agreement::other;
    lookalike.why = fmt::format("{}", fmt::join(reasons, "; "));
  }
  return lookalike;
}

}  // namespace internal

std::vector<FrameworkWords> framework_words(const Problem& problem) {
  validate(problem);
  Problem layer = problem;
  layer.unknown = layer.layer == Layer::conv ? Unknown::coarse : Unknown::fine;
  return {internal::pytorch_words(layer), internal::keras_words(layer), internal::onnx_words(layer),
          internal::jax_words(layer)};
}

std::string to_text(const std::vector<FrameworkWords>& words) {
  std::string text;
  for (const FrameworkWords& one : words) {
    text += one.framework + "\n";
    text += one.code.empty() ? fmt::format("  cannot say this: {}\n", one.missing) : fmt::format("  {}\n", one.code);
    for (const Lookalike& like : one.lookalikes)
      text += fmt::format("    {:<9}{}{}\n",
                          like.agreement == Agreement::same    ? "same"
                          : like.agreement == Agreement::other ? "differs"
                                                               : "refused",
                          like.words, like.why.empty() ? "" : ": " + like.why);
  }
  return text;
}

}  // namespace faltung
