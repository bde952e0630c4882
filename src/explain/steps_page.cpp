// All of a problem, one window (or one stamp, or one weight) after the other.
#include "explain/cells.hpp"
#include "explain/grids.hpp"
#include "matrix/entries.hpp"

#include <fmt/format.h>

#include <set>

namespace faltung::internal {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Steps that get a picture each; more are a list of formulas: a screen holds no more.
constexpr std::size_t pictured_steps = 64;

using Lists = std::vector<std::vector<std::int64_t>>;

std::set<std::int64_t> touched(const Trace& trace, const std::vector<std::int64_t>& products, Side side) {
  std::set<std::int64_t> cells;
  for (const std::int64_t p : products)
    if (const std::int64_t cell = cell_of(trace.products[at(p)], side); cell >= 0) cells.insert(cell);
  return cells;
}

/// One output cell at a time: its window, and what is done so far.
void gather_steps(const Trace& trace, Page& page) {
  const Side unknown = unknown_side(trace);
  const Side from = window_side(trace);
  const Lists lists = products_by_cell(trace, unknown);
  Formulas all;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const Cell cell{unknown, static_cast<std::int64_t>(i)};
    const Formula formula = sum_formula(trace, cell, lists[i]);
    if (lists.size() > pictured_steps) {
      all.list.push_back(formula);
      continue;
    }
    Row row;
    append(row, lit(trace, from, touched(trace, lists[i], from), touched(trace, lists[i], from)));
    append(row, "·");
    if (unknown == Side::weights) {
      append(row,
             lit(trace, Side::coarse, touched(trace, lists[i], Side::coarse), touched(trace, lists[i], Side::coarse)));
    } else {
      append(row, lit(trace, Side::weights, touched(trace, lists[i], Side::weights)));
    }
    append(row, "→");
    append(row, planes(array_of(trace, unknown), [&](std::int64_t c) {
             PageCell shown;
             if (c <= cell.index) shown = shown_cell(trace, unknown, c);
             shown.tones = {c <= cell.index ? tone_of(trace, unknown) : Tone::plain};
             shown.chosen = c == cell.index;
             return shown;
           }));
    page.blocks.push_back(std::move(row));
    page.blocks.push_back(Formulas{{formula}});
  }
  if (!all.list.empty()) page.blocks.push_back(std::move(all));
}

/// One input number at a time: its stamp, where it lands.
void scatter_steps(const Trace& trace, Page& page) {
  const Lists by_coarse = products_by_cell(trace, Side::coarse);
  for (std::size_t i = 0; i < by_coarse.size() && by_coarse.size() <= pictured_steps; ++i) {
    const std::vector<std::int64_t>& stamp = by_coarse[i];
    std::vector<std::string> landed(trace.padded.names.size());
    for (const std::int64_t p : stamp)
      landed[at(trace.products[at(p)].padded)] = symbols_of(trace, trace.products[at(p)]);
    Row row;
    append(row, lit(trace, Side::coarse, {static_cast<std::int64_t>(i)}, {static_cast<std::int64_t>(i)}));
    append(row, "·");
    append(row, lit(trace, Side::weights, touched(trace, stamp, Side::weights)));
    append(row, "→");
    const std::vector<bool> inside = true_cells(trace.padded);
    append(row, planes(trace.padded, [&](std::int64_t c) {
             PageCell cell;
             const bool hit = !landed[at(c)].empty();
             if (hit) cell.lines = {landed[at(c)]};
             cell.tones = {hit             ? stamp_tone(trace, static_cast<std::int64_t>(i))
                           : inside[at(c)] ? Tone::plain
                                           : Tone::margin};
             return cell;
           }));
    page.blocks.push_back(std::move(row));
  }
  page.blocks.push_back(Heading{"Stamps that overlap add"});
  Formulas temporary;
  const Lists by_padded = products_by_cell(trace, Side::padded);
  for (std::size_t i = 0; i < by_padded.size(); ++i)
    temporary.list.push_back(sum_formula(trace, {Side::padded, static_cast<std::int64_t>(i)}, by_padded[i]));
  page.blocks.push_back(std::move(temporary));
  if (window_side(trace) == Side::fine) return;
  page.blocks.push_back(Heading{cut_words(trace)});
  Formulas output;
  const Lists by_fine = products_by_cell(trace, Side::fine);
  for (std::size_t i = 0; i < by_fine.size(); ++i)
    output.list.push_back(sum_formula(trace, {Side::fine, static_cast<std::int64_t>(i)}, by_fine[i]));
  page.blocks.push_back(std::move(output));
}

}  // namespace

Page steps_page(const Trace& trace) {
  const Problem& problem = trace.problem;
  const bool conv = problem.layer == Layer::conv;
  Page page{"", to_string(problem), {}};
  Row row;
  switch (problem.unknown) {
    case Unknown::coarse:
      page.title = conv ? "Convolution: many to one" : "Input gradient of a transposed convolution: many to one";
      page.blocks.push_back(Paragraph{fmt::format(
          "Each number of the {} is a window of the {} times the kernel, summed over the window and over the channels.",
          trace.coarse.title, trace.fine.title)});
      append(row, whole(trace, window_side(trace)));
      append(row, "∗");
      append(row, whole(trace, Side::weights));
      append(row, "=");
      append(row, whole(trace, Side::coarse));
      break;
    case Unknown::fine:
      page.title = conv ? "Input gradient of a convolution: one to many" : "Transposed convolution: one to many";
      page.blocks.push_back(Paragraph{
          fmt::format("Each number of the {} times the whole kernel is a stamp; the stamps are added into the {}.",
                      trace.coarse.title, trace.padded.title)});
      append(row, whole(trace, Side::coarse));
      append(row, "∗ᵀ");
      append(row, whole(trace, Side::weights));
      append(row, "=");
      append(row, whole(trace, Side::padded));
      if (window_side(trace) == Side::padded) {
        append(row, folds(problem) ? "fold →" : "cut →");
        append(row, whole(trace, Side::fine));
      }
      break;
    case Unknown::weights:
      page.title = "Weight gradient: one sum for each weight";
      page.blocks.push_back(
          Paragraph{fmt::format("Each weight meets the {} and the {} at every position of the window; its gradient is "
                                "the sum of these products.",
                                trace.fine.title, trace.coarse.title)});
      append(row, whole(trace, window_side(trace)));
      append(row, "∗");
      append(row, whole(trace, Side::coarse));
      append(row, "=");
      append(row, whole(trace, Side::weights));
      break;
  }
  page.blocks.push_back(std::move(row));
  page.blocks.push_back(Paragraph{sizes_text(problem)});
  page.blocks.push_back(Heading{"Step by step"});
  if (problem.unknown == Unknown::fine)
    scatter_steps(trace, page);
  else
    gather_steps(trace, page);
  return page;
}

}  // namespace faltung::internal
