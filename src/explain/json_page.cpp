// A page as JSON, for programs: {"title", "problem", "blocks": [{"kind": "heading" | "paragraph" | "formulas" | "row",
// …}]}.
#include "explain/text.hpp"
#include "support/json.hpp"

namespace faltung::internal {

namespace {

void write_grid(JsonText& json, const PageGrid& grid) {
  json.object([&] {
    json.key("title").string(grid.title);
    json.key("rows").number(grid.rows);
    json.key("columns").number(grid.columns);
    json.key("cells").array([&] {
      for (const PageCell& cell : grid.cells)
        json.object([&] {
          json.key("name").string(cell.note);
          json.key("lines").strings(cell.lines);
          json.key("tones").array([&] {
            for (const Tone tone : cell.tones) json.string(paint_of(tone).name);
          });
          json.key("chosen").boolean(cell.chosen);
        });
    });
    if (grid.row_names.empty()) return;
    json.key("row_names").strings(grid.row_names);
    json.key("column_names").strings(grid.column_names);
  });
}

/// The members of a block.
struct BlockWriter {
  JsonText& json;

  void operator()(const Heading& heading) const {
    json.key("kind").string("heading");
    json.key("text").string(heading.text);
  }
  void operator()(const Paragraph& paragraph) const {
    json.key("kind").string("paragraph");
    json.key("text").string(paragraph.text);
  }
  void operator()(const Formulas& formulas) const {
    json.key("kind").string("formulas");
    json.key("goes_to").boolean(formulas.goes_to);
    json.key("list").array([&] {
      for (const Formula& formula : formulas.list)
        json.object([&] {
          json.key("left").string(formula.left);
          json.key("symbols").string(formula.symbols);
          json.key("numbers").string(formula.numbers);
          json.key("value").string(formula.value);
        });
    });
  }
  void operator()(const Row& row) const {
    json.key("kind").string("row");
    json.key("items").array([&] {
      for (const PageItem& item : row.items)
        if (const auto* grid = std::get_if<PageGrid>(&item))
          write_grid(json, *grid);
        else
          json.string(std::get<std::string>(item));
    });
  }
};

}  // namespace

std::string page_json(const Page& page) {
  JsonText json;
  json.object([&] {
    json.key("title").string(page.title);
    json.key("problem").string(page.problem);
    json.key("blocks").array([&] {
      for (const PageBlock& block : page.blocks) json.object([&] { std::visit(BlockWriter{json}, block); });
    });
  });
  return std::move(json).take();
}

}  // namespace faltung::internal
