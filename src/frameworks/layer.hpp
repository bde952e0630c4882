// What the four frameworks' words are made from: numbers per axis as Python writes them, and the comparison of pads.
#pragma once

#include <faltung/frameworks.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace faltung::internal {

/// `(2, 2)`, `(2,)`; `[2, 2]`; `((1, 1), (0, 2))`.
std::string tuple(const std::vector<std::string>& items);
std::string tuple(const Shape& numbers);
std::string list(const Shape& numbers);

/// The axes' values of one kind.
Shape each(const Problem& problem, const std::function<std::int64_t(const Axis&)>& of);
Shape strides(const Problem& problem);
Shape dilations(const Problem& problem);
Shape kernels(const Problem& problem);
Shape surpluses(const Problem& problem);
/// ONNX's order: all before, then all after.
Shape begins_and_ends(const Problem& problem);
/// `((before, after), …)`
std::string pad_pairs(const Problem& problem);

bool is_transposed(const Problem& problem);
bool any(const Problem& problem, const std::function<bool(const Axis&)>& holds);
/// Whether something other than zeros stands in a margin.
bool has_margins(const Problem& problem);

/// What somebody's rule makes of an axis: cells added (convolution) or cut (transposed) before, and the output's
/// extent.
struct Placement {
  std::int64_t before = 0, out = 0;
};
/// The placement of a convolution with these pads.
Placement placed(const Problem& problem, const Axis& axis, std::int64_t before, std::int64_t after,
                 std::int64_t output_padding = 0);
/// TensorFlow's SAME, which is ONNX's SAME_UPPER: out = ceil(in / stride) or in · stride, the smaller half before.
Placement placed_same(const Problem& problem, const Axis& axis, bool larger_first = false);

/// A lookalike that differs from the problem where its placement does.
Lookalike compared(const Problem& problem, std::string words, std::string code,
                   const std::function<Placement(const Axis&)>& placement);

FrameworkWords pytorch_words(const Problem& problem);
FrameworkWords keras_words(const Problem& problem);
FrameworkWords onnx_words(const Problem& problem);
FrameworkWords jax_words(const Problem& problem);

}  // namespace faltung::internal
