#include "check/product.hpp"

#include <faltung/matrix.hpp>

#include <cmath>
#include <span>
#include <type_traits>

namespace faltung::internal {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The channels of the three arrays that meet in one channel of the unknown array, as a problem of one group.
struct Slice {
  Problem problem;
  std::int64_t first_fine = 0, first_coarse = 0;
};

Slice slice(const Problem& problem, std::int64_t channel) {
  const std::int64_t fine = problem.fine_channels / problem.groups, coarse = problem.coarse_channels / problem.groups;
  Slice one{problem, 0, 0};
  one.problem.groups = one.problem.batch = 1;
  if (problem.unknown == Unknown::fine) {
    one.problem.fine_channels = 1;
    one.problem.coarse_channels = coarse;
    one.first_fine = channel;
    one.first_coarse = channel / fine * coarse;
  } else {
    one.problem.fine_channels = fine;
    one.problem.coarse_channels = 1;
    one.first_fine = channel / coarse * fine;
    one.first_coarse = channel;
  }
  return one;
}

/// Adds matrix · given to `sum`, and the magnitudes likewise.
template <class Entry, class T>
void add_product(const Problem& problem, const std::vector<Entry>& entries, const T* given, long double* value,
                 long double* size) {
  std::vector<Entry> magnitudes;
  for (const Entry entry : entries) magnitudes.push_back(std::abs(entry));
  const auto matrix = sparse_matrix<Entry>(problem, std::span<const Entry>(entries));
  const auto absolute =
      sparse_matrix<Entry>(problem, std::span<const Entry>(magnitudes));  // entries that meet may cancel, these not
  for (std::int64_t row = 0; row < matrix.rows; ++row)
    for (std::int64_t i = matrix.row_start[at(row)]; i < matrix.row_start[at(row) + 1]; ++i) {
      const auto x = static_cast<long double>(given[matrix.column[at(i)]]);
      value[row] += static_cast<long double>(matrix.value[at(i)]) * x;
      size[row] += static_cast<long double>(absolute.value[at(i)]) * std::abs(x);
    }
}

}  // namespace

template <class T>
Product matrix_product(const Problem& problem, const Operands<T>& operands) {
  using Entry = std::conditional_t<std::is_same_v<T, std::int64_t>, std::int64_t, double>;
  const std::int64_t count = element_count(problem.unknown_shape());
  Product product{std::vector<long double>(at(count)), std::vector<long double>(at(count))};
  std::int64_t fine_cells = 1, coarse_cells = 1, taps = 1;
  for (const Axis& axis : problem.axes) fine_cells *= axis.fine, coarse_cells *= axis.coarse, taps *= axis.kernel;
  const std::int64_t fine_in_group = problem.fine_channels / problem.groups;
  const bool fine_unknown = problem.unknown == Unknown::fine, weights_unknown = problem.unknown == Unknown::weights;
  const std::int64_t channels = fine_unknown ? problem.fine_channels : problem.coarse_channels;
  const std::int64_t rows = fine_unknown ? fine_cells : weights_unknown ? fine_in_group * taps : coarse_cells;
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    const Slice part = slice(problem, channel);
    std::vector<Entry> weights;
    for (std::int64_t oc = 0; oc < part.problem.coarse_channels && !weights_unknown; ++oc) {
      const std::int64_t row = (part.first_coarse + oc) * fine_in_group + (fine_unknown ? channel % fine_in_group : 0);
      const T* first = operands.weights.data() + row * taps;
      weights.insert(weights.end(), first, first + part.problem.fine_channels * taps);
    }
    for (std::int64_t n = 0; n < problem.batch; ++n) {
      const T* fine = operands.fine.data() + (n * problem.fine_channels + part.first_fine) * fine_cells;
      const T* coarse = operands.coarse.data() + (n * problem.coarse_channels + part.first_coarse) * coarse_cells;
      const std::int64_t to = ((weights_unknown ? 0 : n * channels) + channel) * rows;
      if (!operands.bias.empty())
        for (std::int64_t row = to; row < to + rows; ++row) {
          product.value[at(row)] = static_cast<long double>(operands.bias[at(channel)]);
          product.size[at(row)] = std::abs(product.value[at(row)]);
        }
      if (weights_unknown)
        add_product<Entry>(part.problem, std::vector<Entry>(fine, fine + part.problem.fine_channels * fine_cells),
                           coarse, product.value.data() + to, product.size.data() + to);
      else
        add_product<Entry>(part.problem, weights, fine_unknown ? coarse : fine, product.value.data() + to,
                           product.size.data() + to);
    }
  }
  return product;
}
template Product matrix_product(const Problem&, const Operands<float>&);
template Product matrix_product(const Problem&, const Operands<double>&);
template Product matrix_product(const Problem&, const Operands<std::int64_t>&);

}  // namespace faltung::internal
