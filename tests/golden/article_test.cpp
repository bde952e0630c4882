// Every worked example of the article, in symbols and in numbers, typed from it. Items are numbered as there.
#include "reference/literal_transposed.hpp"
#include "support/arrays.hpp"
#include "support/symbols.hpp"

#include <faltung/matrix.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace faltung::test {
namespace {

using std::int64_t;
using testing::ElementsAre;
using Numbers = std::vector<int64_t>;

/// A matrix typed as rows of words; 0 is an empty cell.
std::vector<Words> rows_of(const std::string& text) {
  std::vector<Words> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream cells(line);
    Words row;
    for (std::string cell; cells >> cell;) row.push_back(cell);
    if (!row.empty()) rows.push_back(row);
  }
  return rows;
}

std::vector<Words> matrix_of(const std::string& problem, Form form = Form::folded) {
  const auto dense = to_dense(symbolic_matrix(parse_problem(problem), form));
  std::vector<Words> rows(static_cast<std::size_t>(dense.rows));
  for (std::size_t i = 0; i < dense.value.size(); ++i)
    rows[i / static_cast<std::size_t>(dense.columns)].push_back(dense.value[i].empty() ? "0" : dense.value[i]);
  return rows;
}

/// By every algorithm; they must agree.
Numbers numbers(const std::string& text, const Numbers& input, const Numbers& weights, const Numbers& bias = {}) {
  const Problem problem = parse_problem(text + " i64");
  const bool conv = problem.unknown == Unknown::coarse;
  const Operands<int64_t> operands{conv ? input : Numbers{}, conv ? Numbers{} : input, weights, bias};
  const Numbers result = run(problem, "sliding_window", operands);
  for (const std::string& algorithm : willing(problem))
    EXPECT_EQ(run(problem, algorithm, operands), result) << algorithm;
  const Operands<float> floats{{operands.fine.begin(), operands.fine.end()},
                               {operands.coarse.begin(), operands.coarse.end()},
                               {weights.begin(), weights.end()},
                               {bias.begin(), bias.end()}};
  Problem f32 = problem;
  f32.dtype = DType::f32;
  for (const std::string& algorithm : willing(f32))
    EXPECT_EQ(run(f32, algorithm, floats), std::vector<float>(result.begin(), result.end())) << algorithm;
  return result;
}

const Numbers one_to_nine = {1, 2, 3, 4, 5, 6, 7, 8, 9};
const Numbers one_to_four = {1, 2, 3, 4};

TEST(Article2OneDimension, Stride1) {
  EXPECT_THAT(sliding_window(parse_problem("conv1d i5 k3")),
              ElementsAre("K1·I1 + K2·I2 + K3·I3", "K1·I2 + K2·I3 + K3·I4", "K1·I3 + K2·I4 + K3·I5"));
  EXPECT_THAT(numbers("conv1d i5 k3", {1, 2, 3, 4, 5}, {1, 2, 3}), ElementsAre(14, 20, 26));  // K3·5, not K5*3: erratum
}

TEST(Article2OneDimension, Stride2) {
  EXPECT_THAT(sliding_window(parse_problem("conv1d i5 k3 s2")),
              ElementsAre("K1·I1 + K2·I2 + K3·I3", "K1·I3 + K2·I4 + K3·I5"));
  EXPECT_THAT(numbers("conv1d i5 k3 s2", {1, 2, 3, 4, 5}, {1, 2, 3}), ElementsAre(14, 26));
}

TEST(Article3TwoDimensions, SlidingWindow) {
  EXPECT_THAT(sliding_window(parse_problem("conv2d i3x3 k2x2")),
              ElementsAre("K11·I11 + K12·I12 + K21·I21 + K22·I22", "K11·I12 + K12·I13 + K21·I22 + K22·I23",
                          "K11·I21 + K12·I22 + K21·I31 + K22·I32", "K11·I22 + K12·I23 + K21·I32 + K22·I33"));
  EXPECT_THAT(numbers("conv2d i3x3 k2x2", one_to_nine, one_to_four), ElementsAre(37, 47, 67, 77));
}

