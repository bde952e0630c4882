// What the commands share: the words that describe a layer, and how they become a problem.
#pragma once

#include <faltung/faltung.hpp>

#include "cli/command.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace faltung::cli {

/// A user's words for a layer, before they are read.
struct LayerArguments {
  std::string problem;  // a problem string, instead of the rest
  std::string input, kernel_size, stride, dilation, padding, output_padding, output_size, output_shape, boundary, dtype;
  std::int64_t batch = 1, groups = 1, input_channels = 1, output_channels = 1;
  bool transposed = false, flip = false;
};

/// Options that every layer has: --stride, --padding, --dilation, --groups, --boundary, --flip.
void add_layer_options(CLI::App& command, LayerArguments& arguments);
/// --output-padding, --output-size, --output-shape.
void add_transposed_options(CLI::App& command, LayerArguments& arguments);
/// For commands without arrays: --input, --kernel-size, channels, --transposed, or a problem string.
void add_shape_options(CLI::App& command, LayerArguments& arguments);

/// The spec of the words; input, kernel and channels only where they were given as words. Errors: ProblemError.
LayerSpec layer_spec(const LayerArguments& arguments);
/// The problem of the problem string, or of the options. Errors: ProblemError, for both too.
Problem problem_of(const LayerArguments& arguments);

Form parse_form(const std::string& text);

/// Writes to standard output; FileError when it cannot be written (a closed pipe, a full disk).
void print(const std::string& text);

// The options, the examples and the work of each command.
void set_up_conv(CLI::App* command);
void set_up_conv_transpose(CLI::App* command);
void set_up_explain(CLI::App* command);
void set_up_grad(CLI::App* grad);
void set_up_serve(CLI::App* command);
void set_up_matrix(CLI::App* command);
void set_up_shape(CLI::App* command);
void set_up_plan(CLI::App* command);
/// `status` becomes 1 when a property fails.
void set_up_check(CLI::App* command, const CheckFunction& check, int& status);
void set_up_bench(CLI::App* command);
void set_up_tune(CLI::App* command);

}  // namespace faltung::cli
