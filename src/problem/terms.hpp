// The enumeration of all products of a problem: the one place where f = c·s + k·d − p is turned into loops.
//
// Every product pairs one weight, one coarse cell and one cell of the padded fine array. The reference, the matrix and
// the explanation are each a visitor of these terms. Axes are always three here: absent outer ones have extent 1.
#pragma once

#include "problem/axes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace faltung::internal {

/// One product. All indices are linear, row-major, counted from 0 within one sample.
struct Term {
  std::int64_t coarse;  ///< into [coarse_channels, coarse...]
  std::int64_t fine;    ///< into [fine_channels, fine...]; −1 where the margin holds zeros
  std::int64_t padded;  ///< into [fine_channels, padded...]
  std::int64_t weight;  ///< into [coarse_channels, fine_channels / groups, kernel...]; the flip is already applied
};

/// A half-open range of channels.
struct ChannelRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// For one axis: the fine cell (or −1) that padded cell `p` copies, 0 ≤ p < axis.padded().
inline std::int64_t source_cell(const Axis& axis, std::int64_t p) {
  const std::int64_t f = p - axis.pad_before;
  return source_cell(f, axis.fine, axis.boundary);
}

/// Visits the terms of a problem in one of two orders. Holds no tables: making one costs nothing, however large the
/// problem.
class Terms {
 public:
  explicit Terms(const Problem& problem);

  /// Order: coarse channel → fine channel → tap → coarse position, each ascending. Every coarse cell then meets its
  /// terms by (fine channel, tap), every fine cell by (coarse channel, tap), every weight by position: the order of
  /// strict sums. `visit(const Term&)`. The ranges restrict the channels.
  template <class Visit>
  void by_tap(ChannelRange coarse_channels, ChannelRange fine_channels, Visit&& visit) const;
  template <class Visit>
  void by_tap(Visit&& visit) const {
    by_tap({0, coarse_channels_}, {0, fine_channels_}, visit);
  }

  /// Order: coarse channel → coarse position → fine channel → tap, each ascending: cell by cell, as the article goes.
  template <class Visit>
  void by_position(Visit&& visit) const;

  const std::array<Axis, 3>& axes() const { return axes_; }

 private:
  std::int64_t source(std::size_t axis, std::int64_t padded) const { return source_cell(axes_[axis], padded); }

  std::array<Axis, 3> axes_;
  std::int64_t coarse_channels_;
  std::int64_t fine_channels_;
  std::int64_t groups_;
  bool flip_;
};

}  // namespace faltung::internal

#include "problem/terms_inl.hpp"
