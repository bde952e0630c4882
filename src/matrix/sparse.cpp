// Building the matrix: every term of the problem is one entry, put into its row while the cells are visited in an order
// in which columns ascend by themselves. Entries that meet in one cell (boundaries fold several taps onto it) are
// added, taps ascending.
#include <faltung/error.hpp>
#include <faltung/matrix.hpp>

#include "matrix/entries.hpp"
#include "problem/terms.hpp"
#include "reference/symbol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace faltung {

namespace internal {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

void add_entry(float& sum, float term) { sum += term; }
void add_entry(double& sum, double term) { sum += term; }
void add_entry(std::int64_t& sum, std::int64_t term) {
  if (__builtin_add_overflow(sum, term, &sum))
    throw OverflowError("int64 weights that meet in one matrix entry leave 64 bits: integers are exact here: use f64");
}
void add_entry(std::string& sum, const std::string& term) { sum += "+" + term; }

/// Column of a term in a convolution's matrix (row, in a transposed one's); −1 where a zero margin is dropped.
std::int64_t fine_cell(const Term& term, Form form) { return form == Form::padded ? term.padded : term.fine; }

template <class T>
void reserve_entries(SparseMatrix<T>& matrix, const MatrixSize& size) {
  matrix.rows = size.rows;
  matrix.columns = size.columns;
  matrix.row_start.assign(at(size.rows) + 1, 0);
  matrix.column.reserve(at(size.entries));
  matrix.value.reserve(at(size.entries));
}

/// Sorts the last row by column, keeping the order of equal ones, and adds those up.
template <class T>
void merge_row(SparseMatrix<T>& matrix, std::size_t begin) {
  const std::size_t count = matrix.column.size() - begin;
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), begin);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return matrix.column[a] < matrix.column[b]; });
  std::vector<std::int64_t> column;
  std::vector<T> value;
  for (const std::size_t i : order) {
    if (!column.empty() && column.back() == matrix.column[i]) {
      add_entry(value.back(), matrix.value[i]);
    } else {
      column.push_back(matrix.column[i]);
      value.push_back(matrix.value[i]);
    }
  }
  matrix.column.resize(begin);
  matrix.value.resize(begin);
  matrix.column.insert(matrix.column.end(), column.begin(), column.end());
  matrix.value.insert(matrix.value.end(), value.begin(), value.end());
}

/// Rows are coarse cells: each row is visited whole, so it is only appended; folded margins can put columns out of
/// order.
template <class T, class Entry>
SparseMatrix<T> gather_matrix(const Problem& problem, Form form, Entry&& entry) {
  SparseMatrix<T> matrix;
  reserve_entries(matrix, matrix_size(problem, form));
  const bool sorts = form == Form::folded && folds(problem);
  std::int64_t row = 0;
  const auto finish_rows = [&](std::int64_t next) {
    if (sorts) merge_row(matrix, at(matrix.row_start[at(row)]));
    while (row < next) matrix.row_start[at(++row)] = static_cast<std::int64_t>(matrix.column.size());
  };
  Terms(problem).by_position([&](const Term& term) {
    if (term.coarse != row) finish_rows(term.coarse);
    const std::int64_t column = fine_cell(term, form);
    if (column < 0) return;
    matrix.column.push_back(column);
    matrix.value.push_back(entry(term.weight));
  });
  finish_rows(matrix.rows);
  return matrix;
}

