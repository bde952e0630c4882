// Which axes of a problem are transformed, and in tiles of which size: the cheapest by a model of the work.
#pragma once

#include "engine/fft_axis.hpp"

#include <faltung/problem.hpp>

#include <cstdint>
#include <optional>

namespace faltung::internal {

/// Tiles along one transformed axis: positions tile·results … of the axis, `results` of them kept.
struct FftTiles {
  std::int64_t points = 1;   ///< of the transform
  std::int64_t results = 1;  ///< of one tile
  std::int64_t count = 1;
  std::int64_t lead = 0;  ///< given positions before the first that are read, so that reads begin at whole vectors
};

/// The two axes of a tile are the problem's y and x; or both are pieces of x, and y is summed tap by tap like z.
/// Overlap-save: Stockham, "High-speed convolution and correlation", 1966.
struct FftTiling {
  bool pieces = false;
  std::int64_t rows = 1, columns = 1;  ///< points of the transforms along y and x
  FftTiles y, x;                       ///< in pieces: y is trivial, x has rows · columns points
  std::int64_t pairs = 1;              ///< tiles of all samples, two by two
  std::int64_t pairs_at_once = 1;      ///< whose spectra are held together
  double seconds = 0;                  ///< of one run on one thread
  double pack_seconds = 0;             ///< of the weights' transforms

  std::int64_t points() const { return rows * columns; }
};

/// Extents of a problem as this engine sees them.
struct FftExtents {
  std::int64_t given_channels, result_channels;  ///< of one group
  std::int64_t given_planes = 1, result_planes = 1, taps = 1, terms = 1;
  bool single() const { return given_channels == 1 && result_channels == 1 && taps == 1; }
};
FftExtents fft_extents(const Problem& problem, bool pieces);

/// Nothing where no tile is large enough for the kernel or small enough for the memory. The same for any number of
/// threads, and so are the bits.
std::optional<FftTiling> fft_tiling(const Problem& problem, std::int64_t lanes);

}  // namespace faltung::internal
