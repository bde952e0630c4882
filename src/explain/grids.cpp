#include "explain/grids.hpp"

#include <faltung/error.hpp>

#include "explain/cells.hpp"
#include "matrix/entries.hpp"
#include "problem/axes.hpp"
#include "problem/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace faltung::internal {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

std::string axis_sizes(const Problem& problem, const Axis& axis) {
  if (problem.layer == Layer::conv)
    return fmt::format("out = 1 + (in + before + after − {0}) // stride = 1 + ({1} + {2} + {3} − {4}) // {5} = {6}",
                       axis.dilation > 1 ? "span" : "k", axis.fine, axis.pad_before, axis.pad_after, axis.span(),
                       axis.stride, axis.coarse);
  const bool extra = axis.surplus() > 0;
  return fmt::format(
      "tmp = (in − 1)·stride + {}{} = ({} − 1)·{} + {}{} = {}, out = tmp − before − after = {} − {} − {} = {}",
      axis.dilation > 1 ? "span" : "k", extra ? " + output padding" : "", axis.coarse, axis.stride, axis.span(),
      extra ? fmt::format(" + {}", axis.surplus()) : "", axis.padded(), axis.padded(), axis.pad_before, axis.pad_after,
      axis.fine);
}

}  // namespace

std::vector<PageGrid> planes(const TraceArray& array, const CellMaker& make) {
  const std::size_t rank = array.extents.size();
  const std::int64_t columns = array.extents[rank - 1], rows = rank > 1 ? array.extents[rank - 2] : 1,
                     depth = rank > 2 ? array.extents[0] : 1;
  const std::int64_t cells = rows * columns, count = static_cast<std::int64_t>(array.names.size()) / cells;
  const std::int64_t inner = array.channels.back();
  const bool many = count > depth;
  std::vector<PageGrid> grids;
  for (std::int64_t plane = 0; plane < count; ++plane) {
    PageGrid grid{array.title, rows, columns, {}, {}, {}};
    const std::int64_t channel = plane / depth;
    if (many)
      grid.title += array.channels.size() > 1 ? fmt::format(" {}.{}", channel / inner + 1, channel % inner + 1)
                                              : fmt::format(" {}", channel + 1);
    if (depth > 1) grid.title += fmt::format(", z {}", plane % depth + 1);
    for (std::int64_t i = plane * cells; i < (plane + 1) * cells; ++i) grid.cells.push_back(make(i));
    grids.push_back(std::move(grid));
  }
  return grids;
}

PageCell shown_cell(const Trace& trace, Side side, std::int64_t index) {
  const TraceArray& array = array_of(trace, side);
  std::string name = array.names[at(index)];
  if (side == Side::padded && trace.problem.unknown != Unknown::fine) {  // a given array's margin: zeros, or copies
    std::int64_t rest = index, fine = 0, step = 1;
    for (std::size_t a = array.extents.size(); a-- > 0; rest /= array.extents[a]) {
      const Axis& axis = trace.problem.axes[a];
      const std::int64_t source = source_cell(rest % array.extents[a] - axis.pad_before, axis.fine, axis.boundary);
      fine = source < 0 || fine < 0 ? -1 : fine + source * step;
      step *= axis.fine;
    }
    name = fine < 0 ? "" : trace.fine.names[at(fine + rest * step)];
    if (array.values.empty()) return {"", {fine < 0 ? "0" : name}, {}, false};
  }
  if (array.values.empty()) return {"", {name}, {}, false};
  return {name, {number_text(array.values[at(index)])}, {}, false};
}

Tone tone_of(const Trace& trace, Side side) {
  const std::string& title = array_of(trace, side).title;
  return title.find("input") != std::string::npos    ? Tone::input
         : title.find("output") != std::string::npos ? Tone::output
                                                     : Tone::kernel;
}

std::vector<PageGrid> whole(const Trace& trace, Side side) {
  const TraceArray& array = array_of(trace, side);
  const std::vector<bool> inside = true_cells(array);
  const Tone tone = tone_of(trace, side);
  return planes(array, [&](std::int64_t i) {
    PageCell cell = shown_cell(trace, side, i);
    cell.tones = {inside[at(i)] ? tone : Tone::margin};
    return cell;
  });
}

