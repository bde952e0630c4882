// One cell and everything that belongs to it.
#include "explain/cells.hpp"
#include "explain/grids.hpp"

#include <fmt/format.h>

#include <set>

namespace faltung::internal {

Page cell_page(const Trace& trace, Cell cell) {
  const CellAnswer answer = explain_cell(trace, cell);
  const TraceArray& array = array_of(trace, cell.side);
  const std::string& name = array.names[static_cast<std::size_t>(cell.index)];
  Page page{fmt::format("{}, a cell of the {}", name, array.title), to_string(trace.problem), {}};
  const Side unknown = unknown_side(trace);
  page.blocks.push_back(Paragraph{
      answer.computed ? fmt::format("It is the sum of {} product{}.", answer.products.size(),
                                    answer.products.size() == 1 ? "" : "s")
                      : fmt::format("It enters {} product{} of the {}.", answer.products.size(),
                                    answer.products.size() == 1 ? "" : "s",
                                    unknown == Side::fine ? trace.padded.title : array_of(trace, unknown).title)});

  const auto lit_side = [&](Side side) {
    std::set<std::int64_t> cells, chosen;
    for (const std::int64_t p : answer.products) {
      const std::int64_t met = cell_of(trace.products[static_cast<std::size_t>(p)], side);
      if (met >= 0) cells.insert(met);
    }
    if (side == cell.side)
      chosen = {cell.index};
    else
      chosen = cells;  // what belongs to it, without colour too
    cells.insert(chosen.begin(), chosen.end());
    return near_lit(lit(trace, side, cells, chosen));
  };
  const Side fine = cell.side == Side::fine ? Side::fine : window_side(trace);
  const bool transposed = unknown == Side::fine;
  Row row;
  append(row, lit_side(transposed || unknown == Side::weights ? Side::coarse : fine));
  append(row, "·");
  append(row, lit_side(unknown == Side::weights ? fine : Side::weights));
  append(row, "→");
  if (transposed && fine == Side::fine && window_side(trace) == Side::padded) append(row, lit_side(Side::padded));
  append(row, lit_side(unknown == Side::fine ? fine : unknown));
  page.blocks.push_back(std::move(row));
  page.blocks.push_back(Formulas{answer.formulas, !answer.computed});
  if (!answer.gradient.empty()) {
    page.blocks.push_back(Heading{"Its gradient goes the same ways back"});
    const std::size_t equals = answer.gradient.find(" = ");
    page.blocks.push_back(Formulas{{{answer.gradient.substr(0, equals), answer.gradient.substr(equals + 3), "", ""}}});
  }
  return page;
}

}  // namespace faltung::internal
