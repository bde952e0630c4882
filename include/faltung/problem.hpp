// The problem: one relation between three arrays, and whichever of them is unknown names the operation.
//
//     f = c·s + k·d − p        fine index f, coarse index c, tap k, stride s, dilation d, padding before p
//
// A convolution goes from the fine array (its input) to the coarse one (its output); a transposed convolution goes
// the other way with the very same numbers. Both extents are stored, so nothing is ever re-derived by a floor division.
// Source: Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", 2016.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faltung {

/// Extents of an array, outermost first: `[batch, channels, spatial...]`, or the spatial axes alone.
using Shape = std::vector<std::int64_t>;

/// Element type of all three arrays. Integer arithmetic is exact; overflow is an OverflowError.
enum class DType { f32, f64, i64 };

/// The array that is computed; the other two are given.
enum class Unknown {
  coarse,   ///< gather:  coarse[c] = Σ_k w[k] · fine[c·s + k·d − p]
  fine,     ///< scatter: fine[c·s + k·d − p] += w[k] · coarse[c]
  weights,  ///< correlate: w[k] = Σ_c coarse[c] · fine[c·s + k·d − p]
};

/// Which layer the problem belongs to: it decides what is called input and output in strings, names and messages.
enum class Layer {
  conv,            ///< input = fine, output = coarse
  conv_transpose,  ///< input = coarse, output = fine
};

/// What stands in the margin of the fine array, as named by NumPy and PyTorch. In a transposed convolution, what lands
/// in the margin is added onto the cell that the margin copies (zeros: dropped).
enum class Boundary {
  zeros,      ///< 0 0 | a b c | 0 0
  reflect,    ///< c b | a b c | b a
  symmetric,  ///< b a | a b c | c b
  replicate,  ///< a a | a b c | c c
  circular,   ///< b c | a b c | a b
};

/// One spatial axis, in cells. Valid when every extent, stride, dilation ≥ 1, pads ≥ 0 and
/// 0 ≤ surplus() < max(stride, dilation).
struct Axis {
  std::int64_t fine = 1;
  std::int64_t coarse = 1;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t pad_before = 0;
  std::int64_t pad_after = 0;
  Boundary boundary = Boundary::zeros;

  /// Cells from the first to the last tap: (kernel − 1)·dilation + 1.
  std::int64_t span() const { return (kernel - 1) * dilation + 1; }
  /// The fine extent with both margins: the padded input of a convolution, the temporary output of a transposed one.
  std::int64_t padded() const { return fine + pad_before + pad_after; }
  /// Padded cells behind the last tap that no window reaches: a convolution's floor remainder, the output padding of a
  /// transposed convolution.
  std::int64_t surplus() const { return padded() - ((coarse - 1) * stride + span()); }

  bool operator==(const Axis&) const = default;
};

/// A validated convolution problem of one to three axes (outermost first: z, y, x). A value: comparable, printable,
/// parseable. Construct it with `make_problem` or `parse_problem`; a hand-made one must pass `validate`.
struct Problem {
  Layer layer = Layer::conv;
  Unknown unknown = Unknown::coarse;
  std::int64_t batch = 1;
  std::int64_t groups = 1;
  std::int64_t fine_channels = 1;
  std::int64_t coarse_channels = 1;
  std::vector<Axis> axes;
  DType dtype = DType::f32;
  bool flip = false;  ///< tap k uses weight kernel−1−k on every axis: the convolution of signal processing

  bool operator==(const Problem&) const = default;

  std::int64_t input_channels() const { return layer == Layer::conv ? fine_channels : coarse_channels; }
  std::int64_t output_channels() const { return layer == Layer::conv ? coarse_channels : fine_channels; }

