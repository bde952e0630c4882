// Boxes of positions along x, and where the cells that their taps read come from: the given row itself where all of
// them lie in it one after the other, else a packed copy of it, one plane per input phase, with its margin.
#pragma once

#include "engine/lowering.hpp"
#include "kernels/kernels.hpp"

#include <cstdint>
#include <vector>

namespace faltung::internal {

class RowBox {
 public:
  /// `least`: positions that a box has at least for its taps to read the row itself.
  RowBox(const LoweredAxis& axis, const std::vector<std::int64_t>& planes, std::int64_t begin, std::int64_t end,
         std::int64_t least);

  std::int64_t begin() const { return begin_; }
  std::int64_t size() const { return end_ - begin_; }
  /// Cells of one plane.
  std::int64_t cells() const { return cells_; }
  /// Cell of the given row that stands where the first position's smallest shift reads, or −1: the row must be packed.
  std::int64_t in_place() const { return in_place_; }
  /// Some cells of the planes are zeros.
  bool has_zeros() const { return has_zeros_; }
  /// Cells between the planes of a packed row.
  void set_plane_pitch(std::int64_t plane_pitch);

  /// Writes every cell that comes from the rows; zeros of the margin are the caller's.
  template <class T>
  void pack(const RowKernels<T>& kernels, const T* rows, std::int64_t row_pitch, std::int64_t count, T* packed,
            std::int64_t packed_pitch) const;

 private:
  struct Cell {
    std::int64_t place, cell, source;
    std::int64_t to;
  };

  std::int64_t begin_, end_, cells_, stride_;
  std::int64_t in_place_ = -1;
  /// Cells that lie inside the row: a stream of `groups_` cells for each plane, from cell `source_` on, `stride_`
  /// apart.
  std::int64_t source_ = 0, groups_ = 0;
  std::vector<Cell> streams_;
  bool has_zeros_ = false;
  bool together_ = false;      // the streams are taken apart in one pass
  std::vector<Cell> singles_;  // all other cells
};

/// Where given rows are long, the boxes in the middle read them in place and those at the margins are narrow. `least`:
/// positions of a narrow box, `most`: of a wide one; `planes`: those that any tap reads, ascending.
std::vector<RowBox> make_row_boxes(const LoweredAxis& axis, const std::vector<std::int64_t>& planes, std::int64_t least,
                                   std::int64_t most);

}  // namespace faltung::internal
