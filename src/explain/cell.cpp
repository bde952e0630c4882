// One cell: which products it is made of, or where it goes.
#include <faltung/error.hpp>
#include <faltung/explain.hpp>

#include "explain/cells.hpp"
#include "matrix/entries.hpp"
#include "reference/symbol.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace faltung {

namespace internal {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

std::string factor(double value) { return value < 0 ? fmt::format("({})", value) : number_text(value); }

/// The two factors of a product, in the order in which the article writes them.
struct Factors {
  Cell left, right;
};

Factors factors(const Trace& trace, const Product& product) {
  const Cell coarse{Side::coarse, product.coarse}, weight{Side::weights, product.weight};
  const Cell fine = product.fine >= 0 ? Cell{Side::fine, product.fine} : Cell{Side::padded, product.padded};
  switch (trace.problem.unknown) {
    case Unknown::coarse:
      return {weight, fine};
    case Unknown::fine:
      return {coarse, weight};
    case Unknown::weights:
      break;
  }
  return {coarse, fine};
}

bool is_zero_margin(const Trace& trace, const Product& product) {
  return product.fine < 0 && trace.problem.unknown != Unknown::fine;
}

std::string name_of(const Trace& trace, Cell cell) { return array_of(trace, cell.side).names[at(cell.index)]; }
double value_of(const Trace& trace, Cell cell) { return array_of(trace, cell.side).values[at(cell.index)]; }

std::string numbers_of(const Trace& trace, const Product& product) {
  const auto [left, right] = factors(trace, product);
  return factor(value_of(trace, left)) + "·" + factor(value_of(trace, right));
}

/// `4·5` and `20`.
std::pair<std::string, std::string> product_numbers(const Trace& trace, const Product& product) {
  const auto [left, right] = factors(trace, product);
  return {numbers_of(trace, product), number_text(value_of(trace, left) * value_of(trace, right))};
}

std::string joined(const std::vector<std::string>& terms) {
  return terms.empty() ? "0" : fmt::format("{}", fmt::join(terms, " + "));
}

/// Channel that a cell's bias belongs to, or −1: no bias.
std::int64_t bias_channel(const Trace& trace, Cell cell) {
  if (trace.bias.empty() || cell.side == Side::weights) return -1;
  const TraceArray& array = array_of(trace, cell.side);
  const std::int64_t channel = cell.index / (static_cast<std::int64_t>(array.names.size()) / array.channels[0]);
  return cell.side != Side::padded || starts_from_bias(trace, cell.index) ? channel : -1;
}

/// The gradient of a forward problem's given cell, in names.
std::string gradient_names(const Trace& trace, Cell cell, const std::vector<std::int64_t>& products) {
  const Problem& problem = trace.problem;
  const bool forward = problem.unknown == (problem.layer == Layer::conv ? Unknown::coarse : Unknown::fine);
  if (!forward || cell.side == Side::padded) return {};
  const Side output = unknown_side(trace);
  std::vector<std::string> terms;
  for (const std::int64_t p : products) {
    const Product& product = trace.products[at(p)];
    if (product.fine < 0) continue;  // a zero in the margin, or cut
    const std::string out = fmt::format("∂{}", name_of(trace, {output, cell_of(product, output)}));
    const std::string weight = name_of(trace, {Side::weights, product.weight});
    const std::string coarse = output == Side::coarse ? out : name_of(trace, {Side::coarse, product.coarse});
    const std::string fine = output == Side::fine ? out : name_of(trace, {Side::fine, product.fine});
    terms.push_back(cell.side == Side::weights  ? coarse + "·" + fine
                    : cell.side == Side::coarse ? weight + "·" + fine
                                                : coarse + "·" + weight);
  }
  return fmt::format("∂{} = {}", name_of(trace, cell), joined(terms));
}

}  // namespace

std::string number_text(double value) { return fmt::format("{}", value); }

bool starts_from_bias(const Trace& trace, std::int64_t padded) {
  const TraceArray& array = trace.padded;
  for (std::size_t a = array.extents.size(); a-- > 0; padded /= array.extents[a]) {
    const std::int64_t f = padded % array.extents[a] - array.begin[a];
    const bool margin = f < 0 || f >= array.true_extents[a];
    if (margin && trace.problem.axes[a].boundary != Boundary::zeros) return false;
  }
  return true;
}

