// What the parts of Dense share; included by its source files only.
#pragma once

#include "engine/dense.hpp"
#include "support/integers.hpp"

#include <cstdint>
#include <vector>

namespace faltung::internal {

/// Cells of a row that are written together where channels are neighbours: with 64 channels or so, what is read and
/// what is written stays in the first-level cache.
inline constexpr std::int64_t channels_last_cells = 64;

template <class T>
struct DenseWeights : Packed {
  std::vector<T> weights;  // [conv group][chunk][phase group][block of the sum][tile of rows][depth][row]
  std::vector<T> start;    // [conv group][chunk][phase group][row]
  bool bias = false;
  std::vector<T> plain;              // the weights as they came, where repairs need them
  std::vector<std::uint8_t> repair;  // of every result channel: some weight is not finite
};

template <class T>
struct Dense<T>::ChunkRun {
  const Task& task;
  const DenseWeights<T>& packed;
  const Lane& lane;
  const T* given;       ///< the conv group's first channel
  const T* planes;      ///< of the first channel that is packed, at the box's first position
  const T* planes_end;  ///< behind what may be read
  T* result;            ///< the conv group's first channel
  const T* weights;
  const T* start;
  std::int64_t channel, channels;  ///< of the chunk
  LoweredAxis::Run sum{};          ///< the part of the sum that is added: whole blocks
  std::int64_t packed_from = 0;    ///< its first channel that is packed
};

}  // namespace faltung::internal
