// Traces, cells, overlap maps and pages: examples and edges.
#include "explain/text.hpp"
#include "reference/sliding_window.hpp"
#include "support/arrays.hpp"
#include "support/symbols.hpp"
#include "unit/refusal.hpp"

#include <faltung/explain.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace faltung::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Trace traced(const std::string& problem, const TraceNumbers& numbers = {}) {
  return make_trace(parse_problem(problem), numbers);
}

std::vector<std::string> told(const Trace& trace, const std::string& cell) {
  std::vector<std::string> lines;
  for (const Formula& formula : explain_cell(trace, find_cell(trace, cell)).formulas)
    lines.push_back(to_string(formula));
  return lines;
}

// the sum of a computed cell, over every kind of problem, is what the reference computes over names
TEST(ExplainCell, FormulasAreTheReferencesTermsInPositionOrder) {
  for (const char* text :
       {"conv1d i7 k3 s2 p2:1 d2", "conv2d ic4 oc2 g2 i4x5 k3x2 s1x2 p1 breflect",
        "convt2d ic2 oc4 g2 i3x2 k3x3 s2 p1 o6x4", "convt1d i4 k3 p2 bcircular", "conv3d i2x3x3 k2x2x2 p0x1x0 flip"}) {
    const Problem problem = parse_problem(text);
    const Words reference = sliding_window(problem);
    const Trace trace = make_trace(problem, {.names_only = true});
    const Side side = unknown_side(trace);
    const auto sorted = [](const std::string& sum) {
      std::multiset<std::string> terms;
      for (std::size_t begin = 0; begin != std::string::npos;) {
        const std::size_t end = sum.find(" + ", begin);
        terms.insert(sum.substr(begin, end - begin));
        begin = end == std::string::npos ? end : end + 3;
      }
      return terms;
    };
    for (std::size_t i = 0; i < reference.size(); ++i) {
      const CellAnswer answer = explain_cell(trace, {side, static_cast<std::int64_t>(i)});
      EXPECT_EQ(answer.formulas.front().left, array_of(trace, side).names[i]);
      EXPECT_EQ(sorted(answer.formulas.front().symbols), sorted(reference[i])) << text << " cell " << i;
      EXPECT_EQ(answer.formulas.front().value, "");
    }
  }
}

TEST(ExplainCell, AGivenCellTellsWhereItGoes) {
  const Trace trace = traced("conv2d i3x3 k2x2");
  EXPECT_THAT(told(trace, "I22"), ElementsAre("O11 = K22·I22 = 4·5 = 20", "O12 = K21·I22 = 3·5 = 15",
                                              "O21 = K12·I22 = 2·5 = 10", "O22 = K11·I22 = 1·5 = 5"));
  EXPECT_EQ(explain_cell(trace, find_cell(trace, "I22")).gradient, "∂I22 = ∂O11·K22 + ∂O12·K21 + ∂O21·K12 + ∂O22·K11");
  EXPECT_EQ(explain_cell(trace, find_cell(trace, "K12")).gradient, "∂K12 = ∂O11·I12 + ∂O12·I13 + ∂O21·I22 + ∂O22·I23");
  const Trace back = traced("convt2d i2x2 k2x2 s2 p1");
  EXPECT_THAT(told(back, "I11"), ElementsAre("t11 = I11·K11 = 1·1 = 1", "t12 = I11·K12 = 1·2 = 2",
                                             "t21 = I11·K21 = 1·3 = 3", "t22 = I11·K22 = 1·4 = 4"));
  EXPECT_EQ(explain_cell(back, find_cell(back, "I11")).gradient, "∂I11 = K22·∂O11");  // the rest is cut
}

TEST(ExplainCell, TheGradientInNamesIsTheGradientProblemsFormula) {
  for (const char* text :
       {"conv2d i4x3 k2x3 s2x1 p1", "convt2d i2x3 k3x2 s2 p1", "conv1d ic2 oc2 i5 k3 p2 bsymmetric"}) {
    const Problem forward = parse_problem(text);
    const Trace trace = make_trace(forward);
    for (const Problem& gradient : {input_gradient(forward), weight_gradient(forward)}) {
      const Trace back = make_trace(gradient);
      for (const std::string& name : array_of(back, unknown_side(back)).names) {
        const Formula sum = explain_cell(back, find_cell(back, name)).formulas.front();
        EXPECT_EQ(explain_cell(trace, find_cell(trace, name.substr(std::string_view("∂").size()))).gradient,
                  sum.left + " = " + sum.symbols)
            << text;
      }
    }
  }
}

