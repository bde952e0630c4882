// `faltung bench`: every algorithm on a problem, or on a file of problems.
#include "cli/planning.hpp"
#include "cli/progress.hpp"

#include <fmt/format.h>

#include <memory>

namespace faltung::cli {

namespace {

struct BenchArguments {
  LayerArguments layer;
  std::string corpus;
  double seconds = 0.3;
  PlanningArguments planning;
};

double multiply_adds(const Problem& problem) {
  double count = static_cast<double>(problem.batch) * static_cast<double>(element_count(problem.weights_shape()));
  for (const Axis& axis : problem.axes) count *= static_cast<double>(axis.coarse);
  return count;
}

void run(const BenchArguments& arguments) {
  check_seconds(arguments.seconds);
  const std::vector<Problem> problems = problems_of(arguments.corpus, arguments.layer);
  Options options = options_of(arguments.planning);
  const auto count = static_cast<std::int64_t>(algorithms().size());
  Progress progress("bench");
  std::int64_t done = 0;
  for (const Problem& problem : problems) {
    options.algorithm = "auto";
    const Report report = make_plan(problem, options).report();
    std::string text = fmt::format("{}\n  {:<16}{:>12}{:>20}{:>12}\n", report.problem, "algorithm", "ms",
                                   "10⁹ products / s", "predicted");
    for (const Candidate& candidate : report.candidates) {
      progress.show(done++, static_cast<std::int64_t>(problems.size()) * count);
      if (candidate.refusal) {
        text += fmt::format("  {:<16}refused: {}\n", candidate.algorithm, *candidate.refusal);
        continue;
      }
      options.algorithm = candidate.algorithm;
      const double seconds = measure(make_plan(problem, options), arguments.seconds).run;
      text += fmt::format("  {:<16}{:>12.4g}{:>18.4g}{:>12.4g}{}\n", candidate.algorithm, seconds * 1e3,
                          multiply_adds(problem) / seconds * 1e-9, candidate.predicted_seconds * 1e3,
                          candidate.algorithm == report.chosen ? "  ← the plan's choice" : "");
    }
    print(text);
  }
}

}  // namespace

void set_up_bench(CLI::App* command) {
  const auto arguments = std::make_shared<BenchArguments>();
  const std::string group = "How";
  add_problems_options(*command, arguments->layer, arguments->corpus, group);
  command
      ->add_option("--seconds", arguments->seconds,
                   "time for each algorithm (0.3); at least three runs, the best counts")
      ->group(group);
  add_measuring_options(*command, arguments->planning, group);
  command->footer(
      "Examples:\n  faltung bench \"conv2d ic64 oc64 i56x56 k3x3 p1\" --threads 1\n  faltung bench --corpus "
      "layers.txt");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace faltung::cli