  Shape fine_shape() const;     ///< [batch, fine_channels, fine...]
  Shape padded_shape() const;   ///< [batch, fine_channels, padded...]
  Shape coarse_shape() const;   ///< [batch, coarse_channels, coarse...]
  Shape weights_shape() const;  ///< [coarse_channels, fine_channels / groups, kernel...] for both layers, as in PyTorch
  Shape unknown_shape() const;  ///< the shape of the array that is computed
  Shape given_shape()
      const;  ///< of the array that is not the weights and not the unknown (weights unknown: the layer's input)
  std::int64_t bias_size() const;  ///< channels of the unknown array; 0 when the weights are unknown
};

/// Product of the extents; 1 for an empty shape. ProblemError when it leaves 64 bits.
std::int64_t element_count(const Shape& shape);

/// Padding as a user says it: a word, or numbers.
struct Padding {
  enum class Word { numbers, valid, full, same, same_lower };
  Word word = Word::numbers;
  /// (before, after) per axis; empty = 0 everywhere, one pair = the same on every axis. Only with `Word::numbers`.
  std::vector<std::pair<std::int64_t, std::int64_t>> sides;

  bool operator==(const Padding&) const = default;
};

/// What a user says of a layer. Lists hold one number per axis; an empty list means 1 (pads: 0), a list of one number
/// is repeated on every axis. `input` and `kernel` name the number of axes.
struct LayerSpec {
  Layer layer = Layer::conv;
  std::int64_t batch = 1;
  std::int64_t groups = 1;
  std::int64_t input_channels = 1;
  std::int64_t output_channels = 1;
  Shape input;   ///< spatial extents of the tensor that goes in
  Shape kernel;  ///< spatial extents of the kernel
  Shape stride;
  Shape dilation;
  Padding padding;
  Shape output_padding;               ///< transposed only: cells added behind the last tap
  std::optional<Shape> output_size;   ///< wanted output extents; keeps the pads, chooses the output padding (PyTorch)
  std::optional<Shape> output_shape;  ///< transposed only: wanted output extents; computes the pads (ONNX)
  std::vector<Boundary> boundary;     ///< empty = zeros, one = every axis
  DType dtype = DType::f32;
  bool flip = false;
};

/// Fills in the missing extent and the pads, validates, and returns the layer's forward problem.
///
/// `same` is ONNX's SAME_UPPER: a convolution gives ceil(in / stride), a transposed one in · stride (for kernels
/// shorter than the stride by output padding). The larger half of an odd padding comes first, except with SAME_UPPER.
/// Errors: ProblemError naming what was given, which rule, how to fix it.
/// Source: ONNX operator specification, Conv and ConvTranspose, opset 22; PyTorch `ConvTranspose2d`.
Problem make_problem(const LayerSpec& spec);

/// The gradient problems of a layer: with respect to its input, and to its weights.
Problem input_gradient(Problem forward);
Problem weight_gradient(Problem forward);

/// Checks every rule, in checked 64-bit arithmetic over every derived size. Errors: ProblemError.
void validate(const Problem& problem);

/// `conv2d n1 g1 ic3 oc8 i224x224 k3x3 s2 d1 p1 f32`: name, then tokens; `-dx` or `-dw` after the name is a gradient of
/// that layer; `o…` the other extent where it is not the default; `b…` the boundary where not zeros; `flip`.
/// parse_problem(to_string(p)) == p for every valid p.
std::string to_string(const Problem& problem);

/// Reads the string above; tokens may be left out (n1 g1 ic1 oc1 s1 d1 p0 f32) and come in any order. Errors:
/// ProblemError.
Problem parse_problem(std::string_view text);

std::string_view to_string(Boundary boundary);
std::string_view to_string(DType dtype);
std::size_t size_of(DType dtype);  ///< bytes of one element

/// Readers of the pieces that command line and strings share: "3x3", "1:2x0:1" or a padding word, "reflect" or
/// "reflectxzeros". `what` names the option or token in the ProblemError.
Shape parse_extents(std::string_view text, std::string_view what);
Padding parse_padding(std::string_view text, std::string_view what);
std::vector<Boundary> parse_boundary(std::string_view text, std::string_view what);
DType parse_dtype(std::string_view text, std::string_view what);

}  // namespace faltung
