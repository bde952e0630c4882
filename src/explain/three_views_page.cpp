// A transposed convolution three ways, side by side: stamps that are added, a window that slides over the input with
// zeros put in between, and the transposed matrix. One output cell is followed through all three; the formula is the
// same. Source: Dumoulin & Visin 2016, section 4.
#include <faltung/error.hpp>

#include "explain/cells.hpp"
#include "explain/grids.hpp"
#include "matrix/entries.hpp"

#include <fmt/format.h>

namespace faltung::internal {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The cell in which most products meet, the first of them.
Cell busiest(const Trace& trace) {
  const auto lists = products_by_cell(trace, Side::padded);
  const std::vector<bool> inside = true_cells(trace.padded);
  std::size_t best = 0;
  for (std::size_t i = 0; i < lists.size(); ++i)
    if (inside[i] && (!inside[best] || lists[i].size() > lists[best].size())) best = i;
  return {Side::padded, static_cast<std::int64_t>(best)};
}

/// Position of a linear index.
Shape position(std::int64_t index, const Shape& extents) {
  Shape result(extents.size());
  for (std::size_t a = extents.size(); a-- > 0; index /= extents[a]) result[a] = index % extents[a];
  return result;
}

/// The input with s − 1 zeros between its cells and span − 1 around (behind it the output padding too); the window of
/// `cell` is lit.
std::vector<PageGrid> zero_inserted(const Trace& trace, Cell cell) {
  const std::vector<Axis>& axes = trace.problem.axes;
  TraceArray spread;
  spread.title = "2 zeros put in between";
  spread.channels = trace.coarse.channels;
  std::int64_t count = trace.problem.coarse_channels;
  for (const Axis& axis : axes) {
    spread.extents.push_back((axis.coarse - 1) * axis.stride + 1 + 2 * (axis.span() - 1) + axis.surplus());
    count *= spread.extents.back();
  }
  check_page(trace, count, "the zero-inserted input");
  spread.names.resize(at(count));
  const Shape target = position(cell.index, trace.padded.extents);
  return planes(spread, [&](std::int64_t i) {
    const Shape here = position(i, spread.extents);
    std::int64_t plane = 1, source = 0;
    bool number = true, window = true, core = true;
    for (std::size_t a = 0; a < axes.size(); ++a) {
      const std::int64_t offset = here[a] - (axes[a].span() - 1);  // from the first input cell
      core = core && offset >= 0 && offset <= (axes[a].coarse - 1) * axes[a].stride;
      number = number && offset >= 0 && offset % axes[a].stride == 0 && offset / axes[a].stride < axes[a].coarse;
      const std::int64_t tap = here[a] - target[a];
      window = window && tap >= 0 && tap < axes[a].span() && tap % axes[a].dilation == 0;
      source = source * axes[a].coarse + (number ? offset / axes[a].stride : 0);
      plane *= spread.extents[a];
    }
    PageCell shown;
    if (number) {
      std::int64_t cells = 1;
      for (const Axis& axis : axes) cells *= axis.coarse;
      shown.lines = {trace.coarse.names[at(i / plane * cells + source)]};
      shown.tones = {window ? stamp_tone(trace, source) : Tone::input};
    } else {
      shown.lines = {"0"};
      shown.tones = {core ? Tone::inserted : Tone::margin};
    }
    shown.chosen = window;
    return shown;
  });
}

/// The kernel turned around, as the window sees it.
std::vector<PageGrid> turned_kernel(const Trace& trace) {
  std::int64_t taps = 1;
  for (const Axis& axis : trace.problem.axes) taps *= axis.kernel;
  std::vector<PageGrid> grids = planes(trace.weights, [&](std::int64_t i) {
    const std::int64_t turned = trace.problem.flip ? i : i / taps * taps + taps - 1 - i % taps;
    return PageCell{"", {trace.weights.names[at(turned)]}, {Tone::kernel}, false};
  });
  for (PageGrid& grid : grids) grid.title += " turned around";
  return grids;
}

/// The stamps where they land, with the terms of every cell.
void append_stamps(Row& row, const Trace& trace, Cell cell, const std::vector<std::vector<std::int64_t>>& lists) {
  const std::vector<bool> inside = true_cells(trace.padded);
  std::vector<PageGrid> input = planes(trace.coarse, [&](std::int64_t i) {
    PageCell shown = shown_cell(trace, Side::coarse, i);
    shown.tones = {stamp_tone(trace, i)};
    return shown;
  });
  input.front().title = "1 " + input.front().title;
  append(row, std::move(input));
  append(row, "·");
  append(row, whole(trace, Side::weights));
  append(row, "→");
  append(row, planes(trace.padded, [&](std::int64_t i) {
           PageCell shown;
           for (const std::int64_t p : lists[at(i)]) {
             shown.lines.push_back((shown.lines.empty() ? "" : "+ ") + symbols_of(trace, trace.products[at(p)]));
             shown.tones.push_back(stamp_tone(trace, trace.products[at(p)].coarse));
           }
           if (shown.lines.empty()) shown = {"", {"0"}, {inside[at(i)] ? Tone::plain : Tone::margin}, false};
           shown.chosen = i == cell.index;
           return shown;
         }));
}

}  // namespace

Page three_views_page(const Trace& trace, std::optional<Cell> wanted) {
  if (trace.problem.unknown != Unknown::fine)
    throw ProblemError(fmt::format("three views of `{}`", to_string(trace.problem)),
                       "they are of what scatters: a transposed convolution, or -dx of a convolution",
                       "give --transposed");
  Cell cell = wanted.value_or(busiest(trace));
  if (cell.side == Side::fine) {
    std::int64_t padded = cell.index / element_count(trace.fine.extents);
    const Shape here = position(cell.index, trace.fine.extents);
    for (std::size_t a = 0; a < here.size(); ++a)
      padded = padded * trace.padded.extents[a] + here[a] + trace.padded.begin[a];
    cell = {Side::padded, padded};
  }
  if (cell.side != Side::padded)
    throw ProblemError(fmt::format("{} in three views", array_of(trace, cell.side).names[at(cell.index)]),
                       "they follow one output cell", fmt::format("name one like {}", trace.fine.names.front()));
  const auto lists = products_by_cell(trace, Side::padded);
  const std::string& name = trace.padded.names[at(cell.index)];
  Page page{fmt::format("One transposed convolution, three views of {}", name), to_string(trace.problem), {}};

  page.blocks.push_back(Paragraph{"1 Stamps: every input number times the kernel is added in its place."});
  page.blocks.push_back(
      Paragraph{"2 Sliding window: with zeros between the numbers and around them, and the kernel turned around, it is "
                "a convolution of stride 1."});
  page.blocks.push_back(
      Paragraph{fmt::format("3 Matrix: the row of {} in the transpose of the convolution's matrix.", name)});
  Row row;
  append_stamps(row, trace, cell, lists);
  append(row, zero_inserted(trace, cell));
  append(row, "∗");
  append(row, turned_kernel(trace));
  PageGrid matrix = matrix_grid(trace, Form::padded, cell);
  matrix.title = "3 matrix, " + matrix.title;
  append(row, {std::move(matrix)});
  page.blocks.push_back(std::move(row));

  page.blocks.push_back(Heading{"All three give"});
  page.blocks.push_back(Formulas{{sum_formula(trace, cell, lists[at(cell.index)])}});
  if (window_side(trace) == Side::padded)
    page.blocks.push_back(Paragraph{
        cut_words(trace) + (folds(trace.problem) ? "." : fmt::format(": the {} is what remains.", trace.fine.title))});
  return page;
}

}  // namespace faltung::internal
