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
/// For commands without arrays: --input, --kernel-size, channels, --transposed, or --problem.
void add_shape_options(CLI::App& command, LayerArguments& arguments);

/// The spec of the words; input, kernel and channels only where they were given as words. Errors: ProblemError.
LayerSpec layer_spec(const LayerArguments& arguments);
/// The problem of --problem, or of the words.
Problem problem_of(const LayerArguments& arguments);

Form parse_form(const std::string& text);

/// Writes to standard output; FileError when it cannot be written (a closed pipe, a full disk).
void print(const std::string& text);

void add_conv_command(CLI::App& app);
void add_conv_transpose_command(CLI::App& app);
void add_explain_command(CLI::App& app);
void add_grad_command(CLI::App& app);
void add_serve_command(CLI::App& app);
void add_matrix_command(CLI::App& app);
void add_shape_command(CLI::App& app);
void add_plan_command(CLI::App& app);
/// `status` becomes 1 when a property fails.
void add_check_command(CLI::App& app, const CheckFunction& check, int& status);
void add_bench_command(CLI::App& app);
void add_tune_command(CLI::App& app);

}  // namespace faltung::cli
