// The matrix as Markdown, LaTeX and HTML.
#include <faltung/matrix.hpp>

#include "matrix/entries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <type_traits>

namespace faltung {

namespace {

/// What the markups write around a name's letter and its index: `K` and `2.3.12`, `∂I'` and `13`.
using Join = std::function<std::string(std::string_view letter, std::string_view index)>;

/// Names are a letter, perhaps with a mark, and an index; entries that meet are sums of names.
std::string marked_up(std::string_view names, const Join& join) {
  std::string text;
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = std::min(names.find('+', begin), names.size());
    const std::string_view name = names.substr(begin, end - begin);
    const std::size_t index = std::min(name.find_first_of("0123456789"), name.size());
    text += join(name.substr(0, index), name.substr(index));
    if (end < names.size()) text += '+';
    begin = end + 1;
  }
  return text;
}

std::string latex_name(std::string_view names) {
  return marked_up(names, [](std::string_view letter, std::string_view index) {
    std::string text(letter);
    if (const std::size_t gradient = text.find("∂"); gradient != std::string::npos)
      text.replace(gradient, std::string_view("∂").size(), "\\partial ");
    return fmt::format("{}_{{{}}}", text, index);
  });
}

std::string html_name(std::string_view names) {
  return marked_up(names, [](std::string_view letter, std::string_view index) {
    return fmt::format("<i>{}</i><sub>{}</sub>", letter, index);
  });
}

std::string latex_entry(const std::string& names) { return latex_name(names); }
template <class T>
std::string latex_entry(T value) {
  if constexpr (std::is_floating_point_v<T>)
    if (!std::isfinite(value)) return std::isnan(value) ? "\\mathrm{nan}" : value > 0 ? "\\infty" : "-\\infty";
  std::string text = fmt::format("{}", value);
  if (const std::size_t e = text.find('e'); e != std::string::npos)
    text = fmt::format("{}\\cdot10^{{{}}}", text.substr(0, e), std::stoi(text.substr(e + 1)));
  return text;
}

std::string html_entry(const std::string& names) { return html_name(names); }
template <class T>
std::string html_entry(T value) {
  return fmt::format("{}", value);
}

std::string markdown_entry(const std::string& names) { return names; }
template <class T>
std::string markdown_entry(T value) {
  return fmt::format("{}", value);
}

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) safe += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return safe;
}

/// Calls cell(entry or null) for every cell of a row.
template <class T, class Cell>
void for_each_cell(const SparseMatrix<T>& matrix, std::size_t row, Cell&& cell) {
  auto next = static_cast<std::size_t>(matrix.row_start[row]);
  const auto end = static_cast<std::size_t>(matrix.row_start[row + 1]);
  for (std::int64_t column = 0; column < matrix.columns; ++column)
    cell(next < end && matrix.column[next] == column ? &matrix.value[next++] : nullptr);
}

constexpr std::string_view style = R"(<style>
body { font-family: sans-serif; margin: 2em; color: #222; }
table { border-collapse: collapse; }
th, td { padding: .25em .6em; text-align: right; border: 1px solid #ddd; white-space: nowrap; }
thead th { position: sticky; top: 0; }
thead th, tbody th { background: #f2f2f2; font-weight: normal; }
td { font-variant-numeric: tabular-nums; background: #fdf3dc; }
td.zero { color: #bbb; background: none; }
sub { font-size: .75em; }
</style>)";

}  // namespace

template <class T>
std::string to_markdown(const SparseMatrix<T>& matrix, const std::vector<std::string>& rows,
                        const std::vector<std::string>& columns) {
  internal::check_table(matrix.rows, matrix.columns, rows, columns);
  std::string text = "|   |", line = "|---|";
  for (const std::string& name : columns) {
    text += fmt::format(" {} |", name);
    line += "---:|";
  }
  text += "\n" + line + "\n";
  for (std::size_t row = 0; row < rows.size(); ++row) {
    text += fmt::format("| **{}** |", rows[row]);
    for_each_cell(matrix, row,
                  [&](const T* entry) { text += fmt::format(" {} |", entry ? markdown_entry(*entry) : "0"); });
    text += '\n';
  }
  return text;
}

template <class T>
std::string to_latex(const SparseMatrix<T>& matrix, const std::vector<std::string>& rows,
                     const std::vector<std::string>& columns) {
  internal::check_table(matrix.rows, matrix.columns, rows, columns);
  std::string text = fmt::format("\\begin{{array}}{{r|{}}}\n", std::string(columns.size(), 'r'));
  for (const std::string& name : columns) text += " & " + latex_name(name);
  text += " \\\\ \\hline\n";
  for (std::size_t row = 0; row < rows.size(); ++row) {
    text += latex_name(rows[row]);
    for_each_cell(matrix, row, [&](const T* entry) { text += " & " + (entry ? latex_entry(*entry) : "0"); });
    text += " \\\\\n";
  }
  return text + "\\end{array}\n";
}

template <class T>
std::string to_html(const SparseMatrix<T>& matrix, const std::vector<std::string>& rows,
                    const std::vector<std::string>& columns, const std::string& title) {
  internal::check_table(matrix.rows, matrix.columns, rows, columns);
  std::string text = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{0}</title>\n{1}\n<p>{0}</p>\n"
      "<table>\n<thead><tr><th></th>",
      escaped(title), style);
  for (const std::string& name : columns) text += fmt::format("<th>{}</th>", html_name(name));
  text += "</tr></thead>\n<tbody>\n";
  for (std::size_t row = 0; row < rows.size(); ++row) {
    text += fmt::format("<tr><th>{}</th>", html_name(rows[row]));
    for_each_cell(matrix, row, [&](const T* entry) {
      text += entry ? fmt::format("<td>{}</td>", html_entry(*entry)) : "<td class=\"zero\">0</td>";
    });
    text += "</tr>\n";
  }
  return text + "</tbody>\n</table>\n</html>\n";
}

#define FALTUNG_INSTANTIATE(T)                                                              \
  template std::string to_markdown(const SparseMatrix<T>&, const std::vector<std::string>&, \
                                   const std::vector<std::string>&);                        \
  template std::string to_latex(const SparseMatrix<T>&, const std::vector<std::string>&,    \
                                const std::vector<std::string>&);                           \
  template std::string to_html(const SparseMatrix<T>&, const std::vector<std::string>&,     \
                               const std::vector<std::string>&, const std::string&);
FALTUNG_INSTANTIATE(float)
FALTUNG_INSTANTIATE(double)
FALTUNG_INSTANTIATE(std::int64_t)
FALTUNG_INSTANTIATE(std::string)
#undef FALTUNG_INSTANTIATE

}  // namespace faltung