TEST(ExplainCell, CellsAreFoundByName) {
  const Trace trace = traced("conv2d-dx ic2 i10x3 k2x2 p1");
  EXPECT_EQ(find_cell(trace, "dI2.10,3"), find_cell(trace, "∂I2.10,3"));
  EXPECT_EQ(find_cell(trace, "∂I'1.1,1").side, Side::padded);
  EXPECT_THAT(message_of<ProblemError>([&] { find_cell(trace, "I99"); }),
              HasSubstr("cell `I99`: the cells of `conv2d-dx"));
}

TEST(ExplainTrace, BiasNumbersAndZerosStandInTheFormulas) {
  const Trace trace = traced("conv1d i2 k3 p1", {.input = {2, -1}, .weights = {0.5, 0, -3}, .bias = {10}});
  EXPECT_THAT(told(trace, "O1"), ElementsAre("O1 = B + K2·I1 + K3·I2 = 10 + 0·2 + (-3)·(-1) = 13"));
  EXPECT_THAT(told(trace, "I'1"), ElementsAre("O1 = K1·0 = 0.5·0 = 0"));
  EXPECT_THAT(told(traced("convt1d i1 k1 s1 p0", {.input = {4}, .weights = {5}}), "O1"),
              ElementsAre("O1 = I1·K1 = 4·5 = 20"));
}

TEST(ExplainTrace, TheBiasFillsTheTemporaryOutputButNoFoldedMargin) {
  const TraceNumbers numbers{.input = {1, 2}, .weights = {3, 4}, .bias = {10}};
  EXPECT_THAT(traced("convt1d i2 k2 s2 p1", numbers).padded.values, ElementsAre(13, 14, 16, 18));
  EXPECT_THAT(traced("convt1d i2 k2 s2 p1 breplicate", numbers).padded.values, ElementsAre(3, 14, 16, 8));
  EXPECT_THAT(told(traced("convt1d i2 k2 s2 p1 breplicate", numbers), "O1"),
              ElementsAre("O1 = B + I1·K1 + I1·K2 = 10 + 1·3 + 1·4 = 17"));
}

TEST(ExplainTrace, ValuesHaveTheLibrarysBits) {
  for (const char* text : {"conv2d ic3 oc2 i6x5 k3x3 p1 f64", "convt2d ic3 oc2 i3x4 k3x3 s2 p1 breflect f64",
                           "conv2d-dw ic2 oc3 i9x9 k2x2 f64"}) {
    const Problem problem = parse_problem(text);
    const auto operands = make_operands<double>(problem, 7, problem.bias_size() > 0, fractions<double>);
    const bool conv = problem.layer == Layer::conv;
    const Trace trace = make_trace(problem, {.input = conv ? operands.fine : operands.coarse,
                                             .weights = operands.weights,
                                             .output_gradient = conv ? operands.coarse : operands.fine,
                                             .bias = operands.bias});
    EXPECT_TRUE(same_bits(array_of(trace, unknown_side(trace)).values, run(problem, "sliding_window", operands)))
        << text;
  }
}

TEST(ExplainTrace, RefusesWhatNobodyCanRead) {
  EXPECT_THAT(message_of<ProblemError>([] { traced("conv2d ic64 oc64 i56x56 k3x3 p1"); }),
              HasSubstr("explanations are for reading"));
  EXPECT_THAT(message_of<ProblemError>([] { traced("conv1d i4000000 k1 s4000000"); }),
              HasSubstr("explanations are for reading"));
  EXPECT_THAT(message_of<ProblemError>([] { traced("conv2d n2 i3x3 k2x2"); }),
              HasSubstr("has 2 samples: an explanation is of one: use n1"));
  EXPECT_THROW(traced("conv2d i3x3 k2x2", {.input = {1, 2}}), ArgumentError);
  EXPECT_THROW(traced("conv2d i3x3 k2x2", {.bias = {1, 2}}), ArgumentError);
  EXPECT_THAT(message_of<ProblemError>(
                  [] { explain(traced("conv2d i3x3 k2x2"), {.view = View::temporary}, PageFormat::text); }),
              HasSubstr("only what scatters has one"));
  EXPECT_THAT(message_of<ProblemError>(
                  [] { explain(traced("conv2d i3x3 k2x2"), {.view = View::three_views}, PageFormat::text); }),
              HasSubstr("three views"));
  EXPECT_THAT(message_of<ProblemError>(
                  [] { explain(traced("conv2d i100x100 k2x2"), {.view = View::matrix}, PageFormat::svg); }),
              HasSubstr("a page has at most"));
}

