// The article's examples as the explanation tells them. web/presets.json holds their formulas, matrices and numbers,
// typed from the article; the page shows the same list.
#include "reference/literal_transposed.hpp"
#include "support/arrays.hpp"
#include "support/symbols.hpp"

#include <faltung/explain.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

namespace faltung::test {
namespace {

using Json = nlohmann::json;

const Json& presets() {
  static const Json list = Json::parse(std::ifstream(FALTUNG_PRESETS));
  return list;
}

Formula sum_of(const Trace& trace, const std::string& cell) {
  const CellAnswer answer = explain_cell(trace, find_cell(trace, cell));
  EXPECT_TRUE(answer.computed) << cell;
  return answer.formulas.front();
}

TEST(ArticleExplained, EveryPresetHasTheArticlesFormulas) {
  std::size_t compared = 0;
  for (const Json& preset : presets()) {
    const Trace trace = make_trace(parse_problem(preset["problem"].get<std::string>()));
    for (const char* kind : {"formulas", "temporary"})
      if (preset.contains(kind)) {
        for (const auto& [cell, symbols] : preset[kind].items()) {
          EXPECT_EQ(sum_of(trace, cell).symbols, symbols.get<std::string>()) << preset["id"] << " " << cell;
          ++compared;
        }
      }
  }
  EXPECT_GE(compared, 45U);
}

TEST(ArticleExplained, EveryPresetHasTheLibrarysNumbers) {
  for (const Json& preset : presets()) {
    Problem problem = parse_problem(preset["problem"].get<std::string>());
    const Trace trace = make_trace(problem);
    const std::vector<double>& shown = array_of(trace, unknown_side(trace)).values;
    const auto whole = [](const std::vector<double>& values) {
      return std::vector<std::int64_t>(values.begin(), values.end());
    };
    const Operands<std::int64_t> operands{
        whole(trace.fine.values), whole(trace.coarse.values), whole(trace.weights.values), {}};
    problem.dtype = DType::i64;
    for (const std::string& algorithm : willing(problem))
      EXPECT_EQ(run(problem, algorithm, operands), whole(shown)) << preset["id"] << " " << algorithm;
    if (preset.contains("output")) {
      EXPECT_EQ(preset["output"].get<std::vector<double>>(), shown) << preset["id"];
    }
  }
}

TEST(ArticleExplained, EveryPresetHasTheArticlesMatrix) {
  for (const Json& preset : presets()) {
    if (!preset.contains("matrix")) continue;
    const Trace trace = make_trace(parse_problem(preset["problem"].get<std::string>()));
    Question question;
    question.view = View::matrix;
    question.form = preset["form"] == "padded" ? Form::padded : Form::folded;
    const Json page = Json::parse(explain(trace, question, PageFormat::json));
    std::vector<std::string> rows;
    for (const Json& block : page["blocks"])
      for (const Json& item : block.value("items", Json::array())) {
        if (!item.is_object() || !item.contains("row_names")) continue;
        if (item["column_names"][0] == "") continue;  // a vector beside it
        for (std::size_t i = 0; i < item["cells"].size(); ++i) {
          const bool first = i % item["columns"].get<std::size_t>() == 0;
          if (first) rows.emplace_back();
          rows.back().append(first ? "" : " ").append(item["cells"][i]["lines"][0].get<std::string>());
        }
      }
    EXPECT_EQ(rows, preset["matrix"].get<std::vector<std::string>>()) << preset["id"];
  }
}

TEST(ArticleExplained, TheTemporaryOutputAfterEveryNumberIsTheLiteralOne) {
  for (const char* text : {"convt2d i2x2 k2x2", "convt2d i2x2 k2x2 s2 p1", "convt2d i2x2 k3x3 s2",
                           "convt1d ic2 oc2 i3 k3 s2 p1", "convt2d i2x2 k2x3 s2x1 d1x2 p1:0x0:1 breplicate flip"}) {
    const Problem problem = parse_problem(text);
    std::vector<Words> states;
    internal::literal_transposed<internal::Symbol>(
        problem, input_names(problem), weight_names(problem), {},
        [&](std::int64_t, const Symbols& temporary) { states.push_back(words(temporary)); });
    const Json page = Json::parse(explain(make_trace(problem), {.view = View::temporary}, PageFormat::json));
    std::vector<Words> shown;
    for (std::size_t b = 0; b + 1 < page["blocks"].size(); ++b) {
      if (page["blocks"][b]["kind"] != "heading" || !page["blocks"][b]["text"].get<std::string>().starts_with("after "))
        continue;
      Words state;
      for (const Json& item : page["blocks"][b + 1]["items"]) {
        if (item == "=") break;  // the numbers come after
        for (const Json& cell : item["cells"]) {
          std::string sum;
          for (const Json& line : cell["lines"]) sum.append(sum.empty() ? "" : " ").append(line.get<std::string>());
          state.push_back(sum);
        }
      }
      shown.push_back(state);
    }
    EXPECT_EQ(shown, states) << text;
  }
}

TEST(ArticleExplained, TheTextOfTheFirstTwoDimensionalExample) {
  const std::string text = explain(make_trace(parse_problem("conv2d i3x3 k2x2")), {}, PageFormat::text);
  for (const char* line : {"\n  O11 = K11·I11 + K12·I12 + K21·I21 + K22·I22 = 1·1 + 2·2 + 3·4 + 4·5 = 37\n",
                           "\n  O22 = K11·I22 + K12·I23 + K21·I32 + K22·I33 = 1·5 + 2·6 + 3·8 + 4·9 = 77\n",
                           "out = 1 + (in + before + after − k) // stride = 1 + (3 + 0 + 0 − 2) // 1 = 2\n"})
    EXPECT_THAT(text, testing::HasSubstr(line));
}

}  // namespace
}  // namespace faltung::test
