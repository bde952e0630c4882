// The words that say how a plan is made.
#pragma once

#include "cli/arguments.hpp"

namespace faltung::cli {

struct PlanningArguments {
  std::string algorithm = "auto", accuracy;  // empty: not given
  int threads = 0;
};

/// --algorithm, --accuracy, --threads.
void add_planning_options(CLI::App& command, PlanningArguments& arguments, const std::string& group);
/// As above without --algorithm: for commands that ask all.
void add_measuring_options(CLI::App& command, PlanningArguments& arguments, const std::string& group);

/// With the times that `faltung tune` measured; what is wrong with their file is said on stderr. `accuracy`: where none
/// was given. Errors: ProblemError.
Options options_of(const PlanningArguments& arguments, const std::string& accuracy = "default");

/// A problem string, the words of a problem, or --corpus.
void add_problems_options(CLI::App& command, LayerArguments& layer, std::string& corpus, const std::string& group);
/// Of --corpus or the words of a problem, one of which is given. `file` holds one problem a line, perhaps after a name;
/// empty lines and what follows a # are left out. Errors: ProblemError, FileError.
std::vector<Problem> problems_of(const std::string& file, const LayerArguments& layer);

inline constexpr const char* once_help = "the weights are used once: what packing them takes counts";

/// Budgets of measuring. Errors: ProblemError.
void check_seconds(double seconds);

}  // namespace faltung::cli
