// Arrays of a trace as grids: one plane for each channel and each z.
#pragma once

#include "explain/page.hpp"

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace faltung::internal {

using CellMaker = std::function<PageCell(std::int64_t index)>;

/// The planes of an array, titled `input 2`, `kernel 1.2, z 3`; cells by `make`.
std::vector<PageGrid> planes(const TraceArray& array, const CellMaker& make);

/// Number with its name, or the name alone; in a margin of zeros 0, in another one the cell that it copies.
PageCell shown_cell(const Trace& trace, Side side, std::int64_t index);

/// I blue, K amber, O green: the tone of an array, gradients like what they are gradients of.
Tone tone_of(const Trace& trace, Side side);

/// A whole array in its tone; margins as margins.
std::vector<PageGrid> whole(const Trace& trace, Side side);
/// With only some cells in their tone; `chosen` with an outline.
std::vector<PageGrid> lit(const Trace& trace, Side side, const std::set<std::int64_t>& cells,
                          const std::set<std::int64_t>& chosen = {});

/// Of large planes only what stands near the lit cells, with the numbers of its rows and columns; those without any are
/// left out.
std::vector<PageGrid> near_lit(std::vector<PageGrid> grids);

void append(Row& row, std::vector<PageGrid> grids);
void append(Row& row, std::string sign);

/// The padded array where there is padding or a temporary output; otherwise the fine one.
Side window_side(const Trace& trace);

/// Neighbouring stamps in different tones.
Tone stamp_tone(const Trace& trace, std::int64_t coarse);

/// What happens to the margin of a temporary output: cut, or added onto the cells it copies.
std::string cut_words(const Trace& trace);

/// `y: out = 1 + (in + before + after − span) // stride = 1 + (3 + 1 + 1 − 2) // 2 = 2`, once where the axes are alike.
std::string sizes_text(const Problem& problem);

/// Refuses what nobody can look at. `cells`: what the page would draw.
void check_page(const Trace& trace, std::int64_t cells, std::string_view what);

}  // namespace faltung::internal
