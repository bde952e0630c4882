// `faltung bench`: every algorithm on a problem, or on a file of problems.
#include "cli/arguments.hpp"
#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <limits>
#include <memory>

namespace faltung::cli {

namespace {

struct BenchArguments {
  LayerArguments layer;
  std::string corpus, accuracy = "default";
  double seconds = 0.3;
  int threads = 0;
};

/// One problem a line, perhaps after a name; empty lines and what follows a # are left out.
std::vector<Problem> read_corpus(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || file.peek() == std::ifstream::traits_type::eof())
    throw FileError(
        fmt::format("{}: no problems can be read from it: give a text file with one problem string a line", path));
  std::vector<Problem> problems;
  for (int number = 1; std::getline(file, line); ++number) {
    line.erase(std::min(line.find('#'), line.size()));
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (line.ends_with('\r')) line.pop_back();
    const std::size_t word = line.find_first_not_of(' ');
    if (line.compare(word, 4, "conv") != 0)
      line.erase(0, line.find(' ', word));  // a name before the string, as in bench/corpora/
    try {
      problems.push_back(parse_problem(line));
    } catch (const ProblemError& error) {
      throw FileError(fmt::format("{}: line {}: {}", path, number, error.what()));
    }
  }
  return problems;
}

double multiply_adds(const Problem& problem) {
  double count = static_cast<double>(problem.batch) * static_cast<double>(element_count(problem.weights_shape()));
  for (const Axis& axis : problem.axes) count *= static_cast<double>(axis.coarse);
  return count;
}

/// The best of as many runs as fit into the time, at least three; the weights are packed before.
template <class T>
double best_seconds(const Plan& plan, double budget) {
  const Problem& problem = plan.problem();
  const auto filled = [](const Shape& shape) {
    std::vector<T> values(static_cast<std::size_t>(element_count(shape)));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(static_cast<int>(i % 7) - 3);
    return values;
  };
  const bool weights = problem.unknown == Unknown::weights, conv = problem.layer == Layer::conv;
  const std::vector<T> given = filled(problem.given_shape()),
                       other = filled(weights ? Shape{conv ? problem.coarse_shape() : problem.fine_shape()}
                                              : problem.weights_shape());
  std::vector<T> result(static_cast<std::size_t>(element_count(problem.unknown_shape())));
  std::vector<std::byte> workspace(plan.workspace_bytes());
  const PackedWeights packed = weights ? PackedWeights() : plan.pack<T>({other.data(), problem.weights_shape()});
  double best = std::numeric_limits<double>::infinity(), total = 0;
  for (int run = 0; run < 3 || total < budget; ++run) {
    const auto start = std::chrono::steady_clock::now();
    if (weights)
      plan.run_weight_gradient<T>({given.data(), problem.given_shape()},
                                  {other.data(), conv ? problem.coarse_shape() : problem.fine_shape()},
                                  {result.data(), problem.unknown_shape()}, workspace);
    else
      plan.run<T>({given.data(), problem.given_shape()}, packed, {result.data(), problem.unknown_shape()}, workspace);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::min(best, seconds);
    total += seconds;
  }
  return best;
}

double measure(const Plan& plan, double budget) {
  switch (plan.problem().dtype) {
    case DType::f32:
      return best_seconds<float>(plan, budget);
    case DType::f64:
      return best_seconds<double>(plan, budget);
    case DType::i64:
      break;
  }
  return best_seconds<std::int64_t>(plan, budget);
}

void run(const BenchArguments& arguments) {
  if (!arguments.corpus.empty() && !arguments.layer.problem.empty())
    throw ProblemError("both a problem and --corpus", "the file names the problems", "give one of them");
  if (!(arguments.seconds >= 0 && arguments.seconds <= 3600))
    throw ProblemError(fmt::format("--seconds {}", arguments.seconds), "it is 0 to 3600", "use 0.3");
  const std::vector<Problem> problems =
      arguments.corpus.empty() ? std::vector{problem_of(arguments.layer)} : read_corpus(arguments.corpus);
  const Accuracy accuracy = parse_accuracy(arguments.accuracy, "--accuracy");
  const auto count = static_cast<std::int64_t>(algorithms().size());
  Progress progress("bench");
  std::int64_t done = 0;
  for (const Problem& problem : problems) {
    const Report report = make_plan(problem, {"auto", accuracy, arguments.threads}).report();
    std::string text = fmt::format("{}\n  {:<16}{:>12}{:>20}{:>12}\n", report.problem, "algorithm", "ms",
                                   "10⁹ products / s", "predicted");
    for (const Candidate& candidate : report.candidates) {
      progress.show(done++, static_cast<std::int64_t>(problems.size()) * count);
      if (candidate.refusal) {
        text += fmt::format("  {:<16}refused: {}\n", candidate.algorithm, *candidate.refusal);
        continue;
      }
      const double seconds =
          measure(make_plan(problem, {candidate.algorithm, accuracy, arguments.threads}), arguments.seconds);
      text += fmt::format("  {:<16}{:>12.4g}{:>18.4g}{:>12.4g}{}\n", candidate.algorithm, seconds * 1e3,
                          multiply_adds(problem) / seconds * 1e-9, candidate.predicted_seconds * 1e3,
                          candidate.algorithm == report.chosen ? "  ← the plan's choice" : "");
    }
    print(text);
  }
}

}  // namespace

void add_bench_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("bench", "every algorithm on a problem or a corpus, timed");
  const auto arguments = std::make_shared<BenchArguments>();
  command->add_option("string", arguments->layer.problem, "a problem string, like `conv2d ic64 oc64 i56x56 k3x3 p1`");
  add_shape_options(*command, arguments->layer);
  const std::string group = "How";
  command
      ->add_option("--corpus", arguments->corpus,
                   "a text file with one problem string a line, a name may stand before it; # begins a comment")
      ->group(group);
  command
      ->add_option("--seconds", arguments->seconds,
                   "time for each algorithm (0.3); at least three runs, the best counts")
      ->group(group);
  command->add_option("--accuracy", arguments->accuracy, accuracy_help)->group(group);
  command->add_option("--threads", arguments->threads, "threads; 0 (default) for all of the machine")->group(group);
  command->footer(
      "Examples:\n  faltung bench \"conv2d ic64 oc64 i56x56 k3x3 p1\" --threads 1\n  faltung bench --corpus "
      "layers.txt");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace faltung::cli
