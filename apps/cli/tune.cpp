// `faltung tune`: times the algorithms of a problem or a corpus, and keeps the times for plans to come.
#include "cli/planning.hpp"
#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace faltung::cli {

namespace {

struct TuneArguments {
  LayerArguments layer;
  std::string corpus, wisdom;
  double seconds = 0.2;
  bool once = false;
  PlanningArguments planning;
};

double total(const Candidate& candidate, bool once) {
  return *candidate.measured_seconds + (once ? *candidate.measured_pack_seconds : 0);
}

/// How many times as long as the fastest what a plan without wisdom chooses takes.
double excess(const Tuning& tuning, bool once) {
  double best = 0, untuned = 0;
  for (const Candidate& candidate : tuning.report.candidates) {
    if (candidate.algorithm == tuning.report.chosen) best = total(candidate, once);
    if (candidate.algorithm == tuning.untuned) untuned = total(candidate, once);
  }
  return untuned / best;
}

std::string table(const Tuning& tuning, bool once) {
  std::string text = fmt::format("{}\n  {:<16}{:>12}{:>12}{:>12}\n", tuning.report.problem, "algorithm", "ms",
                                 "packing, ms", "predicted");
  for (const Candidate& candidate : tuning.report.candidates) {
    if (candidate.refusal) continue;
    if (!candidate.measured_seconds) {
      text += fmt::format("  {:<16}{:>12}{:>12}{:>12.4g}\n", candidate.algorithm, "–", "–",
                          candidate.predicted_seconds * 1e3);
      continue;
    }
    text += fmt::format("  {:<16}{:>12.4g}{:>12.4g}{:>12.4g}", candidate.algorithm, *candidate.measured_seconds * 1e3,
                        *candidate.measured_pack_seconds * 1e3, candidate.predicted_seconds * 1e3);
    if (candidate.algorithm == tuning.report.chosen) text += "  ← fastest";
    if (candidate.algorithm == tuning.untuned && candidate.algorithm != tuning.report.chosen)
      text += fmt::format("  ← chosen until now, {:.2f} times as long", excess(tuning, once));
    text += "\n";
  }
  return text;
}

void run(const TuneArguments& arguments) {
  check_seconds(arguments.seconds);
  const std::vector<Problem> problems = problems_of(arguments.corpus, arguments.layer);
  const std::string path = arguments.wisdom.empty() ? Wisdom::default_path() : arguments.wisdom;
  if (path.empty())
    throw ProblemError("no file to keep the times in", "it is --wisdom, FALTUNG_WISDOM, or in the user's cache",
                       "give --wisdom wisdom.json");
  Options options;
  options.accuracy =
      parse_accuracy(arguments.planning.accuracy.empty() ? "default" : arguments.planning.accuracy, "--accuracy");
  options.threads = arguments.planning.threads;
  options.pack_each_run = arguments.once;
  const auto count = static_cast<std::int64_t>(problems.size());
  std::int64_t done = 0;
  std::vector<double> excesses;
  Progress progress("tune");
  for (const Problem& problem : problems) {
    Wisdom wisdom;
    const Tuning tuning = tune(problem, options, arguments.seconds, [&](std::int64_t part, std::int64_t parts) {
      progress.show(done * parts + part, count * parts);
    });
    ++done;
    wisdom.remember(tuning);
    wisdom.write(path);  // after each, so that an interrupted tuning keeps what it has
    excesses.push_back(excess(tuning, arguments.once));
    print(table(tuning, arguments.once));
  }
  const auto within = [&](double factor) {
    return std::count_if(excesses.begin(), excesses.end(), [&](double e) { return e <= factor; });
  };
  if (count > 1)
    print(fmt::format("untuned choices: {} of {} within 1.1 × of the fastest, {} within 1.5 ×, the worst {:.2f} ×\n",
                      within(1.1), count, within(1.5), *std::max_element(excesses.begin(), excesses.end())));
  print(fmt::format("kept in {}\n", path));
}

}  // namespace

void set_up_tune(CLI::App* command) {
  const auto arguments = std::make_shared<TuneArguments>();
  const std::string group = "How";
  add_problems_options(*command, arguments->layer, arguments->corpus, group);
  command
      ->add_option("--seconds", arguments->seconds,
                   "time for each algorithm (0.2); at least three runs, the best counts; what is predicted to take ten "
                   "times as long as the best is left out (–)")
      ->group(group);
  command->add_flag("--once", arguments->once, once_help)->group(group);
  command
      ->add_option(
          "--wisdom", arguments->wisdom,
          "the file that keeps the times; default: FALTUNG_WISDOM, or faltung/wisdom.json in the user's cache, "
          "which conv, conv-transpose, grad, plan and Python read")
      ->group(group);
  add_measuring_options(*command, arguments->planning, group);
  command->footer(
      "Examples:\n  faltung tune \"conv2d ic64 oc64 i56x56 k3x3 p1\" --threads 1\n  faltung tune --corpus layers.txt\n"
      "  FALTUNG_WISDOM= faltung conv x.npy --weight w.npy -o y.npy      without what was measured");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace faltung::cli
