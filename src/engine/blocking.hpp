// How a dense problem is cut: boxes of positions, blocks of the sum, chunks of result channels, register tiles. Pure
// arithmetic.
//
// Loops, outermost first: box → chunk → phase group → block of the sum → tile of positions → tile of rows. No choice
// here changes a bit of the result: blocks of the sum continue each other's sums. Source: Goto & van de Geijn, "Anatomy
// of high-performance matrix multiplication", 2008, for the sizes against the caches.
#pragma once

#include "engine/lowering.hpp"
#include "kernels/kernels.hpp"
#include "support/integers.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace faltung::internal {

/// Sizes of one conv group of one sample.
struct DenseShape {
  std::int64_t given_channels, result_channels;
  std::int64_t phases;                         ///< output phases, all axes
  std::int64_t smallest_group, largest_group;  ///< phases of a phase group
  std::int64_t taps;                           ///< of the largest phase group
  std::int64_t planes;                         ///< input phases that are read
  std::int64_t element_bytes;
  bool waits;     ///< results never go straight to their place
  bool in_place;  ///< cells are read where they are given
  double met;     ///< the share of the taps that meet a row of the given array
};

/// What the register tiles of a target can do.
struct TileLimits {
  std::int64_t lanes;
  std::int64_t wide_rows, wide_vectors, tall_rows, tall_vectors;
  const int* widest;  ///< vectors of the widest tile of so many rows: for few rows
};

template <class T>
TileLimits limits_of(const TileKernels<T>& tiles) {
  return {tiles.lanes, tiles.wide_rows, tiles.wide_vectors, tiles.tall_rows, tiles.tall_vectors, tiles.widest};
}

struct Blocking {
  std::array<std::int64_t, 3> box;  ///< positions
  std::int64_t sum_block;           ///< taps × channels of one block of the sum
  std::int64_t chunk;               ///< result channels
  std::int64_t tile_rows, tile_vectors;
  bool panels;  ///< cells of a few positions are copied tap by tap into panels: exact positions, read from the
                ///< first-level cache
  std::int64_t panel_positions;  ///< of panels that are made together
  bool rows_apart;               ///< tiles of positions stay inside one row; else rows are flattened into one
  bool joins_rows;               ///< … but what whole tiles leave of some rows is one tile, its vectors apart
  bool skips_taps;               ///< tiles leave out taps that meet nothing but zeros of the margin
  bool rows_outer;               ///< the tiles of rows are the outer loop: few positions, the weights are read once
  /// Rows of so many vectors that a tile joins.
  std::int64_t rows_of_tile(std::int64_t vectors) const {
    return joins_rows && vectors < tile_vectors ? ceil_divide(tile_vectors, vectors) : 1;
  }
};

Blocking choose_blocking(const std::array<LoweredAxis, 3>& axes, const DenseShape& shape, const TileLimits& tiles);

/// Tiles of positions whose cells stay in the first-level cache while the tiles of rows pass over them, each writing a
/// run of results; 1 where the sums have many steps: all rows at one tile of positions then.
std::int64_t tiles_of_run(std::int64_t tile_bytes);

/// Accumulators that hide the latency of a multiply-add: 4 cycles × 2 units, and a little more for the loads.
inline constexpr std::int64_t busy_accumulators = 10;

/// Multiply-adds in flight that all tiles of a product of `rows` × `vectors` take, per tap: small tiles count as large
/// ones, and so do those that wait for their loads, half of which cross a line of the cache.
double tiles_cost(std::int64_t rows, std::int64_t vectors, std::int64_t most_rows, std::int64_t most_vectors);
/// The same with the best tile.
double least_tiles_cost(std::int64_t rows, std::int64_t vectors, const TileLimits& tiles);

/// Part `i` of `count` split into as few parts of at most `most` as possible, as even as possible: the larger ones
/// first. Asked for every tile, so without a division.
struct EvenParts {
  std::int64_t parts, least, larger;  ///< `larger` parts have one more than `least`
  EvenParts(std::int64_t count, std::int64_t most)
      : parts(ceil_divide(count, most)), least(parts > 0 ? count / parts : 0), larger(count - least * parts) {}
  std::int64_t begin(std::int64_t i) const { return i * least + std::min(i, larger); }
  std::int64_t size(std::int64_t i) const { return least + (i < larger ? 1 : 0); }
};

}  // namespace faltung::internal
