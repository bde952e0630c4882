// Both directions of a problem as correlations with stride 1, one axis at a time.
//
//     result[j] = Σ_k weights[k] · given[j + tap(k)]        for j = 0 … results − 1
//
// Gather: j is a position on the padded fine axis, of which every stride-th is kept. Scatter: the coarse cells stand
// `stride` apart with zeros between them, and the taps are reversed.
#pragma once

#include "problem/terms.hpp"

#include <cstdint>
#include <vector>

namespace faltung::internal {

class FftAxis {
 public:
  FftAxis() = default;
  FftAxis(const Axis& axis, Unknown unknown);

  std::int64_t results() const { return results_; }
  std::int64_t span() const { return axis_.span(); }
  std::int64_t kernel() const { return axis_.kernel; }
  std::int64_t tap(std::int64_t k) const { return gather_ ? k * axis_.dilation : span() - 1 - k * axis_.dilation; }
  std::int64_t given_cells() const { return gather_ ? axis_.fine : axis_.coarse; }
  /// Cells of the result array; with a boundary that folds, of the temporary result.
  std::int64_t result_cells() const { return gather_ ? axis_.coarse : results_; }
  bool folds() const { return !gather_ && axis_.boundary != Boundary::zeros; }

  /// Of positions j: every step-th is kept, as cell j / step.
  std::int64_t result_step() const { return gather_ ? axis_.stride : 1; }
  /// The given cell at a position, or −1 where there are zeros.
  std::int64_t source(std::int64_t position) const;
  /// Positions first … first + n − 1, out of a row of given cells.
  template <class T>
  void fill(const T* row, std::int64_t first, std::int64_t n, T* out) const;
  /// Where these positions stand in the row as they are, or −1.
  std::int64_t in_place(std::int64_t first, std::int64_t n) const;

  /// How many positions before 0 a given cell stands whose number is a multiple of `whole`.
  std::int64_t position_of_whole(std::int64_t whole) const { return ((-first_) % whole + whole) % whole; }

  /// The smallest circle on which one tile makes all results: zeros before and behind the given cells are shared.
  std::int64_t circle() const;

 private:
  std::int64_t needed() const { return results_ + span() - 1; }

  Axis axis_;
  bool gather_ = true;
  std::int64_t results_ = 1;
  std::int64_t cut_ = 0;    // scatter: positions of the temporary result before the first
  std::int64_t first_ = 0;  // position of given cell 0
  std::int64_t step_ = 1;   // positions from one given cell to the next
};

/// What meets in one result cell of an axis that is summed tap by tap.
struct FftTerm {
  std::int64_t given, tap;
};
/// [result cell] → its terms. Strides, dilation, margins and folding are in the list.
std::vector<std::vector<FftTerm>> fft_terms(const Axis& axis, Unknown unknown);

}  // namespace faltung::internal
