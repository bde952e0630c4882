// A page as a picture: no script, no outside fonts, light and dark by the viewer's wish.
#include "explain/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace faltung::internal {

namespace {

// Sizes in pixels. A line of formula text is 13 high; monospace fonts are 0.6 of that wide (DejaVu Sans Mono, Menlo,
// Consolas: 0.60, 0.60, 0.55).
constexpr double letter = 0.605 * 13;
constexpr double edge = 28;         // around the page
constexpr double page_width = 920;  // what a README column shows without scaling; a wide grid makes the page wider
constexpr double line_height = 18;
constexpr double cell_height = 36, cell_width = 42, note_height = 11, note_letter = 0.605 * 9.5;
constexpr double gap = 3;        // between cells
constexpr double item_gap = 16;  // between grids and signs

class Picture {
 public:
  explicit Picture(const Page& page) {
    put_text(edge, 20, 12, "title", page.title);
    y_ += 30;
    put_text(edge, 12, 7.3, "problem", page.problem);
    y_ += 18;
    for (const PageBlock& block : page.blocks) std::visit([&](const auto& b) { put(b); }, block);
  }

  std::string text(const Page& page) const {
    return fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" role="img" aria-label="{2}"><title>{2}</title><style>)"
        "text{{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:13px;fill:#1f2933}}"
        ".title,.heading,.paragraph,.name{{font-family:system-ui,'Segoe UI','Helvetica Neue',Arial,'DejaVu "
        "Sans',sans-serif}}"
        ".title{{font-size:20px;font-weight:650}}.heading{{font-size:15px;font-weight:650}}.paragraph{{font-size:14px}}"
        ".name{{font-size:12px}}"
        ".problem{{font-size:12px}}.name,.problem,.note{{fill:#5a6572}}.note{{font-size:9.5px}}.sign{{font-size:19px}}."
        "middle{{text-anchor:middle}}.end{{text-anchor:end}}"
        ".page{{fill:#ffffff}}.line{{stroke:#c3ccd5;stroke-width:1;fill:none}}.margin-line{{stroke-dasharray:3 "
        "2.5}}.chosen{{stroke:#1f2933;stroke-width:2.5;fill:none}}"
        "@media(prefers-color-scheme:dark){{text{{fill:#d7dee6}}.name,.problem,.note{{fill:#9aa7b4}}.page{{fill:#"
        "0d1117}}.line{{stroke:#3b4550}}.chosen{{stroke:#ffffff}}}}"
        "{3}</style><rect class=\"page\" width=\"100%\" height=\"100%\"/>\n{4}</svg>\n",
        width_, y_ + edge, escaped(page.title), palette_css(true), body_);
  }

 private:
  /// `letter_width`: of the style's font, rounded up; only makes the page wide enough.
  void put_text(double x, double size, double letter_width, std::string_view style, std::string_view text) {
    width_ = std::max(width_, x + static_cast<double>(columns_of(text)) * letter_width + edge);
    body_ +=
        fmt::format("<text class=\"{}\" x=\"{:.4g}\" y=\"{:.6g}\">{}</text>\n", style, x, y_ + size, escaped(text));
  }

  void put(const Heading& heading) {
    y_ += 22;
    put_text(edge, 15, 9.2, "heading", heading.text);
    y_ += 20;
  }

  void put(const Paragraph& paragraph) {
    y_ += 8;
    constexpr double paragraph_letter = 7.6;
    for (const std::string& line :
         wrapped(paragraph.text, static_cast<std::size_t>((page_width - 2 * edge) / paragraph_letter))) {
      put_text(edge, 15, paragraph_letter, "paragraph", line);
      y_ += 20;
    }
  }

