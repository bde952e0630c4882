// Random valid problems, and the count of what they cover.
#pragma once

#include <faltung/problem.hpp>

#include <rapidcheck.h>

#include <cstdint>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace faltung {

/// How RapidCheck prints a counterexample: a string to paste into `faltung matrix --problem "…"`.
inline void showValue(const Problem& problem, std::ostream& out) { out << '`' << to_string(problem) << '`'; }

}  // namespace faltung

namespace faltung::test {

/// `any_problem` by RapidCheck.
rc::Gen<Problem> problems();

/// Counts problems by feature and by pairs of features.
class Coverage {
 public:
  void add(const Problem& problem);
  /// A table of all pairs that can occur together.
  std::string table() const;
  /// The pairs (that can occur together) seen fewer than `least` times.
  std::vector<std::string> rare_pairs(std::int64_t least) const;
  std::int64_t problems() const { return problems_; }

 private:
  std::int64_t problems_ = 0;
  std::map<std::pair<std::size_t, std::size_t>, std::int64_t> pairs_;
};

}  // namespace faltung::test
