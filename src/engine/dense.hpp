// The engine for many channels: phase planes, a table of offsets instead of im2col, one register tile, phases put
// together again.
//
//     result[m][q] = start[m] + Σ_k weights[m][k] · planes[offset[k] + q]
//
// with rows m = (result channel, phase) and k = (channel, tap).
// Nothing is expanded k² times: every tap is a constant offset into the packed planes of a box of positions.
#pragma once

#include "engine/blocking.hpp"
#include "engine/ends.hpp"
#include "engine/fold.hpp"
#include "engine/lowering.hpp"
#include "engine/planes.hpp"
#include "engine/prepared.hpp"
#include "kernels/kernels.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace faltung::internal {

template <class T>
struct DenseWeights;

/// A problem with coarse or fine unknown, made ready. T is float or double.
template <class T>
class Dense : public Prepared {
 public:
  Dense(const Problem& problem, int threads, Target target, const Ends& ends);
  Dense(const Dense&) = delete;
  Dense& operator=(const Dense&) = delete;

  std::size_t workspace_bytes() const override;
  std::size_t packed_bytes() const override;
  std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const override;
  void run(const Arrays& arrays, std::byte* workspace) const override;

 private:
  /// A phase group with its table of offsets.
  struct Group {
    PhaseGroup phases;
    std::vector<std::int64_t> offset;      ///< of every (channel, tap)
    std::int64_t block;                    ///< of them, one block of the sum
    std::vector<LoweredAxis::Run> met[2];  ///< taps that meet a row, along z and y: of every position, where tiles skip
    std::int64_t count() const { return static_cast<std::int64_t>(phases.phases.size()); }
    std::int64_t depth() const { return static_cast<std::int64_t>(offset.size()); }
    std::int64_t taps() const { return std::max<std::int64_t>(1, static_cast<std::int64_t>(phases.taps.size())); }
    /// From step k of the sum on, in planes whose first channel is `channel`.
    const std::int64_t* offsets(std::int64_t k, std::int64_t channel) const {
      return offset.data() + k - channel * taps();
    }
  };
  /// Where a phase stands among the rows of a chunk.
  struct PhasePlace {
    std::size_t group;
    std::int64_t index;
    std::int64_t before;  ///< phases of the groups before
  };
  /// Positions as register tiles: `count` that follow each other, or one whose vectors lie apart.
  struct PositionTiles {
    std::int64_t cell;    ///< of the first, in the planes
    std::int64_t column;  ///< in the scratch, or in the result's channel
    std::int64_t count;
    std::int64_t vectors;   ///< of a tile
    std::int64_t valid;     ///< positions that exist; the rest of the vectors is nobody's
    LoweredAxis::Run rows;  ///< of the box, where tiles know them
    const Apart* apart = nullptr;
  };
  struct Task {
    std::int64_t sample, conv_group;
    Box box;
    std::int64_t first_chunk, end_chunk;
  };
  struct Lane {
    T *planes, *scratch, *row, *tail, *panels;
  };
  /// The steps of a block of the sum that meet something else than zeros; the first of them.
  struct Taken {
    std::int64_t first;
    Steps steps;
  };
  /// What the tiles of rows at some equal tiles of positions share; weights, c and start are those of row 0.
  struct Product {
    const T *weights, *cells;
    const std::int64_t* offset;
    std::int64_t depth;  ///< of the weights
    Taken taken;
    T* c;
    std::int64_t c_stride;
    const T* start;
    std::int64_t count, cells_step;  ///< tiles of positions, and how far the cells of one lie behind those before
    const Apart* apart = nullptr;
  };
  /// One chunk of one task, for the loops below.
  struct ChunkRun;

  // of a dense result
  std::int64_t result_cells() const { return axes_[0].result * axes_[1].result * axes_[2].result; }
  std::int64_t result_cell(std::int64_t z, std::int64_t y, std::int64_t x) const {
    return (z * axes_[1].result + y) * axes_[2].result + x;
  }
  // of a dense given array
  std::int64_t given_cells() const { return axes_[0].given * axes_[1].given * axes_[2].given; }
  std::int64_t chunk_begin(std::int64_t chunk) const { return chunks_.begin(chunk); }
  std::int64_t weights_of_channel() const {
    std::int64_t weights = 0;
    for (const Group& group : groups_) weights += group.count() * group.depth();
    return weights;
  }

  std::int64_t lane_elements() const {
    return planes_elements_ + scratch_elements_ + row_elements_ + tail_elements_ + panels_elements_;
  }

