// Weight gradients: the correlation of the coarse array with the shifted planes of the fine one, by the engine's
// register tile.
//
//     w[coarse channel][fine channel, tap] = Σ_position coarse[position] · planes[cell(position) + offset(fine channel,
//     tap)]
//
// Vector lanes run along the coarse channels (transposed for one block of positions), rows are pairs of a fine channel
// and a tap; nothing is expanded k² times. Blocks of `weight_gradient_block` positions are summed from 0 and added in
// the order of sample and block.
#pragma once

#include "engine/blocking.hpp"
#include "engine/lowering.hpp"
#include "engine/planes.hpp"
#include "engine/prepared.hpp"
#include "kernels/kernels.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace faltung::internal {

template <class T>
class WeightGradient : public Prepared {
 public:
  WeightGradient(const Problem& problem, int threads, Target target, const Ends& ends);
  WeightGradient(const WeightGradient&) = delete;
  WeightGradient& operator=(const WeightGradient&) = delete;

  std::size_t workspace_bytes() const override;
  std::size_t packed_bytes() const override { return 0; }
  std::unique_ptr<const Packed> pack(const void*, const void*) const override { return nullptr; }
  void run(const Arrays& arrays, std::byte* workspace) const override;

 private:
  /// A few blocks of positions, and the box of positions around them that is packed at once.
  struct Stretch {
    std::int64_t begin, end;
    Box box;
  };
  struct Lane {
    T *planes, *coarse, *sums;
    const T* cells;  ///< the planes, or the given array
    std::int64_t *rows, *steps;
  };
  Stretch stretch(std::int64_t begin) const;
  std::array<std::int64_t, 3> largest_box() const;
  /// `loaded`: the conv group whose coarse numbers the lane holds, where they are one block; −1: none.
  void run_task(std::int64_t conv_group, std::int64_t chunk, const T* fine, const T* coarse, T* weights, Lane lane,
                std::int64_t& loaded) const;
  /// `starts`: onto sums that are not there yet.
  void add_block(std::int64_t rows, std::int64_t depth, bool starts, const Lane& lane) const;
  /// Coarse numbers of some positions, channels as neighbours.
  void load_coarse(const T* given, std::int64_t begin, std::int64_t depth, T* coarse) const;
  void add_block_without_zeros(const T* coarse, std::int64_t begin, std::int64_t depth, std::int64_t channels,
                               const Lane& lane) const;
  bool reads_in_place() const;
  std::int64_t planes_elements(std::int64_t channels) const { return in_place_ ? 0 : planes_->elements(channels); }
  std::int64_t lane_bytes() const;

  Problem problem_;
  int threads_;
  const TileKernels<T>& tiles_;
  const RowKernels<T>& rows_;
  std::array<LoweredAxis, 3> axes_;
  PhaseGroup taps_;
  std::int64_t fine_channels_, coarse_channels_;  ///< of one group
  std::int64_t positions_;
  Strides fine_strides_, coarse_strides_;
  std::int64_t coarse_vectors_, coarse_pitch_;  ///< coarse channels in whole vectors, and from one position to the next
  EvenParts chunks_{1, 1};                      ///< fine channels of one task
  std::optional<Planes> planes_;
  bool in_place_ = false;     ///< the fine array is the planes
  bool swapped_ = false;      ///< what is called fine here is the coarse array: it has more channels
  bool meets_zeros_ = false;  ///< some product is one with a zero of the margin
  std::int64_t lanes_ = 1;
};

}  // namespace faltung::internal
