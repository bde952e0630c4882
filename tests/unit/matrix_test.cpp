#include <faltung/error.hpp>
#include <faltung/matrix.hpp>

#include "support/allocations.hpp"
#include "support/arrays.hpp"
#include "unit/refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

namespace faltung::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Matrix, TenMillionEntriesUnderTwoSeconds) {
  const Problem problem = parse_problem("conv2d ic8 oc16 i95x95 k3x3");
  const auto weights = whole_numbers<double>(cells(problem.weights_shape()), 1);
  for (const Unknown unknown : {Unknown::coarse, Unknown::fine}) {
    Problem directed = problem;
    directed.unknown = unknown;
    const std::clock_t start = std::clock();  // processor time: others may have the processor meanwhile
    SparseMatrix<double> matrix;
    const std::int64_t bytes = peak_bytes([&] { matrix = sparse_matrix<double>(directed, weights); });
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    EXPECT_EQ(matrix.value.size(), 16U * 93 * 93 * 8 * 9);
    EXPECT_EQ(static_cast<std::int64_t>(matrix.value.size()), matrix_size(directed, Form::folded).entries);
    EXPECT_LT(static_cast<double>(bytes) / static_cast<double>(matrix.value.size()), 20);
    EXPECT_LT(seconds, 2) << to_string(directed);
  }
}

TEST(Matrix, ColumnsAscendAndAreUnique) {
  for (const char* text : {"conv2d ic2 oc3 i4x5 k3x3 p4 breflect", "convt2d ic2 oc3 i4x5 k3x3 s2 p1:2x0:1 bcircular",
                           "conv1d-dw n2 ic2 i5 k3 p1"}) {
    const Problem problem = parse_problem(text);
    const std::size_t count =
        cells(problem.unknown == Unknown::weights ? problem.fine_shape() : problem.weights_shape());
    const auto matrix = sparse_matrix<double>(problem, std::vector<double>(count, 1));
    ASSERT_EQ(matrix.row_start.size(), static_cast<std::size_t>(matrix.rows) + 1);
    for (std::size_t row = 0; row + 1 < matrix.row_start.size(); ++row)
      for (auto i = static_cast<std::size_t>(matrix.row_start[row]) + 1;
           i < static_cast<std::size_t>(matrix.row_start[row + 1]); ++i)
        EXPECT_LT(matrix.column[i - 1], matrix.column[i]) << text;
    EXPECT_LE(static_cast<std::int64_t>(matrix.value.size()), matrix_size(problem, Form::folded).entries);
  }
}

TEST(Matrix, GroupsAreBlocks) {
  const auto dense = to_dense(symbolic_matrix(parse_problem("conv1d g2 ic2 oc2 i1 k1")));
  EXPECT_THAT(dense.value, ElementsAre("K1.1.1", "", "", "K2.1.1"));
}

TEST(Matrix, OfTheWeightGradientHoldsTheInput) {
  const Problem problem = parse_problem("conv1d-dw i4 k2 s2");
  EXPECT_THAT(to_dense(symbolic_matrix(problem)).value, ElementsAre("I1", "I3", "I2", "I4"));
  EXPECT_THAT(row_names(problem, Form::folded), ElementsAre("∂K1", "∂K2"));
  EXPECT_THAT(column_names(problem, Form::folded), ElementsAre("∂O1", "∂O2"));
}

TEST(Matrix, OfTheInputGradientIsTheTranspose) {
  EXPECT_THAT(to_dense(symbolic_matrix(parse_problem("conv1d-dx i3 k2"))).value,
              ElementsAre("K1", "", "K2", "K1", "", "K2"));
}

TEST(Matrix, OfAnEmptyBatchIsThatOfOneSample) {
  EXPECT_EQ(to_dense(symbolic_matrix(parse_problem("conv1d n0 i3 k2"))).value.size(), 6U);
}

TEST(Matrix, NamesSetLongIndicesApart) {
  EXPECT_EQ(column_names(parse_problem("conv2d i1x12 k1x2"), Form::folded)[10], "I1,11");
  EXPECT_EQ(column_names(parse_problem("conv1d i3 k2 p1"), Form::padded).front(), "I'1");
}

TEST(Matrix, TextAlignsColumns) {
  const Problem problem = parse_problem("conv1d i3 k2");
  const std::vector<double> weights = {-1.5, 2};
  EXPECT_EQ(to_text(sparse_matrix<double>(problem, weights), row_names(problem, Form::folded),
                    column_names(problem, Form::folded)),
            "      I1    I2  I3\nO1  -1.5     2   0\nO2     0  -1.5   2\n");
}

TEST(Matrix, RefusesWhatIsTooLargeToReadOrToHold) {
  const Problem large = parse_problem("conv2d i300x300 k3x3 p1");
  const auto matrix = sparse_matrix<float>(large, std::vector<float>(9, 1.0F));
  EXPECT_THAT(message_of<ProblemError>([&] { to_dense(matrix); }),
              AllOf(HasSubstr("90000 × 90000"), HasSubstr("CSR"), HasSubstr("806404")));
  EXPECT_THAT(message_of<ProblemError>([] { symbolic_matrix(parse_problem("conv2d i3000x3000 k3x3")); }),
              HasSubstr("sparse_matrix with numbers"));
  EXPECT_THAT(message_of<ProblemError>([] { row_names(parse_problem("conv2d i3000x3000 k3x3"), Form::folded); }),
              HasSubstr("smaller input"));
  EXPECT_THAT(message_of<ArgumentError>([&] { sparse_matrix<float>(large, std::vector<float>(8)); }),
              HasSubstr("give 9"));
}

TEST(Matrix, ExactSumsThatLeave64BitsAreAnError) {
  const Problem problem = parse_problem("conv1d i1 k3 p1 breplicate i64");
  const std::vector<std::int64_t> weights(3, std::int64_t{1} << 62);
  EXPECT_THROW(sparse_matrix<std::int64_t>(problem, weights), OverflowError);
}

}  // namespace
}  // namespace faltung::test
