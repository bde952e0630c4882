// The leaf loops, as tables of functions: one table per element type and target. No Problem, no allocation, no
// exceptions.
//
// A kernel reads whole vectors: the caller leaves `lanes` elements readable behind every row that it hands over.
#pragma once

#include "kernels/target.hpp"

#include <cstdint>

namespace faltung::internal {

/// Largest register tiles that are compiled; a target's own limits stand in its table.
inline constexpr int most_tile_rows = 12;
inline constexpr int most_tile_vectors = 8;
/// … of panels, and of tiles that are not for few rows.
inline constexpr int most_panel_vectors = 4;

/// The steps of a sum that are taken: of every part, `runs` times `run` of them, `skip` apart, then `rest` to the next
/// part. No part or run: nothing but the start.
struct Steps {
  std::int64_t parts, runs, run, skip, rest;
  std::int64_t part() const { return runs * (run + skip) + rest; }  ///< with what is passed over
  static Steps all(std::int64_t depth) { return {1, 1, depth, 0, 0}; }
};

/// `count` tiles in one call, and how far what each of them reads and writes lies behind that of the one before: sums
/// of few steps take no longer than their calls.
struct Repeat {
  std::int64_t count, a, b, c, start;
  bool asks_ahead;  ///< for the lines of the results two tiles on
};

/// Vectors of a tile that may lie apart.
inline constexpr int most_vectors_apart = 3;

/// How far the cells and results of each vector of a tile lie behind those of the first: vectors of several rows.
struct Apart {
  std::int64_t cells[most_vectors_apart], results[most_vectors_apart];
};

/// c[i][j] = start[i] + Σ_k a[k·rows + i] · b[offset[k] + j], i < rows, j < vectors·lanes, over some steps; k
/// ascending, fused multiply-add. `start` null: the sums continue what stands in c; `apart` null: vectors follow each
/// other. Source: Goto & van de Geijn, "Anatomy of high-performance matrix multiplication", 2008; the table of offsets
/// instead of im2col: Dukhan, "The indirect convolution algorithm", 2019.
template <class T>
using TileKernel = void (*)(const T* a, const T* b, const std::int64_t* offset, const Steps& steps, T* c,
                            std::int64_t c_stride, const T* start, const Repeat& repeat, const Apart* apart);

/// c[i][j] += Σ_k a[row[i] + step[k]] · b[k·b_stride + j]: the block's sum starts from 0 and is added once; to 0, where
/// c `starts`.
template <class T>
using CorrelateKernel = void (*)(const T* a, const std::int64_t* row, const std::int64_t* step, const T* b,
                                 std::int64_t b_stride, std::int64_t depth, T* c, std::int64_t c_stride, bool starts);

template <class T>
struct TileKernels {
  std::int64_t lanes = 1;
  bool fused = false;                                                  ///< multiply-add rounds once
  int wide_rows = 1, wide_vectors = 1;                                 ///< the tile for long rows of positions
  int tall_rows = 1, tall_vectors = 1;                                 ///< the tile for few positions
  int widest[most_tile_rows + 1] = {};                                 ///< vectors of the widest tile of so many rows
  TileKernel<T> tile[most_tile_rows + 1][most_tile_vectors + 1] = {};  ///< null where the registers do not suffice
  TileKernel<T> pair[most_tile_rows + 1] = {};  ///< two tiles of so many rows and one vector, their weights one after
                                                ///< the other: alone, they leave multiply-adds waiting for each other
  CorrelateKernel<T> correlate[most_tile_rows + 1][most_panel_vectors + 1] = {};
};

inline constexpr std::int64_t most_panel_width =
    most_panel_vectors * 16;  ///< positions of a panel: 16 floats in a vector

/// Positions that follow each other: `length` of them from `cell` on.
struct Segment {
  std::int64_t cell, length;
};

/// What is done to finished sums, last.
template <class T>
struct Finish {
  bool adds = false;    ///< onto what stands in the result
  bool leaks = false;   ///< slope·y where y < 0
  bool limits = false;  ///< low where y < low, high where y > high
  T slope{}, low{}, high{};

