// What makes it one linear operator: algorithms, matrix, adjoint, margins and gradients agree exactly on whole numbers.
#include "property/properties.hpp"
#include "reference/literal_transposed.hpp"
#include "support/arrays.hpp"

#include <faltung/matrix.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <type_traits>

namespace faltung::test {
namespace {

using std::int64_t;
using Whole = std::vector<int64_t>;

std::size_t at(int64_t i) { return static_cast<std::size_t>(i); }

int64_t dot(const Whole& a, const Whole& b) { return std::inner_product(a.begin(), a.end(), b.begin(), int64_t{0}); }

Whole multiply(const SparseMatrix<int64_t>& matrix, const int64_t* x) {
  Whole y(at(matrix.rows));
  for (int64_t row = 0; row < matrix.rows; ++row)
    for (int64_t i = matrix.row_start[at(row)]; i < matrix.row_start[at(row) + 1]; ++i)
      y[at(row)] += matrix.value[at(i)] * x[matrix.column[at(i)]];
  return y;
}

/// Bias, plus the matrix times the given array, sample by sample.
Whole by_matrix(const Problem& problem, const Operands<int64_t>& operands) {
  const bool weights = problem.unknown == Unknown::weights;
  const auto matrix = sparse_matrix<int64_t>(problem, weights ? operands.fine : operands.weights);
  if (weights) return multiply(matrix, operands.coarse.data());
  const Whole& given = problem.unknown == Unknown::coarse ? operands.fine : operands.coarse;
  Whole result;
  for (int64_t n = 0; n < problem.batch; ++n) {
    Whole sample = multiply(matrix, given.data() + n * matrix.columns);
    const int64_t per_channel = matrix.rows / problem.bias_size();
    if (!operands.bias.empty())
      for (int64_t row = 0; row < matrix.rows; ++row) sample[at(row)] += operands.bias[at(row / per_channel)];
    result.insert(result.end(), sample.begin(), sample.end());
  }
  return result;
}

template <class T>
std::vector<T> converted(const Whole& values) {
  return {values.begin(), values.end()};
}

template <class T>
void check_algorithms(Problem problem, const Operands<int64_t>& operands, const Whole& expected) {
  problem.dtype = dtype_of<T>;
  const Operands<T> typed{converted<T>(operands.fine), converted<T>(operands.coarse), converted<T>(operands.weights),
                          converted<T>(operands.bias)};
  for (const std::string& algorithm : willing(problem))
    for (const int threads : {1, 3}) {
      RC_LOG() << algorithm << ", " << to_string(problem.dtype) << ", threads " << threads << '\n';
      RC_ASSERT(run(problem, algorithm, typed, threads) == converted<T>(expected));
    }
  if constexpr (std::is_floating_point_v<T>)
    for (const std::string& algorithm : rounding(problem)) {
      std::vector<T> result = run(problem, algorithm, typed, 3);
      for (T& value : result) value = std::round(value);
      RC_LOG() << algorithm << ", " << to_string(problem.dtype) << '\n';
      RC_ASSERT(result == converted<T>(expected));
    }
}

Problem with_unknown(Problem problem, Unknown unknown) {
  problem.unknown = unknown;
  return problem;
}

TEST(Operator, EveryAlgorithmEqualsTheMatrixTimesTheVector) {
  for_all_problems(
      [](const Problem& problem, std::uint32_t seed) {
        const auto operands =
            whole_operands<int64_t>(problem, seed, seed % 2 == 0 && problem.unknown != Unknown::weights);
        const Whole expected = by_matrix(problem, operands);
        check_algorithms<float>(problem, operands, expected);
        check_algorithms<double>(problem, operands, expected);
        check_algorithms<int64_t>(problem, operands, expected);
      },
      true);
}

template <class T>
void check_adjoint(Problem problem, std::uint32_t seed) {
  problem.dtype = dtype_of<T>;
  const auto operands = whole_operands<T>(problem, seed, false);
  const auto dot_product = [](const std::vector<T>& a, const std::vector<T>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), T{});
  };
  for (const std::string& algorithm : willing(problem)) {
    RC_LOG() << algorithm << ", " << to_string(problem.dtype) << '\n';
    const auto by_algorithm = [&](Unknown unknown) {  // an algorithm may refuse another unknown of the same relation
      const Problem asked = with_unknown(problem, unknown);
      const auto all = willing(asked);
      const bool does = std::find(all.begin(), all.end(), algorithm) != all.end();
      return run(asked, does ? algorithm : "sliding_window", operands);
    };
    const std::vector<T> y = by_algorithm(Unknown::coarse), x = by_algorithm(Unknown::fine);
    const std::vector<T> w = by_algorithm(Unknown::weights);
    RC_ASSERT(dot_product(y, operands.coarse) == dot_product(operands.fine, x));
    RC_ASSERT(dot_product(y, operands.coarse) == dot_product(operands.weights, w));
  }
}