/// Rows are fine cells or weights: count, then fill. Coarse cells are visited in ascending order, so columns ascend in
/// every row and entries that meet follow each other; the gaps that they leave are closed at the end.
template <class T, class VisitAll>
SparseMatrix<T> scatter_matrix(const MatrixSize& size, VisitAll&& visit_all) {
  SparseMatrix<T> matrix;
  matrix.rows = size.rows;
  matrix.columns = size.columns;
  matrix.row_start.assign(at(size.rows) + 1, 0);
  visit_all([&](std::int64_t row, std::int64_t, auto&&) { ++matrix.row_start[at(row) + 1]; });
  std::partial_sum(matrix.row_start.begin(), matrix.row_start.end(), matrix.row_start.begin());
  matrix.column.resize(at(matrix.row_start.back()));
  matrix.value.resize(at(matrix.row_start.back()));
  std::vector<std::int64_t> fill(matrix.row_start.begin(), matrix.row_start.end() - 1);
  visit_all([&](std::int64_t row, std::int64_t column, auto&& value) {
    std::int64_t& next = fill[at(row)];
    if (next > matrix.row_start[at(row)] && matrix.column[at(next) - 1] == column) {
      add_entry(matrix.value[at(next) - 1], value());
    } else {
      matrix.column[at(next)] = column;
      matrix.value[at(next++)] = value();
    }
  });
  std::int64_t kept = 0;
  for (std::int64_t row = 0; row < matrix.rows; ++row) {
    const std::int64_t begin = matrix.row_start[at(row)];
    matrix.row_start[at(row)] = kept;
    for (std::int64_t i = begin; i < fill[at(row)]; ++i, ++kept) {
      if (kept == i) continue;
      matrix.column[at(kept)] = matrix.column[at(i)];
      matrix.value[at(kept)] = std::move(matrix.value[at(i)]);
    }
  }
  matrix.row_start[at(matrix.rows)] = kept;
  matrix.column.resize(at(kept));
  matrix.value.resize(at(kept));
  return matrix;
}

/// `entry(i)`: the value for weight i, or with unknown weights for fine cell i of the whole batch.
template <class T, class Entry>
SparseMatrix<T> build(const Problem& problem, Form form, Entry&& entry) {
  if (problem.unknown == Unknown::coarse) return gather_matrix<T>(problem, form, entry);
  const Terms terms(problem);
  const MatrixSize size = matrix_size(problem, form);
  if (problem.unknown == Unknown::fine)
    return scatter_matrix<T>(size, [&](auto&& put) {
      terms.by_position([&](const Term& term) {
        if (const std::int64_t row = fine_cell(term, form); row >= 0)
          put(row, term.coarse, [&] { return entry(term.weight); });
      });
    });
  const std::int64_t coarse_cells = problem.batch > 0 ? size.columns / problem.batch : 0;
  const std::int64_t fine_cells = problem.batch > 0 ? element_count(problem.fine_shape()) / problem.batch : 0;
  return scatter_matrix<T>(size, [&](auto&& put) {
    for (std::int64_t n = 0; n < problem.batch; ++n)
      terms.by_tap([&](const Term& term) {
        if (term.fine >= 0)
          put(term.weight, n * coarse_cells + term.coarse, [&] { return entry(n * fine_cells + term.fine); });
      });
  });
}

}  // namespace

bool folds(const Problem& problem) {
  return std::any_of(problem.axes.begin(), problem.axes.end(), [](const Axis& axis) {
    return axis.boundary != Boundary::zeros && axis.pad_before + axis.pad_after > 0;
  });
}

}  // namespace internal

template <class T>
SparseMatrix<T> sparse_matrix(const Problem& problem, std::span<const T> entries, Form form) {
  const Shape shape = problem.unknown == Unknown::weights ? problem.fine_shape() : problem.weights_shape();
  if (static_cast<std::int64_t>(entries.size()) != element_count(shape))
    throw ArgumentError(fmt::format("matrix of `{}` with {} numbers: its {} are [{}]: give {}", to_string(problem),
                                    entries.size(), problem.unknown == Unknown::weights ? "fine cells" : "weights",
                                    fmt::join(shape, ", "), element_count(shape)));
  return internal::build<T>(problem, form, [&](std::int64_t i) { return entries[static_cast<std::size_t>(i)]; });
}
template SparseMatrix<float> sparse_matrix(const Problem&, std::span<const float>, Form);
template SparseMatrix<double> sparse_matrix(const Problem&, std::span<const double>, Form);
template SparseMatrix<std::int64_t> sparse_matrix(const Problem&, std::span<const std::int64_t>, Form);

