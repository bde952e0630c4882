// Packing: a box of positions of every channel into phase planes, with the cells that its taps reach around it.
//
// A plane's rows are flattened with one shared margin: where a row ends in zeros and the next one begins with zeros,
// they are the same cells. Every tap is then one constant offset from a contiguous run of positions.
#pragma once

#include "engine/ends.hpp"
#include "engine/lowering.hpp"
#include "kernels/kernels.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace faltung::internal {

/// Half-open box of positions.
struct Box {
  std::array<std::int64_t, 3> begin, end;
  std::int64_t size(std::size_t axis) const { return end[axis] - begin[axis]; }
};

/// Planes of the channels whose rows are copied together: half of a small first-level cache.
inline constexpr std::int64_t bytes_together = std::int64_t{16} << 10U;

/// Rows of so many positions are packed by whole vectors, with their zeros, where the array is dense.
bool rows_are_short(const std::array<LoweredAxis, 3>& axes, std::int64_t positions);

class Planes {
 public:
  /// For boxes of at most `box` positions. `needed`: the linear phases that any tap reads (planes_read).
  Planes(const std::array<LoweredAxis, 3>& axes, std::array<std::int64_t, 3> box,
         const std::vector<std::int64_t>& needed, std::int64_t lanes, std::int64_t element_bytes, Target target);

  /// Elements of one channel, and of `channels` with what a vector may read behind the last.
  std::int64_t channel_stride() const { return channel_stride_; }
  std::int64_t elements(std::int64_t channels) const { return channels * channel_stride_ + slack_; }

  /// Where position (z, y, x) of a box stands in its plane; positions of a row follow each other.
  std::int64_t position(std::int64_t z, std::int64_t y, std::int64_t x) const { return (z * rows_ + y) * pitch_ + x; }
  std::int64_t pitch() const { return pitch_; }
  /// How far a tap's cell lies from its position, in one channel.
  std::int64_t offset(const PhaseGroup::Tap& tap) const;

  /// Fills the planes of some channels; `given` is the first one's array. Writes every cell that a position of the box
  /// can meet.
  template <class T>
  void pack(const RowKernels<T>& rows, const T* given, const Strides& strides, std::int64_t channels, const Box& box,
            T* planes) const;

 private:
  template <class T>
  void pack_rows(const RowKernels<T>& rows, const T* given, const Strides& strides, std::int64_t channels,
                 const Box& box, T* planes) const;
  template <class T>
  void pack_short_rows(const T* given, std::int64_t channels, const Box& box, T* planes) const;
  /// A row of some channels, whose cells are `step` apart.
  template <class T>
  void copy_of_channels(const RowKernels<T>& rows, const T* from, std::int64_t step, std::int64_t stride,
                        std::int64_t channels, std::int64_t n, T* to) const;
  template <class T>
  void pack_columns(const RowKernels<T>& rows, const T* given, const Strides& strides, const Box& box, T* planes) const;
  template <class T>
  void pack_channels_last(const RowKernels<T>& rows, const T* given, const Strides& strides, std::int64_t channels,
                          const Box& box, T* planes) const;

  const std::array<LoweredAxis, 3>& axes_;
  Target target_;
  std::vector<std::int64_t> plane_of_;      // linear phase → place, or −1
  std::vector<LoweredAxis::Run> inside_x_;  // of every phase along x
  std::int64_t rows_ = 0, pitch_ = 0, plane_stride_ = 0, channel_stride_ = 0, slack_ = 0;
  bool together_ = false;  // all x phases are needed: they are taken apart in one pass
};

}  // namespace faltung::internal