  /// Where the weight of a tap stands in problem.weights_shape(); channels count within their conv group.
  std::int64_t weight_place(std::int64_t conv_group, std::int64_t result, std::int64_t given, std::int64_t tap) const;
  std::array<std::int64_t, 3> phase_of(std::int64_t linear) const {
    return {linear / (axes_[1].phases * axes_[2].phases), linear / axes_[2].phases % axes_[1].phases,
            linear % axes_[2].phases};
  }
  void pack_in_parts();
  bool writes_in_place() const;
  std::int64_t box_begin(std::size_t axis, std::int64_t i) const;
  Task task(std::int64_t index) const;
  void run_task(const Task& task, const T* given, T* result, const Packed& packed, const Lane& lane) const;
  void run_chunk(const ChunkRun& run) const;
  void multiply_rows(LoweredAxis::Run tiles, const EvenParts& parts, std::int64_t vectors, const Product& of) const;
  void multiply(const ChunkRun& run, std::size_t group, std::int64_t scratch_row) const;
  Taken taken(const Group& group, std::int64_t depth, const Box& box, std::int64_t begin, std::int64_t end) const;
  void multiply_panels(const ChunkRun& run, std::size_t group, std::int64_t scratch_row) const;
  void prefill(const ChunkRun& run) const;
  void keep_for_repair(const T* weights, DenseWeights<T>& packed) const;
  void repair(const ChunkRun& run) const;
  T sum_without_zeros(const ChunkRun& run, const Group& group, std::int64_t channel, std::int64_t index, T start,
                      const std::array<std::int64_t, 3>& position) const;
  bool kept(std::size_t axis, std::int64_t position, std::int64_t phase) const;
  void put_together(const ChunkRun& run) const;
  void put_rows_together(const ChunkRun& run, std::int64_t channel, std::int64_t phase_zy, std::int64_t z,
                         LoweredAxis::Run lines, T* plane) const;
  void put_together_columns(const ChunkRun& run) const;
  void put_together_channels_last(const ChunkRun& run) const;
  /// Finished sums into a row of the result; the sums may be changed.
  void write_row(const Finish<T>& finish, T* sums, std::int64_t n, T* row, std::int64_t step) const;
  void fold_channel(T* temporary, T* result) const;
  /// Where a position of a box stands in the planes (or in the given array).
  std::int64_t cell(std::int64_t z, std::int64_t y, std::int64_t x) const {
    return in_place_ ? (z * axes_[1].given + y) * axes_[2].given + x : planes_->position(z, y, x);
  }
  /// Sums that are put together here: what is folded is finished afterwards.
  Finish<T> finish_here() const { return fold_ ? Finish<T>{} : finish_; }
  /// Where a position of a phase stands in the result, along one axis; outside, where it is cut.
  std::int64_t result_index(std::size_t axis, std::int64_t position, std::int64_t phase) const {
    return position * axes_[axis].phases + phase - axes_[axis].crop;
  }
  /// The positions of a box along x whose cells of a phase exist.
  LoweredAxis::Run existing(const Box& box, std::int64_t phase_x) const;
  /// Where a row of a box begins in the scratch.
  std::int64_t scratch_column(const Box& box, std::int64_t z, std::int64_t y) const;
  T* scratch_or_result(const ChunkRun& run, std::int64_t scratch_row) const;
  template <class Visit>
  void for_each_run_of_tiles(const Box& box, Visit&& visit) const;

  Problem problem_;
  int threads_;
  const TileKernels<T>& tiles_;
  const RowKernels<T>& rows_;
  std::array<LoweredAxis, 3> axes_;
  std::vector<Group> groups_;
  std::vector<PhasePlace> place_of_;               ///< of every linear phase
  std::int64_t given_channels_, result_channels_;  ///< of one conv group
  std::int64_t phases_;
  Finish<T> finish_;
  Strides given_strides_, result_strides_;
  bool result_dense_;
  std::int64_t given_shift_ = 0,
               result_shift_ = 0;  ///< from the first cell of an array to the first of its orientation
  Strides out_strides_;            ///< of what put_together writes: the result, or what is folded into it
  Blocking blocking_{};
  EvenParts chunks_{1, 1};
  std::optional<Planes> planes_;
  bool in_place_ = false;      ///< the given array is the planes
  bool non_temporal_ = false;  ///< rows of the result are written past the caches
  bool direct_ = false;        ///< tiles are written into the result
  bool meets_zeros_ = false;   ///< some sum has products with zeros of the margin
  std::optional<Fold> fold_;   ///< the result is a padded array, folded afterwards
  std::array<std::int64_t, 3> boxes_{};
  std::int64_t packed_channels_ = 0;  ///< at once: all of a conv group, if their planes are not too large
  std::int64_t splits_ = 1, tasks_ = 0, lanes_ = 1;
  std::int64_t scratch_columns_ = 0, scratch_rows_ = 0;
  std::int64_t planes_elements_ = 0, scratch_elements_ = 0, row_elements_ = 0, tail_elements_ = 0, panels_elements_ = 0;
  std::vector<std::int64_t> tail_offset_[most_tile_vectors + 1];
};

}  // namespace faltung::internal
