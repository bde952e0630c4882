// What the parts of FewPositions share; included by its source files only.
#pragma once

#include "engine/aligned_numbers.hpp"
#include "engine/few_positions.hpp"
#include "support/integers.hpp"

#include <algorithm>
#include <vector>

namespace faltung::internal {

/// Rows whose cells of a block are packed together: these stay in the second-level cache.
inline constexpr std::int64_t most_rows_together = 128;
/// Taps of one block of a sum.
inline constexpr std::int64_t most_taps_of_block = 576;

template <class T>
struct FewPositions<T>::Weights : Packed {
  AlignedNumbers<T> weights;  // [conv group][chunk][phase][block][panel][channel][tap][result channel]
  std::vector<T> start;       // [conv group][result channel], whole vectors
  bool finite = true;
};

template <class T>
template <class Visit>
void FewPositions<T>::for_each_block(const Phase& phase, Visit&& visit) const {
  const auto taps = static_cast<std::int64_t>(phase.taps.size());
  if (taps == 0) return;
  const EvenParts parts(taps, most_taps_of_block);
  for (std::int64_t channel = 0; channel < given_channels_; channel += phase.channels)
    for (std::int64_t part = 0; part < parts.parts; ++part)
      visit(Block{channel, std::min(phase.channels, given_channels_ - channel), parts.begin(part), parts.size(part)});
}

}  // namespace faltung::internal
