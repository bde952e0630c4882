// Arrays for tests: filled reproducibly, and run through a plan whose memory is watched.
#pragma once

#include "algorithms/registry.hpp"

#include <faltung/faltung.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace faltung::test {

inline std::size_t cells(const Shape& shape) { return static_cast<std::size_t>(element_count(shape)); }

/// Whole numbers from −3 to 3: every sum of a small problem is exact in every type.
template <class T>
std::vector<T> whole_numbers(std::size_t count, std::uint32_t seed) {
  std::minstd_rand random(seed);  // made in no time: fuzzing fills many small arrays
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(static_cast<int>(random() % 7) - 3);
  return values;
}

/// Numbers of mixed sign and of sizes from 2⁻⁸ to 1.
template <class T>
std::vector<T> fractions(std::size_t count, std::uint32_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> mantissa(-1, 1);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(std::ldexp(mantissa(random), -static_cast<int>(random() % 8)));
  return values;
}

/// N(0, 1).
template <class T>
std::vector<T> normal_numbers(std::size_t count, std::uint32_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(normal(random));
  return values;
}

/// The three arrays of a problem, and a bias for the unknown one (empty where there is none).
template <class T>
struct Operands {
  std::vector<T> fine, coarse, weights, bias;
};

template <class T, class Fill>
Operands<T> make_operands(const Problem& problem, std::uint32_t seed, bool with_bias, Fill&& fill) {
  return {fill(cells(problem.fine_shape()), seed), fill(cells(problem.coarse_shape()), seed + 1),
          fill(cells(problem.weights_shape()), seed + 2),
          with_bias ? fill(static_cast<std::size_t>(problem.bias_size()), seed + 3) : std::vector<T>{}};
}

template <class T>
Operands<T> whole_operands(const Problem& problem, std::uint32_t seed, bool with_bias) {
  return make_operands<T>(problem, seed, with_bias, whole_numbers<T>);
}

/// What is in memory before a run: reading it shows (NaN), and so does not writing it.
template <class T>
T poison() {
  if constexpr (std::numeric_limits<T>::has_quiet_NaN)
    return std::numeric_limits<T>::quiet_NaN();
  else
    return std::numeric_limits<T>::min() / 3;
}

constexpr std::byte guard{0xA5};
constexpr std::size_t guard_bytes = 256;

/// The unknown array by one plan. The result (unless something stands in it before) and the workspace are poisoned
/// before, and guarded on both sides: a write outside throws.
template <class T>
std::vector<T> run(const Plan& plan, const Operands<T>& operands, const std::vector<T>& before = {}) {
  const Problem& problem = plan.problem();
  const std::size_t count = cells(problem.unknown_shape());
  std::vector<T> result(count + 2 * guard_bytes, poison<T>());
  std::copy(before.begin(), before.end(), result.begin() + guard_bytes);
  std::vector<std::byte> memory(plan.workspace_bytes() + 2 * guard_bytes,
                                std::byte{0xFF});  // NaN in every floating type
  std::fill_n(memory.begin(), guard_bytes, guard);
  std::fill_n(memory.end() - guard_bytes, guard_bytes, guard);
  const std::span workspace(memory.data() + guard_bytes, plan.workspace_bytes());
  const TensorView<T> out{result.data() + guard_bytes, problem.unknown_shape()};
  const bool conv = problem.layer == Layer::conv;
  if (problem.unknown == Unknown::weights) {
    const TensorView<const T> fine{operands.fine.data(), problem.fine_shape()},
        coarse{operands.coarse.data(), problem.coarse_shape()};
    plan.run_weight_gradient<T>(conv ? fine : coarse, conv ? coarse : fine, out, workspace);
  } else {
    const PackedWeights packed = plan.pack<T>({operands.weights.data(), problem.weights_shape()}, operands.bias);
    const std::vector<T>& given = problem.unknown == Unknown::coarse ? operands.fine : operands.coarse;
    plan.run<T>({given.data(), problem.given_shape()}, packed, out, workspace);
  }
  const auto broken = [](std::byte b) { return b != guard; };
  if (std::any_of(memory.begin(), memory.begin() + guard_bytes, broken) ||
      std::any_of(memory.end() - guard_bytes, memory.end(), broken))
    throw std::logic_error(fmt::format("{} writes outside of its workspace", plan.algorithm()));
  const T unwritten = poison<T>();
  const auto touched = [&](const T& value) { return std::memcmp(&value, &unwritten, sizeof(T)) != 0; };
  if (std::any_of(result.begin(), result.begin() + guard_bytes, touched) ||
      std::any_of(result.end() - guard_bytes, result.end(), touched))
    throw std::logic_error(fmt::format("{} writes outside of its result", plan.algorithm()));
  return {result.begin() + guard_bytes, result.end() - guard_bytes};
}

/// By the algorithm with that name.
template <class T>
std::vector<T> run(Problem problem, const std::string& algorithm, const Operands<T>& operands, int threads = 1) {
  problem.dtype = dtype_of<T>;
  return run(make_plan(problem, {.algorithm = algorithm, .threads = threads}), operands);
}

/// Names of the algorithms that take the problem (the others are in the report with a reason), of those that add up its
/// terms, and so are exact on small whole numbers, or of the others (`Algorithm::growth`).
inline std::vector<std::string> takers(const Problem& problem, Accuracy accuracy, bool sums) {
  std::vector<std::string> names;
  const Report report = make_plan(problem, {.accuracy = accuracy}).report();
  for (std::size_t i = 0; i < report.candidates.size(); ++i)
    if (!report.candidates[i].refusal && sums == (internal::all_algorithms()[i]->growth(problem) == 0))
      names.push_back(report.candidates[i].algorithm);
  return names;
}
inline std::vector<std::string> willing(const Problem& problem, Accuracy accuracy = Accuracy::standard) {
  return takers(problem, accuracy, true);
}
inline std::vector<std::string> rounding(const Problem& problem) { return takers(problem, Accuracy::standard, false); }

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// The same bits, except that any NaN is as good as another: which one an operation passes on is the compiler's choice.
template <class T>
bool same_numbers(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const T& x, const T& y) {
    return (std::isnan(x) && std::isnan(y)) || std::memcmp(&x, &y, sizeof(T)) == 0;
  });
}

/// Puts one or two of Inf, −Inf and NaN into some of the arrays.
template <class T>
void make_wild(Operands<T>& operands, std::uint32_t seed) {
  std::mt19937 random(seed);
  constexpr T infinity = std::numeric_limits<T>::infinity();
  constexpr T wild[] = {infinity, -infinity, std::numeric_limits<T>::quiet_NaN()};
  for (std::vector<T>* array : {&operands.fine, &operands.coarse, &operands.weights, &operands.bias})
    for (auto i = random() % 3; i > 0 && !array->empty(); --i) (*array)[random() % array->size()] = wild[random() % 3];
}

}  // namespace faltung::test
