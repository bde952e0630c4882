// `faltung plan`: what would run, what was refused and why.
#include "cli/planning.hpp"

#include <memory>

namespace faltung::cli {

namespace {

struct PlanArguments {
  LayerArguments layer;
  PlanningArguments planning;
  bool once = false;
};

}  // namespace

void set_up_plan(CLI::App* command) {
  const auto arguments = std::make_shared<PlanArguments>();
  add_shape_options(*command, arguments->layer);
  const std::string group = "How";
  add_planning_options(*command, arguments->planning, group);
  command->add_flag("--once", arguments->once, once_help)->group(group);
  command->footer(
      "Examples:\n  faltung plan \"conv2d ic64 oc64 i56x56 k3x3 p1\"\n"
      "  faltung plan --input 100 --kernel-size 16 --stride 8 --transposed --accuracy strict");
  command->callback([arguments] {
    Options options = options_of(arguments->planning);
    options.pack_each_run = arguments->once;
    print(to_text(make_plan(problem_of(arguments->layer), options).report()));
  });
}

}  // namespace faltung::cli
