// From what a user says of a layer to both extents and both pads of every axis.
//
//     convolution             coarse = 1 + (fine + pads − span) // stride
//     transposed convolution  fine   = (coarse − 1)·stride + span − pads + output padding
//
// Source: ONNX operator specification, Conv and ConvTranspose; PyTorch ConvTranspose2d; Dumoulin & Visin 2016.
#include <faltung/error.hpp>
#include <faltung/problem.hpp>

#include "problem/names.hpp"
#include "support/checked.hpp"
#include "support/integers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace faltung {

namespace {

using internal::axis_name;
using internal::ceil_divide;
using internal::Checked;

/// One number per axis: an empty list means `missing`, a list of one is repeated.
template <class T>
std::vector<T> per_axis(const std::vector<T>& list, std::size_t rank, T missing, std::string_view what) {
  if (list.empty()) return std::vector<T>(rank, missing);
  if (list.size() == 1) return std::vector<T>(rank, list.front());
  if (list.size() != rank)
    throw ProblemError(fmt::format("{} has {} entries", what, list.size()), fmt::format("the kernel has {} axes", rank),
                       rank == 1 ? std::string("give one") : fmt::format("give one, or {}", rank));
  return list;
}

/// What the sizes of an axis are computed from.
struct Given {
  const Axis& axis;
  std::int64_t input;
  std::string name;

