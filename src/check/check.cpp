#include "check/check.hpp"

#include <faltung/plan.hpp>

#include "algorithms/registry.hpp"
#include "algorithms/with_type.hpp"
#include "check/product.hpp"
#include "check/shift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <random>

namespace faltung {

namespace internal {
namespace {

constexpr int impulse_count = 4;     // the first cell, the last, and two more; each is a whole run
constexpr int alpha = 2, beta = -3;  // of linearity: different, and exact in every type

template <class T>
std::vector<T> numbers(const Shape& shape, std::mt19937_64& random) {
  std::vector<T> values(static_cast<std::size_t>(element_count(shape)));
  std::uniform_real_distribution<double> fraction(-1, 1);
  for (T& value : values) {
    if constexpr (std::is_same_v<T, std::int64_t>)
      value = static_cast<T>(random() % 2001) - 1000;  // sums of 2^42 such products stay in 64 bits
    else
      value = static_cast<T>(fraction(random));
  }
  return values;
}

/// γₙ = n·u / (1 − n·u): Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1. n: the longest
/// chain of roundings that one product passes: all terms of its cell, the bias, the margin cells folded onto it, and
/// the product's own.
template <class T>
double gamma(const Problem& problem) {
  if (std::is_same_v<T, std::int64_t>) return 0;
  double terms = 1, folded = 1;
  for (const Axis& axis : problem.axes) {
    terms *= static_cast<double>(problem.unknown == Unknown::weights ? axis.coarse : axis.kernel);
    if (axis.boundary != Boundary::zeros) folded *= static_cast<double>(1 + axis.pad_before + axis.pad_after);
  }
  terms *= static_cast<double>(problem.unknown == Unknown::weights  ? problem.batch
                               : problem.unknown == Unknown::coarse ? problem.fine_channels / problem.groups
                                                                    : problem.coarse_channels / problem.groups);
  const double nu = (terms + folded + 2) * static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  return nu < 1 ? nu / (1 - nu) : std::numeric_limits<double>::infinity();
}

/// |difference| in units of `size`; whole numbers in units of 1.
template <class T>
double relative(long double difference, long double size) {
  if (difference == 0) return 0;
  if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
  return static_cast<double>(std::abs(difference) / (std::is_same_v<T, std::int64_t> ? 1 : size));  // size 0: infinite
}

Problem with_unknown(Problem problem, Unknown unknown) {
  problem.unknown = unknown;
  return problem;
}

using Experiment = std::function<CheckLine(const Algorithm&)>;

template <class T>
class Checker {
 public:
  Checker(const Problem& problem, std::uint32_t seed, int threads)
      : problem_(problem), threads_(threads), random_(seed) {
    operands_ = {numbers<T>(problem.fine_shape(), random_), numbers<T>(problem.coarse_shape(), random_),
                 numbers<T>(problem.weights_shape(), random_), numbers<T>({problem.bias_size()}, random_)};
    product_ = matrix_product(problem_, operands_);
    unbiased_ = operands_;
    unbiased_.bias.clear();
    experiments_ = {matrix(), adjoint(), linearity(), impulse(), shift()};
  }
  Checker(const Checker&) = delete;  // experiments refer to it
  Checker& operator=(const Checker&) = delete;

  void check(const Algorithm& algorithm, std::vector<CheckLine>& lines) {
    const std::string name(algorithm.name());
    if (const auto refusal = algorithm.refusal(problem_)) {
      lines.push_back({name, "", *refusal});
      return;
    }
    for (const Experiment& experiment : experiments_) lines.emplace_back(experiment(algorithm)).algorithm = name;
  }

 private:
  std::vector<T> run(const Algorithm& algorithm, const Problem& problem, Operands<T> operands) const {
    const auto prepared = algorithm.prepare(problem, threads_);
    const bool weights_unknown = problem.unknown == Unknown::weights;
    const auto packed = weights_unknown ? nullptr
                                        : prepared->pack(operands.weights.data(),
                                                         operands.bias.empty() ? nullptr : operands.bias.data());
    std::vector<T>& result = problem.unknown == Unknown::coarse ? operands.coarse
                             : weights_unknown                  ? operands.weights
                                                                : operands.fine;
    std::fill(result.begin(), result.end(), T{});
    constexpr std::size_t alignment = 64;  // what algorithms may expect
    std::vector<std::byte> workspace(prepared->workspace_bytes() + alignment);
    void* start = workspace.data();
    std::size_t space = workspace.size();
    std::align(alignment, 1, start, space);
    if (problem.batch > 0)
      prepared->run(
          {operands.fine.data(), operands.coarse.data(), weights_unknown ? result.data() : nullptr, packed.get()},
          static_cast<std::byte*>(start));
    return std::move(result);
  }

  /// The array that linearity and impulse change; with unknown weights the coarse one.
  std::vector<T>& given(Operands<T>& operands) const {
    return problem_.unknown == Unknown::coarse ? operands.fine : operands.coarse;
  }

  static double largest(const std::vector<T>& values, const Product& product, long double least) {
    double error = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
      error = std::max(
          error, relative<T>(static_cast<long double>(values[i]) - product.value[i], std::max(product.size[i], least)));
    return error;
  }

