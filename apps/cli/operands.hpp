// What goes into `conv` and `conv-transpose`: the words, the weights, and what is known of the input before its numbers
// are read.
#pragma once

#include "cli/arguments.hpp"
#include "cli/arrays.hpp"
#include "cli/planning.hpp"
#include "io/array.hpp"
#include "io/sound.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace faltung::cli {

struct ApplyArguments {
  LayerArguments layer;
  std::string input, weight, kernel, bias, output;
  PlanningArguments planning;
  std::int64_t pixel_limit = io::default_pixel_limit, sample_limit = io::default_sample_limit;
  std::int64_t memory = 64;  // MiB for a block of --stream
  bool normalize = false, no_flip = false, stream = false;
};

/// `apart`: one plane of weights meets every channel by itself, so channels count as samples. `one_sample`: a picture
/// [channels, height, width] or a sound [channels, frames].
struct Operands {
  Shape shape;  ///< of the input
  DType dtype = DType::f32;
  bool one_sample = false;
  std::optional<io::SoundFormat> sound;
  io::Array weight;
  bool apart = false;
  bool integer_weight = false;
};

bool is_picture(io::FileKind kind);

/// Reads the weights (of .npy, .wav, or by name) and completes the words that come with them. `operands` has the
/// input's facts. Errors: ProblemError, FileError.
void read_weight(const ApplyArguments& arguments, LayerArguments& layer, Operands& operands);

/// The layer for these arrays. Errors: ProblemError.
Problem problem_of(const ApplyArguments& arguments, const LayerArguments& layer, const Operands& operands);

/// The result's shape with as many axes as the input had.
Shape result_shape(const Problem& problem, const Operands& operands);

/// Says how many samples were clipped, if any were.
std::string clipping_text(const io::SoundWriter& writer);

/// What a sound becomes: strides change its sample rate.
io::SoundFormat result_format(const Problem& problem, const io::SoundFormat& format);

template <class T>
std::vector<T> weight_values(const ApplyArguments& arguments, Operands& operands) {
  return convert<T>(std::move(operands.weight.values), arguments.weight.empty() ? arguments.kernel : arguments.weight);
}

/// The bias file's numbers, one for each channel of the result; none without a file. Errors: ProblemError, FileError.
io::Array read_bias(const ApplyArguments& arguments, const Problem& problem);

/// --stream: block by block, from file to file.
void apply_by_rows(const ApplyArguments& arguments);

}  // namespace faltung::cli
