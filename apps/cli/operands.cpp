#include "cli/operands.hpp"

#include "cli/named_kernels.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace faltung::cli {

namespace {

/// Words for the layer that the named kernel brings, where the user gave none.
void fill_defaults(const NamedKernel& kernel, LayerArguments& layer) {
  if (layer.stride.empty()) layer.stride = std::to_string(kernel.stride);
  const bool pads_follow = !layer.output_shape.empty() || (!layer.output_size.empty() && kernel.padding == "same");
  if (layer.padding.empty() && !pads_follow) layer.padding = kernel.padding;
}

/// An impulse response: one for every channel, or each channel's own.
void read_impulse(const ApplyArguments& arguments, LayerArguments& layer, Operands& operands) {
  io::Sound impulse = io::read_sound(arguments.weight, arguments.sample_limit);
  if (operands.sound && operands.sound->sample_rate != impulse.format.sample_rate)
    throw ProblemError(fmt::format("{} at {} Hz and {} at {} Hz", arguments.input, operands.sound->sample_rate,
                                   arguments.weight, impulse.format.sample_rate),
                       "both must have one sample rate", "resample one of them");
  layer.flip = layer.flip || !arguments.no_flip;  // the convolution of signals, so that an echo comes after its sound
  const std::int64_t channels = impulse.samples.shape[0], taps = impulse.samples.shape[1];
  operands.weight.values = std::move(impulse.samples.values);
  if (channels == 1) {
    operands.weight.shape = {taps};
    return;
  }
  const bool from_one = !operands.shape.empty() && operands.shape[0] == 1;
  operands.weight.shape = from_one && layer.transposed ? Shape{1, channels, taps} : Shape{channels, 1, taps};
  if (!from_one) layer.groups = channels;
}

/// Whole numbers with whole weights stay exact; pictures and named kernels take the precision of the other operand.
DType choose_dtype(const ApplyArguments& arguments, const Operands& operands) {
  if (!arguments.layer.dtype.empty()) return parse_dtype(arguments.layer.dtype, "--dtype");
  const DType in = operands.dtype, weight = operands.weight.dtype();
  if (in == DType::i64 && operands.integer_weight) return DType::i64;
  if (!arguments.kernel.empty()) return in == DType::i64 ? DType::f64 : in;
  if (operands.one_sample && !operands.sound) return weight == DType::f64 ? DType::f64 : DType::f32;
  return in == DType::f32 && weight == DType::f32 ? DType::f32 : DType::f64;
}

LayerSpec spec_of(const ApplyArguments& arguments, const LayerArguments& layer, const Operands& operands) {
  LayerSpec spec = layer_spec(layer);
  spec.dtype = choose_dtype(arguments, operands);
  const Shape& weight = operands.weight.shape;
  const Shape& input = operands.shape;
  if (weight.empty() || weight.size() > 5)
    throw ProblemError(fmt::format("a weight of [{}]", fmt::join(weight, ", ")), "weights have 1 to 5 axes",
                       "give [k…] for every channel apart, or [channels, channels, k…]");
  const std::size_t axes = operands.apart ? weight.size() : weight.size() - 2;
  spec.kernel.assign(weight.end() - static_cast<std::ptrdiff_t>(axes), weight.end());
  if (input.size() < axes)
    throw ProblemError(fmt::format("{} of [{}]", arguments.input, fmt::join(input, ", ")),
                       fmt::format("the kernel has {} axes", axes), "give an array with as many");
  spec.input.assign(input.end() - static_cast<std::ptrdiff_t>(axes), input.end());
  if (operands.apart) {
    if (spec.groups != 1)
      throw ProblemError(fmt::format("--groups {} with a kernel for every channel", spec.groups),
                         "each channel is by itself already", "leave --groups out, or give --weight with channels");
    spec.batch = element_count(Shape(input.begin(), input.end() - static_cast<std::ptrdiff_t>(axes)));
    return spec;
  }
  const bool conv = spec.layer == Layer::conv;
  if (spec.groups < 1)
    throw ProblemError(fmt::format("--groups {}", spec.groups), "it must be at least 1", "use a positive number");
  std::int64_t inner = 0;
  if (__builtin_mul_overflow(weight[1], spec.groups, &inner))
    throw ProblemError(fmt::format("--groups {}", spec.groups), "the channels leave 64 bits", "use a smaller number");
  spec.input_channels = conv ? inner : weight[0];
  spec.output_channels = conv ? weight[0] : inner;
  Shape full = input;
  if (operands.one_sample) full.insert(full.begin(), 1);
  if (full.size() == axes) full.insert(full.begin(), {1, 1});
  if (full.size() != axes + 2)
    throw ProblemError(
        fmt::format("{} of [{}] with a weight of [{}]", arguments.input, fmt::join(input, ", "),
                    fmt::join(weight, ", ")),
        fmt::format("that weight goes with [batch, channels] and {} spatial ax{}", axes, axes == 1 ? "is" : "es"),
        "reshape the input, for one sample to [1, channels, …]");
  if (full[1] != spec.input_channels)
    throw ProblemError(fmt::format("{} has {} channels", arguments.input, full[1]),
                       fmt::format("the weight of [{}] in {} group{} goes with {}", fmt::join(weight, ", "),
                                   spec.groups, spec.groups == 1 ? "" : "s", spec.input_channels),
                       "change the weight, the groups or the input");
  spec.batch = full[0];
  return spec;
}

}  // namespace