  void put(const Formulas& formulas) {
    y_ += 8;
    for (const Formula& formula : formulas.list)
      for (const std::string& line :
           wrapped(fmt::format("{}", fmt::join(formula_parts(formula, formulas.goes_to), " ")),
                   static_cast<std::size_t>((page_width - 2 * edge) / letter))) {
        width_ = std::max(width_, static_cast<double>(columns_of(line)) * letter + 2 * edge);
        body_ += fmt::format("<text x=\"{:.4g}\" y=\"{:.6g}\" xml:space=\"preserve\">", edge, y_ + 14);
        for (const Token& token : tokens_of(line))
          body_ += token.tone == Tone::plain ? escaped(token.text)
                                             : fmt::format("<tspan class=\"{}-text\">{}</tspan>",
                                                           paint_of(token.tone).name, escaped(token.text));
        body_ += "</text>\n";
        y_ += line_height + 2;
      }
  }

  /// Broken at spaces; what goes on is indented.
  static std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
    std::vector<std::string> lines(1);
    std::size_t used = 0;
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(' ', begin), text.size());
      const std::string_view word = text.substr(begin, end - begin);
      const std::size_t width = columns_of(word);
      if (used > 0 && used + 1 + width > columns) {
        lines.emplace_back("    ");
        used = 4;
      } else if (used > 0) {
        lines.back() += ' ';
        ++used;
      }
      lines.back() += word;
      used += width;
      begin = end + 1;
    }
    return lines;
  }

  struct Size {
    double cell_width = 0, cell_height = 0, name_width = 0, names_height = 0, width = 0, height = 0;
  };

  static Size size_of(const PageGrid& grid) {
    std::size_t longest = 0, most_lines = 1, names = 0, note = 0;
    for (const PageCell& cell : grid.cells) {
      for (const std::string& line : cell.lines) longest = std::max(longest, columns_of(line));
      most_lines = std::max(most_lines, cell.lines.size());
      note = std::max(note, columns_of(cell.note));
    }
    for (const std::string& name : grid.column_names) longest = std::max(longest, columns_of(name));
    for (const std::string& name : grid.row_names) names = std::max(names, columns_of(name));
    Size size;
    size.cell_width =
        std::max({cell_width, static_cast<double>(longest) * letter + 14, static_cast<double>(note) * note_letter + 8});
    size.cell_height = std::max(cell_height, static_cast<double>(most_lines) * (line_height - 2) + 10) +
                       (note > 0 ? note_height - 4 : 0);
    if (!grid.row_names.empty()) {  // matrices are large: flat cells
      size.cell_width = static_cast<double>(std::max<std::size_t>(longest, 3)) * letter + 6;
      size.cell_height = 24;
      size.name_width = static_cast<double>(names) * letter + 8;
      size.names_height = 18;
    }
    size.width = std::max(size.name_width + static_cast<double>(grid.columns) * (size.cell_width + gap) - gap,
                          static_cast<double>(columns_of(grid.title)) * 6.4);
    size.height = 20 + size.names_height + static_cast<double>(grid.rows) * (size.cell_height + gap) - gap;
    return size;
  }

  static double width_of(const PageItem& item) {
    const auto* grid = std::get_if<PageGrid>(&item);
    return grid ? size_of(*grid).width : static_cast<double>(columns_of(std::get<std::string>(item))) * 0.605 * 19;
  }

  void put(const Row& row) {
    for (std::size_t begin = 0; begin < row.items.size();) {  // as many as the page holds in one line
      std::size_t end = begin;
      double width = 0;
      for (; end < row.items.size(); ++end) {
        const double next = width_of(row.items[end]) + item_gap;
        const bool sign = std::holds_alternative<std::string>(row.items[end]) && end + 1 < row.items.size();
        const double needed =
            next + (sign ? width_of(row.items[end + 1]) : 0);  // a sign goes where the grid behind it goes
        if (end > begin && edge + width + needed > page_width) break;
        width += next;
      }
      put_line(row, begin, end);
      begin = end;
    }
  }

  void put_line(const Row& row, std::size_t begin, std::size_t end) {
    y_ += 12;
    double x = edge, height = 0;
    for (std::size_t i = begin; i < end; ++i)
      if (const auto* grid = std::get_if<PageGrid>(&row.items[i])) height = std::max(height, size_of(*grid).height);
    for (std::size_t i = begin; i < end; ++i) {
      if (const auto* grid = std::get_if<PageGrid>(&row.items[i])) {
        put_grid(*grid, x, y_ + (height - size_of(*grid).height) / 2);
      } else {
        body_ += fmt::format("<text class=\"sign\" x=\"{:.5g}\" y=\"{:.6g}\">{}</text>\n", x, y_ + 10 + height / 2 + 6,
                             escaped(std::get<std::string>(row.items[i])));
      }
      x += width_of(row.items[i]) + item_gap;
    }
    width_ = std::max(width_, x - item_gap + edge);
    y_ += height;
  }

  void put_grid(const PageGrid& grid, double x, double y) {
    const Size size = size_of(grid);
    body_ += fmt::format("<text class=\"name\" x=\"{:.5g}\" y=\"{:.6g}\">{}</text>\n", x + size.name_width, y + 11,
                         escaped(grid.title));
    y += 20;
    for (std::size_t c = 0; c < grid.column_names.size(); ++c)
      body_ += fmt::format("<text class=\"name middle\" x=\"{:.5g}\" y=\"{:.6g}\">{}</text>\n",
                           x + size.name_width + static_cast<double>(c) * (size.cell_width + gap) + size.cell_width / 2,
                           y + 10, escaped(grid.column_names[c]));
    y += size.names_height;
    for (std::size_t i = 0; i < grid.cells.size(); ++i) {
      const auto r = static_cast<double>(static_cast<std::int64_t>(i) / grid.columns),
                 c = static_cast<double>(static_cast<std::int64_t>(i) % grid.columns);
      const double top = y + r * (size.cell_height + gap);
      if (c == 0 && !grid.row_names.empty())
        body_ += fmt::format("<text class=\"name end\" x=\"{:.5g}\" y=\"{:.6g}\">{}</text>\n", x + size.name_width - 7,
                             top + size.cell_height / 2 + 4, escaped(grid.row_names[static_cast<std::size_t>(r)]));
      put_cell(grid.cells[i], x + size.name_width + c * (size.cell_width + gap), top, size);
    }
  }

  void put_cell(const PageCell& cell, double x, double y, const Size& size) {
    const double w = size.cell_width, h = size.cell_height;
    const std::vector<Tone> tones = cell.tones.empty() ? std::vector<Tone>{Tone::plain} : cell.tones;
    const double strip = w / static_cast<double>(tones.size());
    for (std::size_t t = 0; t < tones.size(); ++t)
      body_ += fmt::format("<rect class=\"{}\" x=\"{:.5g}\" y=\"{:.6g}\" width=\"{:.4g}\" height=\"{:.4g}\"/>",
                           paint_of(tones[t]).name, x + static_cast<double>(t) * strip, y, strip, h);
    body_ += fmt::format("<rect class=\"{}\" x=\"{:.5g}\" y=\"{:.6g}\" width=\"{:.4g}\" height=\"{:.4g}\"/>",
                         cell.chosen                     ? "chosen"
                         : tones.front() == Tone::margin ? "line margin-line"
                                                         : "line",
                         x, y, w, h);
    const bool noted = !cell.note.empty();
    if (noted)
      body_ += fmt::format("<text class=\"note {}-text\" x=\"{:.5g}\" y=\"{:.6g}\">{}</text>",
                           paint_of(tones.front()).name, x + 4, y + note_height, escaped(cell.note));
    const double lines = static_cast<double>(cell.lines.size());
    for (std::size_t l = 0; l < cell.lines.size(); ++l) {
      const Tone tone = tones.size() == cell.lines.size() ? tones[l] : tones.front();
      body_ += fmt::format("<text class=\"middle {}-text\" x=\"{:.5g}\" y=\"{:.6g}\">{}</text>", paint_of(tone).name,
                           x + w / 2,
                           y + (h + (noted ? note_height - 2 : 0)) / 2 +
                               (static_cast<double>(l) - (lines - 1) / 2) * (line_height - 2) + 4.5,
                           escaped(cell.lines[l]));
    }
    body_ += '\n';
  }

  std::string body_;
  double y_ = edge - 8;
  double width_ = 0;
};

}  // namespace

std::string page_svg(const Page& page) { return Picture(page).text(page); }

}  // namespace faltung::internal