  /// The least size that errors of an algorithm are measured by: 0 where it adds up the terms of a cell, otherwise what
  /// all cells may share.
  static long double least_size(const Algorithm& algorithm, const Problem& problem, const Operands<T>& operands) {
    const double growth = algorithm.growth(problem);
    if (growth == 0) return 0;
    const auto magnitude = [](const std::vector<T>& values) {
      long double most = 0;
      for (const T value : values) most = std::max(most, std::abs(static_cast<long double>(value)));
      return most;
    };
    const bool gather = problem.unknown == Unknown::coarse;
    const auto channels =
        static_cast<long double>((gather ? problem.fine_channels : problem.coarse_channels) / problem.groups);
    return growth * channels * magnitude(operands.weights) * magnitude(gather ? operands.fine : operands.coarse) +
           magnitude(operands.bias);
  }

  // Every experiment holds its numbers and its exact products, so that the algorithms share them.

  Experiment matrix() const {
    return [this](const Algorithm& algorithm) {
      return CheckLine{
          "",
          "matrix",
          {},
          largest(run(algorithm, problem_, operands_), product_, least_size(algorithm, problem_, operands_)),
          gamma<T>(problem_)};
    };
  }

  Experiment adjoint() const {
    long double size = 0;
    const Product forward = matrix_product(with_unknown(problem_, Unknown::coarse), unbiased_);
    for (std::size_t i = 0; i < forward.size.size(); ++i)
      size += forward.size[i] * std::abs(static_cast<long double>(operands_.coarse[i]));
    return [this, size](const Algorithm& algorithm) {
      CheckLine line{"", "adjoint", {}, 0, 0};
      std::vector<long double> dots;
      long double unit = size;
      for (const Unknown unknown : {Unknown::coarse, Unknown::fine, Unknown::weights}) {
        const Problem problem = with_unknown(problem_, unknown);
        if (const auto refusal = algorithm.refusal(problem)) {
          line.reason = "another direction is refused: " + *refusal;
          continue;
        }
        const std::vector<T> result = run(algorithm, problem, unbiased_);
        const std::vector<T>& other = unknown == Unknown::coarse ? operands_.coarse
                                      : unknown == Unknown::fine ? operands_.fine
                                                                 : operands_.weights;
        dots.push_back(
            std::inner_product(result.begin(), result.end(), other.begin(), 0.0L, std::plus<>(),
                               [](T a, T b) { return static_cast<long double>(a) * static_cast<long double>(b); }));
        long double magnitude = 0;
        for (const T value : other) magnitude += std::abs(static_cast<long double>(value));
        unit = std::max(unit, least_size(algorithm, problem, unbiased_) * magnitude);
        line.bound += gamma<T>(problem);
      }
      if (dots.size() < 2) return line;
      line.reason.reset();
      for (const long double dot : dots) line.error = std::max(line.error, relative<T>(dot - dots.front(), unit));
      return line;
    };
  }

  Experiment linearity() {
    Operands<T> second = unbiased_, sum = unbiased_, magnitudes = unbiased_;
    given(second) =
        numbers<T>(problem_.unknown == Unknown::coarse ? problem_.fine_shape() : problem_.coarse_shape(), random_);
    for (std::size_t i = 0; i < given(sum).size(); ++i) {
      const T a = alpha * given(unbiased_)[i], b = beta * given(second)[i];
      given(sum)[i] = a + b;
      given(magnitudes)[i] = static_cast<T>(std::abs(a) + std::abs(b));
    }
    Product scale = matrix_product(problem_, magnitudes);
    return [this, second, sum, scale](const Algorithm& algorithm) {
      const std::vector<T> of_first = run(algorithm, problem_, unbiased_), of_second = run(algorithm, problem_, second),
                           of_sum = run(algorithm, problem_, sum);
      CheckLine line{
          "", "linearity", {}, 0, 3 * gamma<T>(problem_)};  // three results; γ₁ of the sum that went in is less
      const long double least = 2 * (std::abs(alpha) * least_size(algorithm, problem_, unbiased_) +
                                     std::abs(beta) * least_size(algorithm, problem_, second));
      for (std::size_t i = 0; i < of_sum.size(); ++i) {
        const auto parts =
            alpha * static_cast<long double>(of_first[i]) + beta * static_cast<long double>(of_second[i]);
        line.error = std::max(line.error,
                              relative<T>(static_cast<long double>(of_sum[i]) - parts, std::max(scale.size[i], least)));
      }
      return line;
    };
  }

  Experiment impulse() {
    std::vector<std::pair<Operands<T>, Product>> impulses;
    const std::size_t cells = given(unbiased_).size();
    for (int i = 0; i < impulse_count && cells > 0; ++i) {
      Operands<T> operands = unbiased_;
      std::fill(given(operands).begin(), given(operands).end(), T{});
      given(operands)[i == 0 ? 0 : i == 1 ? cells - 1 : random_() % cells] = 1;
      Product column = matrix_product(problem_, operands);
      impulses.emplace_back(std::move(operands), std::move(column));
    }
    return [this, impulses](const Algorithm& algorithm) {
      CheckLine line{"", "impulse", {}, 0, gamma<T>(problem_)};
      for (const auto& [operands, column] : impulses)
        line.error = std::max(
            line.error, largest(run(algorithm, problem_, operands), column, least_size(algorithm, problem_, operands)));
      return line;
    };
  }

