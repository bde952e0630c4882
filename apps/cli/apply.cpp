// `faltung conv` and `faltung conv-transpose`: a file through a layer.
#include "cli/operands.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <type_traits>

namespace faltung::cli {

namespace {

/// The numbers that go in, and what goes around the layer.
struct Input {
  Values values;
  std::vector<std::uint8_t> alpha;
};

void check_output(const ApplyArguments& arguments) {
  if (arguments.output.empty()) {
    if (arguments.normalize)
      throw ProblemError("--normalize without -o", "it says how numbers become pixels or samples", "give -o OUT.png");
    return;
  }
  const io::FileKind kind = io::kind_of(arguments.output);
  if (kind == io::FileKind::unknown)
    throw ProblemError(fmt::format("-o {}", arguments.output), "results are written as .npy, .png, .jpg or .wav",
                       "use one of these endings");
  if (arguments.normalize && kind == io::FileKind::npy)
    throw ProblemError(fmt::format("--normalize for {}", arguments.output),
                       "it says how numbers become pixels or samples", "leave it out, or write a .png or .wav");
  if (kind == io::FileKind::wav && io::kind_of(arguments.input) != io::FileKind::wav)
    throw ProblemError(
        fmt::format("-o {}", arguments.output),
        fmt::format("a .wav takes its sample rate from a .wav that is read, not from {}", arguments.input),
        "write .npy");
  refuse_overwriting(arguments.output, {arguments.input, arguments.weight, arguments.bias});
}

Input read_input(const ApplyArguments& arguments, Operands& operands) {
  Input input;
  io::Array array;
  const io::FileKind kind = io::kind_of(arguments.input);
  if (kind == io::FileKind::npy) {
    array = io::read_npy(arguments.input);
  } else if (kind == io::FileKind::wav) {
    io::Sound sound = io::read_sound(arguments.input, arguments.sample_limit);
    array = std::move(sound.samples);
    operands.sound = sound.format;
    operands.one_sample = true;
  } else {
    io::Image image = io::read_image(arguments.input, arguments.pixel_limit);
    array = std::move(image.pixels);
    input.alpha = std::move(image.alpha);
    operands.one_sample = true;
  }
  operands.shape = array.shape;
  operands.dtype = array.dtype();
  input.values = std::move(array.values);
  return input;
}

/// Alpha by the nearest pixel where the picture changed its size.
std::vector<std::uint8_t> resize_alpha(const std::vector<std::uint8_t>& alpha, const Shape& from, const Shape& to) {
  const std::int64_t from_height = from[1], from_width = from[2], height = to[1], width = to[2];
  std::vector<std::uint8_t> resized(static_cast<std::size_t>(height * width));
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      resized[static_cast<std::size_t>(y * width + x)] = alpha[static_cast<std::size_t>(
          (2 * y + 1) * from_height / (2 * height) * from_width + (2 * x + 1) * from_width / (2 * width))];
  return resized;
}

void write_picture(const ApplyArguments& arguments, const Operands& operands, const Input& input, io::Array result) {
  io::Image image;
  while (result.shape.size() > 3 && result.shape.front() == 1) result.shape.erase(result.shape.begin());
  if (result.shape.size() == 2) result.shape.insert(result.shape.begin(), 1);
  image.pixels = std::move(result);
  if (!input.alpha.empty() && image.pixels.shape.size() == 3)
    image.alpha = resize_alpha(input.alpha, operands.shape, image.pixels.shape);
  io::write_image(arguments.output, image, arguments.normalize ? io::PixelRange::normalize : io::PixelRange::clamp);
}

/// Returns what a person should know of it.
std::string write_sound(const ApplyArguments& arguments, const Problem& problem, const Operands& operands,
                        const io::Array& result) {
  const std::int64_t channels = result.shape.front(), frames = result.shape.back();
  io::SoundWriter writer(arguments.output, result_format(problem, *operands.sound), channels, frames);
  std::visit(
      [&]<class T>(const std::vector<T>& values) {
        using Sample = std::conditional_t<std::is_same_v<T, float>, float, double>;
        double scale = 1;
        if (arguments.normalize) {
          double peak = 0;
          for (const T value : values) peak = std::max(peak, std::abs(static_cast<double>(value)));
          if (peak > 0) scale = (1 - 0x1p-15) / peak;  // the largest step of 16 bits
        }
        std::vector<Sample> interleaved(values.size());
        for (std::int64_t i = 0; i < channels * frames; ++i)
          interleaved[static_cast<std::size_t>(i % frames * channels + i / frames)] =
              static_cast<Sample>(static_cast<double>(values[static_cast<std::size_t>(i)]) * scale);
        writer.write(interleaved.data(), frames);
      },
      result.values);
  writer.commit();
  return clipping_text(writer);
}

std::string write(const ApplyArguments& arguments, const Problem& problem, const Operands& operands, const Input& input,
                  io::Array result) {
  const io::FileKind kind = io::kind_of(arguments.output);
  if (kind == io::FileKind::wav) return write_sound(arguments, problem, operands, result);
  if (is_picture(kind))
    write_picture(arguments, operands, input, std::move(result));
  else
    io::write_npy(arguments.output, result);
  return {};
}

template <class T>
void apply(const ApplyArguments& arguments, const Problem& problem, Operands& operands, Input& input) {
  const std::vector<T> weight = weight_values<T>(arguments, operands);
  const std::vector<T> bias = convert<T>(read_bias(arguments, problem).values, arguments.bias);
  Options options = options_of(arguments.planning);
  options.pack_each_run = true;  // once
  const Plan plan = make_plan(problem, options);
  const std::vector<T> x = convert<T>(std::move(input.values), arguments.input);
  std::vector<T> y(static_cast<std::size_t>(element_count(problem.unknown_shape())));
  const auto start = std::chrono::steady_clock::now();
  const PackedWeights packed = plan.pack<T>({weight.data(), problem.weights_shape()}, bias);
  plan.run<T>({x.data(), problem.given_shape()}, packed, {y.data(), problem.unknown_shape()});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  io::Array result{result_shape(problem, operands), std::move(y)};
  std::string text =
      fmt::format("[{}] → [{}] {} by {} in {:.3g} ms", fmt::join(operands.shape, ", "), fmt::join(result.shape, ", "),
                  to_string(problem.dtype), plan.algorithm(), seconds * 1e3);
  if (arguments.output.empty())
    text += "\n" + describe(result);
  else
    text = fmt::format("{}: {}{}\n", arguments.output, text,
                       write(arguments, problem, operands, input, std::move(result)));
  print(text);
}

void run(const ApplyArguments& arguments) {
  check_output(arguments);
  LayerArguments layer = arguments.layer;
  Operands operands;
  Input input = read_input(arguments, operands);
  read_weight(arguments, layer, operands);
  const Problem problem = problem_of(arguments, layer, operands);
  switch (problem.dtype) {
    case DType::f32:
      return apply<float>(arguments, problem, operands, input);
    case DType::f64:
      return apply<double>(arguments, problem, operands, input);
    case DType::i64:
      return apply<std::int64_t>(arguments, problem, operands, input);
  }
}

void set_up(CLI::App* command, const std::string& footer, bool transposed) {
  const auto arguments = std::make_shared<ApplyArguments>();
  arguments->layer.transposed = transposed;
  command
      ->add_option("input", arguments->input,
                   ".npy of [batch, channels, space…] or the spatial axes alone; .png; .jpg; .wav")
      ->required();
  command->add_option("-o,--output", arguments->output,
                      "where the result goes: .npy, .png, .jpg or .wav; without it, it is printed");
  const std::string weights = "Weights";
  command
      ->add_option("--weight", arguments->weight,
                   transposed ? ".npy of [in, out/groups, k…] as in PyTorch, or [k] or [k, k] for every channel apart; "
                                "or a .wav, an impulse response"
                              : ".npy of [out, in/groups, k…] as in PyTorch, or [k] or [k, k] for every channel apart; "
                                "or a .wav, an impulse response")
      ->group(weights);
  command
      ->add_option(
          "--kernel", arguments->kernel,
          "for every channel apart: gaussian:SIGMA, box:SIZE, sobel-x, sobel-y, laplacian, sharpen, bilinear:FACTOR")
      ->group(weights);
  command->add_option("--bias", arguments->bias, ".npy of one number per output channel")->group(weights);
  add_layer_options(*command, arguments->layer);
  if (transposed) add_transposed_options(*command, arguments->layer);
  const std::string how = "How";
  command
      ->add_option("--dtype", arguments->layer.dtype,
                   "f32, f64, i64; default: what the files hold (whole numbers stay exact)")
      ->group(how);
  add_planning_options(*command, arguments->planning, how);
  command
      ->add_flag("--normalize", arguments->normalize,
                 "scale the result to 0…255 for a picture, to a peak of 1 for a sound; else it is clamped")
      ->group(how);
  command
      ->add_flag("--no-flip", arguments->no_flip,
                 "an impulse response (.wav) is flipped, as signals are convolved; this leaves it")
      ->group(how);
  command->add_option("--pixel-limit", arguments->pixel_limit, "refuse pictures with more pixels")->group(how);
  command->add_option("--sample-limit", arguments->sample_limit, "refuse sounds with more samples")->group(how);
  command
      ->add_flag("--stream", arguments->stream,
                 "from file to file by blocks of rows, for .npy and .wav larger than memory; strict accuracy, so that "
                 "blocks do not show")
      ->group(how);
  command->add_option("--memory", arguments->memory, "MiB for a block of --stream (64)")->group(how);
  command->footer(footer);
  command->callback([arguments] { arguments->stream ? apply_by_rows(*arguments) : run(*arguments); });
}

}  // namespace

void set_up_conv(CLI::App* command) {
  set_up(command,
         "Named kernels keep a picture's size (padding same), except bilinear:S, which makes it S times smaller.\n"
         "Examples:\n  faltung conv photo.jpg --kernel gaussian:2 --boundary reflect -o blurred.png\n"
         "  faltung conv photo.jpg --kernel sobel-x --normalize -o edges.png\n"
         "  faltung conv x.npy --weight w.npy --bias b.npy --stride 2 --padding 1 -o y.npy\n"
         "  faltung conv voice.wav --weight impulse.wav --padding full --normalize -o room.wav\n"
         "  faltung conv larger_than_memory.npy --weight w.npy --stream -o y.npy",
         false);
}

void set_up_conv_transpose(CLI::App* command) {
  set_up(
      command,
      "bilinear:S makes a picture S times larger.\n"
      "Examples:\n  faltung conv-transpose photo.jpg --kernel bilinear:2 --boundary replicate -o twice_as_large.png\n"
      "  faltung conv-transpose x.npy --weight w.npy --stride 2 --padding 1 --output-padding 1 -o y.npy",
      true);
}

}  // namespace faltung::cli
