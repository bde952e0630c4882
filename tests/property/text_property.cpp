// Strings and names.
#include "property/properties.hpp"

#include <faltung/matrix.hpp>

#include <algorithm>

namespace faltung::test {
namespace {

TEST(Text, ParsingWhatWasPrintedGivesTheProblem) {
  for_all_problems(
      [](const Problem& problem, std::uint32_t) { RC_ASSERT(parse_problem(to_string(problem)) == problem); });
}

TEST(Text, NamesOfRowsAndColumnsAreDifferent) {
  for_all_problems([](const Problem& problem, std::uint32_t) {
    for (const Form form : {Form::padded, Form::folded}) {
      if (problem.unknown == Unknown::weights && form == Form::padded) continue;
      const MatrixSize size = matrix_size(problem, form);
      for (auto names : {row_names(problem, form), column_names(problem, form)}) {
        std::sort(names.begin(), names.end());
        RC_ASSERT(std::adjacent_find(names.begin(), names.end()) == names.end());
      }
      RC_ASSERT((static_cast<std::int64_t>(row_names(problem, form).size()) == size.rows));
      RC_ASSERT((static_cast<std::int64_t>(column_names(problem, form).size()) == size.columns));
    }
  });
}

}  // namespace
}  // namespace faltung::test
