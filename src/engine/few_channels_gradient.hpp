// Weight gradients of few channels per group.
//
//     w[pair][tap] = Σ_position coarse[coarse channel of the pair][position] · fine[its fine channel][position·s +
//     tap·d]
//
// Vector lanes run along the pairs of a coarse and a fine channel: rows of both arrays are transposed, margins and all,
// so that the numbers of a vector of pairs are neighbours, and the sums of some taps stay in registers while positions
// go by. Blocks of `weight_gradient_block` positions are summed from 0 and added in the order of sample and block.
#pragma once

#include "engine/ends.hpp"
#include "engine/lowering.hpp"
#include "engine/prepared.hpp"
#include "kernels/kernels.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace faltung::internal {

template <class T>
class FewChannelsGradient : public Prepared {
 public:
  FewChannelsGradient(const Problem& problem, int threads, Target target, const Ends& ends);

  std::size_t workspace_bytes() const override;
  std::size_t packed_bytes() const override { return 0; }
  std::unique_ptr<const Packed> pack(const void*, const void*) const override { return nullptr; }
  void run(const Arrays& arrays, std::byte* workspace) const override;

 private:
  /// What one thread works with.
  struct Lane {
    T* fine;                                     // [tap along z][row of a stretch][padded cell of a row][lane]
    T* coarse;                                   // [position of a block][lane]
    T *sums, *next, *totals;                     // [tap][lane]
    const T **taps, **fine_rows, **coarse_rows;  // where the cells of each tap begin; the first cell of each lane
    std::byte* end;
  };
  /// Coarse rows of one plane whose fine rows are in Lane::fine.
  struct Stretch {
    std::int64_t sample, z, first, rows;
  };
  struct Tap {
    std::int64_t z, y, x;
    std::int64_t offset;  ///< in Lane::fine
  };

  Lane lane(std::byte* memory) const;
  void run_task(std::int64_t task, const T* fine, const T* coarse, T* weights, const Lane& lane) const;
  void load_fine(const Stretch& stretch, const Lane& lane) const;
  void load_fine_row(std::int64_t offset, const Lane& lane, T* to) const;
  void load_coarse(const Stretch& stretch, std::int64_t begin, std::int64_t end, const Lane& lane) const;
  void add_positions(const Stretch& stretch, std::int64_t begin, std::int64_t end, Lane& lane) const;
  void add_positions_without_zeros(const Stretch& stretch, std::int64_t begin, std::int64_t end,
                                   const Lane& lane) const;

  Problem problem_;
  int threads_;
  const FewChannelsGradientKernels<T>& kernels_;
  const RowKernels<T>& rows_;
  std::array<LoweredAxis, 3> axes_;
  std::array<std::int64_t, 3> stride_{};
  Strides fine_strides_, coarse_strides_;
  std::int64_t pairs_, tasks_, lanes_;      // … vectors of pairs, threads
  std::int64_t stretch_rows_, given_rows_;  // coarse rows of a stretch, fine rows of it
  std::int64_t cells_;                      // of a padded row, as far as taps reach
  std::int64_t inside_begin_, inside_end_;  // those that lie in the array
  std::vector<bool> needed_;                // whether any tap reads a given row
  std::vector<Tap> taps_;
  std::vector<std::int64_t> steps_;  // from the first position of a stretch
  bool meets_zeros_ = false;         // some product is one with a zero of the margin
};

/// Bytes of workspace of each thread, about.
double few_channels_gradient_bytes(const Problem& problem, std::int64_t lanes);

}  // namespace faltung::internal
