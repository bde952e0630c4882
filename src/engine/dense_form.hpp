// What a problem looks like to the dense engine, before anything is made: axes, phase groups, blocking, and how much of
// everything there is to do.
#pragma once

#include "engine/blocking.hpp"
#include "engine/lowering.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace faltung::internal {

struct DenseForm {
  std::array<LoweredAxis, 3> axes;
  std::vector<PhaseGroup> groups;
  std::vector<std::int64_t> planes;  ///< input phases that some tap reads
  DenseShape shape;
  Blocking blocking;
};

/// What matters of the arrays' layouts here.
struct DenseArrays {
  bool given_dense = true;
  bool waits = false;  ///< as in DenseShape
};

/// A problem with coarse or fine unknown.
DenseForm dense_form(const Problem& problem, const TileLimits& tiles, std::int64_t element_bytes,
                     const DenseArrays& arrays = {}, const Orientation& orientation = {});

/// How much of everything a run does, of all samples: what its cost is made of.
struct DenseWork {
  double multiply_adds = 0;  ///< time slots of the register tiles: small tiles count as large ones
  double sums = 0;           ///< moved between registers and memory, there and back
  double packed = 0, packed_rows = 0;
  double panels = 0;                   ///< cells copied into panels
  double weights = 0;                  ///< numbers read, again for every box
  double kernel = 0;                   ///< weights of one conv group
  double placed = 0, placed_rows = 0;  ///< results of several phases that are put together
  double runs = 0;                     ///< of positions, once for every phase group, block of the sum and chunk
};
DenseWork dense_work(const Problem& problem, const DenseForm& form, const TileLimits& tiles);

/// What it takes one thread, in seconds.
double dense_seconds(const DenseWork& work, const DenseForm& form, const TileLimits& tiles);

}  // namespace faltung::internal