bool is_picture(io::FileKind kind) { return kind == io::FileKind::png || kind == io::FileKind::jpeg; }

void read_weight(const ApplyArguments& arguments, LayerArguments& layer, Operands& operands) {
  if (arguments.weight.empty() == arguments.kernel.empty())
    throw ProblemError(arguments.weight.empty() ? "neither --weight nor --kernel" : "both --weight and --kernel",
                       "a layer has one array of weights", "give --weight W.npy, or --kernel gaussian:2");
  if (!arguments.kernel.empty()) {
    if (operands.sound)
      throw ProblemError(fmt::format("--kernel {} for {}", quote(arguments.kernel), arguments.input),
                         "named kernels are planes, for pictures",
                         "give --weight W.npy or an impulse response, --weight W.wav");
    NamedKernel kernel = named_kernel(arguments.kernel, layer.transposed);
    operands.integer_weight =
        std::all_of(kernel.values.begin(), kernel.values.end(), [](double v) { return v == std::floor(v); });
    operands.weight = {{kernel.height, kernel.width}, std::move(kernel.values)};
    fill_defaults(kernel, layer);
  } else if (io::kind_of(arguments.weight) == io::FileKind::wav) {
    read_impulse(arguments, layer, operands);
  } else {
    operands.weight = io::read_npy(arguments.weight);
    operands.integer_weight = operands.weight.dtype() == DType::i64;
  }
  operands.apart = operands.weight.shape.size() <= 2;
}

Problem problem_of(const ApplyArguments& arguments, const LayerArguments& layer, const Operands& operands) {
  return make_problem(spec_of(arguments, layer, operands));
}

/// The result's shape with as many axes as the input had.
Shape result_shape(const Problem& problem, const Operands& operands) {
  const Shape full = problem.unknown_shape();
  const auto axes = static_cast<std::ptrdiff_t>(problem.axes.size());
  const Shape& input = operands.shape;
  Shape shape(full.end() - axes, full.end());
  if (operands.apart) {
    shape.insert(shape.begin(), input.begin(), input.end() - axes);
    return shape;
  }
  if (static_cast<std::ptrdiff_t>(input.size()) != axes + 2) {  // a picture, or the spatial axes alone
    if (operands.one_sample || full[1] > 1) shape.insert(shape.begin(), full[1]);
    return shape;
  }
  return full;
}

std::string clipping_text(const io::SoundWriter& writer) {
  if (writer.clipped() == 0) return {};
  return fmt::format("; {} samples were clipped, the peak is {:.3g}: --normalize scales it", writer.clipped(),
                     writer.peak());
}

io::SoundFormat result_format(const Problem& problem, const io::SoundFormat& format) {
  io::SoundFormat result = format;
  const std::int64_t stride = problem.axes.back().stride, rate = format.sample_rate;
  std::int64_t changed = 0;
  if (problem.layer == Layer::conv)
    changed = std::max<std::int64_t>(1, rate / stride);
  else if (__builtin_mul_overflow(rate, stride, &changed) || changed > 0x7FFFFFFF)
    throw ProblemError(fmt::format("{} Hz with stride {}", rate, stride), "a sample rate fits into 31 bits",
                       "write .npy");
  result.sample_rate = static_cast<int>(changed);
  return result;
}

io::Array read_bias(const ApplyArguments& arguments, const Problem& problem) {
  if (arguments.bias.empty()) return {};
  io::Array array = io::read_npy(arguments.bias);
  if (array.shape.size() != 1 || array.shape[0] != problem.bias_size())
    throw ProblemError(fmt::format("{} of [{}]", arguments.bias, fmt::join(array.shape, ", ")),
                       fmt::format("a bias has one number for each of the {} output channel{}", problem.bias_size(),
                                   problem.bias_size() == 1 ? "" : "s"),
                       fmt::format("give an array of [{}]", problem.bias_size()));
  return array;
}

}  // namespace faltung::cli