// counted over the products of the trace, without the per-axis formula
TEST(ExplainOverlap, CountsStamps) {
  for (const char* text : {"convt2d i4x4 k3x3 s2", "convt2d i3x5 k4x2 s2x3 p1x0 o6x15", "convt1d i5 k3 s2 d2 p1",
                           "convt1d i3 k5 s2 p3 breflect"}) {
    const Problem problem = parse_problem(text);
    const Trace trace = make_trace(problem);
    std::vector<std::int64_t> count(trace.fine.names.size());
    for (const Product& product : trace.products)
      if (product.fine >= 0) ++count[static_cast<std::size_t>(product.fine)];
    EXPECT_EQ(overlap_map(problem).count, count) << text;
  }
}

TEST(ExplainOverlap, VerdictAndAdvice) {
  const OverlapMap three = overlap_map(parse_problem("convt2d i8x8 k3x3 s2 p1"));
  EXPECT_FALSE(three.even);
  EXPECT_EQ(three.verdict, "checkerboard: from 1 to 4 stamps on a cell, repeating with the stride");
  EXPECT_THAT(three.advice, ElementsAre("every axis: use a kernel that the stride divides: 2 or 4 for stride 2",
                                        HasSubstr("nearest neighbour")));
  EXPECT_TRUE(overlap_map(parse_problem("convt2d i8x8 k4x4 s2 p1")).even);
  EXPECT_THAT(overlap_map(parse_problem("convt2d i8x8 k4x4 s2 p1")).advice, testing::IsEmpty());
  EXPECT_TRUE(overlap_map(parse_problem("convt2d i8x8 k3x3 s3 d2")).even);  // 2 has no factor in common with 3
  const OverlapMap holes = overlap_map(parse_problem("convt1d i8 k4 s2 d2"));
  EXPECT_EQ(holes.verdict,
            "checkerboard with holes: from 0 (only the bias) to 4 stamps on a cell, repeating with the stride");
  EXPECT_THAT(holes.advice, ElementsAre(HasSubstr("dilation 2 and stride 2 share the factor 2")));
  EXPECT_THAT(overlap_map(parse_problem("convt1d i8 k2 s3")).advice,
              ElementsAre("x: use a kernel of at least the stride, which it divides: 3 for stride 3"));
  EXPECT_EQ(
      message_of<ProblemError>([] { overlap_map(parse_problem("convt1d i1 k2 s9000000000000000")); }),
      "the overlap map of `convt1d n1 g1 ic1 oc1 i1 k2 s9000000000000000 d1 p0 f32` with 9000000000000000 phases: "
      "it has at most 262144: use a smaller stride");
}

// what stands in the temporary output and what is told of it agree about the bias, also where only one axis folds
TEST(ExplainCell, TheBiasStandsWhereTheFormulaHasIt) {
  for (const char* text :
       {"convt2d i2x2 k3x3 p1", "convt2d i2x2 k3x3 p1 breflectxzeros", "convt2d i2x2 k3x3 p1 breplicate"}) {
    const Trace trace = traced(text, {.weights = std::vector<double>(9), .bias = {100}});
    for (const std::string& name : trace.padded.names) {
      const Cell cell = find_cell(trace, name);
      const bool told = explain_cell(trace, cell).formulas.front().symbols.starts_with("B");
      EXPECT_EQ(trace.padded.values[static_cast<std::size_t>(cell.index)], told ? 100 : 0) << text << " " << name;
    }
  }
}

TEST(Explain, ChecksWithoutTheWork) {
  EXPECT_NO_THROW(check_trace(parse_problem("conv2d ic4 oc4 i16x16 k3x3 p1")));
  EXPECT_EQ(message_of<ProblemError>([] { check_trace(parse_problem("conv2d ic64 oc64 i224x224 k3x3")); }),
            message_of<ProblemError>([] { make_trace(parse_problem("conv2d ic64 oc64 i224x224 k3x3")); }));
}

