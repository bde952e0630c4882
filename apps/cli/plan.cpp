// `faltung plan`: what would run, what was refused and why.
#include "cli/arguments.hpp"

#include <memory>

namespace faltung::cli {

namespace {

struct PlanArguments {
  LayerArguments layer;
  std::string algorithm = "auto", accuracy = "default";
  int threads = 0;
};

}  // namespace

void add_plan_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("plan", "what would run, what was refused and why");
  const auto arguments = std::make_shared<PlanArguments>();
  command->add_option("string", arguments->layer.problem,
                      "a problem string, like `conv2d ic3 oc8 i224x224 k3x3 s2 p1`");
  add_shape_options(*command, arguments->layer);
  const std::string group = "How";
  command->add_option("--algorithm", arguments->algorithm, "auto, or one by name")->group(group);
  command->add_option("--accuracy", arguments->accuracy, accuracy_help)->group(group);
  command->add_option("--threads", arguments->threads, "threads; 0 (default) for all of the machine")->group(group);
  command->footer(
      "Examples:\n  faltung plan \"conv2d ic64 oc64 i56x56 k3x3 p1\"\n"
      "  faltung plan --input 100 --kernel-size 16 --stride 8 --transposed --accuracy strict");
  command->callback([arguments] {
    const Options options{arguments->algorithm, parse_accuracy(arguments->accuracy, "--accuracy"), arguments->threads};
    print(to_text(make_plan(problem_of(arguments->layer), options).report()));
  });
}

}  // namespace faltung::cli
