// The engine for few channels per group: a few result rows at a time, whose sums stay in registers from the bias to the
// last tap.
//
//     gather     row c reads rows c·s + k·d
//     scatter    row q of a phase reads rows q + shift, the shift falling by d/gcd(s, d) from tap to tap
//
// Result rows that lie d/gcd(s, d) apart share given rows; a scatter's are taken in reverse, so that its taps ascend
// too. Given rows are read where they are, or from packed copies, made for a band of result rows at a time.
#pragma once

#include "engine/ends.hpp"
#include "engine/fold.hpp"
#include "engine/lowering.hpp"
#include "engine/prepared.hpp"
#include "engine/row_boxes.hpp"
#include "kernels/few_channels_planes.hpp"
#include "kernels/kernels.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace faltung::internal {

template <class T>
struct FewChannelsWeights;

/// A problem with coarse or fine unknown, made ready. T is float or double.
template <class T>
class FewChannels : public Prepared {
 public:
  /// `ends` without a sum into the output: the result is written more than once.
  FewChannels(const Problem& problem, int threads, Target target, const Ends& ends);
  FewChannels(const FewChannels&) = delete;
  FewChannels& operator=(const FewChannels&) = delete;

  std::size_t workspace_bytes() const override;
  std::size_t packed_bytes() const override;
  std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const override;
  void run(const Arrays& arrays, std::byte* workspace) const override;

 private:
  /// How the rows of one phase along y, or its planes along z, read the given ones: result q and tap i meet row
  /// q·step + first + i·tap_step.
  struct Reading {
    std::int64_t first, tap_step, taps;
    /// Which result rows each given row of a tile meets, for tiles of 1 … few_channels_rows rows.
    std::array<std::vector<std::uint8_t>, few_channels_rows + 1> reach;
  };
  struct Task {
    std::int64_t sample, conv_group, z, row_begin, row_end;
    const RowBox& box;
  };
  /// What one thread works with.
  struct Lane {
    T* packed;          // [channel][z][slot][row_elements_]
    T* phases;          // rows of every phase along x, before they are interleaved
    T* start;           // a row of starting values
    const T** rows;     // [channel][z][row of the band]: where the given rows stand
    const T** streams;  // of one interleaved row
    const RowBox* box;  // that `packed` is laid out for
    std::byte* end;     // behind all of it
  };
  struct TileRun;

  std::int64_t result_cells() const { return axes_[0].result * axes_[1].result * axes_[2].result; }
  std::int64_t given_cells() const { return axes_[0].given * axes_[1].given * axes_[2].given; }
  /// Given rows of one y: (channel, plane along z).
  std::int64_t outer() const { return given_channels_ * static_cast<std::int64_t>(planes_z_.size()); }

  std::vector<Reading> readings(std::size_t axis) const;
  std::vector<std::int64_t> slots_of(std::int64_t band) const;
  /// Null: no kernel for whole planes.
  FewChannelsPlaneKernel<T> plane_kernel(const FewChannelsPlaneKernels<T>& kernels) const;
  std::int64_t plane_row_bytes() const;
  void choose_planes();
  void choose_boxes();
  void choose_bands();
  std::size_t lane_bytes() const;
  Lane lane(std::byte* memory) const;
  Task task(std::int64_t index) const;
  void run_task(const Task& task, const T* given, T* result, const FewChannelsWeights<T>& packed, Lane& lane) const;
  void run_plane(std::int64_t task, const T* given, T* result, const FewChannelsWeights<T>& packed) const;
  void find_rows(const Task& task, const T* given, Lane& lane) const;
  void run_tile(const TileRun& run) const;
  void put_together(const TileRun& run, T* const* rows, std::int64_t length) const;
  void fill_start(const TileRun& run, std::int64_t phase_x, T bias) const;
  void fold_channel(T* temporary, T* result) const;
  void repair(const FewChannelsWeights<T>& packed, const T* given, T* result, std::int64_t conv_group) const;
  T sum_without_zeros(const FewChannelsWeights<T>& packed, const T* given, std::int64_t channel,
                      const std::array<std::int64_t, 3>& cell) const;

  Problem problem_;
  int threads_;
  const FewChannelsKernels<T>& kernels_;
  const RowKernels<T>& rows_;
  Finish<T> finish_;
  std::array<LoweredAxis, 3> axes_;
  bool gather_;
  std::int64_t given_channels_, result_channels_;  // of one conv group
  std::int64_t step_y_ = 1, step_z_ = 1;           // given rows and planes from one result row to the next
  std::int64_t apart_ = 1,
               share_ = 1;  // result rows of a tile lie `apart_` apart; the next one reads `share_` taps further
  std::vector<Reading> readings_y_;                 // of each phase
  std::vector<std::int64_t> planes_z_;              // relative planes that any tap along z reads
  std::vector<std::int64_t> planes_x_;              // input phases along x that any tap reads
  std::vector<std::int64_t> weights_of_phase_;      // where a phase's weights begin within its result channel's
  std::int64_t weights_per_channel_ = 0;            // of one result channel
  std::vector<std::vector<std::int64_t>> x_steps_;  // of each phase along x
  std::vector<RowBox> boxes_;
  std::vector<std::vector<std::int64_t>>
      plane_rows_;            // of each phase along z: where the rows of (channel, tap) begin in Lane::rows
  std::int64_t reach_y_ = 0;  // given rows from the first to the last that one result row reads
  std::vector<std::int64_t>
      slots_;  // of the given rows between the first and the last of a band: the place of their packed copies, or −1
  std::int64_t slot_count_ = 1;
  std::int64_t row_elements_ = 0, box_elements_ = 0;
  std::int64_t band_ = 1, bands_ = 1, tasks_ = 0, lanes_ = 1;  // rows of a band, …
  std::int64_t wanted_ = 1;                                    // threads
  std::vector<T> zeros_;                                       // a row in the margin
  FewChannelsPlaneKernel<T> planes_ = nullptr;                 // whole planes by a kernel of their own
  std::int64_t first_y_ = 0, first_x_ = 0;                     // its first given cell
  bool meets_zeros_ = false;                                   // some sum has products with zeros of the margin
  std::optional<Fold> fold_;                                   // the result is a padded array, folded afterwards
};

}  // namespace faltung::internal
