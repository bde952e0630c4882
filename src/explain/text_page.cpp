// A page for a terminal: tables, side by side where they fit; chosen cells in brackets, so that colour is never needed.
#include "explain/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace faltung::internal {

namespace {

/// Columns that a row of grids may fill before it goes on below: what terminals and mail still show.
constexpr std::size_t page_columns = 120;

/// Lines of equal visible width.
struct TextBox {
  std::vector<std::string> lines;
  std::size_t width = 0;
};

std::string painted(std::string_view text, Tone tone, bool colour, bool bold = false) {
  const std::string_view code = paint_of(tone).terminal;
  if (!colour || (code == "0" && !bold) || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}{}m{}\x1b[0m", bold ? "1;" : "", code, text);
}

std::string painted_formula(std::string_view text, bool colour) {
  std::string result;
  for (const Token& token : tokens_of(text)) result += painted(token.text, token.tone, colour);
  return result;
}

std::string cell_text(const PageCell& cell) {
  const std::string text = fmt::format("{}", fmt::join(cell.lines, " "));
  return cell.chosen ? "[" + text + "]" : cell.lines.empty() ? " · " : " " + text + " ";
}

TextBox grid_box(const PageGrid& grid, bool colour) {
  TextBox box;
  std::size_t name_width = 0;
  for (const std::string& name : grid.row_names) name_width = std::max(name_width, columns_of(name));
  std::vector<std::size_t> widths(static_cast<std::size_t>(grid.columns), 1);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < grid.cells.size(); ++i) {
    texts.push_back(cell_text(grid.cells[i]));
    std::size_t& width = widths[i % widths.size()];
    width = std::max(width, columns_of(texts.back()));
  }
  for (std::size_t c = 0; c < grid.column_names.size(); ++c)
    widths[c] = std::max(widths[c], columns_of(grid.column_names[c]) + 2);
  box.lines.push_back(grid.title);
  if (!grid.column_names.empty()) {
    std::string line(name_width, ' ');
    for (std::size_t c = 0; c < widths.size(); ++c)
      line += fmt::format("{}{} ", std::string(widths[c] - columns_of(grid.column_names[c]) - 1, ' '),
                          grid.column_names[c]);
    box.lines.push_back(line);
  }
  std::vector<std::size_t> visible;
  for (const std::string& line : box.lines) visible.push_back(columns_of(line));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::size_t c = i % widths.size();
    if (c == 0) {
      const std::string name = grid.row_names.empty() ? "" : grid.row_names[i / widths.size()];
      box.lines.push_back(name + std::string(name_width - columns_of(name), ' '));
      visible.push_back(name_width);
    }
    const Tone tone = grid.cells[i].tones.empty()      ? Tone::plain
                      : grid.cells[i].tones.size() > 1 ? Tone::output
                                                       : grid.cells[i].tones.front();
    box.lines.back() +=
        std::string(widths[c] - columns_of(texts[i]), ' ') + painted(texts[i], tone, colour, grid.cells[i].chosen);
    visible.back() += widths[c];
  }
  box.width = *std::max_element(visible.begin(), visible.end());
  for (std::size_t l = 0; l < box.lines.size(); ++l) box.lines[l].append(box.width - visible[l], ' ');
  return box;
}

/// Boxes beside each other, all at half height; a new line of boxes where the page is full.
void put_row(std::string& text, const Row& row, bool colour) {
  std::vector<TextBox> line;
  std::size_t width = 0;
  const auto finish = [&] {
    std::size_t height = 0;
    for (const TextBox& box : line) height = std::max(height, box.lines.size());
    for (std::size_t l = 0; l < height; ++l) {
      std::string joined = "  ";
      for (const TextBox& box : line) {
        const std::size_t above = (height - box.lines.size()) / 2;
        joined +=
            (l >= above && l - above < box.lines.size() ? box.lines[l - above] : std::string(box.width, ' ')) + "  ";
      }
      joined.erase(joined.find_last_not_of(' ') + 1);
      text += joined + '\n';
    }
    line.clear();
    width = 0;
  };
  for (std::size_t i = 0; i < row.items.size(); ++i) {
    TextBox box;
    if (const auto* grid = std::get_if<PageGrid>(&row.items[i])) {
      box = grid_box(*grid, colour);
    } else {
      const auto& sign = std::get<std::string>(row.items[i]);
      box.width = columns_of(sign);
      box.lines = {std::string(box.width, ' '), sign};  // under a title, as the grids are
    }
    std::size_t needed = box.width + 2;  // a sign goes where the grid behind it goes
    if (i + 1 < row.items.size())
      if (const auto* next = std::get_if<PageGrid>(&row.items[i + 1]);
          next && std::holds_alternative<std::string>(row.items[i]))
        needed += grid_box(*next, false).width + 2;
    if (width > 0 && width + needed > page_columns) finish();
    width += box.width + 2;
    line.push_back(std::move(box));
  }
  finish();
}

}  // namespace

std::string page_text(const Page& page, bool colour) {
  std::string text = painted(page.title, Tone::plain, colour, true) + "\n" + page.problem + "\n";
  for (const PageBlock& block : page.blocks) {
    text += '\n';
    if (const auto* heading = std::get_if<Heading>(&block)) {
      text += painted(heading->text, Tone::plain, colour, true) + "\n";
    } else if (const auto* paragraph = std::get_if<Paragraph>(&block)) {
      text += paragraph->text + "\n";
    } else if (const auto* formulas = std::get_if<Formulas>(&block)) {
      for (const Formula& formula : formulas->list)
        text += "  " +
                painted_formula(fmt::format("{}", fmt::join(formula_parts(formula, formulas->goes_to), " ")), colour) +
                "\n";
    } else {
      put_row(text, std::get<Row>(block), colour);
    }
  }
  return text;
}

}  // namespace faltung::internal
