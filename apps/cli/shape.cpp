// `faltung shape`: sizes, with the formula filled in, and the layer in other words.
#include "cli/arguments.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

namespace faltung::cli {

namespace {

std::string size_text(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::string axis_text(const Problem& problem, std::size_t index) {
  const Axis& axis = problem.axes[index];
  const char name = "xyz"[problem.axes.size() - 1 - index];
  std::string span = std::to_string(axis.span());
  std::string text = fmt::format("axis {}\n", name);
  if (axis.dilation > 1)
    text += fmt::format("  span   = (k − 1)·dilation + 1 = ({} − 1)·{} + 1 = {}\n", axis.kernel, axis.dilation, span);
  if (problem.layer == Layer::conv) {
    text += fmt::format("  padded = in + before + after = {} + {} + {} = {}\n", axis.fine, axis.pad_before,
                        axis.pad_after, axis.padded());
    text += fmt::format("  out    = 1 + (padded − {}) // stride = 1 + ({} − {}) // {} = {}\n",
                        axis.dilation > 1 ? "span" : "k", axis.padded(), span, axis.stride, axis.coarse);
    if (axis.surplus() > 0)
      text += fmt::format("  the last {} padded cell{} in no window: the way back needs output padding {}\n",
                          axis.surplus(), axis.surplus() == 1 ? " is" : "s are", axis.surplus());
  } else {
    text +=
        fmt::format("  tmp    = (in − 1)·stride + {} + output padding = ({} − 1)·{} + {} + {} = {}\n",
                    axis.dilation > 1 ? "span" : "k", axis.coarse, axis.stride, span, axis.surplus(), axis.padded());
    text += fmt::format("  out    = tmp − before − after = {} − {} − {} = {}\n", axis.padded(), axis.pad_before,
                        axis.pad_after, axis.fine);
  }
  return text;
}

struct ShapeArguments {
  LayerArguments layer;
  bool json = false;
};

void run(const ShapeArguments& arguments) {
  const Problem problem = problem_of(arguments.layer);
  if (arguments.json) {
    print(framework_words_json(problem));
    return;
  }
  std::string text = to_string(problem) + "\n\n";
  const bool conv = problem.layer == Layer::conv;
  text += fmt::format(
      "input    {}\nweights  {}\noutput   {}\n\n", size_text(conv ? problem.fine_shape() : problem.coarse_shape()),
      size_text(problem.weights_shape()), size_text(conv ? problem.coarse_shape() : problem.fine_shape()));
  double products = static_cast<double>(problem.batch) * static_cast<double>(element_count(problem.weights_shape()));
  for (std::size_t a = 0; a < problem.axes.size(); ++a) {
    text += axis_text(problem, a);
    products *= static_cast<double>(problem.axes[a].coarse);
  }
  text += fmt::format("\n{} weights, {:.0f} multiply-adds\n", element_count(problem.weights_shape()), products);
  text += "\nIn other words (x is the input, w the weights, no bias):\n\n" + to_text(framework_words(problem));
  print(text);
}

}  // namespace

void set_up_shape(CLI::App* command) {
  const auto arguments = std::make_shared<ShapeArguments>();
  add_shape_options(*command, arguments->layer);
  command->add_flag("--json", arguments->json, "for programs");
  command->footer(
      "Examples:\n  faltung shape --input 224x224 --kernel-size 3x3 --stride 2 --padding 1\n"
      "  faltung shape --input 2x2 --kernel-size 2x2 --stride 2 --padding 1 --transposed");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace faltung::cli
