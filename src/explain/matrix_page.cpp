// The matrix between the vectors that it ties together; a cell lights its row, its column or its entries.
#include "explain/cells.hpp"
#include "explain/grids.hpp"
#include "matrix/entries.hpp"

#include <faltung/matrix.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace faltung::internal {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The sides of rows, columns and entries.
struct Sides {
  Side row, column, entry;
};

Sides sides_of(const Trace& trace, Form form) {
  const Side fine = form == Form::padded ? Side::padded : Side::fine;
  switch (trace.problem.unknown) {
    case Unknown::coarse:
      return {Side::coarse, fine, Side::weights};
    case Unknown::fine:
      return {fine, Side::coarse, Side::weights};
    case Unknown::weights:
      break;
  }
  return {Side::weights, Side::coarse, Side::fine};
}

}  // namespace

PageGrid matrix_grid(const Trace& trace, Form form, std::optional<Cell> cell) {
  const Sides sides = sides_of(trace, form);
  const MatrixSize size = matrix_size(trace.problem, form);
  check_page(trace,
             size.rows > page_cell_limit / std::max<std::int64_t>(1, size.columns) ? page_cell_limit + 1
                                                                                   : size.rows * size.columns,
             "the matrix");
  const SparseMatrix<std::string> symbols = symbolic_matrix(trace.problem, form);
  PageGrid grid{fmt::format("{} × {}", symbols.rows, symbols.columns),
                symbols.rows,
                symbols.columns,
                {},
                array_of(trace, sides.row).names,
                array_of(trace, sides.column).names};
  std::set<std::pair<std::int64_t, std::int64_t>> lit_entries;
  if (cell)
    for (const Product& product : trace.products)
      if (cell_of(product, cell->side) == cell->index)
        lit_entries.emplace(cell_of(product, sides.row), cell_of(product, sides.column));
  grid.cells.resize(at(symbols.rows * symbols.columns));
  for (std::int64_t r = 0; r < symbols.rows; ++r)
    for (std::int64_t c = 0; c < symbols.columns; ++c) {
      PageCell& shown = grid.cells[at(r * symbols.columns + c)];
      shown.lines = {"0"};
      const bool whole_line =
          cell && ((cell->side == sides.row && cell->index == r) || (cell->side == sides.column && cell->index == c));
      shown.tones = {whole_line ? Tone::stamp2 : Tone::inserted};
    }
  for (std::int64_t r = 0; r < symbols.rows; ++r)
    for (std::int64_t i = symbols.row_start[at(r)]; i < symbols.row_start[at(r) + 1]; ++i) {
      PageCell& shown = grid.cells[at(r * symbols.columns + symbols.column[at(i)])];
      shown.lines = {symbols.value[at(i)]};
      const bool lit = lit_entries.contains({r, symbols.column[at(i)]});
      shown.tones = {!cell || lit ? (sides.entry == Side::fine ? tone_of(trace, Side::fine) : Tone::kernel)
                                  : Tone::plain};
      shown.chosen = lit;
    }
  return grid;
}

Page matrix_page(const Trace& trace, Form form, std::optional<Cell> cell) {
  if (cell && cell->side == Side::padded) form = Form::padded;
  const Sides sides = sides_of(trace, form);
  const TraceArray &rows = array_of(trace, sides.row), &columns = array_of(trace, sides.column);
  Page page{"", to_string(trace.problem), {}};
  PageGrid matrix = matrix_grid(trace, form, cell);
  page.title = fmt::format("The matrix of the {}: {}", array_of(trace, unknown_side(trace)).title, matrix.title);
  page.blocks.push_back(
      Paragraph{fmt::format("{} = matrix · {}, row by row; entry (r, c) is ∂r/∂c.", rows.title, columns.title)});
  const auto column_vector = [&](Side side) {
    const TraceArray& array = array_of(trace, side);
    // named like the matrix and with a line of no column names: its rows stand beside the matrix's rows
    PageGrid grid{array.title, static_cast<std::int64_t>(array.names.size()), 1, {}, array.names, {""}};
    for (std::size_t i = 0; i < array.names.size(); ++i) {
      PageCell shown = shown_cell(trace, side, static_cast<std::int64_t>(i));
      shown.note.clear();
      shown.tones = {tone_of(trace, side)};
      shown.chosen = cell == Cell{side, static_cast<std::int64_t>(i)};
      grid.cells.push_back(std::move(shown));
    }
    return grid;
  };
  Row row;
  append(row, {column_vector(sides.row)});
  append(row, "=");
  append(row, {std::move(matrix)});
  append(row, "·");
  append(row, {column_vector(sides.column)});
  page.blocks.push_back(std::move(row));
  if (cell) {
    const CellAnswer answer = explain_cell(trace, *cell);
    page.blocks.push_back(Formulas{answer.formulas, !answer.computed});
  }
  return page;
}

}  // namespace faltung::internal
