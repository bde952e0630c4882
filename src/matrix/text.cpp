// Names of rows, columns and entries, and the table that people read.
#include <faltung/error.hpp>
#include <faltung/matrix.hpp>

#include "matrix/entries.hpp"
#include "reference/symbol.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faltung {

namespace internal {

Letters letters(const Problem& problem) {
  const bool transposed = problem.layer == Layer::conv_transpose;
  const Unknown output = transposed ? Unknown::fine : Unknown::coarse;
  Letters names{transposed ? "O" : "I", transposed ? "I" : "O", "K"};
  if (problem.unknown == output) return names;
  (transposed ? names.fine : names.coarse).insert(0, "∂");  // a gradient problem: given is the gradient of the output
  (problem.unknown == Unknown::weights ? names.weights : transposed ? names.coarse : names.fine).insert(0, "∂");
  return names;
}

namespace {

Shape extents(const Problem& problem, std::int64_t (*extent)(const Axis&)) {
  Shape shape;
  for (const Axis& axis : problem.axes) shape.push_back(extent(axis));
  return shape;
}

std::vector<std::string> names_of(std::string_view letter, const Shape& channels, const Shape& cells) {
  Shape all = channels;
  all.insert(all.end(), cells.begin(), cells.end());
  const std::int64_t count = element_count(all);
  if (count > symbol_limit)
    throw ProblemError(fmt::format("{} rows or columns to be named", count),
                       fmt::format("names are for reading, at most {} of them", symbol_limit), "use a smaller input");
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) names.push_back(cell_name(letter, channels, cells, i));
  return names;
}

std::vector<std::string> coarse_names(const Problem& problem) {
  const Shape cells = extents(problem, [](const Axis& axis) { return axis.coarse; });
  const Shape channels = problem.unknown == Unknown::weights ? Shape{problem.batch, problem.coarse_channels}
                                                             : Shape{problem.coarse_channels};
  return names_of(letters(problem).coarse, channels, cells);
}

std::vector<std::string> fine_names(const Problem& problem, Form form) {
  const bool padded = form == Form::padded;
  const Shape cells = extents(
      problem, padded ? [](const Axis& axis) { return axis.padded(); } : [](const Axis& axis) { return axis.fine; });
  return names_of(letters(problem).fine + (padded ? "'" : ""), {problem.fine_channels}, cells);
}

Shape weight_channels(const Problem& problem) {
  return {problem.coarse_channels, problem.fine_channels / problem.groups};
}

std::string text_of(const std::string& value) { return value; }
template <class T>
std::string text_of(T value) {
  return fmt::format("{}", value);
}

std::size_t width_of(std::string_view text) {  // code points: every letter used here is one column wide
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

void check_table(std::int64_t row_count, std::int64_t column_count, const std::vector<std::string>& rows,
                 const std::vector<std::string>& columns) {
  if (column_count > 0 && row_count > text_cell_limit / column_count)
    throw ProblemError(fmt::format("a printed matrix of {} × {}", row_count, column_count),
                       fmt::format("tables have at most {} cells", text_cell_limit),
                       "write the matrix to a file, or use a smaller input");
  if (rows.size() != static_cast<std::size_t>(row_count) || columns.size() != static_cast<std::size_t>(column_count))
    throw ArgumentError(
        fmt::format("{} row names and {} column names for a matrix of {} × {}: one name each: "
                    "use row_names and column_names of the same problem and form",
                    rows.size(), columns.size(), row_count, column_count));
}

std::function<std::string(std::int64_t)> entry_names(const Problem& problem) {
  if (problem.unknown == Unknown::weights) {
    const Shape cells = extents(problem, [](const Axis& axis) { return axis.fine; });
    return [letter = letters(problem).fine, channels = Shape{problem.batch, problem.fine_channels},
            cells](std::int64_t i) { return cell_name(letter, channels, cells, i); };
  }
  const Shape cells = extents(problem, [](const Axis& axis) { return axis.kernel; });
  return [channels = weight_channels(problem), cells](std::int64_t i) { return cell_name("K", channels, cells, i); };
}

}  // namespace internal

std::vector<std::string> row_names(const Problem& problem, Form form) {
  switch (problem.unknown) {
    case Unknown::coarse:
      return internal::coarse_names(problem);
    case Unknown::fine:
      return internal::fine_names(problem, form);
    case Unknown::weights:
      break;
  }
  return internal::names_of(internal::letters(problem).weights, internal::weight_channels(problem),
                            internal::extents(problem, [](const Axis& axis) { return axis.kernel; }));
}

std::vector<std::string> column_names(const Problem& problem, Form form) {
  return problem.unknown == Unknown::coarse ? internal::fine_names(problem, form) : internal::coarse_names(problem);
}

template <class T>
std::string to_text(const SparseMatrix<T>& matrix, const std::vector<std::string>& rows,
                    const std::vector<std::string>& columns) {
  using internal::text_of;
  using internal::width_of;
  internal::check_table(matrix.rows, matrix.columns, rows, columns);
  std::size_t name_width = 0;
  for (const std::string& name : rows) name_width = std::max(name_width, width_of(name));
  std::vector<std::size_t> width;
  for (const std::string& name : columns) width.push_back(width_of(name));
  for (std::size_t i = 0; i < matrix.value.size(); ++i) {
    std::size_t& w = width[static_cast<std::size_t>(matrix.column[i])];
    w = std::max(w, width_of(text_of(matrix.value[i])));
  }
  const auto put = [](std::string& line, std::string_view cell, std::size_t w) {
    line.append(w - width_of(cell), ' ');
    line += cell;
  };
  std::string text(name_width, ' ');
  for (std::size_t c = 0; c < columns.size(); ++c) put(text += "  ", columns[c], width[c]);
  text += '\n';
  for (std::size_t r = 0; r < rows.size(); ++r) {
    text += rows[r];
    text.append(name_width - width_of(rows[r]), ' ');
    auto next = static_cast<std::size_t>(matrix.row_start[r]);
    const auto end = static_cast<std::size_t>(matrix.row_start[r + 1]);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      text += "  ";
      const bool hit = next < end && matrix.column[next] == static_cast<std::int64_t>(c);
      put(text, hit ? text_of(matrix.value[next++]) : "0", width[c]);
    }
    text += '\n';
  }
  return text;
}
#define FALTUNG_INSTANTIATE(T)                                                          \
  template std::string to_text(const SparseMatrix<T>&, const std::vector<std::string>&, \
                               const std::vector<std::string>&);
FALTUNG_INSTANTIATE(float)
FALTUNG_INSTANTIATE(double)
FALTUNG_INSTANTIATE(std::int64_t)
FALTUNG_INSTANTIATE(std::string)
#undef FALTUNG_INSTANTIATE

}  // namespace faltung