std::vector<PageGrid> lit(const Trace& trace, Side side, const std::set<std::int64_t>& cells,
                          const std::set<std::int64_t>& chosen) {
  const TraceArray& array = array_of(trace, side);
  const std::vector<bool> inside = true_cells(array);
  const Tone tone = tone_of(trace, side);
  return planes(array, [&](std::int64_t i) {
    PageCell cell = shown_cell(trace, side, i);
    cell.tones = {cells.contains(i) ? tone : inside[at(i)] ? Tone::plain : Tone::margin};
    cell.chosen = chosen.contains(i);
    return cell;
  });
}

std::vector<PageGrid> near_lit(std::vector<PageGrid> grids) {
  constexpr std::int64_t readable = 16;  // rows or columns that are still read around one cell
  constexpr std::int64_t around = 2;     // cells, to see where the lit ones stand
  std::vector<PageGrid> parts;
  for (PageGrid& grid : grids) {
    if (grid.rows <= readable && grid.columns <= readable) {
      parts.push_back(std::move(grid));
      continue;
    }
    std::int64_t top = grid.rows, bottom = -1, left = grid.columns, right = -1;
    for (std::int64_t i = 0; i < grid.rows * grid.columns; ++i) {
      const PageCell& cell = grid.cells[at(i)];
      if (!cell.chosen && (cell.tones.front() == Tone::plain || cell.tones.front() == Tone::margin)) continue;
      top = std::min(top, i / grid.columns), bottom = std::max(bottom, i / grid.columns);
      left = std::min(left, i % grid.columns), right = std::max(right, i % grid.columns);
    }
    if (bottom < 0) continue;
    const auto part = [&](std::int64_t first, std::int64_t last, std::int64_t extent) {
      const std::int64_t begin = std::max<std::int64_t>(0, first - around);
      return std::pair{begin, std::min({extent, last + 1 + around, begin + readable})};
    };
    const auto [y, y_end] = part(top, bottom, grid.rows);
    const auto [x, x_end] = part(left, right, grid.columns);
    PageGrid shown{fmt::format("{}, a part", grid.title), y_end - y, x_end - x, {}, {}, {}};
    for (std::int64_t row = y; row < y_end; ++row) {
      shown.row_names.push_back(std::to_string(row + 1));
      for (std::int64_t column = x; column < x_end; ++column)
        shown.cells.push_back(std::move(grid.cells[at(row * grid.columns + column)]));
    }
    for (std::int64_t column = x; column < x_end; ++column) shown.column_names.push_back(std::to_string(column + 1));
    parts.push_back(std::move(shown));
  }
  return parts;
}

void append(Row& row, std::vector<PageGrid> grids) {
  for (PageGrid& grid : grids) row.items.emplace_back(std::move(grid));
}
void append(Row& row, std::string sign) { row.items.emplace_back(std::move(sign)); }

Side window_side(const Trace& trace) {
  return trace.padded.names.size() > trace.fine.names.size() ? Side::padded : Side::fine;
}

Tone stamp_tone(const Trace& trace, std::int64_t coarse) {
  const Shape& extents = trace.coarse.extents;
  const std::int64_t x = coarse % extents.back(), y = coarse / extents.back();
  const std::int64_t tone = extents.size() == 1 ? x % stamp_tones : y % 2 * 2 + x % 2;
  return static_cast<Tone>(static_cast<int>(Tone::stamp1) + static_cast<int>(tone));
}

std::string cut_words(const Trace& trace) {
  return folds(trace.problem) ? "The margin is added onto the cells that it copies"
                              : "The padding is cut from every side";
}

std::string sizes_text(const Problem& problem) {
  std::vector<std::string> lines;
  for (const Axis& axis : problem.axes) lines.push_back(axis_sizes(problem, axis));
  bool alike = true;
  for (const std::string& line : lines) alike = alike && line == lines.front();
  if (alike) return "Size" + std::string(lines.size() > 1 ? " of every axis: " : ": ") + lines.front();
  std::string text = "Size";
  for (std::size_t a = 0; a < lines.size(); ++a)
    text += fmt::format("{} of {}: {}", a > 0 ? ";" : "", axis_name(a, lines.size()), lines[a]);
  return text;
}

void check_page(const Trace& trace, std::int64_t cells, std::string_view what) {
  if (cells > page_cell_limit)
    throw ProblemError(fmt::format("{} of `{}` with {} cells to draw", what, to_string(trace.problem), cells),
                       fmt::format("a page has at most {}", page_cell_limit),
                       "use a smaller problem, or ask for one cell");
}

}  // namespace faltung::internal
