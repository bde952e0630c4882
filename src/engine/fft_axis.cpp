#include "engine/fft_axis.hpp"

#include "support/integers.hpp"

#include <algorithm>

namespace faltung::internal {

FftAxis::FftAxis(const Axis& axis, Unknown unknown) : axis_(axis), gather_(unknown == Unknown::coarse) {
  if (gather_) {
    results_ = (axis.coarse - 1) * axis.stride + 1;
    first_ = axis.pad_before;
    return;
  }
  const bool zeros = axis.boundary == Boundary::zeros;
  results_ = zeros ? axis.fine : axis.padded();
  cut_ = zeros ? axis.pad_before : 0;
  first_ = axis.span() - 1 - cut_;
  step_ = axis.stride;
}

std::int64_t FftAxis::source(std::int64_t position) const {
  if (gather_) return position < axis_.padded() ? source_cell(axis_, position) : -1;
  const std::int64_t from_first = position - first_;
  if (from_first < 0 || from_first % step_ != 0) return -1;
  const std::int64_t cell = from_first / step_;
  return cell < axis_.coarse ? cell : -1;
}

template <class T>
void FftAxis::fill(const T* row, std::int64_t first, std::int64_t n, T* out) const {
  std::fill_n(out, n, T{});
  const std::int64_t begin = ceil_divide(std::max<std::int64_t>(0, first - first_), step_);
  const std::int64_t end = std::min(given_cells(), ceil_divide(std::max<std::int64_t>(0, first + n - first_), step_));
  if (begin < end) {
    T* to = out + (first_ + begin * step_ - first);
    if (step_ == 1)
      std::copy_n(row + begin, end - begin, to);
    else
      for (std::int64_t cell = begin; cell < end; ++cell) to[(cell - begin) * step_] = row[cell];
  }
  if (!gather_ || axis_.boundary == Boundary::zeros) return;
  const auto margin = [&](std::int64_t from, std::int64_t until) {
    for (std::int64_t p = std::max(from, first); p < std::min(until, first + n); ++p)
      out[p - first] = row[source_cell(axis_, p)];
  };
  margin(0, first_);
  margin(first_ + axis_.fine, axis_.padded());
}

std::int64_t FftAxis::in_place(std::int64_t first, std::int64_t n) const {
  return step_ == 1 && first >= first_ && first + n <= first_ + given_cells() ? first - first_ : -1;
}

std::int64_t FftAxis::circle() const {
  if (gather_ && axis_.boundary != Boundary::zeros) return needed();
  const std::int64_t begin = std::clamp<std::int64_t>(first_, 0, needed());
  const std::int64_t end = std::min(needed(), first_ + (given_cells() - 1) * step_ + 1);
  return std::max({results_, end, needed() - begin});
}

std::vector<std::vector<FftTerm>> fft_terms(const Axis& axis, Unknown unknown) {
  const bool gather = unknown == Unknown::coarse;
  std::vector<std::vector<FftTerm>> terms(at(gather ? axis.coarse : axis.fine));
  for (std::int64_t c = 0; c < axis.coarse; ++c)
    for (std::int64_t k = 0; k < axis.kernel; ++k) {
      const std::int64_t f = source_cell(axis, c * axis.stride + k * axis.dilation);
      if (f < 0) continue;
      if (gather)
        terms[at(c)].push_back({f, k});
      else
        terms[at(f)].push_back({c, k});
    }
  return terms;
}

template void FftAxis::fill(const float*, std::int64_t, std::int64_t, float*) const;
template void FftAxis::fill(const double*, std::int64_t, std::int64_t, double*) const;

}  // namespace faltung::internal
