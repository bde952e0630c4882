// Every rule of a problem, in checked 64-bit arithmetic; nothing else in the library checks sizes again.
#include <faltung/error.hpp>
#include <faltung/problem.hpp>

#include "problem/names.hpp"
#include "support/checked.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace faltung {

namespace {

using internal::Checked;

void at_least(std::int64_t value, std::int64_t smallest, std::string_view what, std::string_view fix) {
  if (value < smallest)
    throw ProblemError(fmt::format("{} is {}", what, value), fmt::format("it must be at least {}", smallest), fix);
}

/// The value, or the error that what `describe` says is too large.
template <class Describe>
std::int64_t require(Checked number, Describe&& describe) {
  if (!number.value()) throw ProblemError(describe(), "it does not fit into 64 bits", "make the problem smaller");
  return *number.value();
}

/// Why the channels do not fit the groups: the fix names the next multiples of the groups.
void check_channels(std::int64_t channels, std::int64_t groups, std::string_view what) {
  if (channels % groups == 0) return;
  const std::int64_t below = channels / groups * groups;
  const std::optional<std::int64_t> above = (Checked(below) + groups).value();
  const std::string fix = below == 0 ? fmt::format("use {} {} channels", groups, what)
                          : above    ? fmt::format("use {} or {} {} channels", below, *above, what)
                                     : fmt::format("use {} {} channels", below, what);
  throw ProblemError(fmt::format("{} {} channels in {} groups", channels, what, groups),
                     "groups must divide both channel counts", fix);
}

void validate_axis(const Problem& problem, std::size_t index) {
  const Axis& axis = problem.axes[index];
  const std::string name = internal::axis_name(index, problem.axes.size());
  const bool conv = problem.layer == Layer::conv;
  const auto of = [&](std::string_view what) { return fmt::format("{} {}", what, name); };
  const std::string fine = of(conv ? "input" : "output"), coarse = of(conv ? "output" : "input");

  at_least(axis.stride, 1, of("stride"), "use 1 for every position");
  at_least(axis.dilation, 1, of("dilation"), "use 1 for a dense kernel");
  at_least(axis.kernel, 1, of("kernel"), "give the kernel at least one tap");
  at_least(axis.pad_before, 0, of("padding before"), "crop the array instead");
  at_least(axis.pad_after, 0, of("padding after"), "crop the array instead");
  at_least(conv ? axis.fine : axis.coarse, 1, of("input"), "give the axis at least one cell");

  const Checked span = (Checked(axis.kernel) - 1) * axis.dilation + 1;
  const Checked padded = Checked(axis.fine) + axis.pad_before + axis.pad_after;
  const std::int64_t span_value =
      require(span, [&] { return fmt::format("kernel {} is {} with dilation {}", name, axis.kernel, axis.dilation); });
  const std::int64_t padded_value = require(padded, [&] {
    return fmt::format("{} is {} with padding {} and {}", fine, axis.fine, axis.pad_before, axis.pad_after);
  });

  if (axis.fine < 1)  // only a transposed convolution can come here: its output is what the pads leave
    throw ProblemError(
        fmt::format("{} is {} after cutting padding {} and {}", fine, axis.fine, axis.pad_before, axis.pad_after),
        "it must be at least 1",
        fmt::format("reduce the padding of {} by {}", name,
                    require(Checked(1) - axis.fine, [&] { return std::string(fine); })));
  if (span_value > padded_value) {
    const std::int64_t missing = span_value - padded_value;
    const std::int64_t fitting_dilation = axis.kernel > 1 ? (padded_value - 1) / (axis.kernel - 1) : 1;
    std::string fix;
    if (axis.dilation > 1 && fitting_dilation >= 1) fix = fmt::format("reduce dilation to {}, or ", fitting_dilation);
    fix += fmt::format("pad {} by at least {} more on each side", name, missing / 2 + missing % 2);
    throw ProblemError(axis.dilation > 1
                           ? fmt::format("kernel {} is {} with dilation {} and spans {}, padded {} is {}", name,
                                         axis.kernel, axis.dilation, span_value, fine, padded_value)
                           : fmt::format("kernel {} is {}, padded {} is {}", name, span_value, fine, padded_value),
                       "the kernel must fit", fix);
  }
  at_least(axis.coarse, 1, coarse, "give the axis at least one cell");

  const std::int64_t reach = require((Checked(axis.coarse) - 1) * axis.stride + span, [&] {
    return fmt::format("{} is {} with stride {}", coarse, axis.coarse, axis.stride);
  });
  const std::int64_t surplus = padded_value - reach;
  if (surplus < 0)
    throw ProblemError(fmt::format("{} is {} and reaches over {} cells, padded {} is {}", coarse, axis.coarse, reach,
                                   fine, padded_value),
                       "every window must lie inside the padded array",
                       fmt::format("use {} of at most {}", coarse, (padded_value - span_value) / axis.stride + 1));
  const std::int64_t limit = std::max(axis.stride, axis.dilation);
  if (surplus >= limit) {
    if (conv)
      throw ProblemError(
          fmt::format("{} is {} and leaves {} padded cells behind the last window", coarse, axis.coarse, surplus),
          fmt::format("fewer than max(stride, dilation) = {} may be left", limit),
          fmt::format("use {} {}", coarse, (padded_value - span_value) / axis.stride + 1));
    throw ProblemError(fmt::format("output padding {} is {}", name, surplus),
                       fmt::format("it must be less than max(stride, dilation) = {}", limit),
                       fmt::format("use at most {}, or a larger input", limit - 1));
  }
}

}  // namespace

