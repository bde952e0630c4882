// How long a run is expected to take.
#pragma once

#include "algorithms/algorithm.hpp"
#include "support/parallel.hpp"

#include <algorithm>

namespace faltung::internal {

/// The cost of starting a run. Measured: docs/design/cost_model.md.
inline constexpr double seconds_per_run = 50e-9;

inline double predicted_seconds(const Cost& cost, int threads) {
  const int used = threads == 0 ? hardware_threads() : std::min(threads, hardware_threads());
  return seconds_per_run + cost.call_seconds + cost.seconds / used;
}

}  // namespace faltung::internal
