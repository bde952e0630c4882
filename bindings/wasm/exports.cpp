// What the page calls: the same problem, trace and matrix as everywhere, in double, as JSON.
//
// One trace is open at a time. Every function returns text that stays until the next call; an error is {"error":
// "given: rule: fix"}. What there is much of goes as it lies in memory: numbers, products, and names as lines.
#include <faltung/error.hpp>
#include <faltung/explain.hpp>
#include <faltung/frameworks.hpp>
#include <faltung/matrix.hpp>

#include <emscripten/emscripten.h>

#include <algorithm>
#include <array>
#include <exception>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace faltung;
using Json = nlohmann::ordered_json;

struct Session {
  Trace trace;
  std::vector<std::int32_t> products;  // coarse, weight, padded, fine of each
};
Session session;
std::string answer;

constexpr std::array sides = {Side::fine, Side::padded, Side::coarse, Side::weights};
constexpr std::array side_names = {"fine", "padded", "coarse", "weights"};

template <class Work>
const char* answered(Work&& work) {
  try {
    answer = work();
  } catch (const std::exception& error) {
    answer = Json{{"error", error.what()}}.dump();
  }
  return answer.c_str();
}

/// The problem of {"problem": "conv2d …"} or of the page's fields.
Problem problem_of(const Json& request) {
  if (request.contains("problem")) return parse_problem(request["problem"].get<std::string>());
  LayerSpec spec;
  spec.layer = request.at("transposed") ? Layer::conv_transpose : Layer::conv;
  spec.groups = request.at("groups");
  spec.input_channels = request.at("input_channels");
  spec.output_channels = request.at("output_channels");
  spec.input = request.at("input").get<Shape>();
  spec.kernel = request.at("kernel").get<Shape>();
  spec.stride = request.at("stride").get<Shape>();
  spec.dilation = request.at("dilation").get<Shape>();
  for (const Json& sides_of_axis : request.at("padding"))
    spec.padding.sides.emplace_back(sides_of_axis.at(0), sides_of_axis.at(1));
  if (spec.layer == Layer::conv_transpose) spec.output_padding = request.at("output_padding").get<Shape>();
  for (const Json& word : request.at("boundary"))
    spec.boundary.push_back(parse_boundary(word.get<std::string>(), "boundary").front());
  spec.flip = request.at("flip");
  const Problem forward = make_problem(spec);
  const std::string gradient = request.at("gradient");
  return gradient == "input" ? input_gradient(forward) : gradient == "weight" ? weight_gradient(forward) : forward;
}

/// The fields of a problem, as the page shows them.
Json fields_of(const Problem& problem) {
  const bool conv = problem.layer == Layer::conv;
  const bool forward = problem.unknown == (conv ? Unknown::coarse : Unknown::fine);
  Json fields{{"transposed", !conv},
              {"gradient", forward                               ? ""
                           : problem.unknown == Unknown::weights ? "weight"
                                                                 : "input"},
              {"groups", problem.groups},
              {"input_channels", problem.input_channels()},
              {"output_channels", problem.output_channels()},
              {"flip", problem.flip}};
  for (const char* list : {"input", "kernel", "stride", "dilation", "padding", "output_padding", "boundary"})
    fields[list] = Json::array();
  for (const Axis& axis : problem.axes) {
    fields["input"].push_back(conv ? axis.fine : axis.coarse);
    fields["kernel"].push_back(axis.kernel);
    fields["stride"].push_back(axis.stride);
    fields["dilation"].push_back(axis.dilation);
    fields["padding"].push_back({axis.pad_before, axis.pad_after});
    fields["output_padding"].push_back(conv ? 0 : axis.surplus());
    fields["boundary"].push_back(to_string(axis.boundary));
  }
  return fields;
}

std::vector<double> numbers_of(const Json& request, const char* name) {
  return request.contains(name) ? request[name].get<std::vector<double>>() : std::vector<double>{};
}

Json array_json(const TraceArray& array) {
  return {{"title", array.title},
          {"channels", array.channels},
          {"extents", array.extents},
          {"begin", array.begin},
          {"true_extents", array.true_extents}};
}

Json words_json(const Problem& problem) {
  Json list = Json::array();
  for (const FrameworkWords& words : framework_words(problem)) {
    Json differs = Json::array();
    for (const Lookalike& lookalike : words.lookalikes)
      if (lookalike.agreement != Agreement::same)
        differs.push_back({{"words", lookalike.words}, {"why", lookalike.why}});
    list.push_back({{"framework", words.framework},
                    {"code", words.code},
                    {"missing", words.missing},
                    {"differs", std::move(differs)}});
  }
  return list;
}

Cell cell_at(int side, int index) { return {sides.at(static_cast<std::size_t>(side)), index}; }

}  // namespace

