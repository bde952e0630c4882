// PyTorch: torch.nn.functional. Pads of a convolution are the same on both sides; a transposed one has no boundary but
// zeros. Source: PyTorch documentation, Conv2d, ConvTranspose2d, functional.pad.
#include "frameworks/layer.hpp"

#include <fmt/format.h>

namespace faltung::internal {

namespace {

const char* pad_mode(Boundary boundary) {
  switch (boundary) {
    case Boundary::reflect:
      return "reflect";
    case Boundary::replicate:
      return "replicate";
    case Boundary::circular:
      return "circular";
    default:
      return "constant";
  }
}

/// Margins that F.pad does not know.
std::string unknown_margin(const Problem& problem) {
  for (const Axis& axis : problem.axes) {
    const std::int64_t larger = std::max(axis.pad_before, axis.pad_after);
    if (larger == 0 || axis.boundary == Boundary::zeros) continue;
    if (axis.boundary == Boundary::symmetric) return "F.pad has no symmetric mode";
    if (axis.boundary == Boundary::reflect && larger >= axis.fine)
      return "F.pad reflects fewer cells than the array has";
    if (axis.boundary == Boundary::circular && larger > axis.fine) return "F.pad wraps around once at most";
  }
  return {};
}

/// One F.pad for each axis that has pads: its pairs begin with the last axis, and only zeros may stop before the first
/// one.
std::string padded(const Problem& problem) {
  std::string x = "x";
  for (std::size_t a = 0; a < problem.axes.size(); ++a) {
    const Axis& axis = problem.axes[a];
    if (axis.pad_before + axis.pad_after == 0) continue;
    Shape pads(2 * problem.axes.size(), 0);
    const std::size_t pair = 2 * (problem.axes.size() - 1 - a);
    pads[pair] = axis.pad_before;
    pads[pair + 1] = axis.pad_after;
    x = fmt::format("F.pad({}, {}, mode=\"{}\")", x, tuple(pads), pad_mode(axis.boundary));
  }
  return x;
}

}  // namespace

FrameworkWords pytorch_words(const Problem& problem) {
  FrameworkWords words{"PyTorch", "", "", {}};
  const std::size_t rank = problem.axes.size();
  Shape flipped;
  for (std::size_t a = 0; a < rank; ++a) flipped.push_back(static_cast<std::int64_t>(a + 2));
  const std::string w = problem.flip ? fmt::format("torch.flip(w, {})", tuple(flipped)) : "w";
  const bool uneven = any(problem, [](const Axis& axis) { return axis.pad_before != axis.pad_after; });
  const Shape before = each(problem, [](const Axis& axis) { return axis.pad_before; });
  const Shape none(rank, 0);
  if (is_transposed(problem)) {
    const auto call = [&](const Shape& padding, const Shape& output_padding) {
      return fmt::format("F.conv_transpose{}d(x, {}, stride={}, padding={}, output_padding={}, groups={}, dilation={})",
                         rank, w, tuple(strides(problem)), tuple(padding), tuple(output_padding), problem.groups,
                         tuple(dilations(problem)));
    };
    if (has_margins(problem)) {
      words.missing =
          "padding_mode of a transposed convolution is zeros only; the gradient of F.pad and a convolution is this "
          "layer";
    } else if (!uneven) {
      words.code = call(before, surpluses(problem));
    } else {
      words.code = call(none, surpluses(problem)) + "[:, :";
      for (const Axis& axis : problem.axes)
        words.code += fmt::format(", {}:{}", axis.pad_before, axis.pad_before + axis.fine);
      words.code += "]";
    }
    if (any(problem, [](const Axis& axis) { return axis.surplus() > 0; }))
      words.lookalikes.push_back(compared(problem, "without output_padding", call(before, none), [&](const Axis& axis) {
        return placed(problem, axis, axis.pad_before, axis.pad_before);
      }));
    return words;
  }
  const auto call = [&](const std::string& x, const std::string& padding) {
    return fmt::format("F.conv{}d({}, {}, stride={}, padding={}, dilation={}, groups={})", rank, x, w,
                       tuple(strides(problem)), padding, tuple(dilations(problem)), problem.groups);
  };
  words.missing = unknown_margin(problem);
  if (words.missing.empty()) {
    words.code = uneven || has_margins(problem) ? call(padded(problem), "0") : call("x", tuple(before));
    if (any(problem, [](const Axis& axis) { return axis.surplus() >= axis.stride; })) {
      words.code += "[:, :";
      for (const Axis& axis : problem.axes) words.code += fmt::format(", :{}", axis.coarse);
      words.code += "]";
    }
  }
  Lookalike same = compared(problem, "padding=\"same\"", call("x", "\"same\""),
                            [&](const Axis& axis) { return placed_same(problem, axis); });
  if (any(problem, [](const Axis& axis) { return axis.stride > 1; }))
    same.agreement = Agreement::refused, same.why = "padding=\"same\" is for stride 1";
  words.lookalikes.push_back(same);
  const Shape half = each(problem, [](const Axis& axis) { return axis.span() / 2; });
  words.lookalikes.push_back(
      compared(problem, "padding=" + tuple(half) + ", half of the kernel on both sides", call("x", tuple(half)),
               [&](const Axis& axis) { return placed(problem, axis, axis.span() / 2, axis.span() / 2); }));
  return words;
}

}  // namespace faltung::internal