TEST(Article3TwoDimensions, OutputSize) {  // out = 1 + (in + 2·pad − k) // stride
  EXPECT_EQ(parse_problem("conv2d i3x3 k2x2").axes[0].coarse, 2);
  EXPECT_EQ(parse_problem("conv2d i3x3 k2x2 s2 p1").axes[0].coarse, 2);
  EXPECT_EQ(parse_problem("conv2d i4x4 k2x2 s2 p1").axes[0].coarse, 3);
  EXPECT_EQ(parse_problem("conv2d i224x224 k7x7 s2 p3").axes[0].coarse, 112);
}

TEST(Article4Matrix, FourByNine) {  // 4×9 · 9×1, not 4x16 16x1: erratum
  EXPECT_EQ(matrix_of("conv2d i3x3 k2x2"), rows_of(R"(
    K11 K12  0  K21 K22  0   0   0   0
     0  K11 K12  0  K21 K22  0   0   0
     0   0   0  K11 K12  0  K21 K22  0
     0   0   0   0  K11 K12  0  K21 K22)"));
  EXPECT_THAT(row_names(parse_problem("conv2d i3x3 k2x2"), Form::folded), ElementsAre("O11", "O12", "O21", "O22"));
  EXPECT_THAT(column_names(parse_problem("conv2d i3x3 k2x2"), Form::folded),
              ElementsAre("I11", "I12", "I13", "I21", "I22", "I23", "I31", "I32", "I33"));
}

TEST(Article4Matrix, IsTheJacobian) {  // ∂O_r/∂I_c, column by column
  const auto dense = to_dense(sparse_matrix<int64_t>(parse_problem("conv2d i3x3 k2x2"), one_to_four));
  for (std::size_t c = 0; c < 9; ++c) {
    Numbers moved = one_to_nine;
    ++moved[c];
    const Numbers before = numbers("conv2d i3x3 k2x2", one_to_nine, one_to_four),
                  after = numbers("conv2d i3x3 k2x2", moved, one_to_four);
    for (std::size_t r = 0; r < 4; ++r) EXPECT_EQ(dense.value[r * 9 + c], after[r] - before[r]);
  }
}

TEST(Article5PaddingAndStride, SlidingWindow) {
  EXPECT_THAT(
      sliding_window(parse_problem("conv2d i3x3 k2x2 s2 p1")),
      ElementsAre("K22·I11", "K21·I12 + K22·I13", "K12·I21 + K22·I31", "K11·I22 + K12·I23 + K21·I32 + K22·I33"));
  EXPECT_THAT(numbers("conv2d i3x3 k2x2 s2 p1", one_to_nine, one_to_four), ElementsAre(4, 18, 36, 77));
}

constexpr const char* four_by_25 = R"(
    K11 K12  0   0   0  K21 K22  0   0   0   0   0   0   0   0   0   0   0   0   0   0   0   0   0   0
     0   0  K11 K12  0   0   0  K21 K22  0   0   0   0   0   0   0   0   0   0   0   0   0   0   0   0
     0   0   0   0   0   0   0   0   0   0  K11 K12  0   0   0  K21 K22  0   0   0   0   0   0   0   0
     0   0   0   0   0   0   0   0   0   0   0   0  K11 K12  0   0   0  K21 K22  0   0   0   0   0   0)";

TEST(Article5PaddingAndStride, PaddedForm) {
  EXPECT_EQ(matrix_of("conv2d i3x3 k2x2 s2 p1", Form::padded), rows_of(four_by_25));
}

