// Arrays of names, and their results as text.
#pragma once

#include <faltung/problem.hpp>

#include "problem/terms.hpp"
#include "reference/sliding_window.hpp"
#include "reference/symbol.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace faltung::test {

using Symbols = std::vector<internal::Symbol>;
using Words = std::vector<std::string>;

/// One name per cell: `K11 K12 …`; `shape` begins with `channel_axes` axes of channels.
inline Symbols named(std::string_view letter, const Shape& shape, std::size_t channel_axes) {
  const auto split = shape.begin() + static_cast<std::ptrdiff_t>(channel_axes);
  Symbols symbols;
  for (std::int64_t i = 0; i < element_count(shape); ++i)
    symbols.emplace_back(internal::cell_name(letter, Shape(shape.begin(), split), Shape(split, shape.end()), i));
  return symbols;
}

inline Words words(const Symbols& symbols) {
  Words text;
  for (const internal::Symbol& symbol : symbols) text.push_back(symbol.to_string());
  return text;
}

/// Names of one sample's arrays.
inline Symbols input_names(const Problem& problem) {
  Shape shape = problem.layer == Layer::conv ? problem.fine_shape() : problem.coarse_shape();
  shape.erase(shape.begin());
  return named("I", shape, 1);
}
inline Symbols weight_names(const Problem& problem) { return named("K", problem.weights_shape(), 2); }

/// The sliding window over names, one sample, as the article writes it.
inline Words sliding_window(const Problem& problem) {
  const internal::Terms terms(problem);
  const Symbols input = input_names(problem), weights = weight_names(problem);
  Symbols result(static_cast<std::size_t>(element_count(problem.unknown_shape())));
  if (problem.unknown == Unknown::coarse) {
    internal::sliding_window_coarse<internal::Symbol>(problem, terms, input.data(), weights.data(), nullptr,
                                                      result.data());
  } else {
    Symbols temporary(static_cast<std::size_t>(element_count(problem.padded_shape())));
    internal::sliding_window_fine<internal::Symbol>(problem, terms, input.data(), weights.data(), nullptr,
                                                    result.data(), temporary.data());
  }
  return words(result);
}

}  // namespace faltung::test
