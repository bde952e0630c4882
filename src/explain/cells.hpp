// What the pages ask of a trace.
#pragma once

#include <faltung/explain.hpp>

#include <string>
#include <vector>

namespace faltung::internal {

/// For each cell of a padded array whether it lies in the true one.
std::vector<bool> true_cells(const TraceArray& array);

/// Whether a cell of the temporary output starts from the bias: not in a margin that will be added onto kept cells,
/// there it would count twice.
bool starts_from_bias(const Trace& trace, std::int64_t padded);

/// The cell of one array that a product meets: coarse, fine (−1: a zero in the margin), padded or weight.
std::int64_t cell_of(const Product& product, Side side);

/// `K11·I22`, in the article's order: convolution K·I, transposed I·K, weight gradients ∂O·I.
std::string symbols_of(const Trace& trace, const Product& product);

/// The shortest decimal that reads back as the same number; −2 in parentheses inside a formula.
std::string number_text(double value);

/// left = a sum of products (indices into the trace), the bias first; the value is what the array holds.
Formula sum_formula(const Trace& trace, Cell cell, const std::vector<std::int64_t>& products);

/// Products of every cell of one array, each list in the trace's order.
std::vector<std::vector<std::int64_t>> products_by_cell(const Trace& trace, Side side);

}  // namespace faltung::internal