  /// The value, or the error that it is too large.
  std::int64_t fit(Checked number, std::string_view what) const {
    if (!number.value())
      throw ProblemError(
          fmt::format("{} {} of input {}, kernel {}, stride {}, dilation {}, padding {} and {}", what, name, input,
                      axis.kernel, axis.stride, axis.dilation, axis.pad_before, axis.pad_after),
          "it does not fit into 64 bits", "make the problem smaller");
    return *number.value();
  }
};

/// Which half of an odd padding comes first.
enum class LargerHalf { first, last };

void split(std::int64_t total, LargerHalf larger, Axis& axis) {
  const std::int64_t small = total / 2, large = total - small;
  axis.pad_before = larger == LargerHalf::first ? large : small;
  axis.pad_after = larger == LargerHalf::first ? small : large;
}

LargerHalf larger_half(Padding::Word word) {
  return word == Padding::Word::same ? LargerHalf::last : LargerHalf::first;
}

bool is_same(Padding::Word word) { return word == Padding::Word::same || word == Padding::Word::same_lower; }

/// Fills `coarse` and, for the words, the pads.
void fill_convolution(Axis& axis, Padding::Word word, std::optional<std::int64_t> wanted, std::int64_t span,
                      const Given& given) {
  if (is_same(word)) {
    axis.coarse = ceil_divide(axis.fine, axis.stride);
    const Checked total = (Checked(axis.coarse) - 1) * axis.stride + span - axis.fine;
    split(std::max<std::int64_t>(0, given.fit(total, "padding")), larger_half(word), axis);
  } else {
    const std::int64_t padded = given.fit(Checked(axis.fine) + axis.pad_before + axis.pad_after, "padded input");
    axis.coarse =
        span <= padded ? (padded - span) / axis.stride + 1 : 1;  // a kernel that does not fit is refused by validate
  }
  if (wanted) axis.coarse = *wanted;
}

struct OutputWish {
  std::int64_t padding = 0;           ///< output padding
  std::optional<std::int64_t> size;   ///< keep the pads, choose the output padding
  std::optional<std::int64_t> shape;  ///< compute the pads
};

/// Fills `fine` and, for the words and the wanted shape, the pads.
void fill_transposed(Axis& axis, Padding::Word word, OutputWish wish, std::int64_t span, const Given& given) {
  const std::int64_t reach = given.fit((Checked(axis.coarse) - 1) * axis.stride + span, "temporary output");
  if (is_same(word)) wish.shape = given.fit(Checked(axis.coarse) * axis.stride, "output");
  if (wish.shape) {
    if (*wish.shape < 1)
      throw ProblemError(fmt::format("output {} is wanted to be {}", given.name, *wish.shape), "it must be at least 1",
                         "ask for at least one cell");
    const std::int64_t total = given.fit(Checked(reach) + wish.padding - *wish.shape, "padding");
    split(std::max<std::int64_t>(0, total), larger_half(word), axis);  // what is missing becomes output padding
    axis.fine = *wish.shape;
    return;
  }
  const std::int64_t smallest = given.fit(Checked(reach) - axis.pad_before - axis.pad_after, "output");
  if (wish.size) {
    const std::int64_t largest = given.fit(Checked(smallest) + std::max(axis.stride, axis.dilation) - 1, "output");
    if (largest < 1)
      throw ProblemError(
          fmt::format("output {} is wanted to be {}", given.name, *wish.size),
          fmt::format("the padding {} and {} leaves nothing of {} cells", axis.pad_before, axis.pad_after, reach),
          "reduce the padding");
    if (*wish.size < smallest || *wish.size > largest || *wish.size < 1)
      throw ProblemError(
          fmt::format("output {} is wanted to be {}", given.name, *wish.size),
          fmt::format("with these pads it can be {} to {}", std::max<std::int64_t>(1, smallest), largest),
          "ask for a size in that range, or change the padding");
    axis.fine = *wish.size;
    return;
  }
  axis.fine = given.fit(Checked(smallest) + wish.padding, "output");
}

void check_output_padding(std::int64_t padding, const Axis& axis, const std::string& name) {
  const std::int64_t limit = std::max(axis.stride, axis.dilation);
  if (padding < 0)
    throw ProblemError(fmt::format("output padding {} is {}", name, padding), "it must be at least 0",
                       "crop the output instead");
  if (padding >= limit)
    throw ProblemError(fmt::format("output padding {} is {}", name, padding),
                       fmt::format("it must be less than max(stride, dilation) = {}", limit),
                       fmt::format("use at most {}, or a larger input", limit - 1));
}

/// Wishes that contradict each other, or that the layer does not have.
void check_wishes(const LayerSpec& spec, const std::vector<std::int64_t>& output_padding) {
  const bool any_output_padding =
      std::any_of(output_padding.begin(), output_padding.end(), [](std::int64_t p) { return p != 0; });
  if (spec.layer == Layer::conv) {
    if (any_output_padding)
      throw ProblemError(fmt::format("output padding {} on a convolution", fmt::join(output_padding, "x")),
                         "only a transposed convolution has one", "leave it out");
    if (spec.output_shape)
      throw ProblemError("an output shape on a convolution", "only a transposed convolution computes its pads from one",
                         "leave it out, or use padding same");
    return;
  }
  if (spec.output_size && spec.output_shape)
    throw ProblemError("both an output size and an output shape", "the first keeps the pads, the second computes them",
                       "give one of them");
  if (spec.output_size && any_output_padding)
    throw ProblemError("both an output size and an output padding", "the size chooses the output padding",
                       "give one of them");
  if (spec.output_size && is_same(spec.padding.word))
    throw ProblemError("both an output size and padding same", "`same` fixes the output at input · stride",
                       "give one of them");
  const bool any_pads = std::any_of(spec.padding.sides.begin(), spec.padding.sides.end(),
                                    [](const auto& side) { return side.first != 0 || side.second != 0; });
  if (spec.output_shape && (spec.padding.word != Padding::Word::numbers || any_pads))
    throw ProblemError("both an output shape and padding", "the output shape computes the pads", "give one of them");
}

}  // namespace

