// The engine for few positions and many channels: fully connected layers, kernels as large as their array, images of a
// few cells.
//
//     result[q][m] = start[m] + Σ_k cells[k][q] · weights[k][m]
//
// with vectors along the result channels m, rows q = (position, sample), k = (channel, tap). Weights lie in the order
// in which they are read; each tile of positions takes the taps that meet something at one of them.
#pragma once

#include "engine/blocking.hpp"
#include "engine/ends.hpp"
#include "engine/few_positions_form.hpp"
#include "engine/lowering.hpp"
#include "engine/prepared.hpp"
#include "kernels/few_positions.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace faltung::internal {

/// A problem with coarse or fine unknown, that is not folded, made ready. T is float or double.
template <class T>
class FewPositions : public Prepared {
 public:
  /// `ends` without layouts or a sum into the output.
  FewPositions(const Problem& problem, int threads, Target target, const Ends& ends);
  FewPositions(const FewPositions&) = delete;
  FewPositions& operator=(const FewPositions&) = delete;

  std::size_t workspace_bytes() const override;
  std::size_t packed_bytes() const override;
  std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const override;
  void run(const Arrays& arrays, std::byte* workspace) const override;

 private:
  /// Rows that are summed together. Row i is row `first` + i of its phase: position (first + i) / batch, sample
  /// (first + i) mod batch.
  struct Tile {
    std::int64_t first, rows;
    std::vector<std::int32_t> taps;   ///< of the phase, that meet anything at some row, ascending
    std::vector<std::int32_t> step;   ///< where their weights lie among those of their range
    std::vector<std::int32_t> cells;  ///< [tap][row]: the given cell, −1: nothing
    std::int64_t before = 0;          ///< cells of the tiles before
    bool in_place = false;  ///< one row, whose taps are all the cells of the array: these follow each other in memory
  };
  struct Phase {
    std::vector<std::int64_t> taps;     ///< in the kernel
    std::vector<std::int64_t> results;  ///< cells, of every position
    std::vector<Tile> tiles;
    std::vector<Tile> exact;  ///< the same by positions, without products with zeros: where weights are not finite;
                              ///< empty: there are none
    std::vector<std::int64_t> exact_from;  ///< of each tile, its first one there; and the end
    std::int64_t channels;                 ///< of a block of the sum
    std::int64_t weights;  ///< where those of the first channel begin, in numbers for each result channel
  };
  /// A part of a sum: taps of some channels.
  struct Block {
    std::int64_t channel, channels, tap, taps;
  };
  struct Weights;
  struct Task {
    std::int64_t group, chunk;
    std::size_t phase;
    std::int64_t first_tile, end_tile;
  };

  std::int64_t batch() const { return problem_.batch; }
  /// Given cells from one sample to the next.
  std::int64_t sample_cells() const { return problem_.groups * given_channels_ * given_cells_; }
  std::int64_t channels_of_block(const Phase& phase) const;
  void add_phase(const PhaseAxis& z, const PhaseAxis& y, const PhaseAxis& x);
  Tile make_tile(std::array<const PhaseAxis*, 3> axes, const std::vector<std::int32_t>& step, std::int64_t first,
                 std::int64_t rows) const;
  template <class Visit>
  void for_each_block(const Phase& phase, Visit&& visit) const;
  void run_task(const Task& task, const T* given, T* result, const Weights& packed, T* lane) const;
  void pack_cells(const Tile& tile, const Block& block, LoweredAxis::Run taps, const T* given, T* packed) const;
  void write(const Task& task, std::int64_t first, std::int64_t rows, T* sums, T* result) const;

  Problem problem_;
  int threads_;
  const FewPositionsKernels<T>& kernels_;
  const RowKernels<T>& rows_;
  Finish<T> finish_;
  bool gather_, apart_, far_;
  std::int64_t lanes_of_vector_, panel_vectors_, tile_rows_;
  std::int64_t given_channels_, result_channels_;  ///< of one conv group
  std::int64_t given_cells_ = 1, result_cells_ = 1;
  std::vector<Phase> phases_;
  std::int64_t weights_of_channel_ = 0;  ///< of one result channel
  EvenParts chunks_{1, 1};               ///< of vectors of result channels
  std::vector<Task> tasks_;
  std::vector<std::int32_t> every_step_;  ///< 0, 1, …: of a block
  std::int64_t lanes_ = 1, cells_elements_ = 0, sums_elements_ = 0, sums_stride_ = 0;
};

}  // namespace faltung::internal