// every advised kernel really gives an even map
TEST(ExplainOverlap, TheAdvisedKernelIsEven) {
  for (int s = 1; s <= 5; ++s)
    for (int k = 1; k <= 12; ++k)
      for (int d = 1; d <= 4; ++d) {
        const auto map = [&](int kernel) {
          return overlap_map(parse_problem("convt1d i40 k" + std::to_string(kernel) + " s" + std::to_string(s) + " d" +
                                           std::to_string(d)));
        };
        const OverlapMap given = map(k);
        // away from the border: the middle of a long output
        const auto begin =
            given.count.begin() + static_cast<std::ptrdiff_t>(given.count.size() / 2 - static_cast<std::size_t>(s));
        const std::set<std::int64_t> seen(begin, begin + 2 * s);
        if (given.count.size() > static_cast<std::size_t>(4 * k * d)) {
          EXPECT_EQ(given.even, seen.size() == 1) << s << " " << k << " " << d;
        }
        if (!given.even && std::gcd(s, d) == 1) {
          EXPECT_TRUE(map((k / s + 1) * s).even);
        }
      }
}

// one cell of every view: the words are in every format, and nothing is left unescaped
TEST(ExplainPage, EveryViewInEveryFormat) {
  const Trace trace = traced("convt2d ic2 i2x2 k3x2 s2x1 p1x0", {.bias = {-1}});
  for (const View view : {View::steps, View::cell, View::matrix, View::three_views, View::temporary, View::overlap}) {
    const Question question{view, find_cell(trace, "O11"), Form::padded};
    for (const PageFormat format :
         {PageFormat::text, PageFormat::colour_text, PageFormat::svg, PageFormat::html, PageFormat::json}) {
      const std::string page = explain(trace, question, format);
      EXPECT_THAT(page, HasSubstr("convt2d n1 g1 ic2 oc1 i2x2 k3x2"));
      EXPECT_EQ(page.find('\x1b') != std::string::npos, format == PageFormat::colour_text);
      EXPECT_THAT(page, testing::Not(HasSubstr("nan")));
    }
    EXPECT_NO_THROW(nlohmann::json::parse(explain(trace, question, PageFormat::json)));
  }
}

// one cell of an array that fills no screen: its neighbourhood, and not the planes that it does not touch
TEST(ExplainPage, OneCellOfALargeArrayShowsItsNeighbourhood) {
  const std::string page =
      explain(traced("conv2d ic2 oc2 i40x30 k3x3"),
              {View::cell, find_cell(traced("conv2d ic2 oc2 i40x30 k3x3"), "O2.20,28")}, PageFormat::text);
  EXPECT_THAT(page, HasSubstr("output 2, a part\n"));
  EXPECT_THAT(page, testing::Not(HasSubstr("output 1")));
  EXPECT_THAT(page, HasSubstr(" 20 596  597 [598][599][600]"));
  EXPECT_THAT(page, HasSubstr("[658047]"));
}

TEST(ExplainPage, EveryRankAndUnknown) {
  for (const char* text : {"conv1d i4 k2", "conv3d ic2 i2x2x3 k1x2x2 p1x0x0", "convt3d i1x2x2 k2x2x2 s2",
                           "conv2d-dw i3x3 k2x2 p1", "convt1d-dx i3 k2 s2", "convt1d-dw i3 k2 s2"})
    for (const View view : {View::steps, View::matrix, View::overlap})
      EXPECT_THAT(explain(traced(text), {.view = view}, PageFormat::svg), HasSubstr("</svg>")) << text;
}

double luminance(std::string_view colour) {  // WCAG 2.2, relative luminance
  double parts[3];
  for (int i = 0; i < 3; ++i) {
    const double c = std::stoi(std::string(colour.substr(static_cast<std::size_t>(1 + 2 * i), 2)), nullptr, 16) / 255.0;
    parts[i] = c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  }
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
}

TEST(ExplainPalette, TextCanBeReadOnEveryTone) {
  const auto contrast = [](std::string_view a, std::string_view b) {
    const double x = luminance(a), y = luminance(b);
    return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
  };
  for (const internal::Paint& paint : internal::palette()) {
    EXPECT_GE(contrast(paint.light_fill, paint.light_text), 4.5) << paint.name;
    EXPECT_GE(contrast(paint.dark_fill, paint.dark_text), 4.5) << paint.name;
    EXPECT_EQ(&internal::paint_of(paint.tone), &paint);
  }
}

TEST(ExplainText, NamesAreTokens) {
  std::vector<std::string> names;
  for (const internal::Token& token : internal::tokens_of("∂I2.10,3 = K1.1.12·∂O1 + t22 + I'13 + 2·I"))
    if (token.tone != internal::Tone::plain) names.emplace_back(token.text);
  EXPECT_THAT(names, ElementsAre("∂I2.10,3", "K1.1.12", "∂O1", "t22", "I'13"));
}

}  // namespace
}  // namespace faltung::test
