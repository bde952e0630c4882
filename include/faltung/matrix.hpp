// The exact matrix of a problem: the Jacobian of the unknown array by the given one, for one sample.
//
//     convolution             coarse = A · fine            rows: coarse cells, columns: fine cells
//     transposed convolution  fine   = Aᵀ · coarse         rows: fine cells,   columns: coarse cells
//     weight gradient         w      = B · coarse          rows: weights, columns: coarse cells, entries: fine cells
//
// The padded form has one row (or column) per cell of the padded fine array: the padded input of a convolution, the
// temporary output of a transposed one. The folded form has one per true cell; margins are dropped (zeros) or added
// onto the cells they copy. Channels stack: cells of channel 1, then of channel 2, … in both directions.
#pragma once

#include <faltung/problem.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace faltung {

enum class Form { padded, folded };

/// Compressed sparse rows. Row r holds entries row_start[r] … row_start[r + 1] − 1; columns ascend in a row and are
/// unique. T is float, double, std::int64_t, or std::string (symbols; entries that meet are written as sums,
/// `K11+K12`).
template <class T>
struct SparseMatrix {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<std::int64_t> row_start;
  std::vector<std::int64_t> column;
  std::vector<T> value;
};

/// Row-major, rows · columns values.
template <class T>
struct DenseMatrix {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<T> value;
};

/// Rows, columns and an upper bound of the entries, without building anything. Errors: ProblemError if one leaves 64
/// bits.
struct MatrixSize {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t entries = 0;  ///< exact unless taps meet in one folded cell
};
MatrixSize matrix_size(const Problem& problem, Form form);

/// The matrix for one sample (batch is ignored; with unknown weights the columns run over every sample).
/// `entries`: the weights (`problem.weights_shape()`), or with unknown weights the fine array (`problem.fine_shape()`).
/// T: float, double, std::int64_t; the problem's dtype does not matter. Errors: ProblemError, ArgumentError (size of
/// entries). Cost: 16 bytes per entry for double, 12 for float; linear time.
template <class T>
SparseMatrix<T> sparse_matrix(const Problem& problem, std::span<const T> entries, Form form = Form::folded);

/// Names (of entries, rows, columns) that are written before a symbolic matrix is refused: 2^20.
inline constexpr std::int64_t symbol_limit = std::int64_t{1} << 20;

/// The same with the names of the entries: `K12`, with several channels `K2.3.12` (the weight's own two channel
/// indices), with an extent over nine `K10,2`. Errors: ProblemError above `symbol_limit` entries.
SparseMatrix<std::string> symbolic_matrix(const Problem& problem, Form form = Form::folded);

/// Cells of a dense matrix that are built before it is refused with a hint to use the sparse one: 2^26 (512 MiB of
/// double).
inline constexpr std::int64_t dense_cell_limit = std::int64_t{1} << 26;

/// Errors: ProblemError above `dense_cell_limit` cells. Cells without an entry are 0 (symbols: empty).
template <class T>
DenseMatrix<T> to_dense(const SparseMatrix<T>& sparse);

/// Names of the rows and columns: input cells `I13`, output cells `O21`, weights `K12`; channels as `I2.13` where there
/// are several. Cells of the padded form are numbered in the padded array and carry a mark: `I'13` / `O'21` (padded,
/// temporary).
std::vector<std::string> row_names(const Problem& problem, Form form);
std::vector<std::string> column_names(const Problem& problem, Form form);

/// A table for people with row and column names, columns aligned, zeros shown as 0.
/// Errors: ProblemError above `text_cell_limit` cells.
inline constexpr std::int64_t text_cell_limit = std::int64_t{1} << 20;
template <class T>
std::string to_text(const SparseMatrix<T>& matrix, const std::vector<std::string>& rows,
                    const std::vector<std::string>& columns);

/// The same table as Markdown; as LaTeX, an `array` for math mode, indices as subscripts; as an HTML page with a title.
/// Errors: ProblemError above `text_cell_limit` cells.
template <class T>
std::string to_markdown(const SparseMatrix<T>& matrix, const std::vector<std::string>& rows,
                        const std::vector<std::string>& columns);
template <class T>
std::string to_latex(const SparseMatrix<T>& matrix, const std::vector<std::string>& rows,
                     const std::vector<std::string>& columns);
template <class T>
std::string to_html(const SparseMatrix<T>& matrix, const std::vector<std::string>& rows,
                    const std::vector<std::string>& columns, const std::string& title);

}  // namespace faltung