std::int64_t cell_of(const Product& product, Side side) {
  switch (side) {
    case Side::coarse:
      return product.coarse;
    case Side::fine:
      return product.fine;
    case Side::padded:
      return product.padded;
    case Side::weights:
      break;
  }
  return product.weight;
}

std::string symbols_of(const Trace& trace, const Product& product) {
  const auto [left, right] = factors(trace, product);
  return name_of(trace, left) + "·" + (is_zero_margin(trace, product) ? "0" : name_of(trace, right));
}

Formula sum_formula(const Trace& trace, Cell cell, const std::vector<std::int64_t>& products) {
  std::vector<std::string> symbols, numbers;
  const bool valued = !trace.coarse.values.empty();
  if (const std::int64_t channel = bias_channel(trace, cell); channel >= 0) {
    symbols.push_back(trace.bias.size() == 1 ? std::string("B") : fmt::format("B{}", channel + 1));
    if (valued) numbers.push_back(number_text(trace.bias[at(channel)]));
  }
  for (const std::int64_t p : products) {
    const Product& product = trace.products[at(p)];
    if (is_zero_margin(trace, product)) continue;  // the article leaves them out
    symbols.push_back(symbols_of(trace, product));
    if (valued) numbers.push_back(numbers_of(trace, product));
  }
  Formula formula{name_of(trace, cell), joined(symbols), {}, {}};
  if (valued) {
    formula.numbers = joined(numbers);
    formula.value = number_text(value_of(trace, cell));
  }
  return formula;
}

std::vector<std::vector<std::int64_t>> products_by_cell(const Trace& trace, Side side) {
  std::vector<std::vector<std::int64_t>> lists(array_of(trace, side).names.size());
  for (std::size_t p = 0; p < trace.products.size(); ++p)
    if (const std::int64_t cell = cell_of(trace.products[p], side); cell >= 0)
      lists[at(cell)].push_back(static_cast<std::int64_t>(p));
  return lists;
}

}  // namespace internal

Cell find_cell(const Trace& trace, std::string_view name) {
  const std::string wanted = name.starts_with("d") ? fmt::format("∂{}", name.substr(1)) : std::string(name);
  std::string ranges;
  for (const Side side : {Side::fine, Side::padded, Side::coarse, Side::weights}) {
    const TraceArray& array = array_of(trace, side);
    const auto found = std::find(array.names.begin(), array.names.end(), wanted);
    if (found != array.names.end()) return {side, found - array.names.begin()};
    ranges += fmt::format("{}{} … {}", ranges.empty() ? "" : ", ", array.names.front(), array.names.back());
  }
  throw ProblemError(fmt::format("cell {}", quote(name)),
                     fmt::format("the cells of `{}` are {}", to_string(trace.problem), ranges),
                     "name one of them; d stands for ∂, which gradient problems have");
}

std::string to_string(const Formula& formula) {
  std::string text = formula.left + " = " + formula.symbols;
  if (!formula.numbers.empty() && formula.numbers != formula.value) text += " = " + formula.numbers;
  if (!formula.value.empty() && formula.value != formula.symbols) text += " = " + formula.value;
  return text;
}

CellAnswer explain_cell(const Trace& trace, Cell cell) {
  const Side unknown = unknown_side(trace);
  CellAnswer answer;
  answer.cell = cell;
  answer.computed = cell.side == unknown || (cell.side == Side::padded && unknown == Side::fine);
  for (std::size_t p = 0; p < trace.products.size(); ++p)
    if (internal::cell_of(trace.products[p], cell.side) == cell.index)
      answer.products.push_back(static_cast<std::int64_t>(p));
  if (answer.computed) {
    answer.formulas.push_back(internal::sum_formula(trace, cell, answer.products));
    return answer;
  }
  const Side target = unknown == Side::fine ? Side::padded : unknown;  // a stamp goes into the temporary output
  for (const std::int64_t p : answer.products) {
    const Product& product = trace.products[static_cast<std::size_t>(p)];
    const Cell goes_to{target, internal::cell_of(product, target)};
    Formula formula{array_of(trace, target).names[static_cast<std::size_t>(goes_to.index)],
                    internal::symbols_of(trace, product),
                    {},
                    {}};
    if (!trace.coarse.values.empty())
      std::tie(formula.numbers, formula.value) = internal::product_numbers(trace, product);
    answer.formulas.push_back(std::move(formula));
  }
  answer.gradient = internal::gradient_names(trace, cell, answer.products);
  return answer;
}

}  // namespace faltung