  bool nothing() const { return !adds && !leaks && !limits; }
  /// The activation; the addition comes before. Comparisons are false for NaN, so it stays.
  T operator()(T y) const {
    if (leaks && y < T{}) y = slope * y;
    if (!limits) return y;
    return y < low ? low : y > high ? high : y;
  }
};

template <class T>
struct RowKernels {
  std::int64_t lanes = 1;
  /// out[y·out_pitch + i·count + r] = rows[r][y·in_pitch + i], i < n, y < height. Reads and writes nothing else.
  void (*interleave)(const T* const* rows, std::int64_t in_pitch, std::int64_t height, std::int64_t count,
                     std::int64_t n, T* out, std::int64_t out_pitch);
  /// rows[r][y·out_pitch + i] = in[y·in_pitch + i·count + r], i < n, y < height. Reads and writes nothing else.
  void (*deinterleave)(const T* in, std::int64_t in_pitch, std::int64_t height, std::int64_t count, std::int64_t n,
                       T* const* rows, std::int64_t out_pitch);
  /// out[i·out_pitch + j] = in[i·in_pitch + j]: `count` rows of n.
  void (*copy_rows)(const T* in, std::int64_t in_pitch, std::int64_t count, std::int64_t n, T* out,
                    std::int64_t out_pitch);
  /// out[i] = in[i], i < n, past the caches: lines that are written whole are not read before. Other threads see them
  /// after `fence`.
  void (*copy_non_temporal)(const T* in, std::int64_t n, T* out);
  void (*fence)();
  /// out[i][j] = in[j][i]: `in` has `height` rows of `width`, `out` width rows of height.
  void (*transpose)(const T* in, std::int64_t in_stride, std::int64_t height, std::int64_t width, T* out,
                    std::int64_t out_stride);
  /// panel[k·width + i] = planes[offset[k] + cell of position i], positions by segments. Writes up to a vector behind
  /// the panel, reads up to a vector behind each segment, but nothing from `end` on.
  void (*panel)(const T* planes, const T* end, const std::int64_t* offset, std::int64_t depth, const Segment* segments,
                std::int64_t segment_count, std::int64_t width, T* panel);
  /// out[i·out_step] = in[i·in_step], i < n.
  void (*copy)(const T* in, std::int64_t in_step, std::int64_t n, T* out, std::int64_t out_step);
  /// Whether none of n numbers is Inf or NaN.
  bool (*finite)(const T* numbers, std::int64_t n);
  /// out[i] = finish(sums[i]), or of out[i] + sums[i]; i < n. `sums` may be `out`. Touches nothing outside.
  void (*finish)(const Finish<T>& finish, const T* sums, std::int64_t n, T* out);
};

inline constexpr int few_channels_rows = 4;  ///< result rows of the blocked kernel

/// Which result rows a given row meets, low … high, as one number; few_channels_nothing: none.
constexpr std::uint8_t few_channels_reach(std::int64_t low, std::int64_t high) {
  return static_cast<std::uint8_t>(low * few_channels_rows + high);
}
inline constexpr std::uint8_t few_channels_nothing = 255;

/// Given rows in, a few result rows out: all their sums stay in registers. Given row e and result row r meet in the tap
/// row e − r·stride; taps ascend in (outer, e, x).
///     c[r][j] = start + Σ_o Σ_y Σ_x weights[(o·height + y)·width + x] · rows[planes[o] + (r·stride +
///     y)·row_step][x_step[x] + j]
template <class T>
struct FewChannelsTile {
  const T* const* rows;  ///< each at the first position; readable to the last position of the last tap, or a vector
  const std::int64_t* planes;  ///< [outer]
  std::int64_t row_step;
  const std::uint8_t* reach;  ///< [reaches]: few_channels_reach
  const std::int64_t* x_step;
  const T* weights;
  std::int64_t outer, height, width;  ///< (channel, tap along z), taps along y, taps along x
  std::int64_t reaches;               ///< (count − 1)·stride + height
  std::int64_t row_weights;           ///< stride·width
  T* const* c;                        ///< [count]
  const T* const* start_rows;         ///< [count], or null: `start` everywhere
  T start;
  std::int64_t count;      ///< result rows, at most few_channels_rows
  std::int64_t positions;  ///< per row, any number
};
template <class T>
using FewChannelsKernel = void (*)(const FewChannelsTile<T>& tile);

template <class T>
struct FewChannelsKernels {
  std::int64_t lanes = 1;
  FewChannelsKernel<T> block;  ///< up to few_channels_rows rows
  FewChannelsKernel<T> line;   ///< one row
};

inline constexpr int most_gradient_taps = 12;  ///< with a vector of coarse numbers, what 16 registers hold

/// Weight gradients of few channels: `lanes` pairs of a coarse and a fine channel side by side.
template <class T>
struct FewChannelsGradientKernels {
  std::int64_t lanes = 1;
  /// out[i·lanes + l] = rows[l][offset + i·step], i < n. Reads and writes nothing else.
  void (*load)(const T* const* rows, std::int64_t offset, std::int64_t step, std::int64_t n, T* out);
  /// totals[i] += sums[i], i < n, a multiple of `lanes`.
  void (*add)(const T* sums, std::int64_t n, T* totals);
  /// [taps]: to[t][l] = from[t][l] + Σ_i in[t][step[i] + l] · coarse[i·lanes + l], i < positions, ascending, fused.
  void (*correlate[most_gradient_taps + 1])(const T* const* in, const std::int64_t* step, const T* coarse,
                                            std::int64_t positions, const T* from, T* to);
};

template <class T>
const TileKernels<T>& tile_kernels(Target target);
template <class T>
const RowKernels<T>& row_kernels(Target target);

template <class T>
const FewChannelsKernels<T>& few_channels_kernels(Target target);
template <class T>
const FewChannelsGradientKernels<T>& few_channels_gradient_kernels(Target target);

template <>
const TileKernels<float>& tile_kernels<float>(Target target);
template <>
const TileKernels<double>& tile_kernels<double>(Target target);
template <>
const RowKernels<float>& row_kernels<float>(Target target);
template <>
const RowKernels<double>& row_kernels<double>(Target target);
template <>
const FewChannelsKernels<float>& few_channels_kernels<float>(Target target);
template <>
const FewChannelsKernels<double>& few_channels_kernels<double>(Target target);
template <>
const FewChannelsGradientKernels<float>& few_channels_gradient_kernels<float>(Target target);
template <>
const FewChannelsGradientKernels<double>& few_channels_gradient_kernels<double>(Target target);

}  // namespace faltung::internal