SparseMatrix<std::string> symbolic_matrix(const Problem& problem, Form form) {
  const MatrixSize size = matrix_size(problem, form);
  if (size.entries > symbol_limit)
    throw ProblemError(
        fmt::format("a symbolic matrix of {} × {} with {} entries", size.rows, size.columns, size.entries),
        fmt::format("names are for reading, at most {} of them", symbol_limit),
        "use sparse_matrix with numbers, or a smaller input");
  const auto names = internal::entry_names(problem);
  return internal::build<std::string>(problem, form, names);
}

MatrixSize matrix_size(const Problem& problem, Form form) {
  validate(problem);
  // per axis: pairs of a tap and a coarse position that fall on a cell
  std::int64_t pairs = 1;
  for (const Axis& axis : internal::three_axes(problem)) {
    const bool drops =
        axis.boundary == Boundary::zeros && (form == Form::folded || problem.unknown == Unknown::weights);
    std::int64_t count = axis.kernel * axis.coarse;
    if (drops && axis.kernel <= (std::int64_t{1} << 22)) {  // an upper bound will do for what nobody can build
      count = 0;
      for (std::int64_t k = 0; k < axis.kernel; ++k) {
        // coarse positions c with 0 ≤ c·s + k·d − p < fine
        const std::int64_t offset = axis.pad_before - k * axis.dilation;
        const std::int64_t first = offset <= 0 ? 0 : (offset + axis.stride - 1) / axis.stride;
        const std::int64_t last = axis.fine + offset <= 0 ? -1 : (axis.fine + offset - 1) / axis.stride;
        count += std::max<std::int64_t>(0, std::min(last, axis.coarse - 1) - first + 1);
      }
    }
    pairs *= count;  // at most the problem's multiply-adds, which validate has checked
  }
  const std::int64_t samples = problem.unknown == Unknown::weights ? problem.batch : 1;
  Problem one_sample = problem;
  one_sample.batch = samples;
  const std::int64_t coarse = element_count(one_sample.coarse_shape());
  const std::int64_t weights = element_count(problem.weights_shape());
  one_sample.batch = 1;
  const std::int64_t fine = element_count(form == Form::padded ? one_sample.padded_shape() : one_sample.fine_shape());
  MatrixSize size;
  size.entries = pairs * problem.coarse_channels * (problem.fine_channels / problem.groups) * samples;
  size.rows = problem.unknown == Unknown::coarse ? coarse : problem.unknown == Unknown::fine ? fine : weights;
  size.columns = problem.unknown == Unknown::coarse ? fine : coarse;
  return size;
}

template <class T>
DenseMatrix<T> to_dense(const SparseMatrix<T>& sparse) {
  if (sparse.columns > 0 && sparse.rows > dense_cell_limit / sparse.columns)
    throw ProblemError(fmt::format("a dense matrix of {} × {}", sparse.rows, sparse.columns),
                       fmt::format("dense matrices have at most {} cells", dense_cell_limit),
                       fmt::format("use the sparse one (CSR): it has {} entries", sparse.value.size()));
  DenseMatrix<T> dense{sparse.rows, sparse.columns, {}};
  dense.value.resize(static_cast<std::size_t>(sparse.rows * sparse.columns));
  for (std::int64_t row = 0; row < sparse.rows; ++row)
    for (std::int64_t i = sparse.row_start[internal::at(row)]; i < sparse.row_start[internal::at(row) + 1]; ++i)
      dense.value[internal::at(row * sparse.columns + sparse.column[internal::at(i)])] = sparse.value[internal::at(i)];
  return dense;
}
template DenseMatrix<float> to_dense(const SparseMatrix<float>&);
template DenseMatrix<double> to_dense(const SparseMatrix<double>&);
template DenseMatrix<std::int64_t> to_dense(const SparseMatrix<std::int64_t>&);
template DenseMatrix<std::string> to_dense(const SparseMatrix<std::string>&);

}  // namespace faltung
