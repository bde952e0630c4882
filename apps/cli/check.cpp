// `faltung check`: the algebra, tested on the given problem.
#include "cli/arguments.hpp"

#include <memory>

namespace faltung::cli {

namespace {

struct CheckArguments {
  LayerArguments layer;
  std::uint32_t seed = 1;
  int threads = 0;
};

}  // namespace

void set_up_check(CLI::App* command, const CheckFunction& check, int& status) {
  const auto arguments = std::make_shared<CheckArguments>();
  add_shape_options(*command, arguments->layer);
  const std::string group = "How";
  command->add_option("--seed", arguments->seed, "chooses the numbers")->group(group);
  command->add_option("--threads", arguments->threads, "threads; 0 (default) for all of the machine")->group(group);
  command->footer(
      "Exit status 1 when a property fails. Errors are in units of the cell's sum of |weight|·|input|.\n"
      "Examples:\n  faltung check \"conv2d ic3 oc8 i32x32 k3x3 s2 p1\"\n"
      "  faltung check --input 100 --kernel-size 16 --stride 8 --transposed --dtype i64");
  command->callback([arguments, check, &status] {
    const CheckReport report = check(problem_of(arguments->layer), arguments->seed, arguments->threads);
    print(to_text(report));
    status = report.passed() ? 0 : 1;
  });
}

}  // namespace faltung::cli