  /// What is before and after a move along one axis; result cell i of after is cell i − by·inner of before.
  struct Move {
    Operands<T> before, after;
    Product scale;
    std::size_t extent = 1, inner = 1, by = 0;
  };

  Experiment shift() const {
    std::vector<Move> moves;
    std::size_t fine_inner = 1, coarse_inner = 1;
    const bool fine_moves = problem_.unknown != Unknown::fine, coarse_moves = problem_.unknown != Unknown::coarse;
    for (std::size_t a = problem_.axes.size(); a-- > 0;) {
      const Axis& axis = problem_.axes[a];
      const auto stride = static_cast<std::size_t>(axis.stride), fine = static_cast<std::size_t>(axis.fine),
                 coarse = static_cast<std::size_t>(axis.coarse);
      const Movable fine_cells = movable_fine(axis), coarse_cells = movable_coarse(axis);
      if ((!fine_moves || fine_cells) && (!coarse_moves || coarse_cells)) {
        Move move{unbiased_, {}, {}, 1, 1, 0};
        if (fine_moves) keep_movable(move.before.fine, *fine_cells, fine_inner);
        if (coarse_moves) keep_movable(move.before.coarse, *coarse_cells, coarse_inner);
        move.after = move.before;
        if (fine_moves) move.after.fine = moved(move.before.fine, fine, fine_inner, stride);
        if (coarse_moves) move.after.coarse = moved(move.before.coarse, coarse, coarse_inner, 1);
        move.scale = matrix_product(problem_, move.before);
        if (!coarse_moves) move.extent = coarse, move.inner = coarse_inner, move.by = 1;
        if (!fine_moves) move.extent = fine, move.inner = fine_inner, move.by = stride;
        moves.push_back(std::move(move));
      }
      fine_inner *= fine;
      coarse_inner *= coarse;
    }
    return [this, moves](const Algorithm& algorithm) {
      CheckLine line{"", "shift", {}, 0, 2 * gamma<T>(problem_)};
      if (moves.empty()) line.reason = "no cell can be moved by a stride without meeting a margin";
      for (const Move& move : moves) {
        const long double least = least_size(algorithm, problem_, move.before);
        const std::vector<T> first = run(algorithm, problem_, move.before),
                             second = run(algorithm, problem_, move.after);
        for (std::size_t i = 0; i < second.size(); ++i) {
          if (i / move.inner % move.extent < move.by) continue;
          const std::size_t from = i - move.by * move.inner;
          const auto difference = static_cast<long double>(second[i]) - static_cast<long double>(first[from]);
          line.error = std::max(line.error, relative<T>(difference, std::max(move.scale.size[from], least)));
        }
      }
      return line;
    };
  }

  Problem problem_;
  int threads_;
  std::mt19937_64 random_;
  Operands<T> operands_, unbiased_;
  Product product_;
  std::vector<Experiment> experiments_;
};

}  // namespace

CheckReport check(const Problem& problem, std::span<const Algorithm* const> algorithms, std::uint32_t seed,
                  int threads) {
  validate(problem);
  CheckReport report{to_string(problem), {}};
  with_type(problem.dtype, [&]<class T>() {
    Checker<T> checker(problem, seed, threads);
    for (const Algorithm* algorithm : algorithms) checker.check(*algorithm, report.lines);
  });
  return report;
}

}  // namespace internal

CheckReport check(const Problem& problem, std::uint32_t seed, int threads) {
  static_cast<void>(make_plan(problem, {.threads = threads}));  // refuses what a plan refuses
  return internal::check(problem, internal::all_algorithms(), seed, threads);
}

bool CheckReport::passed() const {
  return std::all_of(lines.begin(), lines.end(), [](const CheckLine& line) { return line.holds(); });
}

std::string to_text(const CheckReport& report) {
  std::string text =
      fmt::format("{}\n  {:<16}{:<11}{:>10}{:>10}\n", report.problem, "algorithm", "property", "error", "bound");
  for (const CheckLine& line : report.lines) {
    if (line.property.empty())
      text += fmt::format("  {:<16}refused: {}\n", line.algorithm, *line.reason);
    else if (line.reason)
      text += fmt::format("  {:<16}{:<11}not measured: {}\n", line.algorithm, line.property, *line.reason);
    else
      text += fmt::format("  {:<16}{:<11}{:>10.2g}{:>10.2g}  {}\n", line.algorithm, line.property, line.error,
                          line.bound, line.holds() ? "holds" : "FAILS");
  }
  const auto failed =
      std::count_if(report.lines.begin(), report.lines.end(), [](const CheckLine& line) { return !line.holds(); });
  return text + (failed > 0 ? fmt::format("{} FAILED\n", failed) : "everything holds\n");
}

}  // namespace faltung
