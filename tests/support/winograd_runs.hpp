// Winograd's algorithm with tiles of a test's choice, its memory watched.
#pragma once

#include "algorithms/directly.hpp"
#include "engine/winograd.hpp"
#include "support/arrays.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <vector>

namespace faltung::test {

/// Every pair of schemes for rows and columns that fits a problem.
inline std::vector<internal::WinogradAxes> all_winograd(const Problem& problem) {
  std::vector<internal::WinogradAxes> all;
  for (std::size_t y = 0; y < internal::winograd_schemes; ++y)
    for (std::size_t x = 0; x < internal::winograd_schemes; ++x)
      if (const auto axes = internal::winograd_with(problem, static_cast<internal::WinogradScheme>(y),
                                                    static_cast<internal::WinogradScheme>(x)))
        all.push_back(*axes);
  return all;
}

/// The unknown array; its memory and the workspace are poisoned before, and guarded.
template <class T>
std::vector<T> run_winograd(Problem problem, const internal::WinogradAxes& axes, const Operands<T>& operands,
                            int threads = 1) {
  problem.dtype = dtype_of<T>;
  const internal::DirectAgain winograd(
      std::make_unique<internal::Winograd<T>>(problem, axes, threads, internal::current_target()),
      internal::prepare_directly(problem, threads));
  const auto packed = winograd.pack(operands.weights.data(), operands.bias.empty() ? nullptr : operands.bias.data());
  std::vector<std::byte> memory(winograd.workspace_bytes() + 2 * guard_bytes + 64, std::byte{0xFF});
  void* start = memory.data() + guard_bytes;
  std::size_t space = memory.size() - guard_bytes;
  std::align(64, 1, start, space);
  auto* workspace = static_cast<std::byte*>(start);
  std::fill_n(workspace + winograd.workspace_bytes(), guard_bytes, guard);
  const std::size_t count = cells(problem.unknown_shape());
  std::vector<T> result(count + 2 * guard_bytes, poison<T>()), given = operands.fine;
  const bool gather = problem.unknown == Unknown::coarse;
  if (!gather) given = operands.coarse;
  T* out = result.data() + guard_bytes;
  winograd.run({gather ? given.data() : out, gather ? out : given.data(), nullptr, packed.get()}, workspace);
  const auto broken = [](std::byte b) { return b != guard; };
  if (std::any_of(workspace + winograd.workspace_bytes(), workspace + winograd.workspace_bytes() + guard_bytes, broken))
    throw std::logic_error("winograd writes behind its workspace");
  const auto touched = [](const T& value) { return !std::isnan(value); };
  if (std::any_of(result.begin(), result.begin() + guard_bytes, touched) ||
      std::any_of(result.end() - guard_bytes, result.end(), touched))
    throw std::logic_error("winograd writes outside of its result");
  return {result.begin() + guard_bytes, result.end() - guard_bytes};
}

/// What bounds every error of theirs: γₙ · (growth · channels · max|weights| · max|given| + max|bias|), n the longest
/// sum.
template <class T>
double winograd_bound(const Problem& problem, const internal::WinogradAxes& axes, const Operands<T>& operands) {
  const auto most = [](const std::vector<T>& values) {
    double largest = 0;
    for (const T value : values) largest = std::max(largest, std::abs(static_cast<double>(value)));
    return largest;
  };
  const bool gather = problem.unknown == Unknown::coarse;
  const auto channels =
      static_cast<double>((gather ? problem.fine_channels : problem.coarse_channels) / problem.groups);
  double terms = channels;
  for (const Axis& axis : problem.axes) terms *= static_cast<double>(axis.kernel);
  const double roundings = (2 * terms + 2) * static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  return roundings / (1 - roundings) *
         (axes.growth * channels * most(operands.weights) * most(gather ? operands.fine : operands.coarse) +
          most(operands.bias));
}

}  // namespace faltung::test
