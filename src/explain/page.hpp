// A page: what a view wants to show, before a renderer decides how. Views build pages, renderers read them; neither
// knows the other.
#pragma once

#include <faltung/explain.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace faltung::internal {

/// What a cell means; renderers give each a colour. `stamp1 …` tell neighbouring stamps apart.
enum class Tone {
  plain,
  input,
  kernel,
  output,
  margin,
  inserted,
  stamp1,
  stamp2,
  stamp3,
  stamp4,
  heat1,
  heat2,
  heat3,
  heat4,
  heat5
};
inline constexpr int stamp_tones = 4;
inline constexpr int heat_tones = 5;

struct PageCell {
  std::string note;                ///< its name, small; empty where the lines are names
  std::vector<std::string> lines;  ///< a number, or a formula with one term a line
  std::vector<Tone> tones;         ///< several: stamps that meet
  bool chosen = false;
};

struct PageGrid {
  std::string title;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<PageCell> cells;
  std::vector<std::string> row_names, column_names;  ///< of matrices
};

/// Grids side by side, with signs (·, =, →) between them.
using PageItem = std::variant<PageGrid, std::string>;

struct Heading {
  std::string text;
};
struct Paragraph {
  std::string text;
};
struct Formulas {
  std::vector<Formula> list;
  bool goes_to = false;  ///< left ← symbols: contributions, not the whole sum
};
struct Row {
  std::vector<PageItem> items;
};
using PageBlock = std::variant<Heading, Paragraph, Formulas, Row>;

struct Page {
  std::string title;
  std::string problem;
  std::vector<PageBlock> blocks;
};

// Views, one file each.
Page steps_page(const Trace& trace);
Page cell_page(const Trace& trace, Cell cell);
Page matrix_page(const Trace& trace, Form form, std::optional<Cell> cell);
Page three_views_page(const Trace& trace, std::optional<Cell> cell);
Page temporary_page(const Trace& trace);
Page overlap_page(const Trace& trace);

PageGrid matrix_grid(const Trace& trace, Form form, std::optional<Cell> cell);

// Renderers, one file each.
std::string page_text(const Page& page, bool colour);
std::string page_svg(const Page& page);
std::string page_html(const Page& page);
std::string page_json(const Page& page);

}  // namespace faltung::internal
