// What floating point may and may not do: strict bits, and a bound that follows from counting the roundings.
#include "algorithms/registry.hpp"
#include "property/properties.hpp"
#include "support/hostile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace faltung::test {
namespace {

template <class T>
Operands<T> fractional_operands(const Problem& problem, std::uint32_t seed) {
  return make_operands<T>(problem, seed, seed % 2 == 0 && problem.unknown != Unknown::weights, fractions<T>);
}

/// Samples from `begin`, as a problem of its own.
template <class T>
Operands<T> samples(const Problem& problem, const Operands<T>& operands, std::size_t begin, std::size_t count) {
  const auto part = [&](const std::vector<T>& all) {
    const auto size = static_cast<std::ptrdiff_t>(all.size() / static_cast<std::size_t>(problem.batch));
    const auto first = all.begin() + size * static_cast<std::ptrdiff_t>(begin);
    return std::vector<T>(first, first + size * static_cast<std::ptrdiff_t>(count));
  };
  return {part(operands.fine), part(operands.coarse), operands.weights, operands.bias};
}

template <class T>
void check_strict(Problem problem, std::uint32_t seed) {
  problem.dtype = dtype_of<T>;
  auto operands = fractional_operands<T>(problem, seed);
  if (seed % 4 == 1) make_wild(operands, seed);  // Inf and NaN reach the sums that they are terms of, and no others
  const std::vector<T> expected = run(problem, "sliding_window", operands);
  for (const std::string& algorithm : willing(problem, Accuracy::strict)) {
    for (const int threads : {1, 2, 3, 7}) {
      RC_LOG() << algorithm << ", threads " << threads << '\n';
      RC_ASSERT(same_numbers(run(problem, algorithm, operands, threads), expected));
    }
    if (problem.batch < 2 || problem.unknown == Unknown::weights) continue;
    Problem first = problem, rest = problem;  // the batch in two runs
    first.batch = 1;
    rest.batch = problem.batch - 1;
    std::vector<T> joined = run(first, algorithm, samples(problem, operands, 0, 1));
    const std::vector<T> second =
        run(rest, algorithm, samples(problem, operands, 1, static_cast<std::size_t>(problem.batch) - 1));
    joined.insert(joined.end(), second.begin(), second.end());
    RC_ASSERT(same_numbers(joined, expected));
  }
}

TEST(Rounding, StrictAlgorithmsRepeatTheBitsOfTheSlidingWindow) {
  for_all_problems([](const Problem& problem, std::uint32_t seed) {
    check_strict<float>(problem, seed);
    check_strict<double>(problem, seed);
  });
}

template <class T>
Operands<double> magnitudes(const Operands<T>& operands) {
  const auto absolute = [](const std::vector<T>& values) {
    std::vector<double> result;
    for (const T value : values) result.push_back(std::abs(static_cast<double>(value)));
    return result;
  };
  return {absolute(operands.fine), absolute(operands.coarse), absolute(operands.weights), absolute(operands.bias)};
}

template <class T>
Operands<double> widened(const Operands<T>& operands) {
  const auto wide = [](const std::vector<T>& values) { return std::vector<double>(values.begin(), values.end()); };
  return {wide(operands.fine), wide(operands.coarse), wide(operands.weights), wide(operands.bias)};
}

/// growth · summed channels · max|weights| · max|given| + |bias|: what rounding is measured by where an algorithm does
/// not add up the terms of a cell.
double shared_size(const Problem& problem, const std::string& name, const Operands<double>& magnitudes) {
  const auto most = [](const std::vector<double>& values) {
    return values.empty() ? 0.0 : *std::max_element(values.begin(), values.end());
  };
  const bool gather = problem.unknown == Unknown::coarse;
  const double channels =
      static_cast<double>((gather ? problem.fine_channels : problem.coarse_channels) / problem.groups);
  for (const internal::Algorithm* algorithm : internal::all_algorithms())
    if (algorithm->name() == name)
      return algorithm->growth(problem) * channels * most(magnitudes.weights) *
                 most(gather ? magnitudes.fine : magnitudes.coarse) +
             most(magnitudes.bias);
  return 0;
}

/// |y − exact| ≤ γₙ (|b| + Σ|w||x|).
TEST(Rounding, ErrorsStayBelowTheDerivedBound) {
  for_all_problems([](const Problem& given, std::uint32_t seed) {
    Problem problem = given;
    problem.dtype = DType::f32;
    const auto operands = fractional_operands<float>(problem, seed);
    const auto exact = run(problem, "sliding_window", widened(operands));
    const auto absolute = magnitudes(operands);
    const auto size = run(problem, "sliding_window", absolute);
    const double gamma = gamma_of<float>(problem);
    for (const std::string& algorithm : willing(problem)) {
      const auto result = run(problem, algorithm, operands);
      RC_LOG() << algorithm << '\n';
      for (std::size_t i = 0; i < result.size(); ++i)
        RC_ASSERT(std::abs(static_cast<double>(result[i]) - exact[i]) <= gamma * size[i] * (1 + 1e-6));
    }
    for (const std::string& algorithm : rounding(problem)) {
      const auto result = run(problem, algorithm, operands);
      const double bound = gamma * shared_size(problem, algorithm, absolute) * (1 + 1e-6);
      RC_LOG() << algorithm << '\n';
      for (std::size_t i = 0; i < result.size(); ++i)
        RC_ASSERT(std::abs(static_cast<double>(result[i]) - exact[i]) <= bound);
    }
  });
}

template <class T>
Operands<double> squares(const Operands<T>& operands) {
  Operands<double> result = widened(operands);
  for (std::vector<double>* values : {&result.fine, &result.coarse, &result.weights, &result.bias})
    for (double& value : *values) value *= value;
  return result;
}

bool sums_terms(const Problem& problem, const std::string& algorithm) {
  const auto all = willing(problem);
  return std::find(all.begin(), all.end(), algorithm) != all.end();
}

/// The unit is the root mean square of a cell that no margin cuts short, √Σ(wx)² of the largest: that of the cells
/// there are, on which few cells and much margin would leave to chance, is about as large. Where an algorithm does not
/// add up a cell's terms, it feels its neighbours too, even if all cells that are kept meet nothing but margin: then
/// the unit is at least what is expected, the root of the number of products. What is said is what may be expected of
/// one problem: among twenty thousand the worst has half as much again, so two and a half times as much is wrong.
TEST(Rounding, ErrorsOfNormalNumbersStayBelowWhatTheReportSays) {
  constexpr double chance = 2.5;
  for_all_problems([](const Problem& given, std::uint32_t seed) {
    Problem problem = given;
    problem.dtype = DType::f32;
    const auto operands = make_operands<float>(problem, seed, false, normal_numbers<float>);
    const auto exact = run(problem, "sliding_window", widened(operands));
    const auto square = run(problem, "sliding_window", squares(operands));
    if (square.empty()) return;
    const double unit = std::sqrt(*std::max_element(square.begin(), square.end()));
    double products = static_cast<double>(
        (problem.unknown == Unknown::coarse ? problem.fine_channels : problem.coarse_channels) / problem.groups);
    for (const Axis& axis : problem.axes) products *= static_cast<double>(axis.kernel);
    const double expected = std::sqrt(products);
    for (const Candidate& candidate : make_plan(problem).report().candidates) {
      if (candidate.refusal) continue;
      const auto result = run(problem, candidate.algorithm, operands);
      double error = 0;
      for (std::size_t i = 0; i < result.size(); ++i)
        error = std::max(error, std::abs(static_cast<double>(result[i]) - exact[i]));
      const double least = sums_terms(problem, candidate.algorithm) ? unit : std::max(unit, expected);
      RC_LOG() << candidate.algorithm << ": " << error / least << ", said " << candidate.error << '\n';
      RC_ASSERT(error <= chance * candidate.error * least);
    }
  });
}

}  // namespace
}  // namespace faltung::test
