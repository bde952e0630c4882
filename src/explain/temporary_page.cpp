// The temporary output of a transposed convolution after every input number, as the article shows it, and the cut.
#include <faltung/error.hpp>

#include "explain/cells.hpp"
#include "explain/grids.hpp"
#include "matrix/entries.hpp"

#include <fmt/format.h>

#include <cmath>

namespace faltung::internal {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The temporary output as it grows.
struct State {
  std::vector<PageCell> symbols;
  std::vector<double> numbers;
};

std::vector<PageGrid> symbol_planes(const Trace& trace, const State& state, const std::vector<bool>& fresh) {
  const std::vector<bool> inside = true_cells(trace.padded);
  return planes(trace.padded, [&](std::int64_t i) {
    PageCell cell = state.symbols[at(i)];
    if (cell.lines.empty()) cell.lines = {"0"};
    if (cell.tones.empty()) cell.tones = {inside[at(i)] ? Tone::plain : Tone::margin};
    cell.chosen = fresh[at(i)];
    return cell;
  });
}

std::vector<PageGrid> number_planes(const Trace& trace, const State& state, const std::vector<bool>& fresh) {
  std::vector<PageGrid> grids = planes(trace.padded, [&](std::int64_t i) {
    return PageCell{"", {number_text(state.numbers[at(i)])}, {fresh[at(i)] ? Tone::output : Tone::plain}, fresh[at(i)]};
  });
  for (PageGrid& grid : grids) grid.title = "in numbers";
  return grids;
}

}  // namespace

Page temporary_page(const Trace& trace) {
  if (trace.problem.unknown != Unknown::fine)
    throw ProblemError(fmt::format("the temporary output of `{}`", to_string(trace.problem)),
                       "only what scatters has one: a transposed convolution, or -dx of a convolution",
                       "give --transposed, or see the steps");
  const auto by_coarse = products_by_cell(trace, Side::coarse);
  check_page(trace, static_cast<std::int64_t>(by_coarse.size() * trace.padded.names.size()), "the states");
  Page page{fmt::format("The {}, number by number", trace.padded.title), to_string(trace.problem), {}};
  page.blocks.push_back(Paragraph{sizes_text(trace.problem)});
  const bool valued = !trace.padded.values.empty();

  State state;
  state.symbols.resize(trace.padded.names.size());
  state.numbers.resize(trace.padded.names.size());
  if (!trace.bias.empty())
    for (std::size_t i = 0; i < state.symbols.size(); ++i) {
      const Formula start = sum_formula(trace, {Side::padded, static_cast<std::int64_t>(i)}, {});
      if (start.symbols == "0") continue;
      state.symbols[i].lines = {start.symbols};
      state.numbers[i] = trace.bias[i / (state.symbols.size() / trace.bias.size())];
    }
  for (std::size_t c = 0; c < by_coarse.size(); ++c) {
    std::vector<bool> fresh(state.symbols.size());
    for (const std::int64_t p : by_coarse[c]) {
      const Product& product = trace.products[at(p)];
      PageCell& cell = state.symbols[at(product.padded)];
      cell.lines.push_back((cell.lines.empty() ? "" : "+ ") + symbols_of(trace, product));
      cell.tones.push_back(stamp_tone(trace, product.coarse));
      fresh[at(product.padded)] = true;
      if (!valued) continue;
      double& sum = state.numbers[at(product.padded)];
      sum = std::fma(trace.coarse.values[at(product.coarse)], trace.weights.values[at(product.weight)], sum);
    }
    page.blocks.push_back(Heading{"after " + trace.coarse.names[c]});
    Row row;
    append(row, symbol_planes(trace, state, fresh));
    if (valued) {
      append(row, "=");
      append(row, number_planes(trace, state, fresh));
    }
    page.blocks.push_back(std::move(row));
  }
  if (window_side(trace) == Side::fine) return page;
  page.blocks.push_back(Heading{cut_words(trace)});
  const auto by_fine = products_by_cell(trace, Side::fine);
  Row row;
  append(row, symbol_planes(trace, state, std::vector<bool>(state.symbols.size())));
  append(row, folds(trace.problem) ? "fold →" : "cut →");
  append(row, planes(trace.fine, [&](std::int64_t i) {
           PageCell cell;
           for (const std::int64_t p : by_fine[at(i)]) {
             cell.lines.push_back((cell.lines.empty() ? "" : "+ ") + symbols_of(trace, trace.products[at(p)]));
             cell.tones.push_back(stamp_tone(trace, trace.products[at(p)].coarse));
           }
           if (cell.lines.empty()) cell.lines = {"0"};
           return cell;
         }));
  if (valued) {
    append(row, "=");
    append(row, whole(trace, Side::fine));
  }
  page.blocks.push_back(std::move(row));
  Formulas formulas;
  for (std::size_t i = 0; i < by_fine.size(); ++i)
    formulas.list.push_back(sum_formula(trace, {Side::fine, static_cast<std::int64_t>(i)}, by_fine[i]));
  page.blocks.push_back(std::move(formulas));
  return page;
}

}  // namespace faltung::internal
