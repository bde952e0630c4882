// Winograd's algorithm through the engine's register tiles: tiles of the given array are transformed, one matrix
// product per point, and the products transformed into the result.
//
//     points[i][channel][position] = B_y B_x given        rows first, then columns; lanes along positions
//     products[o] = start + Σ_(depth tap, term, channel) weights[o] · points
//     result = A_y A_x products
//
// A block of tiles is taken through all three before the next.
#pragma once

#include "engine/blocking.hpp"
#include "engine/direct_again.hpp"
#include "engine/winograd_axes.hpp"
#include "kernels/winograd.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace faltung::internal {

template <class T>
struct WinogradWeights;

/// A problem with coarse or fine unknown, made ready. T is float or double.
template <class T>
class Winograd : public Transformed {
 public:
  Winograd(const Problem& problem, const WinogradAxes& axes, int threads, Target target);
  Winograd(const Winograd&) = delete;
  Winograd& operator=(const Winograd&) = delete;

  std::size_t workspace_bytes() const override;
  std::size_t packed_bytes() const override;
  std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const override;
  bool run(const Arrays& arrays, std::byte* workspace) const override;

 private:
  /// A point of the input and the row of the weights' transform that meet in a point of the output.
  struct Term {
    std::int64_t in;
    int weights_y, weights_x;
  };
  struct Lane {
    T *points, *products, *in_rows, *in_planes, *out_rows, *out_planes, *cells, *nowhere;
  };
  struct Task {
    std::int64_t sample, group;
    std::int64_t z_begin, z_end;
    std::int64_t line_begin, line_end;  ///< of tiles, along y
    std::int64_t tile_begin, tile_end;  ///< along x
    std::int64_t chunk_begin, chunk_end;
    std::int64_t positions(std::int64_t granule) const {
      return (line_end - line_begin) * (tile_end - tile_begin) * granule;
    }
  };
  struct Product;
  /// Rows and vectors of a register tile.
  struct TileSize {
    std::int64_t rows, vectors;
  };
  class TilePacking;

  /// Whole vectors of positions, and those of a few more that are columns: lanes along rows then.
  struct Width {
    std::int64_t vectors, columns;
  };
  Width width(std::int64_t positions, std::int64_t tile_rows) const {
    const std::int64_t rest = positions % tiles_.lanes;
    if (rest > most_product_columns || rest * 2 > tiles_.lanes || tile_rows > tiles_.lanes)
      return {ceil_divide(positions, tiles_.lanes), 0};
    return {positions / tiles_.lanes, rest};
  }
  void choose_blocks();
  /// Tiles of one vector that alone leave multiply-adds waiting; others read weights from far faster one by one.
  bool pairs(const EvenParts& row_tiles, std::int64_t tile, std::int64_t vectors) const {
    const std::int64_t rows = row_tiles.size(tile);
    return vectors == 1 && rows < busy_accumulators && tile + 1 < row_tiles.parts && rows == row_tiles.size(tile + 1) &&
           kernels_.pair[rows] != nullptr;
  }
  double products_cost(std::int64_t positions, const TileSize& most) const;
  TileSize best_tile(std::int64_t positions) const;
  void choose_tiles();
  void lay_out();
  void make_offsets();
  Task task(std::int64_t index) const;
  Lane lane(T* memory) const;
  void run_task(const Task& task, const T* given, const T* given_end, T* result, const WinogradWeights<T>& packed,
                const Lane& lane, std::atomic<bool>& wild) const;
  void transform_in(const Task& task, const T* plane, const T* given_end, const Lane& lane, T* points) const;
  void multiply(const Product& product, const Lane& lane) const;
  void multiply_columns(const Product& block, const T* points) const;
  bool transform_out(const Task& task, std::int64_t channels, T* plane, const Lane& lane) const;

  std::int64_t rows_of(std::int64_t chunk) const { return chunks_.size(chunk); }
  std::int64_t in_points() const { return y_.in.rows * x_.in.rows; }
  std::int64_t out_points() const { return y_.out.columns * x_.out.columns; }
  /// Channels, depth taps and terms that are summed in a point of the output.
  std::int64_t depth_of(std::size_t point) const {
    return static_cast<std::int64_t>(terms_[point].size()) * axes_.z.taps * given_channels_;
  }
  /// Of the transformed weights of a group.
  std::int64_t weight_bytes() const;
  std::int64_t given_cells() const { return axes_.z.given * axes_.y.given * axes_.x.given; }
  std::int64_t result_cells() const { return axes_.z.result * axes_.y.result * axes_.x.result; }

  Problem problem_;
  WinogradAxes axes_;
  const Bilinear &y_, &x_;
  int threads_;
  const WinogradKernels<T>& kernels_;
  const TileKernels<T>& tiles_;
  const RowKernels<T>& rows_;
  std::int64_t given_channels_, result_channels_;  ///< of one conv group
  std::vector<std::vector<Term>> terms_;           ///< of every point of the output
  std::vector<bool> biased_;                       ///< points of the output where the bias goes in
  std::vector<std::int64_t> offsets_;              ///< of [turn of the slots][point of the output][depth]
  std::vector<std::int64_t> offsets_begin_;        ///< of every point of the output; the last one ends a turn
  EvenParts chunks_{1, 1}, line_blocks_{1, 1}, tile_blocks_{1, 1}, z_blocks_{1, 1};
  std::int64_t splits_ = 1;  ///< tasks that share the chunks of a block
  std::int64_t tasks_ = 0, lanes_ = 1;
  TileSize tile_{1, 1};  ///< at most
  std::int64_t sum_block_ = 1;
  std::int64_t slots_ = 1;  ///< planes along z that are kept
  std::int64_t position_stride_ = 0, in_stride_ = 0, out_stride_ = 0, slot_stride_ = 0;
  std::int64_t in_row_pitch_ = 0, in_plane_pitch_ = 0, out_row_pitch_ = 0, out_plane_pitch_ = 0, cell_pitch_ = 0;
  std::array<std::int64_t, 8> lane_parts_{};
  bool points_far_ = false;  ///< the weights push them out of the second-level cache
  std::vector<T> zeros_;     ///< a row in the margin, and what sums start from
};

}  // namespace faltung::internal
