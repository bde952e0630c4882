#include "cli/planning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <memory>

namespace faltung::cli {

void add_measuring_options(CLI::App& command, PlanningArguments& arguments, const std::string& group) {
  command
      .add_option("--accuracy", arguments.accuracy,
                  "default, strict: sums in the defined order, or the largest error over the result's root mean "
                  "square, like 1e-5")
      ->group(group);
  command.add_option("--threads", arguments.threads, "threads; 0 (default) for all of the machine")->group(group);
}

void add_planning_options(CLI::App& command, PlanningArguments& arguments, const std::string& group) {
  command.add_option("--algorithm", arguments.algorithm, "auto, or one by name (faltung plan lists them)")
      ->group(group);
  add_measuring_options(command, arguments, group);
}

Options options_of(const PlanningArguments& arguments, const std::string& accuracy) {
  Options options;
  options.algorithm = arguments.algorithm;
  options.accuracy = parse_accuracy(arguments.accuracy.empty() ? accuracy : arguments.accuracy, "--accuracy");
  options.threads = arguments.threads;
  auto wisdom = std::make_shared<Wisdom>();
  for (const std::string& warning : wisdom->read(Wisdom::default_path()))
    std::fprintf(stderr, "faltung: warning: %s\n", warning.c_str());
  options.wisdom = std::move(wisdom);
  return options;
}

namespace {

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

}  // namespace

void add_problems_options(CLI::App& command, LayerArguments& layer, std::string& corpus, const std::string& group) {
  add_shape_options(command, layer);
  command
      .add_option("--corpus", corpus,
                  "a text file with one problem string a line, a name may stand before it; # begins a comment")
      ->group(group);
}

std::vector<Problem> problems_of(const std::string& file, const LayerArguments& layer) {
  if (!file.empty() && !layer.problem.empty())
    throw ProblemError("both a problem and --corpus", "the file names the problems", "give one of them");
  return file.empty() ? std::vector{problem_of(layer)} : read_corpus(file);
}

void check_seconds(double seconds) {
  if (!(seconds >= 0 && seconds <= 3600))
    throw ProblemError(fmt::format("--seconds {}", seconds), "it is 0 to 3600", "use 0.3");
}

}  // namespace faltung::cli