extern "C" {

/// {"problem": …} or fields, and "input", "weights", "output_gradient", "bias" numbers as "numbers": the whole state.
EMSCRIPTEN_KEEPALIVE const char* faltung_open(const char* text) {
  return answered([&] {
    const Json request = Json::parse(text);
    const Problem problem = problem_of(request);
    const Json numbers = request.value("numbers", Json::object());
    Trace trace = make_trace(problem, {.input = numbers_of(numbers, "input"),
                                       .weights = numbers_of(numbers, "weights"),
                                       .output_gradient = numbers_of(numbers, "output_gradient"),
                                       .bias = numbers_of(numbers, "bias")});
    session.products.clear();
    for (const Product& product : trace.products)
      for (const std::int64_t cell : {product.coarse, product.weight, product.padded, product.fine})
        session.products.push_back(static_cast<std::int32_t>(cell));
    session.trace = std::move(trace);
    Json state{{"problem", to_string(problem)}, {"fields", fields_of(problem)}};
    for (std::size_t s = 0; s < sides.size(); ++s) state[side_names[s]] = array_json(array_of(session.trace, sides[s]));
    state["unknown"] = side_names[static_cast<std::size_t>(unknown_side(session.trace))];
    return state.dump();
  });
}

/// Only whether a state is legal, and small enough to be shown: {} or {"error": …}.
EMSCRIPTEN_KEEPALIVE const char* faltung_check(const char* text) {
  return answered([&] {
    check_trace(problem_of(Json::parse(text)));
    return std::string("{}");
  });
}

/// The numbers of one array, and the names of its cells, one a line.
EMSCRIPTEN_KEEPALIVE const double* faltung_values(int side) {
  return array_of(session.trace, cell_at(side, 0).side).values.data();
}
EMSCRIPTEN_KEEPALIVE const char* faltung_names(int side) {
  return answered([&] {
    std::string lines;
    for (const std::string& name : array_of(session.trace, cell_at(side, 0).side).names) lines += name + '\n';
    return lines;
  });
}

/// What belongs to a cell: {"name", "computed", "formulas": at most `limit` of them, "more": how many there are beyond,
/// "gradient"}.
EMSCRIPTEN_KEEPALIVE const char* faltung_cell(int side, int index, int limit) {
  return answered([&] {
    const Cell cell = cell_at(side, index);
    const CellAnswer told = explain_cell(session.trace, cell);
    Json formulas = Json::array();
    const std::size_t shown = std::min(told.formulas.size(), static_cast<std::size_t>(limit));
    for (const Formula& formula : std::span(told.formulas).first(shown))
      formulas.push_back({{"left", formula.left},
                          {"symbols", formula.symbols},
                          {"numbers", formula.numbers},
                          {"value", formula.value}});
    return Json{{"name", array_of(session.trace, cell.side).names.at(static_cast<std::size_t>(index))},
                {"computed", told.computed},
                {"formulas", std::move(formulas)},
                {"more", told.formulas.size() - shown},
                {"gradient", told.gradient}}
        .dump();
  });
}

/// Four 32-bit numbers for each product: coarse, weight, padded, fine (−1: a zero).
EMSCRIPTEN_KEEPALIVE const std::int32_t* faltung_products() { return session.products.data(); }
EMSCRIPTEN_KEEPALIVE int faltung_product_count() { return static_cast<int>(session.products.size() / 4); }

/// {"rows", "columns", "row_start", "column", "symbol", "value"}; padded: 1 for the padded form.
EMSCRIPTEN_KEEPALIVE const char* faltung_matrix(int padded) {
  return answered([&] {
    const Form form = padded != 0 ? Form::padded : Form::folded;
    const Problem& problem = session.trace.problem;
    const auto symbols = symbolic_matrix(problem, form);
    const TraceArray& entries = problem.unknown == Unknown::weights ? session.trace.fine : session.trace.weights;
    const auto numbers = sparse_matrix<double>(problem, std::span<const double>(entries.values), form);
    return Json{{"rows", symbols.rows},     {"columns", symbols.columns}, {"row_start", symbols.row_start},
                {"column", symbols.column}, {"symbol", symbols.value},    {"value", numbers.value}}
        .dump();
  });
}

/// The overlap map, with its verdict and advice.
EMSCRIPTEN_KEEPALIVE const char* faltung_overlap() {
  return answered([&] {
    const OverlapMap map = overlap_map(session.trace.problem);
    return Json{{"extents", map.extents},
                {"count", map.count},
                {"even", map.even},
                {"verdict", map.verdict},
                {"advice", map.advice}}
        .dump();
  });
}

/// The layer's code in PyTorch, Keras, ONNX and JAX.
EMSCRIPTEN_KEEPALIVE const char* faltung_words() {
  return answered([&] { return words_json(session.trace.problem).dump(); });
}

/// A page of `faltung explain` as SVG. view: its number in View; side −1: no cell.
EMSCRIPTEN_KEEPALIVE const char* faltung_svg(int view, int side, int index, int padded) {
  return answered([&] {
    Question question;
    question.view = static_cast<View>(view);
    if (side >= 0) question.cell = cell_at(side, index);
    question.form = padded != 0 ? Form::padded : Form::folded;
    return explain(session.trace, question, PageFormat::svg);
  });
}

}  // extern "C"