Problem make_problem(const LayerSpec& spec) {
  const std::size_t rank = spec.kernel.size();
  if (rank < 1 || rank > 3)
    throw ProblemError(fmt::format("a kernel of {} axes", rank), "a problem has 1, 2 or 3",
                       "fold further axes into the batch");
  if (spec.input.size() != rank)
    throw ProblemError(fmt::format("input {} and kernel {}", shortened(fmt::format("{}", fmt::join(spec.input, "x"))),
                                   fmt::join(spec.kernel, "x")),
                       "they must have the same number of axes", "give one extent per axis, like 32x32");
  if (spec.padding.word != Padding::Word::numbers && !spec.padding.sides.empty())
    throw ProblemError("both a padding word and padding numbers", "the word says all of the padding",
                       "give one of them");
  const Shape stride = per_axis(spec.stride, rank, std::int64_t{1}, "stride");
  const Shape dilation = per_axis(spec.dilation, rank, std::int64_t{1}, "dilation");
  const auto sides = per_axis(spec.padding.sides, rank, std::pair<std::int64_t, std::int64_t>{0, 0}, "padding");
  const Shape output_padding = per_axis(spec.output_padding, rank, std::int64_t{0}, "output padding");
  const auto boundary = per_axis(spec.boundary, rank, Boundary::zeros, "boundary");
  for (const auto& [list, what] : {std::pair{&spec.output_size, "output size"}, {&spec.output_shape, "output shape"}})
    if (*list && (*list)->size() != rank)
      throw ProblemError(fmt::format("{} {}", what, shortened(fmt::format("{}", fmt::join(**list, "x")))),
                         fmt::format("the kernel has {} axes", rank), "give one extent per axis");
  check_wishes(spec, output_padding);

  Problem problem;
  problem.layer = spec.layer;
  const bool conv = spec.layer == Layer::conv;
  problem.unknown = conv ? Unknown::coarse : Unknown::fine;
  problem.batch = spec.batch;
  problem.groups = spec.groups;
  problem.fine_channels = conv ? spec.input_channels : spec.output_channels;
  problem.coarse_channels = conv ? spec.output_channels : spec.input_channels;
  problem.dtype = spec.dtype;
  problem.flip = spec.flip;
  for (std::size_t a = 0; a < rank; ++a) {
    const std::string name = axis_name(a, rank);
    Axis axis;
    axis.kernel = spec.kernel[a];
    axis.stride = stride[a];
    axis.dilation = dilation[a];
    axis.boundary = boundary[a];
    (conv ? axis.fine : axis.coarse) = spec.input[a];
    axis.pad_before = sides[a].first;
    axis.pad_after = sides[a].second;
    for (const auto& [value, what] : {std::pair{axis.stride, "stride"},
                                      {axis.dilation, "dilation"},
                                      {axis.kernel, "kernel"},
                                      {spec.input[a], "input"}})
      if (value < 1)
        throw ProblemError(fmt::format("{} {} is {}", what, name, value), "it must be at least 1",
                           "use a positive number");
    for (const auto& [value, what] : {std::pair{axis.pad_before, "before"}, {axis.pad_after, "after"}})
      if (value < 0)
        throw ProblemError(fmt::format("padding {} {} is {}", what, name, value), "it must be at least 0",
                           "crop the array instead");
    const Given given{axis, spec.input[a], name};
    const std::int64_t span = given.fit((Checked(axis.kernel) - 1) * axis.dilation + 1, "the span of kernel");
    if (spec.padding.word == Padding::Word::full) axis.pad_before = axis.pad_after = span - 1;
    const auto wanted = [&](const std::optional<Shape>& list) {
      return list ? std::optional((*list)[a]) : std::nullopt;
    };
    if (conv) {
      fill_convolution(axis, spec.padding.word, wanted(spec.output_size), span, given);
    } else {
      check_output_padding(output_padding[a], axis, name);
      fill_transposed(axis, spec.padding.word, {output_padding[a], wanted(spec.output_size), wanted(spec.output_shape)},
                      span, given);
    }
    problem.axes.push_back(axis);
  }
  validate(problem);
  return problem;
}

}  // namespace faltung
