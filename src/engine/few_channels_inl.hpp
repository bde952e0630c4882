// What the files of FewChannels share.
#pragma once

#include "engine/few_channels.hpp"

#include <cstdint>
#include <vector>

namespace faltung::internal {

template <class T>
struct FewChannelsWeights : Packed {
  std::vector<T> weights;  // [result channel][phase][given channel][tap]
  std::vector<T> bias;     // [result channel]
  std::vector<std::uint8_t>
      repair;  // of every result channel: some weight is not finite; empty: all are, or meet no zeros
};

/// One tile of result rows of one phase along z and y.
template <class T>
struct FewChannels<T>::TileRun {
  const Task& task;
  const Lane& lane;
  const FewChannelsWeights<T>& packed;
  T* result;  ///< the conv group's first channel
  std::int64_t phase_z, phase_y;
  std::int64_t
      first;  ///< result row (of the phase) that the kernel calls 0; the next ones lie `apart_` below, or above
  std::int64_t count;
};

}  // namespace faltung::internal
