// `faltung grad input|weight|bias`: the gradients of a layer, from the gradient of its output.
#include "cli/arrays.hpp"
#include "cli/planning.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

namespace faltung::cli {

namespace {

struct GradArguments {
  LayerArguments layer;
  std::string gradient, weight, input, output;
  PlanningArguments planning;
};

using Extents = Shape;  // of the spatial axes alone

std::string text_of(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

/// [batch, channels, space…] of an array with `axes` spatial axes, or of the spatial axes alone.
Shape full_shape(const io::Array& array, const std::string& path, std::size_t axes) {
  Shape shape = array.shape;
  if (shape.size() == axes) shape.insert(shape.begin(), {1, 1});
  if (shape.size() != axes + 2)
    throw ProblemError(
        fmt::format("{} of {}", path, text_of(array.shape)),
        fmt::format("the kernel has {} axes, so an array has as many, or [batch, channels] and as many", axes),
        "reshape it, for one sample to [1, channels, …]");
  return shape;
}

Extents space(const Shape& full) { return {full.begin() + 2, full.end()}; }

bool is_same(Padding::Word word) { return word == Padding::Word::same || word == Padding::Word::same_lower; }

/// The layer whose output has the gradient's extents. `input`: its input's extents, or empty: the smallest that the
/// layer can have.
Problem layer_of(LayerSpec spec, const Extents& input, const Extents& output, const std::string& path) {
  spec.input = input;
  if (input.empty()) {  // the way back has the same pads, and no remainder
    LayerSpec back = spec;
    back.layer = spec.layer == Layer::conv ? Layer::conv_transpose : Layer::conv;
    back.input = output;
    back.output_padding.clear();
    std::swap(back.input_channels, back.output_channels);
    const Problem problem = make_problem(back);
    for (const Axis& axis : problem.axes) spec.input.push_back(spec.layer == Layer::conv ? axis.fine : axis.coarse);
  }
  if (!is_same(spec.padding.word) && spec.output_padding.empty()) spec.output_size = output;
  Problem problem = make_problem(spec);
  const Shape shape = spec.layer == Layer::conv ? problem.coarse_shape() : problem.fine_shape();
  if (space(shape) != output)
    throw ProblemError(fmt::format("{} of {}", path, text_of(output)),
                       fmt::format("the layer's output is {}", text_of(space(shape))),
                       "change the padding, the stride or the input's size");
  return problem;
}

template <class T>
io::Array result_of(const Problem& problem, const PlanningArguments& planning, const std::vector<T>& first,
                    const std::vector<T>& second) {
  Options options = options_of(planning);
  options.pack_each_run = true;  // once
  const Plan plan = make_plan(problem, options);
  std::vector<T> result(static_cast<std::size_t>(element_count(problem.unknown_shape())));
  if (problem.unknown == Unknown::weights) {
    const bool conv = problem.layer == Layer::conv;
    plan.run_weight_gradient<T>({first.data(), conv ? problem.fine_shape() : problem.coarse_shape()},
                                {second.data(), conv ? problem.coarse_shape() : problem.fine_shape()},
                                {result.data(), problem.unknown_shape()});
  } else {
    plan.run<T>({first.data(), problem.given_shape()}, plan.pack<T>({second.data(), problem.weights_shape()}),
                {result.data(), problem.unknown_shape()});
  }
  return {problem.unknown_shape(), std::move(result)};
}

io::Array result_of(const GradArguments& arguments, const Problem& problem, io::Array first,
                    const std::string& first_path, io::Array second, const std::string& second_path) {
  const auto with = [&]<class T>() {
    return result_of<T>(problem, arguments.planning, convert<T>(std::move(first.values), first_path),
                        convert<T>(std::move(second.values), second_path));
  };
  if (problem.dtype == DType::f32) return with.operator()<float>();
  return problem.dtype == DType::f64 ? with.operator()<double>() : with.operator()<std::int64_t>();
}

void finish(const GradArguments& arguments, const std::string& what, const io::Array& result) {
  std::string text = fmt::format("{}: {} {}\n", what, text_of(result.shape), to_string(result.dtype()));
  if (arguments.output.empty()) {
    text += describe(result);
  } else {
    io::write_npy(arguments.output, result);
    text.insert(0, arguments.output + ": ");
  }
  print(text);
}

void check_output(const GradArguments& arguments) {
  if (arguments.output.empty()) return;
  if (io::kind_of(arguments.output) != io::FileKind::npy)
    throw ProblemError(fmt::format("-o {}", arguments.output), "gradients are written as .npy", "use this ending");
  refuse_overwriting(arguments.output, {arguments.gradient, arguments.weight, arguments.input});
}

DType dtype_for(const GradArguments& arguments, const io::Array& a, const io::Array& b) {
  return arguments.layer.dtype.empty() ? common_dtype(a.dtype(), b.dtype())
                                       : parse_dtype(arguments.layer.dtype, "--dtype");
}

void grad_input(const GradArguments& arguments) {
  check_output(arguments);
  io::Array gradient = io::read_npy(arguments.gradient), weight = io::read_npy(arguments.weight);
  Shape shape = weight.shape;
  if (shape.size() == gradient.shape.size() && shape.size() <= 2) shape.insert(shape.begin(), {1, 1});
  if (shape.size() < 3 || shape.size() > 5)
    throw ProblemError(fmt::format("{} of {}", arguments.weight, text_of(weight.shape)),
                       "weights are [channels, channels, k…], or [k…] for an array of as many axes",
                       "reshape it, for one channel to [1, 1, …]");
  const Shape full = full_shape(gradient, arguments.gradient, shape.size() - 2);
  LayerSpec spec = layer_spec(arguments.layer);
  spec.kernel = space(shape);
  spec.batch = full[0];
  std::int64_t inner = 0;
  if (spec.groups < 1 || __builtin_mul_overflow(shape[1], spec.groups, &inner))
    throw ProblemError(fmt::format("--groups {}", spec.groups),
                       "it must be at least 1, and the channels fit into 64 bits", "use 1");
  const bool conv = spec.layer == Layer::conv;
  spec.input_channels = conv ? inner : shape[0];
  spec.output_channels = conv ? shape[0] : inner;
  if (full[1] != spec.output_channels)
    throw ProblemError(
        fmt::format("{} has {} channels", arguments.gradient, full[1]),
        fmt::format("the weight of {} in {} groups gives {}", text_of(weight.shape), spec.groups, spec.output_channels),
        "change the weight, the groups or the gradient");
  spec.dtype = dtype_for(arguments, gradient, weight);
  const Extents input =
      arguments.layer.input.empty() ? Extents{} : parse_extents(arguments.layer.input, "--input-size");
  const Problem problem = input_gradient(layer_of(spec, input, space(full), arguments.gradient));
  const bool alone = gradient.shape.size() == full.size() - 2;
  io::Array result =
      result_of(arguments, problem, std::move(gradient), arguments.gradient, std::move(weight), arguments.weight);
  if (alone) result.shape = space(result.shape);
  finish(arguments, "gradient of the input", result);
}

void grad_weight(const GradArguments& arguments) {
  check_output(arguments);
  LayerSpec spec = layer_spec(arguments.layer);
  io::Array gradient = io::read_npy(arguments.gradient), input = io::read_npy(arguments.input);
  const Shape out = full_shape(gradient, arguments.gradient, spec.kernel.size()),
              in = full_shape(input, arguments.input, spec.kernel.size());
  if (out[0] != in[0])
    throw ProblemError(fmt::format("{} has {} samples", arguments.gradient, out[0]),
                       fmt::format("{} has {}", arguments.input, in[0]), "give both arrays of the same batch");
  spec.batch = in[0];
  spec.input_channels = in[1];
  spec.output_channels = out[1];
  spec.dtype = dtype_for(arguments, gradient, input);
  const Problem problem = weight_gradient(layer_of(spec, space(in), space(out), arguments.gradient));
  const bool alone = gradient.shape.size() == spec.kernel.size() && input.shape.size() == spec.kernel.size();
  io::Array result =
      result_of(arguments, problem, std::move(input), arguments.input, std::move(gradient), arguments.gradient);
  if (alone) result.shape = space(result.shape);
  finish(arguments, "gradient of the weights", result);
}

void grad_bias(const GradArguments& arguments) {
  check_output(arguments);
  io::Array gradient = io::read_npy(arguments.gradient);
  if (gradient.shape.size() < 3)
    throw ProblemError(fmt::format("{} of {}", arguments.gradient, text_of(gradient.shape)),
                       "a bias belongs to a channel of [batch, channels, space…]",
                       "reshape it, for one channel to [1, 1, …]");
  // summing over all cells of a channel is the weight gradient of a 1×1 convolution whose input is 1 everywhere
  const std::int64_t cells = element_count(Shape(gradient.shape.begin() + 2, gradient.shape.end()));
  if (cells == 0) {
    finish(arguments, "gradient of the bias",
           {{gradient.shape[1]}, std::vector<double>(static_cast<std::size_t>(gradient.shape[1]))});
    return;
  }
  LayerSpec spec;
  spec.batch = gradient.shape[0];
  spec.output_channels = gradient.shape[1];
  spec.input = {cells};
  spec.kernel = {1};
  spec.dtype = arguments.layer.dtype.empty() ? gradient.dtype() : parse_dtype(arguments.layer.dtype, "--dtype");
  const Problem problem = weight_gradient(make_problem(spec));
  io::Array ones{{spec.batch, 1, cells},
                 std::vector<double>(static_cast<std::size_t>(element_count({spec.batch, cells})), 1.0)};
  io::Array result = result_of(arguments, problem, std::move(ones), "1", std::move(gradient), arguments.gradient);
  result.shape = {spec.output_channels};
  finish(arguments, "gradient of the bias", result);
}

CLI::App* add_one(CLI::App& grad, const std::string& name, const std::string& description,
                  const std::shared_ptr<GradArguments>& arguments) {
  CLI::App* command = grad.add_subcommand(name, description);
  command->add_option("gradient", arguments->gradient, "gradient of the output: .npy of [batch, channels, space…]")
      ->required();
  command->add_option("-o,--output", arguments->output, "where the result goes, .npy; without it, it is printed");
  command
      ->add_option("--dtype", arguments->layer.dtype,
                   "f32, f64, i64; default: what the files hold (whole numbers stay exact)")
      ->group("How");
  if (name == "bias") return command;
  add_layer_options(*command, arguments->layer);
  command->add_flag("--transposed", arguments->layer.transposed, "the layer is a transposed convolution");
  command->add_option("--output-padding", arguments->layer.output_padding,
                      "the transposed layer's; default: what its output's size says");
  const std::string how = "How";
  add_planning_options(*command, arguments->planning, how);
  return command;
}

}  // namespace

void set_up_grad(CLI::App* grad) {
  grad->require_subcommand(0, 1);
  grad->callback([grad] {
    if (grad->get_subcommands().empty())
      throw ProblemError("grad alone", "a gradient is by the input, the weight or the bias",
                         "write grad input, grad weight or grad bias");
  });
  grad->footer(
      "Examples:\n  faltung grad input dy.npy --weight w.npy --stride 2 --padding 1 --input-size 224x224 -o dx.npy\n"
      "  faltung grad weight dy.npy --input x.npy --kernel-size 3x3 --stride 2 --padding 1 -o dw.npy\n"
      "  faltung grad bias dy.npy -o db.npy");
  const auto input = std::make_shared<GradArguments>(), weight = std::make_shared<GradArguments>(),
             bias = std::make_shared<GradArguments>();
  CLI::App* by_input = add_one(*grad, "input", "by the input: the transposed layer", input);
  by_input->add_option("--weight", input->weight, ".npy of the layer's weights, as in PyTorch")->required();
  by_input->add_option("--input-size", input->layer.input,
                       "extents of the layer's input, like 224x224; default: the smallest that fits");
  by_input->callback([input] { grad_input(*input); });
  CLI::App* by_weight = add_one(*grad, "weight", "by the weights", weight);
  by_weight->add_option("--input", weight->input, ".npy of the layer's input")->required();
  by_weight->add_option("--kernel-size", weight->layer.kernel_size, "extents of the kernel, like 3x3")->required();
  by_weight->callback([weight] { grad_weight(*weight); });
  CLI::App* by_bias = add_one(*grad, "bias", "by the bias: the sum of every channel", bias);
  by_bias->callback([bias] { grad_bias(*bias); });
}

}  // namespace faltung::cli