/// ⟨A x, y⟩ = ⟨x, Aᵀ y⟩ = ⟨w, the weight gradient of x and y⟩.
TEST(Operator, AdjointIsExact) {
  for_all_problems([](const Problem& problem, std::uint32_t seed) {
    check_adjoint<double>(problem, seed);
    check_adjoint<int64_t>(problem, seed);
  });
}

/// The cell that a margin copies, by walking back into the array as numpy.pad's definition does; −1: zeros.
int64_t copied_cell(int64_t f, int64_t extent, Boundary boundary) {
  while (f < 0 || f >= extent) {
    const bool before = f < 0;
    if (boundary == Boundary::zeros) return -1;
    if (boundary == Boundary::replicate || (boundary == Boundary::reflect && extent == 1))
      return before ? 0 : extent - 1;
    if (boundary == Boundary::reflect) f = before ? -f : 2 * (extent - 1) - f;
    if (boundary == Boundary::symmetric) f = before ? -1 - f : 2 * extent - 1 - f;
    if (boundary == Boundary::circular) f = before ? f + extent : f - extent;
  }
  return f;
}

/// For every cell of the padded array (channels, space): the fine cell it copies, or −1.
Whole copying(const Problem& problem) {
  Whole cell(at(problem.fine_channels));
  std::iota(cell.begin(), cell.end(), 0);
  for (const Axis& axis : problem.axes) {
    Whole next;
    for (const int64_t outer : cell)
      for (int64_t p = 0; p < axis.padded(); ++p) {
        const int64_t source = copied_cell(p - axis.pad_before, axis.fine, axis.boundary);
        next.push_back(outer < 0 || source < 0 ? -1 : outer * axis.fine + source);
      }
    cell = std::move(next);
  }
  return cell;
}

TEST(Operator, FoldedIsPaddedTimesTheCopyingMatrix) {
  for_all_problems([](const Problem& given, std::uint32_t seed) {
    const Problem problem = with_unknown(given, given.unknown == Unknown::weights ? Unknown::coarse : given.unknown);
    const Whole weights = whole_numbers<int64_t>(cells(problem.weights_shape()), seed);
    const auto padded = sparse_matrix<int64_t>(problem, weights, Form::padded);
    const auto folded = to_dense(sparse_matrix<int64_t>(problem, weights, Form::folded));
    const Whole copied = copying(problem);
    Whole product(folded.value.size());
    for (int64_t row = 0; row < padded.rows; ++row)
      for (int64_t i = padded.row_start[at(row)]; i < padded.row_start[at(row) + 1]; ++i) {
        const bool gather = problem.unknown == Unknown::coarse;
        const int64_t cell = copied[at(gather ? padded.column[at(i)] : row)];
        if (cell >= 0)
          product[at((gather ? row : cell) * folded.columns + (gather ? cell : padded.column[at(i)]))] +=
              padded.value[at(i)];
      }
    RC_ASSERT(product == folded.value);
  });
}

TEST(Operator, FormsOfBothDirectionsAreTransposes) {
  for_all_problems([](const Problem& problem, std::uint32_t seed) {
    const Whole weights = whole_numbers<int64_t>(cells(problem.weights_shape()), seed);
    for (const Form form : {Form::padded, Form::folded}) {
      const auto a = to_dense(sparse_matrix<int64_t>(with_unknown(problem, Unknown::coarse), weights, form));
      const auto b = to_dense(sparse_matrix<int64_t>(with_unknown(problem, Unknown::fine), weights, form));
      RC_ASSERT((a.rows == b.columns && a.columns == b.rows));
      bool transposed = true;
      for (int64_t row = 0; row < a.rows; ++row)
        for (int64_t column = 0; column < a.columns; ++column)
          transposed = transposed && a.value[at(row * a.columns + column)] == b.value[at(column * b.columns + row)];
      RC_ASSERT(transposed);
    }
  });
}

TEST(Operator, SlidingWindowEqualsTheLiteralTransposedConvolution) {
  for_all_problems([](const Problem& given, std::uint32_t seed) {
    const Problem problem = with_unknown(given, Unknown::fine);
    const auto operands = whole_operands<int64_t>(problem, seed, seed % 2 == 0);
    RC_ASSERT(internal::literal_transposed(problem, operands.coarse, operands.weights, operands.bias) ==
              run(problem, "sliding_window", operands));
  });
}

