// What computes a problem directly, for algorithms that cannot where numbers are not finite.
#pragma once

#include "algorithms/algorithm.hpp"

#include <memory>

namespace faltung::internal {

const Algorithm& polyphase_algorithm();
const Algorithm& sliding_window_algorithm();

inline std::unique_ptr<const Prepared> prepare_directly(const Problem& problem, int threads) {
  const Algorithm& polyphase = polyphase_algorithm();
  return (polyphase.refusal(problem) ? sliding_window_algorithm() : polyphase).prepare(problem, threads);
}

}  // namespace faltung::internal
