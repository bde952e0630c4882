// What the builder and the names of a matrix share with each other and with the explanation.
#pragma once

#include <faltung/problem.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace faltung::internal {

/// The arrays of a layer by the letters of the article, I, K and O; ∂ marks the gradient of one.
struct Letters {
  std::string fine, coarse, weights;
};
Letters letters(const Problem& problem);

/// Whether the folded form adds margin cells onto others.
bool folds(const Problem& problem);

/// Name of entry i: of weight i, or with unknown weights of fine cell i of the whole batch.
std::function<std::string(std::int64_t)> entry_names(const Problem& problem);

/// Refuses tables that nobody reads, and names that are not one for each row and column.
void check_table(std::int64_t row_count, std::int64_t column_count, const std::vector<std::string>& rows,
                 const std::vector<std::string>& columns);

}  // namespace faltung::internal