TEST(Article5PaddingAndStride, FoldedFormDropsZeroMargins) {
  EXPECT_EQ(matrix_of("conv2d i3x3 k2x2 s2 p1"), rows_of(R"(
    K22  0   0   0   0   0   0   0   0
     0  K21 K22  0   0   0   0   0   0
     0   0   0  K12  0   0  K22  0   0
     0   0   0   0  K11 K12  0  K21 K22)"));
}

TEST(Article5PaddingAndStride, FoldedFormAddsCopiedMargins) {  // the corner window lies on I11 alone
  EXPECT_EQ(matrix_of("conv2d i3x3 k2x2 s2 p1 breplicate"), rows_of(R"(
    K11+K12+K21+K22  0       0       0       0   0   0       0   0
     0               K11+K21 K12+K22 0       0   0   0       0   0
     0               0       0       K11+K12 0   0   K21+K22 0   0
     0               0       0       0       K11 K12 0       K21 K22)"));
}

TEST(Article6Channels, InputChannelsGrowColumns) {
  const std::vector<Words> matrix = matrix_of("conv2d ic9 i3x3 k2x2"), one = matrix_of("conv2d i3x3 k2x2");
  ASSERT_EQ(matrix.size(), 4U);
  for (std::size_t r = 0; r < 4; ++r) {
    ASSERT_EQ(matrix[r].size(), 81U);
    for (std::size_t c = 0; c < 81; ++c) {
      const std::string channel = std::to_string(c / 9 + 1);
      EXPECT_EQ(matrix[r][c], one[r][c % 9] == "0" ? "0" : "K1." + channel + "." + one[r][c % 9].substr(1));
    }
  }
  const Words columns = column_names(parse_problem("conv2d ic9 i3x3 k2x2"), Form::folded);
  EXPECT_EQ(columns.front(), "I1.11");
  EXPECT_EQ(columns.back(), "I9.33");
}

TEST(Article6Channels, EveryChannelAddsIntoTheSamePlace) {
  Numbers input, kernel, sum(4);
  for (int64_t c = 1; c <= 9; ++c) {
    for (const int64_t value : one_to_nine) input.push_back(value * c);
    for (const int64_t value : one_to_four) kernel.push_back(value + c);
    const Numbers part = numbers("conv2d i3x3 k2x2", {input.end() - 9, input.end()}, {kernel.end() - 4, kernel.end()});
    for (std::size_t i = 0; i < 4; ++i) sum[i] += part[i];
  }
  EXPECT_EQ(numbers("conv2d ic9 i3x3 k2x2", input, kernel), sum);
}

TEST(Article6Channels, OutputChannelsStackByRows) {
  EXPECT_EQ(matrix_of("conv1d ic2 oc2 i2 k2"), rows_of(R"(
    K1.1.1 K1.1.2 K1.2.1 K1.2.2
    K2.1.1 K2.1.2 K2.2.1 K2.2.2)"));
  EXPECT_THAT(row_names(parse_problem("conv1d ic2 oc2 i2 k2"), Form::folded), ElementsAre("O1.1", "O2.1"));
}

TEST(Article7Transposed, Sizes) {  // tmp = (in − 1)·stride + k, out = tmp − 2·pad
  EXPECT_EQ(parse_problem("convt2d i2x2 k2x2").axes[0].padded(), 3);
  EXPECT_EQ(parse_problem("convt2d i2x2 k2x2 s2 p1").axes[0].padded(), 4);
  EXPECT_EQ(parse_problem("convt2d i2x2 k2x2 s2 p1").axes[0].fine, 2);  // (2−1)·2 + 2 − 1·2 = 2: erratum
  EXPECT_EQ(parse_problem("convt2d i2x2 k3x3 s2").axes[0].padded(), 5);
}

std::vector<Words> states(const Problem& problem, Words* result = nullptr) {
  std::vector<Words> seen;
  const Symbols output = internal::literal_transposed<internal::Symbol>(
      problem, input_names(problem), weight_names(problem), {},
      [&](int64_t, const Symbols& temporary) { seen.push_back(words(temporary)); });
  if (result) *result = words(output);
  return seen;
}

TEST(Article7Transposed, EveryState) {
  Words result;
  const auto seen = states(parse_problem("convt2d i2x2 k2x2"), &result);
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_THAT(seen[0], ElementsAre("I11·K11", "I11·K12", "0",  //
                                   "I11·K21", "I11·K22", "0",  //
                                   "0", "0", "0"));
  EXPECT_THAT(seen[1], ElementsAre("I11·K11", "I11·K12 + I12·K11", "I12·K12",  //
                                   "I11·K21", "I11·K22 + I12·K21", "I12·K22",  //
                                   "0", "0", "0"));
  EXPECT_THAT(seen[2], ElementsAre("I11·K11", "I11·K12 + I12·K11", "I12·K12",                      //
                                   "I11·K21 + I21·K11", "I11·K22 + I12·K21 + I21·K12", "I12·K22",  //
                                   "I21·K21", "I21·K22", "0"));
  EXPECT_THAT(seen[3],
              ElementsAre("I11·K11", "I11·K12 + I12·K11", "I12·K12",                                          //
                          "I11·K21 + I21·K11", "I11·K22 + I12·K21 + I21·K12 + I22·K11", "I12·K22 + I22·K12",  //
                          "I21·K21", "I21·K22 + I22·K21", "I22·K22"));
  EXPECT_EQ(result, seen[3]);
  EXPECT_THAT(numbers("convt2d i2x2 k2x2", one_to_four, one_to_four), ElementsAre(1, 4, 4, 6, 20, 16, 9, 24, 16));
}

TEST(Article7Transposed, EveryStateInNumbers) {
  std::vector<Numbers> seen;
  internal::literal_transposed<int64_t>(parse_problem("convt2d i2x2 k2x2 i64"), one_to_four, one_to_four, {},
                                        [&](int64_t, const Numbers& temporary) { seen.push_back(temporary); });
  EXPECT_THAT(seen, ElementsAre(Numbers{1, 2, 0, 3, 4, 0, 0, 0, 0}, Numbers{1, 4, 4, 3, 10, 8, 0, 0, 0},
                                Numbers{1, 4, 4, 6, 16, 8, 9, 12, 0}, Numbers{1, 4, 4, 6, 20, 16, 9, 24, 16}));
}

TEST(Article7Transposed, Stride2Padding1IsCut) {
  Words result;
  const auto seen = states(parse_problem("convt2d i2x2 k2x2 s2 p1"), &result);
  EXPECT_THAT(seen.back(), ElementsAre("I11·K11", "I11·K12", "I12·K11", "I12·K12",  //
                                       "I11·K21", "I11·K22", "I12·K21", "I12·K22",  //
                                       "I21·K11", "I21·K12", "I22·K11", "I22·K12",  //
                                       "I21·K21", "I21·K22", "I22·K21", "I22·K22"));
  EXPECT_THAT(result, ElementsAre("I11·K22", "I12·K21", "I21·K12", "I22·K11"));
  EXPECT_EQ(sliding_window(parse_problem("convt2d i2x2 k2x2 s2 p1")), result);
  EXPECT_THAT(numbers("convt2d i2x2 k2x2 s2 p1", one_to_four, one_to_four), ElementsAre(4, 6, 6, 4));
}

TEST(Article7Transposed, StampsOverlapWithAKernelLargerThanTheStride) {
  Words result;
  states(parse_problem("convt2d i2x2 k3x3 s2"), &result);
  EXPECT_EQ(result[2], "I11·K13 + I12·K11");
  EXPECT_EQ(result[12], "I11·K33 + I12·K31 + I21·K13 + I22·K11");  // all four meet in the middle
  EXPECT_EQ(result[24], "I22·K33");
}

TEST(Article7Transposed, BiasStandsInTheTemporaryOutput) {
  std::vector<Numbers> seen;
  const auto record = [&](int64_t, const Numbers& temporary) { seen.push_back(temporary); };
  const Numbers cut =
      internal::literal_transposed<int64_t>(parse_problem("convt1d i2 k2 s2 p1 i64"), {1, 2}, {3, 4}, {10}, record);
  EXPECT_THAT(seen.back(), ElementsAre(10 + 3, 10 + 4, 10 + 6, 10 + 8));
  EXPECT_THAT(cut, ElementsAre(14, 16));
  seen.clear();  // with a boundary other than zeros: the kept region only
  const Numbers folded = internal::literal_transposed<int64_t>(parse_problem("convt1d i2 k2 s2 p1 breplicate i64"),
                                                               {1, 2}, {3, 4}, {10}, record);
  EXPECT_THAT(seen.back(), ElementsAre(3, 10 + 4, 10 + 6, 8));
  EXPECT_THAT(folded, ElementsAre(17, 24));
  EXPECT_THAT(numbers("convt1d i2 k2 s2 p1 breplicate", {1, 2}, {3, 4}, {10}), ElementsAre(17, 24));
}

constexpr const char* sixteen_by_4 = R"(
    K11  0   0   0
    K12  0   0   0
     0  K11  0   0
     0  K12  0   0
    K21  0   0   0
    K22  0   0   0
     0  K21  0   0
     0  K22  0   0
     0   0  K11  0
     0   0  K12  0
     0   0   0  K11
     0   0   0  K12
     0   0  K21  0
     0   0  K22  0
     0   0   0  K21
     0   0   0  K22)";

TEST(Article8TransposedMatrix, NineByFour) {
  EXPECT_EQ(matrix_of("convt2d i2x2 k2x2"), rows_of(R"(
    K11  0   0   0
    K12 K11  0   0
     0  K12  0   0
    K21  0  K11  0
    K22 K21 K12 K11
     0  K22  0  K12
     0   0  K21  0
     0   0  K22 K21
     0   0   0  K22)"));
}

TEST(Article8TransposedMatrix, SixteenByFourInPaddedForm) {
  EXPECT_EQ(matrix_of("convt2d i2x2 k2x2 s2 p1", Form::padded), rows_of(sixteen_by_4));
}

std::vector<Words> transposed(const std::vector<Words>& matrix) {
  std::vector<Words> result(matrix.front().size());
  for (const Words& row : matrix)
    for (std::size_t c = 0; c < row.size(); ++c) result[c].push_back(row[c]);
  return result;
}

TEST(Article8TransposedMatrix, WhyItIsNotTheTransposeOfItem5) {
  // 16×4 is the transpose for the convolution from 2×2, padded to 4×4 …
  EXPECT_EQ(transposed(matrix_of("conv2d i2x2 k2x2 s2 p1", Form::padded)), rows_of(sixteen_by_4));
  // … item 5's came from 3×3, padded to 5×5, which output padding 1 reaches.
  EXPECT_EQ(matrix_of("convt2d i2x2 k2x2 s2 p1 o3x3", Form::padded), transposed(rows_of(four_by_25)));
}

TEST(Article8TransposedMatrix, ChannelsGrowColumnsAndStackRows) {
  EXPECT_EQ(matrix_of("convt1d ic2 oc2 i1 k2"), rows_of(R"(
    K1.1.1 K2.1.1
    K1.1.2 K2.1.2
    K1.2.1 K2.2.1
    K1.2.2 K2.2.2)"));
}

TEST(ArticleOption, FlipIsTheConvolutionOfSignalProcessing) {
  EXPECT_THAT(sliding_window(parse_problem("conv1d i4 k3 flip")),
              ElementsAre("K3·I1 + K2·I2 + K1·I3", "K3·I2 + K2·I3 + K1·I4"));
}

}  // namespace
}  // namespace faltung::test
