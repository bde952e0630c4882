// A page in one file for a browser: real tables and text, so that it can be read aloud, searched and copied.
#include "explain/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace faltung::internal {

namespace {

constexpr std::string_view style = R"(
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;background:var(--plain);color:var(--plain-text)}
code,td,th,.sign{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace}
.row{display:flex;flex-wrap:wrap;gap:1rem;align-items:center;margin:1rem 0;overflow-x:auto}
table{border-collapse:separate;border-spacing:2px}caption{font-size:.8rem;text-align:left;color:var(--margin-text)}
td{border:1px solid color-mix(in srgb,currentColor 35%,transparent);text-align:center;padding:.25rem .4rem;min-width:2.2rem;height:2rem;font-size:.85rem;line-height:1.25}
td.margin{border-style:dashed}td.chosen{outline:3px solid var(--plain-text);outline-offset:-2px}td small{display:block;font-size:.65rem;text-align:left}
th{font-size:.75rem;font-weight:400;color:var(--margin-text)}.sign{font-size:1.3rem}
ol.formulas{list-style:none;padding:0;overflow-x:auto}.formulas code{white-space:pre}[data-name].same{outline:2px solid var(--plain-text)}
)";

// Pointing at a name shows it everywhere.
constexpr std::string_view script = R"(
document.addEventListener('mouseover',event=>{const name=event.target.closest?.('[data-name]')?.dataset.name;
document.querySelectorAll('[data-name]').forEach(e=>e.classList.toggle('same',e.dataset.name===name))});
)";

std::string coloured(std::string_view formula) {
  std::string html;
  for (const Token& token : tokens_of(formula))
    html += token.tone == Tone::plain ? escaped(token.text)
                                      : fmt::format("<span class=\"{0}-text\" data-name=\"{1}\">{1}</span>",
                                                    paint_of(token.tone).name, escaped(token.text));
  return html;
}

std::string stripes(const std::vector<Tone>& tones) {
  std::string css = "background:linear-gradient(90deg";
  for (std::size_t t = 0; t < tones.size(); ++t)
    css += fmt::format(",var(--{}) {}% {}%", paint_of(tones[t]).name, 100 * t / tones.size(),
                       100 * (t + 1) / tones.size());
  return css + ")";
}

std::string cell_html(const PageCell& cell) {
  const Tone tone = cell.tones.empty() ? Tone::plain : cell.tones.front();
  std::string html = fmt::format("<td class=\"{}{}\"", paint_of(tone).name, cell.chosen ? " chosen" : "");
  if (!cell.note.empty()) html += fmt::format(" data-name=\"{}\"", escaped(cell.note));
  if (cell.tones.size() > 1) html += fmt::format(" style=\"{}\"", stripes(cell.tones));
  html += '>';
  if (!cell.note.empty()) html += fmt::format("<small>{}</small>", escaped(cell.note));
  for (std::size_t l = 0; l < cell.lines.size(); ++l) html += (l > 0 ? "<br>" : "") + coloured(cell.lines[l]);
  return html + "</td>";
}

std::string grid_html(const PageGrid& grid) {
  std::string html = fmt::format("<table><caption>{}</caption>", escaped(grid.title));
  if (!grid.column_names.empty()) {
    html += "<tr><td></td>";
    for (const std::string& name : grid.column_names) html += fmt::format("<th scope=\"col\">{}</th>", escaped(name));
    html += "</tr>";
  }
  for (std::int64_t r = 0; r < grid.rows; ++r) {
    html += "<tr>";
    if (!grid.row_names.empty())
      html += fmt::format("<th scope=\"row\">{}</th>", escaped(grid.row_names[static_cast<std::size_t>(r)]));
    for (std::int64_t c = 0; c < grid.columns; ++c)
      html += cell_html(grid.cells[static_cast<std::size_t>(r * grid.columns + c)]);
    html += "</tr>\n";
  }
  return html + "</table>";
}

struct BlockWriter {
  std::string operator()(const Heading& heading) const { return fmt::format("<h2>{}</h2>\n", escaped(heading.text)); }
  std::string operator()(const Paragraph& paragraph) const {
    return fmt::format("<p>{}</p>\n", escaped(paragraph.text));
  }
  std::string operator()(const Formulas& formulas) const {
    std::string html = "<ol class=\"formulas\">";
    for (const Formula& formula : formulas.list)
      html += fmt::format("<li><code>{}</code></li>\n",
                          coloured(fmt::format("{}", fmt::join(formula_parts(formula, formulas.goes_to), " "))));
    return html + "</ol>\n";
  }
  std::string operator()(const Row& row) const {
    std::string html = "<div class=\"row\">";
    for (const PageItem& item : row.items) {
      const auto* grid = std::get_if<PageGrid>(&item);
      html +=
          grid ? grid_html(*grid) : fmt::format("<span class=\"sign\">{}</span>", escaped(std::get<std::string>(item)));
    }
    return html + "</div>\n";
  }
};

}  // namespace

std::string page_html(const Page& page) {
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">"
      "<title>{0}</title>\n<style>{1}{2}</style></head>\n<body><main><h1>{0}</h1>\n<p><code>{3}</code></p>\n",
      escaped(page.title), palette_css(false), style, escaped(page.problem));
  for (const PageBlock& block : page.blocks) html += std::visit(BlockWriter{}, block);
  return html + fmt::format("</main><script>{}</script></body></html>\n", script);
}

}  // namespace faltung::internal