/// Convolution in the plainest words: pad, then sum over every window. Shares nothing with Terms.
Whole windows_of_the_padded(const Problem& problem, const Operands<int64_t>& operands) {
  const Whole copied = copying(problem);
  std::vector<Axis> axes(3 - problem.axes.size());
  axes.insert(axes.end(), problem.axes.begin(), problem.axes.end());
  const Axis &z = axes[0], &y = axes[1], &x = axes[2];
  const int64_t fine_size = element_count(problem.fine_shape()) / std::max<int64_t>(1, problem.batch);
  const int64_t fine_in_group = problem.fine_channels / problem.groups,
                coarse_in_group = problem.coarse_channels / problem.groups;
  const int64_t taps = z.kernel * y.kernel * x.kernel;
  Whole result;
  for (int64_t n = 0; n < problem.batch; ++n)
    for (int64_t oc = 0; oc < problem.coarse_channels; ++oc)
      for (int64_t cell = 0; cell < z.coarse * y.coarse * x.coarse; ++cell) {
        int64_t sum = operands.bias.empty() ? 0 : operands.bias[at(oc)];
        for (int64_t ic = 0; ic < fine_in_group; ++ic)
          for (int64_t tap = 0; tap < taps; ++tap) {
            const int64_t pz = cell / (x.coarse * y.coarse) * z.stride + tap / (x.kernel * y.kernel) * z.dilation;
            const int64_t py = cell / x.coarse % y.coarse * y.stride + tap / x.kernel % y.kernel * y.dilation;
            const int64_t px = cell % x.coarse * x.stride + tap % x.kernel * x.dilation;
            const int64_t channel = oc / coarse_in_group * fine_in_group + ic;
            const int64_t source = copied[at(((channel * z.padded() + pz) * y.padded() + py) * x.padded() + px)];
            if (source >= 0)
              sum += operands.weights[at((oc * fine_in_group + ic) * taps + (problem.flip ? taps - 1 - tap : tap))] *
                     operands.fine[at(n * fine_size + source)];
          }
        result.push_back(sum);
      }
  return result;
}

TEST(Operator, SlidingWindowEqualsWindowsOfThePaddedArray) {
  for_all_problems([](const Problem& given, std::uint32_t seed) {
    const Problem problem = with_unknown(given, Unknown::coarse);
    const auto operands = whole_operands<int64_t>(problem, seed, seed % 2 == 0);
    RC_ASSERT(windows_of_the_padded(problem, operands) == run(problem, "sliding_window", operands));
  });
}

/// The loss ⟨g, forward(x, w, b)⟩ is linear in each of x, w and b, so a difference of one is its derivative, exactly.
TEST(Operator, GradientsEqualFiniteDifferences) {
  for_all_problems([](const Problem& given, std::uint32_t seed) {
    const bool conv = given.layer == Layer::conv;
    const Problem forward = with_unknown(given, conv ? Unknown::coarse : Unknown::fine);
    auto operands = whole_operands<int64_t>(forward, seed, true);
    Whole& x = conv ? operands.fine : operands.coarse;
    const Whole gradient = conv ? operands.coarse : operands.fine;
    const auto loss = [&] { return dot(gradient, run(forward, "sliding_window", operands)); };
    const auto difference = [&](int64_t& value) {
      const int64_t before = loss();
      ++value;
      const int64_t after = loss();
      --value;
      return after - before;
    };
    Operands<int64_t> backward = operands;
    backward.bias.clear();
    const Whole dx = run(input_gradient(forward), "sliding_window", backward);
    const Whole dw = run(weight_gradient(forward), "sliding_window", backward);
    for (std::uint32_t probe = 0; probe < 3; ++probe) {
      const std::size_t w = (seed / 7 + probe * 31) % operands.weights.size();
      RC_ASSERT(dw[w] == difference(operands.weights[w]));
      if (x.empty()) continue;
      const std::size_t i = (seed / 11 + probe * 37) % x.size();
      RC_ASSERT(dx[i] == difference(x[i]));
    }
    const std::size_t channel = seed % operands.bias.size();
    int64_t db = 0;  // the bias gradient: the sum of its channel
    const std::size_t per_channel =
        gradient.size() / std::max<std::size_t>(1, static_cast<std::size_t>(forward.batch) * operands.bias.size());
    for (std::size_t i = 0; i < gradient.size(); ++i)
      if (i / per_channel % operands.bias.size() == channel) db += gradient[i];
    RC_ASSERT(db == difference(operands.bias[channel]));
  });
}

}  // namespace
}  // namespace faltung::test
