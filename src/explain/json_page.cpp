// A page as JSON, for programs: {"title", "problem", "blocks": [{"kind": "heading" | "paragraph" | "formulas" | "row",
// …}]}.
#include "explain/text.hpp"

#include <nlohmann/json.hpp>

namespace faltung::internal {

namespace {

using Json = nlohmann::ordered_json;

Json grid_json(const PageGrid& grid) {
  Json cells = Json::array();
  for (const PageCell& cell : grid.cells) {
    Json tones = Json::array();
    for (const Tone tone : cell.tones) tones.push_back(paint_of(tone).name);
    cells.push_back({{"name", cell.note}, {"lines", cell.lines}, {"tones", std::move(tones)}, {"chosen", cell.chosen}});
  }
  Json json{{"title", grid.title}, {"rows", grid.rows}, {"columns", grid.columns}, {"cells", std::move(cells)}};
  if (!grid.row_names.empty()) json["row_names"] = grid.row_names, json["column_names"] = grid.column_names;
  return json;
}

struct BlockWriter {
  Json operator()(const Heading& heading) const { return {{"kind", "heading"}, {"text", heading.text}}; }
  Json operator()(const Paragraph& paragraph) const { return {{"kind", "paragraph"}, {"text", paragraph.text}}; }
  Json operator()(const Formulas& formulas) const {
    Json list = Json::array();
    for (const Formula& formula : formulas.list)
      list.push_back({{"left", formula.left},
                      {"symbols", formula.symbols},
                      {"numbers", formula.numbers},
                      {"value", formula.value}});
    return {{"kind", "formulas"}, {"goes_to", formulas.goes_to}, {"list", std::move(list)}};
  }
  Json operator()(const Row& row) const {
    Json items = Json::array();
    for (const PageItem& item : row.items) {
      const auto* grid = std::get_if<PageGrid>(&item);
      items.push_back(grid ? grid_json(*grid) : Json(std::get<std::string>(item)));
    }
    return {{"kind", "row"}, {"items", std::move(items)}};
  }
};

}  // namespace

std::string page_json(const Page& page) {
  Json blocks = Json::array();
  for (const PageBlock& block : page.blocks) blocks.push_back(std::visit(BlockWriter{}, block));
  return Json{{"title", page.title}, {"problem", page.problem}, {"blocks", std::move(blocks)}}.dump(1) + "\n";
}

}  // namespace faltung::internal
