// `faltung conv --stream`: from file to file by blocks of rows, in constant memory and with the bits of the whole.
#include "cli/operands.hpp"
#include "cli/progress.hpp"
#include "io/npy_rows.hpp"

#include <faltung/blocks.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <type_traits>

namespace faltung::cli {

namespace {

void check(const ApplyArguments& arguments) {
  const io::FileKind in = io::kind_of(arguments.input), out = io::kind_of(arguments.output);
  const bool npy = in == io::FileKind::npy && out == io::FileKind::npy,
             wav = in == io::FileKind::wav && out == io::FileKind::wav;
  if (!npy && !wav)
    throw ProblemError(fmt::format("--stream from {} to {}", arguments.input,
                                   arguments.output.empty() ? "the screen" : arguments.output),
                       "it goes from .npy to .npy, or from .wav to .wav", "give -o with the input's ending");
  if (arguments.normalize)
    throw ProblemError("--normalize with --stream", "the scale is known only after the last block",
                       "write a float .wav, or leave it out");
  constexpr std::int64_t most = std::int64_t{1} << 30;  // MiB: bytes stay in 64 bits
  if (arguments.memory < 1 || arguments.memory > most)
    throw ProblemError(fmt::format("--memory {}", arguments.memory), fmt::format("it is 1 to {} MiB", most), "use 64");
  refuse_overwriting(arguments.output, {arguments.input, arguments.weight, arguments.bias});
}

template <class T>
std::string run(const ApplyArguments& arguments, const Problem& problem, Operands& operands, const ReadRows<T>& read,
                const WriteRows<T>& write) {
  const std::vector<T> weight = weight_values<T>(arguments, operands);
  const std::vector<T> bias = convert<T>(read_bias(arguments, problem).values, arguments.bias);
  Progress progress(arguments.output);
  std::int64_t blocks = 0;
  BlockOptions options;
  options.plan = options_of(arguments.planning, "strict");
  options.memory = static_cast<std::size_t>(arguments.memory) << 20U;
  options.samples_together = operands.sound.has_value();
  options.progress = [&](std::int64_t done, std::int64_t total) {
    ++blocks;
    progress.show(done, total);
  };
  const auto start = std::chrono::steady_clock::now();
  run_by_rows<T>(problem, weight, bias, read, write, options);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return fmt::format("{}: [{}] → [{}] {} in {} blocks of rows in {:.3g} s", arguments.output,
                     fmt::join(operands.shape, ", "), fmt::join(result_shape(problem, operands), ", "),
                     to_string(problem.dtype), blocks, seconds);
}

/// Where a row of a channel begins in an array of [batch, channels, rows, …], and how many numbers a row has.
struct Place {
  explicit Place(const Shape& shape)
      : channels(shape[1]), rows(shape[2]), cells(element_count(Shape(shape.begin() + 3, shape.end()))) {}
  std::int64_t channels, rows, cells;
  std::int64_t at(std::int64_t sample, std::int64_t channel, std::int64_t row) const {
    return ((sample * channels + channel) * rows + row) * cells;
  }
};

template <class T>
void stream_npy(const ApplyArguments& arguments, const Problem& problem, Operands& operands, const io::NpyRows& input) {
  if (std::is_same_v<T, std::int64_t> && input.dtype() != DType::i64)
    throw ProblemError(fmt::format("--dtype i64 for {} of {}", arguments.input, to_string(input.dtype())),
                       "a stream does not look for fractions", "leave --stream or --dtype out");
  io::NpyRowWriter output(arguments.output, problem.dtype, result_shape(problem, operands));
  const Place from(problem.given_shape()), to(problem.unknown_shape());
  const std::string text = run<T>(
      arguments, problem, operands,
      [&](std::int64_t sample, std::int64_t channel, Rows rows, T* values) {
        input.read(from.at(sample, channel, rows.begin), rows.count() * from.cells, values);
      },
      [&](std::int64_t sample, std::int64_t channel, Rows rows, const T* values) {
        output.write(to.at(sample, channel, rows.begin), rows.count() * to.cells, values);
      });
  output.commit();
  print(text + "\n");
}

/// Samples of a sound are interleaved, blocks want channels apart: a range is read when its first channel is asked for,
/// and written when its last channel has come.
template <class T>
void stream_wav(const ApplyArguments& arguments, const Problem& problem, Operands& operands, io::SoundReader& input) {
  const Shape from = problem.given_shape(), to = problem.unknown_shape();
  const std::int64_t in_channels = from[0] * from[1], out_channels = to[0] * to[1];
  io::SoundWriter output(arguments.output, result_format(problem, *operands.sound), out_channels, to[2]);
  std::vector<T> in_frames, out_frames;
  Rows in_memory;
  const std::string text = run<T>(
      arguments, problem, operands,
      [&](std::int64_t sample, std::int64_t channel, Rows rows, T* values) {
        if (rows != in_memory) {
          in_frames.resize(static_cast<std::size_t>(rows.count() * in_channels));
          input.read(rows.begin, rows.count(), in_frames.data());
          in_memory = rows;
        }
        const std::int64_t which = sample * from[1] + channel;
        for (std::int64_t i = 0; i < rows.count(); ++i)
          values[i] = in_frames[static_cast<std::size_t>(i * in_channels + which)];
      },
      [&](std::int64_t sample, std::int64_t channel, Rows rows, const T* values) {
        const std::int64_t which = sample * to[1] + channel;
        out_frames.resize(static_cast<std::size_t>(rows.count() * out_channels));
        for (std::int64_t i = 0; i < rows.count(); ++i)
          out_frames[static_cast<std::size_t>(i * out_channels + which)] = values[i];
        if (which == out_channels - 1) output.write(out_frames.data(), rows.count());
      });
  output.commit();
  print(text + clipping_text(output) + "\n");
}

}  // namespace

void apply_by_rows(const ApplyArguments& arguments) {
  check(arguments);
  LayerArguments layer = arguments.layer;
  Operands operands;
  if (io::kind_of(arguments.input) == io::FileKind::wav) {
    io::SoundReader input(arguments.input);
    operands.sound = input.format();
    operands.one_sample = true;
    operands.shape = {input.channels(), input.frames()};
    operands.dtype = input.dtype();
    read_weight(arguments, layer, operands);
    const Problem problem = problem_of(arguments, layer, operands);
    if (problem.dtype == DType::f32) return stream_wav<float>(arguments, problem, operands, input);
    if (problem.dtype == DType::f64) return stream_wav<double>(arguments, problem, operands, input);
    throw ProblemError("--dtype i64 for a sound", "samples are fractions of 1", "leave it out");
  }
  const io::NpyRows input(arguments.input);
  operands.shape = input.shape();
  operands.dtype = input.dtype();
  read_weight(arguments, layer, operands);
  const Problem problem = problem_of(arguments, layer, operands);
  switch (problem.dtype) {
    case DType::f32:
      return stream_npy<float>(arguments, problem, operands, input);
    case DType::f64:
      return stream_npy<double>(arguments, problem, operands, input);
    case DType::i64:
      return stream_npy<std::int64_t>(arguments, problem, operands, input);
  }
}

}  // namespace faltung::cli