void validate(const Problem& problem) {
  const std::size_t rank = problem.axes.size();
  if (rank < 1 || rank > 3)
    throw ProblemError(fmt::format("{} spatial axes", rank), "a problem has 1, 2 or 3",
                       "fold further axes into the batch");
  at_least(problem.batch, 0, "batch", "use 0 for an empty batch");
  at_least(problem.groups, 1, "groups", "use 1 for an ordinary convolution");
  at_least(problem.input_channels(), 1, "input channels", "give at least one channel");
  at_least(problem.output_channels(), 1, "output channels", "give at least one channel");
  check_channels(problem.input_channels(), problem.groups, "input");
  check_channels(problem.output_channels(), problem.groups, "output");
  for (std::size_t axis = 0; axis < rank; ++axis) validate_axis(problem, axis);

  // every derived size, for one sample and for the batch, in bytes of the widest type
  Checked fine = problem.fine_channels, padded = fine, coarse = problem.coarse_channels;
  Checked weights = Checked(problem.coarse_channels) * (problem.fine_channels / problem.groups);
  Checked products = weights;
  for (const Axis& axis : problem.axes) {
    fine = fine * axis.fine;
    padded = padded * axis.padded();
    coarse = coarse * axis.coarse;
    weights = weights * axis.kernel;
    products = products * axis.kernel * axis.coarse;
  }
  const std::int64_t batch = std::max<std::int64_t>(1, problem.batch);
  const bool conv = problem.layer == Layer::conv;
  const auto bytes_of = [](std::string_view what, const Shape& shape) {
    return fmt::format("the {} of [{}] in bytes", what, fmt::join(shape, ", "));
  };
  require(fine * batch * 8, [&] { return bytes_of(conv ? "input" : "output", problem.fine_shape()); });
  require(padded * batch * 8,
          [&] { return bytes_of(conv ? "padded input" : "temporary output", problem.padded_shape()); });
  require(coarse * batch * 8, [&] { return bytes_of(conv ? "output" : "input", problem.coarse_shape()); });
  require(weights * 8, [&] { return bytes_of("weights", problem.weights_shape()); });
  require(products * batch, [&] {
    return fmt::format("the number of products of weights [{}] and an array [{}]",
                       fmt::join(problem.weights_shape(), ", "), fmt::join(problem.coarse_shape(), ", "));
  });
}

}  // namespace faltung
