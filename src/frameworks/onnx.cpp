// ONNX: Pad, Conv, ConvTranspose. Pads of both are free on each side; a boundary other than zeros is a Pad before, and
// has none after. Source: ONNX operator specification, Conv 22, ConvTranspose 22, Pad 21; ONNX Runtime where it decides
// what the specification leaves open.
#include "frameworks/layer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faltung::internal {

namespace {

const char* pad_mode(Boundary boundary) {
  return boundary == Boundary::reflect     ? "reflect"
         : boundary == Boundary::replicate ? "edge"
         : boundary == Boundary::circular  ? "wrap"
                                           : "constant";
}

/// Margins that Pad does not know.
std::string unknown_margin(const Problem& problem) {
  for (const Axis& axis : problem.axes) {
    const std::int64_t larger = std::max(axis.pad_before, axis.pad_after);
    if (larger == 0) continue;
    if (axis.boundary == Boundary::symmetric) return "Pad has no symmetric mode";
    if (axis.boundary == Boundary::reflect && larger >= axis.fine) return "Pad reflects fewer cells than the array has";
    if (axis.boundary == Boundary::circular && larger > axis.fine) return "Pad wraps around once at most";
  }
  return {};
}

/// One Pad for each axis with pads.
std::string padded(const Problem& problem) {
  std::string x = "x";
  const std::size_t rank = problem.axes.size();
  for (std::size_t a = 0; a < rank; ++a) {
    const Axis& axis = problem.axes[a];
    if (axis.pad_before + axis.pad_after == 0) continue;
    Shape pads(2 * (rank + 2), 0);
    pads[a + 2] = axis.pad_before;
    pads[a + 2 + rank + 2] = axis.pad_after;
    x = fmt::format("Pad({}, pads={}, mode=\"{}\")", x, list(pads), pad_mode(axis.boundary));
  }
  return x;
}

std::string flipped(const Problem& problem) {
  if (!problem.flip) return "w";
  std::string w = "w[:, :";
  for (std::size_t a = 0; a < problem.axes.size(); ++a) w += ", ::-1";
  return w + "]";
}

}  // namespace

FrameworkWords onnx_words(const Problem& problem) {
  FrameworkWords words{"ONNX", "", "", {}};
  const bool transposed = is_transposed(problem);
  const auto call = [&](const std::string& x, const std::string& where) {
    return fmt::format("{}({}, {}, strides={}, {}, dilations={}, group={})", transposed ? "ConvTranspose" : "Conv", x,
                       flipped(problem), list(strides(problem)), where, list(dilations(problem)), problem.groups);
  };
  const auto automatic = [&](const std::string& word, bool larger_first) {
    words.lookalikes.push_back(compared(problem, fmt::format("auto_pad=\"{}\"", word),
                                        call("x", fmt::format("auto_pad=\"{}\"", word)),
                                        [&](const Axis& axis) { return placed_same(problem, axis, larger_first); }));
  };
  if (!transposed) {
    words.missing = unknown_margin(problem);
    if (words.missing.empty()) {
      Shape pads = begins_and_ends(problem);
      if (has_margins(problem)) pads.assign(pads.size(), 0);
      words.code = call(has_margins(problem) ? padded(problem) : "x", "pads=" + list(pads));
      if (any(problem, [](const Axis& axis) { return axis.surplus() >= axis.stride; })) {
        words.code += "[:, :";
        for (const Axis& axis : problem.axes) words.code += fmt::format(", :{}", axis.coarse);
        words.code += "]";
      }
    }
    automatic("SAME_UPPER", false);
    automatic("SAME_LOWER", true);
    return words;
  }
  if (has_margins(problem))
    words.missing = "ConvTranspose only cuts its margin, it cannot fold it";
  else if (any(problem, [](const Axis& axis) { return axis.surplus() >= axis.stride && axis.surplus() > 0; }))
    words.missing = "ONNX Runtime takes an output_padding under the stride only";
  else
    words.code =
        call("x", fmt::format("pads={}, output_padding={}", list(begins_and_ends(problem)), list(surpluses(problem))));
  // ONNX Runtime 1.32 adds nothing behind a kernel shorter than the stride, where the specification wants in · stride
  for (const bool larger_first : {false, true}) {
    const std::string word = larger_first ? "SAME_LOWER" : "SAME_UPPER";
    words.lookalikes.push_back(
        compared(problem, fmt::format("auto_pad=\"{}\" (ONNX Runtime)", word),
                 call("x", fmt::format("auto_pad=\"{}\"", word)), [&](const Axis& axis) {
                   return Placement{placed_same(problem, axis, larger_first).before,
                                    std::min(axis.coarse * axis.stride, (axis.coarse - 1) * axis.stride + axis.span())};
                 }));
  }
  // the specification's formula with auto_pad NOTSET: the larger half before
  const Shape fine = each(problem, [](const Axis& axis) { return axis.fine; });
  const auto reach = [](const Axis& axis) { return (axis.coarse - 1) * axis.stride + axis.span(); };
  Lookalike shaped = compared(problem, "output_shape=" + list(fine) + ", which computes the pads",
                              call("x", "output_shape=" + list(fine)), [&](const Axis& axis) {
                                const std::int64_t total = std::max<std::int64_t>(0, reach(axis) - axis.fine);
                                return Placement{total - total / 2, axis.fine};
                              });
  if (any(problem, [&](const Axis& axis) { return axis.fine - reach(axis) >= axis.stride; }))
    shaped.agreement = Agreement::refused, shaped.why = "ONNX Runtime adds fewer cells than the stride";
  words.lookalikes.push_back(shaped);
  return words;
}

}  // namespace faltung::internal
