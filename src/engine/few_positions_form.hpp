// What a problem of few positions looks like before anything is made: which results meet which taps, how rows of
// positions and panels of channels are cut, and how long that takes.
#pragma once

#include "kernels/few_positions.hpp"
#include "problem/axes.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace faltung::internal {

/// One axis of one phase of the result: a transposed convolution has as many as its stride, others one.
struct PhaseAxis {
  struct Meeting {
    std::int64_t tap;    ///< index into taps
    std::int64_t given;  ///< cell
  };
  std::vector<std::int64_t> taps;         ///< those that meet some given cell at some result, ascending
  std::vector<std::int64_t> results;      ///< cells, ascending
  std::vector<std::vector<Meeting>> met;  ///< of every result, taps ascending
  /// Taps that meet anything at all, on average over windows of so many results that follow each other.
  double taps_of(std::int64_t together) const;
};

struct FewPositionsForm {
  std::array<std::vector<PhaseAxis>, 3> phases;  ///< along each axis
  std::int64_t given_channels, result_channels;  ///< of one conv group
  std::int64_t vectors;                          ///< of a panel, at most
  std::int64_t rows;                             ///< of a tile, at most
  bool apart;                                    ///< tiles are samples of one position, so that none multiplies zeros
  bool far;                                      ///< weights do not stay in the second-level cache
  double seconds;                                ///< of one thread
};

/// Given channels of one block of a sum over so many taps, of which a tile takes some.
struct BlockOfChannels {
  std::int64_t channels;
  bool near;  ///< its weights of a panel stay in half of a first-level cache, or are read once
};
BlockOfChannels block_of_channels(std::int64_t taps, double taken, bool one_tile, std::int64_t step_bytes);

/// Cells of all tiles' tables; without making them.
double few_positions_table(const Problem& problem);

/// A problem with coarse or fine unknown whose table is not too large, that is not folded.
FewPositionsForm few_positions_form(const Problem& problem, std::int64_t lanes,
                                    const std::array<std::int64_t, most_tile_vectors + 1>& most_rows);

/// The most rows of a tile of so many vectors.
template <class T>
std::array<std::int64_t, most_tile_vectors + 1> most_rows_of(const FewPositionsKernels<T>& kernels) {
  std::array<std::int64_t, most_tile_vectors + 1> most{};
  for (std::size_t vectors = 1; vectors <= most_tile_vectors; ++vectors)
    for (std::size_t rows = 1; rows <= most_tile_rows; ++rows)
      if (kernels.product[rows][vectors] != nullptr) most[vectors] = static_cast<std::int64_t>(rows);
  return most;
}

}  // namespace faltung::internal
