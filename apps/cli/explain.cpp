// `faltung explain`: why every number is what it is.
#include "cli/arguments.hpp"
#include "io/array.hpp"

#include <fmt/format.h>

#include <unistd.h>
#include <cstdlib>
#include <memory>

namespace faltung::cli {

namespace {

struct ExplainArguments {
  LayerArguments layer;
  std::string view, cell, form = "folded", format, output, input_file, weight_file, bias_file, gradient_file, gradient;
  bool symbolic = false;
};

View parse_view(const std::string& text, bool cell) {
  if (text.empty()) return cell ? View::cell : View::steps;
  for (const auto& [name, view] : {std::pair{"steps", View::steps},
                                   {"cell", View::cell},
                                   {"matrix", View::matrix},
                                   {"three-views", View::three_views},
                                   {"temporary", View::temporary},
                                   {"overlap", View::overlap}})
    if (text == name) return view;
  throw ProblemError(fmt::format("--view is {}", quote(text)),
                     "views are steps, cell, matrix, three-views, temporary and overlap", "use one of them");
}

/// --format, or what the ending of -o says; a terminal that wants colour gets it (https://no-color.org).
PageFormat parse_format(const ExplainArguments& arguments) {
  std::string text = arguments.format;
  if (text.empty() && !arguments.output.empty()) {
    const std::size_t dot = arguments.output.rfind('.');
    text = dot == std::string::npos ? "" : arguments.output.substr(dot + 1);
    if (text == "txt") text = "text";
    if (text != "text" && text != "svg" && text != "html" && text != "json")
      throw ProblemError(fmt::format("-o {}", arguments.output),
                         "explanations are written as .txt, .svg, .html and .json",
                         "use one of these endings, or give --format");
  }
  if (text == "svg") return PageFormat::svg;
  if (text == "html") return PageFormat::html;
  if (text == "json") return PageFormat::json;
  if (!text.empty() && text != "text")
    throw ProblemError(fmt::format("--format is {}", quote(text)), "formats are text, svg, html and json",
                       "use one of them");
  const char* no_colour = std::getenv("NO_COLOR");
  const bool wanted = no_colour == nullptr || *no_colour == '\0';
  return arguments.output.empty() && wanted && isatty(STDOUT_FILENO) == 1 ? PageFormat::colour_text : PageFormat::text;
}

std::vector<double> read_numbers(const std::string& path) {
  if (path.empty()) return {};
  return std::visit([](const auto& values) { return std::vector<double>(values.begin(), values.end()); },
                    io::read_npy(path).values);
}

Problem problem_for(const ExplainArguments& arguments) {
  const Problem forward = problem_of(arguments.layer);
  if (arguments.gradient.empty()) {
    // dI22 and dK11 are cells of a gradient problem
    if (arguments.cell.starts_with("dK")) return weight_gradient(forward);
    if (arguments.cell.starts_with("dI")) return input_gradient(forward);
    return forward;
  }
  if (arguments.gradient == "input") return input_gradient(forward);
  if (arguments.gradient == "weight") return weight_gradient(forward);
  throw ProblemError(fmt::format("--gradient is {}", quote(arguments.gradient)),
                     "gradients are by the input and by the weight", "use input or weight");
}

void run(const ExplainArguments& arguments) {
  const PageFormat format = parse_format(arguments);
  const Problem problem = problem_for(arguments);
  TraceNumbers numbers;
  numbers.input = read_numbers(arguments.input_file);
  numbers.weights = read_numbers(arguments.weight_file);
  numbers.bias = read_numbers(arguments.bias_file);
  numbers.output_gradient = read_numbers(arguments.gradient_file);
  numbers.names_only = arguments.symbolic;
  const Trace trace = make_trace(problem, numbers);
  Question question;
  question.view = parse_view(arguments.view, !arguments.cell.empty());
  if (!arguments.cell.empty()) question.cell = find_cell(trace, arguments.cell);
  question.form = parse_form(arguments.form);
  const std::string page = explain(trace, question, format);
  if (arguments.output.empty()) return print(page);
  io::write_text(arguments.output, page);
  print(fmt::format("{}: {} bytes\n", arguments.output, page.size()));
}

}  // namespace

void set_up_explain(CLI::App* command) {
  const auto arguments = std::make_shared<ExplainArguments>();
  add_shape_options(*command, arguments->layer);
  const std::string question = "Question";
  command
      ->add_option("--view", arguments->view,
                   "steps (default), cell, matrix, three-views, temporary (before the cut), overlap (checkerboard)")
      ->group(question);
  command
      ->add_option(
          "--cell", arguments->cell,
          "one cell by its name: O21 (made of what), I22 (goes where), K12, dI22 or dK11 (gradients), t22 (temporary)")
      ->group(question);
  command->add_option("--gradient", arguments->gradient, "explain the gradient by the input or by the weight")
      ->group(question);
  command
      ->add_option("--form", arguments->form, "of the matrix: folded over the true cells, padded over the padded array")
      ->group(question);
  const std::string data = "Numbers (without files they count 1, 2, 3, …)";
  command->add_flag("--symbolic", arguments->symbolic, "names alone")->group(data);
  command->add_option("--input-file", arguments->input_file, ".npy of the input")->group(data);
  command->add_option("--weight", arguments->weight_file, ".npy of the weights")->group(data);
  command->add_option("--bias", arguments->bias_file, ".npy of the bias")->group(data);
  command->add_option("--output-gradient", arguments->gradient_file, ".npy of the output's gradient, for gradients")
      ->group(data);
  const std::string output = "Output";
  command->add_option("--format", arguments->format, "text, svg, html (one file), json")->group(output);
  command->add_option("-o,--output", arguments->output, "write a .txt, .svg, .html or .json file")->group(output);
  command->footer(
      "Examples:\n  faltung explain --input 3x3 --kernel-size 2x2\n"
      "  faltung explain --input 2x2 --kernel-size 2x2 --stride 2 --padding 1 --transposed --view temporary\n"
      "  faltung explain --input 3x3 --kernel-size 2x2 --cell dI22\n"
      "  faltung explain --input 4x4 --kernel-size 3x3 --stride 2 --transposed --view overlap -o overlap.svg");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace faltung::cli
