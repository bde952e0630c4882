#include "cli/arguments.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace faltung::cli {

void add_layer_options(CLI::App& command, LayerArguments& arguments) {
  const std::string group = "Layer (axes joined by x, outermost first)";
  command.add_option("--stride", arguments.stride, "cells from one window to the next: 2, or 2x1 per axis (1)")
      ->group(group);
  command
      .add_option("--padding", arguments.padding,
                  "cells added around the array: 1, 1x2 per axis, 1:2x0:1 per side (before:after), or valid, same, "
                  "same_lower, full")
      ->group(group);
  command.add_option("--dilation", arguments.dilation, "cells from one tap to the next (1)")->group(group);
  command.add_option("--groups", arguments.groups, "channel groups that do not see each other")->group(group);
  command
      .add_option("--boundary", arguments.boundary,
                  "what stands in the padding: zeros (default), reflect, symmetric, replicate, circular")
      ->group(group);
  command.add_flag("--flip", arguments.flip, "flip the kernel: the convolution of signal processing")->group(group);
}

void add_transposed_options(CLI::App& command, LayerArguments& arguments) {
  const std::string group = "Output of a transposed convolution";
  command.add_option("--output-padding", arguments.output_padding, "cells added at the end of the output")
      ->group(group);
  command
      .add_option("--output-size", arguments.output_size,
                  "wanted output extents; keeps the pads, chooses the output padding (PyTorch)")
      ->group(group);
  command.add_option("--output-shape", arguments.output_shape, "wanted output extents; computes the pads (ONNX)")
      ->group(group);
}

void add_shape_options(CLI::App& command, LayerArguments& arguments) {
  const std::string group = "Sizes";
  command
      .add_option("problem,--problem", arguments.problem,
                  "a problem string instead of the options of a layer, like `conv2d ic3 oc8 i32x32 k3x3 s2 p1`")
      ->group(group);
  command.add_option("--input", arguments.input, "extents of the input, like 3x3")->group(group);
  command.add_option("--kernel-size", arguments.kernel_size, "extents of the kernel, like 2x2")->group(group);
  command.add_option("--batch", arguments.batch, "samples")->group(group);
  command.add_option("--in-channels", arguments.input_channels, "input channels")->group(group);
  command.add_option("--out-channels", arguments.output_channels, "output channels")->group(group);
  command.add_option("--dtype", arguments.dtype, "type of the numbers: f32 (default), f64, i64")->group(group);
  command.add_flag("--transposed", arguments.transposed, "a transposed convolution")->group(group);
  add_layer_options(command, arguments);
  add_transposed_options(command, arguments);
}

LayerSpec layer_spec(const LayerArguments& arguments) {
  LayerSpec spec;
  spec.layer = arguments.transposed ? Layer::conv_transpose : Layer::conv;
  spec.batch = arguments.batch;
  spec.groups = arguments.groups;
  spec.input_channels = arguments.input_channels;
  spec.output_channels = arguments.output_channels;
  if (!arguments.input.empty()) spec.input = parse_extents(arguments.input, "--input");
  if (!arguments.kernel_size.empty()) spec.kernel = parse_extents(arguments.kernel_size, "--kernel-size");
  if (!arguments.stride.empty()) spec.stride = parse_extents(arguments.stride, "--stride");
  if (!arguments.dilation.empty()) spec.dilation = parse_extents(arguments.dilation, "--dilation");
  if (!arguments.padding.empty()) spec.padding = parse_padding(arguments.padding, "--padding");
  if (!arguments.output_padding.empty())
    spec.output_padding = parse_extents(arguments.output_padding, "--output-padding");
  if (!arguments.output_size.empty()) spec.output_size = parse_extents(arguments.output_size, "--output-size");
  if (!arguments.output_shape.empty()) spec.output_shape = parse_extents(arguments.output_shape, "--output-shape");
  if (!arguments.boundary.empty()) spec.boundary = parse_boundary(arguments.boundary, "--boundary");
  if (!arguments.dtype.empty()) spec.dtype = parse_dtype(arguments.dtype, "--dtype");
  spec.flip = arguments.flip;
  return spec;
}

Problem problem_of(const LayerArguments& arguments) {
  if (!arguments.problem.empty()) {
    const LayerArguments none;
    for (const auto& [option, given] : {std::pair{"--input", !arguments.input.empty()},
                                        {"--kernel-size", !arguments.kernel_size.empty()},
                                        {"--stride", !arguments.stride.empty()},
                                        {"--dilation", !arguments.dilation.empty()},
                                        {"--padding", !arguments.padding.empty()},
                                        {"--output-padding", !arguments.output_padding.empty()},
                                        {"--output-size", !arguments.output_size.empty()},
                                        {"--output-shape", !arguments.output_shape.empty()},
                                        {"--boundary", !arguments.boundary.empty()},
                                        {"--dtype", !arguments.dtype.empty()},
                                        {"--batch", arguments.batch != none.batch},
                                        {"--groups", arguments.groups != none.groups},
                                        {"--in-channels", arguments.input_channels != none.input_channels},
                                        {"--out-channels", arguments.output_channels != none.output_channels},
                                        {"--transposed", arguments.transposed},
                                        {"--flip", arguments.flip}})
      if (given)
        throw ProblemError(fmt::format("both a problem string and {}", option), "a problem string says everything",
                           "write it into the string, or give options alone");
    return parse_problem(arguments.problem);
  }
  if (arguments.input.empty() || arguments.kernel_size.empty())
    throw ProblemError(arguments.input.empty() ? "no --input" : "no --kernel-size", "both are needed",
                       "give --input 3x3 --kernel-size 2x2, or a problem string, \"conv2d i3x3 k2x2\"");
  return make_problem(layer_spec(arguments));
}

Form parse_form(const std::string& text) {
  if (text == "folded") return Form::folded;
  if (text == "padded") return Form::padded;
  throw ProblemError(fmt::format("--form is {}", quote(text)), "forms are folded and padded", "use one of them");
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw FileError(fmt::format("standard output: cannot write it, {}: write to a file with -o", std::strerror(errno)));
}

}  // namespace faltung::cli
