// Data on which rounding shows, the exact sums, and what every algorithm's error is bounded by on any data
// (docs/design/accuracy.md).
#pragma once

#include "problem/terms.hpp"
#include "support/arrays.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace faltung::test {

enum class Hostile {
  mixed,         ///< sizes from 1e−18 to 1e18 within one array
  channels,      ///< such sizes, one for each channel
  tiny,          ///< below the smallest normal number
  vanishing,     ///< normal numbers, whose products are below the smallest
  cancellation,  ///< large numbers of alternating sign and small ones: sums are far smaller than their terms
  outlier,       ///< one of 1e18 among N(0, 1)
  huge,          ///< a third of the largest number, by weights that keep sums in its range
};
inline constexpr Hostile all_hostile[] = {Hostile::mixed,        Hostile::channels, Hostile::tiny, Hostile::vanishing,
                                          Hostile::cancellation, Hostile::outlier,  Hostile::huge};

template <class T>
std::vector<T> hostile_numbers(std::size_t count, std::uint32_t seed, Hostile kind, std::size_t channel, bool weights) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> unit(0, 1);
  std::normal_distribution<double> normal;
  const auto any_size = [&] { return std::pow(10.0, 36 * unit(random) - 18); };
  std::vector<T> values(count);
  double size = 1;
  for (std::size_t i = 0; i < count; ++i) {
    const double number = normal(random);
    if (kind == Hostile::mixed || (kind == Hostile::channels && i % channel == 0)) size = any_size();
    double value = size * number;
    if (kind == Hostile::tiny && !weights) value = number * 0.1 * static_cast<double>(std::numeric_limits<T>::min());
    if (kind == Hostile::vanishing) value = number * std::sqrt(static_cast<double>(std::numeric_limits<T>::min()));
    if (kind == Hostile::cancellation) value = weights ? 1 + 1e-3 * number : number + (i % 2 == 0 ? 1e6 : -1e6);
    if (kind == Hostile::huge)
      value = weights ? 0.9 * (unit(random) - 0.5) / static_cast<double>(count)
                      : std::copysign(static_cast<double>(std::numeric_limits<T>::max()) / 3, number);
    values[i] = static_cast<T>(value);
  }
  if (kind == Hostile::outlier && !weights && count > 0) values[random() % count] = static_cast<T>(1e18);
  return values;
}

template <class T>
Operands<T> hostile_operands(const Problem& problem, std::uint32_t seed, Hostile kind) {
  const auto part = [&](const Shape& shape, std::uint32_t salt, bool weights) {
    const std::size_t leading = static_cast<std::size_t>(std::max<std::int64_t>(1, shape[0] * shape[1]));
    return hostile_numbers<T>(cells(shape), seed + salt, kind, std::max<std::size_t>(1, cells(shape) / leading),
                              weights && problem.unknown != Unknown::weights);
  };
  Operands<T> made{part(problem.fine_shape(), 0, false),
                   part(problem.coarse_shape(), 1, false),
                   part(problem.weights_shape(), 2, true),
                   {}};
  if (problem.unknown == Unknown::weights && kind == Hostile::huge)  // a gradient has no small weights
    for (T& value : made.coarse) value = static_cast<T>(1e-3) / static_cast<T>(made.coarse.size());
  return made;
}

/// The unknown array by the definition in long double, and the sums of its terms' sizes.
struct ExactSums {
  std::vector<long double> value, size;
};
template <class T>
ExactSums exact_sums(const Problem& problem, const Operands<T>& operands) {
  const std::size_t count = cells(problem.unknown_shape());
  ExactSums sums{std::vector<long double>(count), std::vector<long double>(count)};
  const auto samples = static_cast<std::size_t>(problem.batch);
  const std::size_t fine_cells = operands.fine.size() / samples, coarse_cells = operands.coarse.size() / samples;
  const auto add = [&](std::size_t i, T a, T b) {
    const long double product = static_cast<long double>(a) * static_cast<long double>(b);
    sums.value[i] += product;
    sums.size[i] += std::abs(product);
  };
  for (std::size_t n = 0; n < samples; ++n)
    internal::Terms(problem).by_tap([&](const internal::Term& term) {
      if (term.fine < 0) return;
      const std::size_t fine = n * fine_cells + static_cast<std::size_t>(term.fine),
                        coarse = n * coarse_cells + static_cast<std::size_t>(term.coarse),
                        weight = static_cast<std::size_t>(term.weight);
      if (problem.unknown == Unknown::coarse) add(coarse, operands.weights[weight], operands.fine[fine]);
      if (problem.unknown == Unknown::fine) add(fine, operands.weights[weight], operands.coarse[coarse]);
      if (problem.unknown == Unknown::weights) add(weight, operands.coarse[coarse], operands.fine[fine]);
    });
  return sums;
}

/// Terms of the longest sum.
inline double longest_sum(const Problem& problem) {
  double taps = 1, positions = static_cast<double>(problem.batch), folds = 1;
  for (const Axis& axis : problem.axes) {
    taps *= static_cast<double>(axis.kernel);
    positions *= static_cast<double>(axis.coarse);
    folds *= static_cast<double>(axis.padded());
  }
  const auto per_group = [&](std::int64_t channels) { return static_cast<double>(channels / problem.groups); };
  switch (problem.unknown) {
    case Unknown::coarse:
      return taps * per_group(problem.fine_channels);
    case Unknown::fine:
      return std::max(taps, 1.0) * per_group(problem.coarse_channels) *
             folds;  // margins: every padded cell may land on one
    case Unknown::weights:
      break;
  }
  return positions;
}

/// γₙ = n·u / (1 − n·u) of the longest sum: a product and its addition round twice each, once where they are fused.
/// Source: Higham, "Accuracy and stability of numerical algorithms", 2002, 3.1.
template <class T>
double gamma_of(const Problem& problem) {
  const double n = (2 * longest_sum(problem) + 2) * static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  return n / (1 - n);
}

}  // namespace faltung::test
