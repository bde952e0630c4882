// `faltung conv` and `faltung conv-transpose`: a file through a layer.
#include "cli/arguments.hpp"
#include "cli/named_kernels.hpp"
#include "io/array.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <numeric>

namespace faltung::cli {

namespace {

struct ApplyArguments {
  LayerArguments layer;
  std::string input, weight, kernel, bias, algorithm = "auto", accuracy = "default", output;
  int threads = 0;
  std::int64_t pixel_limit = io::default_pixel_limit;
  bool normalize = false;
};

using Values = decltype(io::Array::values);

/// What goes into the layer. `apart`: one plane of weights meets every channel by itself, so channels count as samples.
struct Operands {
  io::Array input;
  std::vector<std::uint8_t> alpha;
  bool picture = false;
  io::Array weight;
  bool apart = false;
  bool integer_weight = false;
};

bool is_picture(io::FileKind kind) { return kind == io::FileKind::png || kind == io::FileKind::jpeg; }

void check_output(const ApplyArguments& arguments) {
  if (arguments.output.empty()) {
    if (arguments.normalize)
      throw ProblemError("--normalize without -o", "it says how numbers become pixels", "give -o OUT.png");
    return;
  }
  const io::FileKind kind = io::kind_of(arguments.output);
  if (kind == io::FileKind::unknown)
    throw ProblemError(fmt::format("-o {}", arguments.output), "results are written as .npy, .png or .jpg",
                       "use one of these endings");
  if (arguments.normalize && !is_picture(kind))
    throw ProblemError(fmt::format("--normalize for {}", arguments.output), "it says how numbers become pixels",
                       "leave it out, or write a .png");
  std::error_code ignored;
  for (const std::string* in : {&arguments.input, &arguments.weight, &arguments.bias})
    if (!in->empty() && std::filesystem::equivalent(*in, arguments.output, ignored))
      throw ProblemError(fmt::format("-o {}", arguments.output), "it is a file that is read", "write to another name");
}

/// Words for the layer that the named kernel brings, where the user gave none.
void fill_defaults(const NamedKernel& kernel, LayerArguments& layer) {
  if (layer.stride.empty()) layer.stride = std::to_string(kernel.stride);
  const bool pads_follow = !layer.output_shape.empty() || (!layer.output_size.empty() && kernel.padding == "same");
  if (layer.padding.empty() && !pads_follow) layer.padding = kernel.padding;
}

Operands read_operands(const ApplyArguments& arguments, LayerArguments& layer) {
  if (arguments.weight.empty() == arguments.kernel.empty())
    throw ProblemError(arguments.weight.empty() ? "neither --weight nor --kernel" : "both --weight and --kernel",
                       "a layer has one array of weights", "give --weight W.npy, or --kernel gaussian:2");
  Operands operands;
  if (!arguments.kernel.empty()) {
    NamedKernel kernel = named_kernel(arguments.kernel, layer.transposed);
    operands.integer_weight =
        std::all_of(kernel.values.begin(), kernel.values.end(), [](double v) { return v == std::floor(v); });
    operands.weight = {{kernel.height, kernel.width}, std::move(kernel.values)};
    fill_defaults(kernel, layer);
  } else {
    operands.weight = io::read_npy(arguments.weight);
    operands.integer_weight = operands.weight.dtype() == DType::i64;
  }
  operands.apart = operands.weight.shape.size() <= 2;
  if (io::kind_of(arguments.input) == io::FileKind::npy) {
    operands.input = io::read_npy(arguments.input);
  } else {
    io::Image image = io::read_image(arguments.input, arguments.pixel_limit);
    operands.input = std::move(image.pixels);
    operands.alpha = std::move(image.alpha);
    operands.picture = true;
  }
  return operands;
}

/// Whole numbers with whole weights stay exact; pictures and named kernels take the precision of the other operand.
DType choose_dtype(const ApplyArguments& arguments, const Operands& operands) {
  if (!arguments.layer.dtype.empty()) return parse_dtype(arguments.layer.dtype, "--dtype");
  const DType in = operands.input.dtype(), weight = operands.weight.dtype();
  if (in == DType::i64 && operands.integer_weight) return DType::i64;
  if (!arguments.kernel.empty()) return in == DType::i64 ? DType::f64 : in;
  if (operands.picture) return weight == DType::f64 ? DType::f64 : DType::f32;
  return in == DType::f32 && weight == DType::f32 ? DType::f32 : DType::f64;
}

template <class T>
std::vector<T> convert(Values values, const std::string& what) {
  if (auto* same = std::get_if<std::vector<T>>(&values)) return std::move(*same);
  return std::visit(
      [&]<class S>(const std::vector<S>& from) {
        if constexpr (std::is_same_v<T, std::int64_t>)
          for (const S value : from)
            if (!(static_cast<double>(value) == std::floor(static_cast<double>(value)) &&
                  std::abs(static_cast<double>(value)) < 0x1p63))
              throw ProblemError(fmt::format("{} holds {}", what, value), "--dtype i64 is for whole numbers",
                                 "use --dtype f64");
        std::vector<T> to(from.size());
        std::transform(from.begin(), from.end(), to.begin(), [](S value) { return static_cast<T>(value); });
        return to;
      },
      values);
}

LayerSpec spec_of(const ApplyArguments& arguments, const LayerArguments& layer, const Operands& operands) {
  LayerSpec spec = layer_spec(layer);
  spec.dtype = choose_dtype(arguments, operands);
  const Shape& weight = operands.weight.shape;
  const Shape& input = operands.input.shape;
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
  if (operands.picture) full.insert(full.begin(), 1);
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

/// The result's shape with as many axes as the input had.
Shape result_shape(const Problem& problem, const Operands& operands) {
  const Shape full = problem.unknown_shape();
  const auto axes = static_cast<std::ptrdiff_t>(problem.axes.size());
  const Shape& input = operands.input.shape;
  Shape shape(full.end() - axes, full.end());
  if (operands.apart) {
    shape.insert(shape.begin(), input.begin(), input.end() - axes);
    return shape;
  }
  if (static_cast<std::ptrdiff_t>(input.size()) != axes + 2) {  // a picture, or the spatial axes alone
    if (operands.picture || full[1] > 1) shape.insert(shape.begin(), full[1]);
    return shape;
  }
  return full;
}

std::string describe(const io::Array& array) {
  return std::visit(
      [&]<class T>(const std::vector<T>& values) {
        std::string text;
        constexpr std::size_t shown = 1024;  // a screen of numbers; more is a file's business
        if (values.empty()) return std::string("empty\n");
        if (values.size() > shown) {
          const auto [low, high] = std::minmax_element(values.begin(), values.end());
          const double sum = std::accumulate(values.begin(), values.end(), 0.0,
                                             [](double a, T b) { return a + static_cast<double>(b); });
          return fmt::format("min {}, max {}, mean {:.6g} (give -o OUT.npy to keep the numbers)\n", *low, *high,
                             sum / static_cast<double>(values.size()));
        }
        std::vector<std::string> cells;
        std::size_t width = 0;
        for (const T value : values) width = std::max(width, cells.emplace_back(fmt::format("{}", value)).size());
        const auto row = static_cast<std::size_t>(array.shape.back());
        const std::size_t plane = array.shape.size() > 1
                                      ? row * static_cast<std::size_t>(array.shape[array.shape.size() - 2])
                                      : values.size();
        for (std::size_t i = 0; i < cells.size(); ++i) {
          if (i > 0 && i % plane == 0) text += '\n';
          text += fmt::format("{:>{}}{}", cells[i], width, (i + 1) % row == 0 ? "\n" : "  ");
        }
        return text;
      },
      array.values);
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

void write(const ApplyArguments& arguments, const Operands& operands, io::Array result) {
  if (!is_picture(io::kind_of(arguments.output))) {
    io::write_npy(arguments.output, result);
    return;
  }
  io::Image image;
  while (result.shape.size() > 3 && result.shape.front() == 1) result.shape.erase(result.shape.begin());
  if (result.shape.size() == 2) result.shape.insert(result.shape.begin(), 1);
  image.pixels = std::move(result);
  if (!operands.alpha.empty() && image.pixels.shape.size() == 3)
    image.alpha = resize_alpha(operands.alpha, operands.input.shape, image.pixels.shape);
  io::write_image(arguments.output, image, arguments.normalize ? io::PixelRange::normalize : io::PixelRange::clamp);
}

template <class T>
void apply(const ApplyArguments& arguments, const Problem& problem, Operands& operands) {
  const std::vector<T> weight =
      convert<T>(std::move(operands.weight.values), arguments.weight.empty() ? arguments.kernel : arguments.weight);
  std::vector<T> bias;
  if (!arguments.bias.empty()) {
    io::Array array = io::read_npy(arguments.bias);
    if (array.shape.size() != 1 || array.shape[0] != problem.bias_size())
      throw ProblemError(fmt::format("{} of [{}]", arguments.bias, fmt::join(array.shape, ", ")),
                         fmt::format("a bias has one number for each of the {} output channel{}", problem.bias_size(),
                                     problem.bias_size() == 1 ? "" : "s"),
                         fmt::format("give an array of [{}]", problem.bias_size()));
    bias = convert<T>(std::move(array.values), arguments.bias);
  }
  const Plan plan = make_plan(problem, {arguments.algorithm, parse_accuracy(arguments.accuracy), arguments.threads});
  const std::vector<T> x = convert<T>(std::move(operands.input.values), arguments.input);
  std::vector<T> y(static_cast<std::size_t>(element_count(problem.unknown_shape())));
  const auto start = std::chrono::steady_clock::now();
  const PackedWeights packed = plan.pack<T>({weight.data(), problem.weights_shape()}, bias);
  plan.run<T>({x.data(), problem.given_shape()}, packed, {y.data(), problem.unknown_shape()});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  io::Array result{result_shape(problem, operands), std::move(y)};
  const Shape shape = result.shape;
  std::string text = fmt::format("[{}] → [{}] {} by {} in {:.3g} ms\n", fmt::join(operands.input.shape, ", "),
                                 fmt::join(shape, ", "), to_string(problem.dtype), plan.algorithm(), seconds * 1e3);
  if (arguments.output.empty()) {
    text += describe(result);
  } else {
    write(arguments, operands, std::move(result));
    text.insert(0, arguments.output + ": ");
  }
  print(text);
}

void run(const ApplyArguments& arguments) {
  check_output(arguments);
  LayerArguments layer = arguments.layer;
  Operands operands = read_operands(arguments, layer);
  const Problem problem = make_problem(spec_of(arguments, layer, operands));
  switch (problem.dtype) {
    case DType::f32:
      return apply<float>(arguments, problem, operands);
    case DType::f64:
      return apply<double>(arguments, problem, operands);
    case DType::i64:
      return apply<std::int64_t>(arguments, problem, operands);
  }
}

void add_command(CLI::App& app, const std::string& name, const std::string& description, const std::string& footer,
                 bool transposed) {
  CLI::App* command = app.add_subcommand(name, description);
  const auto arguments = std::make_shared<ApplyArguments>();
  arguments->layer.transposed = transposed;
  command
      ->add_option("input", arguments->input, ".npy of [batch, channels, space…] or the spatial axes alone; .png; .jpg")
      ->required();
  command->add_option("-o,--output", arguments->output,
                      "where the result goes: .npy, .png or .jpg; without it, it is printed");
  const std::string weights = "Weights";
  command
      ->add_option("--weight", arguments->weight,
                   transposed ? ".npy of [in, out/groups, k…] as in PyTorch, or [k] or [k, k] for every channel apart"
                              : ".npy of [out, in/groups, k…] as in PyTorch, or [k] or [k, k] for every channel apart")
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
  command->add_option("--algorithm", arguments->algorithm, "auto, or one by name (faltung plan lists them)")
      ->group(how);
  command->add_option("--accuracy", arguments->accuracy, "default, or strict: sums in the defined order")->group(how);
  command->add_option("--threads", arguments->threads, "threads; 0 (default) for all of the machine")->group(how);
  command->add_flag("--normalize", arguments->normalize, "scale the result to 0…255 for a picture; else it is clamped")
      ->group(how);
  command->add_option("--pixel-limit", arguments->pixel_limit, "refuse pictures with more pixels")->group(how);
  command->footer(footer);
  command->callback([arguments] { run(*arguments); });
}

}  // namespace

void add_apply_commands(CLI::App& app) {
  add_command(app, "conv", "convolution of an array or a picture",
              "Named kernels keep a picture's size (padding same), except bilinear:S, which makes it S times smaller.\n"
              "Examples:\n  faltung conv photo.jpg --kernel gaussian:2 --boundary reflect -o blurred.png\n"
              "  faltung conv photo.jpg --kernel sobel-x --normalize -o edges.png\n"
              "  faltung conv x.npy --weight w.npy --bias b.npy --stride 2 --padding 1 -o y.npy",
              false);
  add_command(
      app, "conv-transpose", "transposed convolution of an array or a picture",
      "bilinear:S makes a picture S times larger.\n"
      "Examples:\n  faltung conv-transpose photo.jpg --kernel bilinear:2 --boundary replicate -o twice_as_large.png\n"
      "  faltung conv-transpose x.npy --weight w.npy --stride 2 --padding 1 --output-padding 1 -o y.npy",
      true);
}

}  // namespace faltung::cli
