// A problem as sums of shifted planes, all with stride 1: the polyphase form.
//
//     gather (coarse unknown)    c·s + k·d = s·(c + ⌊kd/s⌋) + (kd mod s)        plane kd mod s, shifted by ⌊kd/s⌋
//     scatter (fine unknown)     f = s·q + j − a:  c = q + (j − a + p − kd)/s    for the taps k where s divides
//
// A strided convolution reads s planes per axis and writes one; a transposed one reads one and writes s that
// interleave. The padded array of a scatter is its fine array here: boundaries other than zeros are folded afterwards.
// Source: Vaidyanathan, "Multirate systems and filter banks", 1993, chapter 4 (polyphase decomposition).
#pragma once

#include <faltung/problem.hpp>

#include "engine/orientation.hpp"
#include "problem/axes.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace faltung::internal {

/// One axis of the form. "Cells" index a plane, "positions" a result plane; position q and shift h meet in cell q + h.
struct LoweredAxis {
  struct Tap {
    std::int64_t k;      ///< position in the kernel (before any flip)
    std::int64_t plane;  ///< input phase
    std::int64_t shift;
  };
  std::int64_t planes = 1;             ///< input phases
  std::int64_t phases = 1;             ///< output phases
  std::int64_t positions = 1;          ///< q = 0 … positions − 1
  std::int64_t crop = 0;               ///< result index = q·phases + phase − crop
  std::int64_t result = 1;             ///< extent of the result
  std::int64_t given = 1;              ///< extent of the given array
  std::int64_t low = 0, high = 0;      ///< smallest and largest shift
  std::vector<std::vector<Tap>> taps;  ///< of each output phase, k ascending
  std::int64_t pad = 0;     ///< cell i of plane r holds what stands at i·planes + r − pad of the given array
  std::int64_t padded = 1;  ///< i·planes + r from here on is zero
  Boundary boundary = Boundary::zeros;

  /// Index in the given array of cell i of a plane, i = 0 … cells() − 1; −1 where zeros stand.
  std::int64_t source(std::int64_t plane, std::int64_t i) const { return source(i * planes + plane); }
  /// The same of cell u = i·planes + plane of all planes together.
  std::int64_t source(std::int64_t u) const { return u < padded ? source_cell(u - pad, given, boundary) : -1; }
  struct Run {
    std::int64_t begin, end;
    bool has(std::int64_t i) const { return i >= begin && i < end; }
  };
  /// The cells of a plane that lie in the array itself: their sources are `planes` apart.
  Run inside(std::int64_t plane) const;
  /// The taps of an output phase, from the first to the last, that meet a cell of the array at a position.
  Run met(std::int64_t phase, std::int64_t position) const;
  /// The share of all taps of all output phases that meet a cell of the array at a position, or at one of some
  /// positions that follow each other.
  double met(std::int64_t together = 1) const;
  /// The positions where no tap of an output phase meets a zero of the margin.
  Run clear_of_zeros(std::int64_t phase) const;
  /// Some tap of some output phase meets a zero of the margin.
  bool meets_zeros() const;
  std::int64_t cells() const { return positions + high - low; }
  /// The cells are those of the given array itself.
  bool in_place() const { return planes == 1 && pad == 0 && cells() <= given; }
  /// Leaves out the taps that meet nothing but zeros at every position: of kernels larger than the array.
  void leave_out_unmet_taps();
  /// The positions where a tap meets a cell of the array.
  Run positions_met(const Tap& tap) const;
};

/// The share of the taps that meet something in some rows of positions that follow each other, where what is left out
/// are whole rows and layers of taps.
double met_by_rows(const std::array<LoweredAxis, 3>& axes, std::int64_t rows);

/// How output phases are counted: from the first cell of the result, or from the first of the padded array, where all
/// phases of a kernel that the stride divides have the same shifts.
enum class PhaseOrigin { result, padded };

/// Three axes of a problem with coarse or fine unknown.
std::array<LoweredAxis, 3> lower(const Problem& problem, PhaseOrigin origin);
std::array<LoweredAxis, 3> lower(const std::array<Axis, 3>& axes, Unknown unknown, PhaseOrigin origin);

/// Output phases whose taps have the same shifts: rows of one matrix product.
struct PhaseGroup {
  std::vector<std::int64_t> phases;  ///< linear, (z·phases_y + y)·phases_x + x
  struct Tap {
    std::array<std::int64_t, 3> shift;  ///< minus low: from 0
    std::int64_t plane;                 ///< linear input phase
  };
  std::vector<Tap> taps;  ///< kernel positions ascending: of turned axes (Orientation) not nested as the axes here are
  std::array<std::int64_t, 3> taps_along{};       ///< their number along each axis; 0 where they are not nested
  std::vector<std::vector<std::int64_t>> kernel;  ///< per phase: linear kernel position of each tap
};
/// Of axes as they are oriented; the kernel positions are the problem's.
std::vector<PhaseGroup> group_phases(const std::array<LoweredAxis, 3>& axes, const std::array<Axis, 3>& problem_axes,
                                     const Orientation& orientation = {});

/// The linear input phases that any tap reads, ascending.
std::vector<std::int64_t> planes_read(std::span<const PhaseGroup> groups);

}  // namespace faltung::internal
