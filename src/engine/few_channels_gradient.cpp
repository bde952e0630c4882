#include "engine/few_channels_gradient.hpp"

#include "engine/blocking.hpp"
#include "reference/sliding_window.hpp"
#include "support/integers.hpp"
#include "support/parallel.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

/// Bytes of the fine rows of a stretch, where one row of positions needs no more: most of a first-level cache of 32 KB.
constexpr std::int64_t stretch_bytes = std::int64_t{24} << 10U;

/// Fine cells along an axis that `positions` positions reach.
std::int64_t reach(const Axis& axis, std::int64_t positions) { return (positions - 1) * axis.stride + axis.span(); }

}  // namespace

double few_channels_gradient_bytes(const Problem& problem, std::int64_t lanes) {
  const std::array<Axis, 3> axes = three_axes(problem);
  const double cells = real(axes[0].kernel) * real(axes[1].span()) * real(reach(axes[2], axes[2].coarse));
  const double taps = real(axes[0].kernel) * real(axes[1].kernel) * real(axes[2].kernel);
  return (cells + 3 * taps) * real(lanes) * static_cast<double>(size_of(problem.dtype));
}

template <class T>
FewChannelsGradient<T>::FewChannelsGradient(const Problem& problem, int threads, Target target, const Ends& ends)
    : problem_(problem),
      threads_(threads),
      kernels_(few_channels_gradient_kernels<T>(target)),
      rows_(row_kernels<T>(target)),
      axes_(lower(problem, PhaseOrigin::result)) {
  const std::array<Axis, 3> axes = three_axes(problem);
  for (std::size_t a = 0; a < 3; ++a) stride_[a] = axes[a].stride;
  fine_strides_ = ends.fine.value_or(dense_strides(problem.fine_channels, axes[0].fine, axes[1].fine, axes[2].fine));
  coarse_strides_ =
      ends.coarse.value_or(dense_strides(problem.coarse_channels, axes[0].coarse, axes[1].coarse, axes[2].coarse));
  pairs_ = problem.coarse_channels * (problem.fine_channels / problem.groups);
  tasks_ = ceil_divide(pairs_, kernels_.lanes);
  lanes_ = std::min<std::int64_t>(threads == 0 ? hardware_threads() : threads, tasks_);
  meets_zeros_ = std::any_of(axes_.begin(), axes_.end(), [](const LoweredAxis& axis) { return axis.meets_zeros(); });
  cells_ = reach(axes[2], axes[2].coarse);
  inside_begin_ = std::min(axes_[2].pad, cells_);
  inside_end_ = std::clamp(axes_[2].pad + axes_[2].given, inside_begin_, cells_);
  const std::int64_t row_bytes = axes[0].kernel * cells_ * kernels_.lanes * static_cast<std::int64_t>(sizeof(T));
  stretch_rows_ =
      std::clamp<std::int64_t>((stretch_bytes / row_bytes - axes[1].span()) / axes[1].stride, 1, axes[1].coarse);
  given_rows_ = reach(axes[1], stretch_rows_);
  needed_.resize(at(given_rows_));
  for (std::int64_t row = 0; row < stretch_rows_; ++row)
    for (std::int64_t k = 0; k < axes[1].kernel; ++k) needed_[at(row * axes[1].stride + k * axes[1].dilation)] = true;
  for (std::int64_t z = 0; z < axes[0].kernel; ++z)
    for (std::int64_t y = 0; y < axes[1].kernel; ++y)
      for (std::int64_t x = 0; x < axes[2].kernel; ++x) {
        Tap tap{z * axes[0].dilation, y * axes[1].dilation, x * axes[2].dilation, 0};
        tap.offset = ((z * given_rows_ + tap.y) * cells_ + tap.x) * kernels_.lanes;
        taps_.push_back(tap);
      }
  for (std::int64_t y = 0; y < stretch_rows_; ++y)
    for (std::int64_t x = 0; x < axes[2].coarse; ++x)
      steps_.push_back((y * axes[1].stride * cells_ + x * axes[2].stride) * kernels_.lanes);
}

template <class T>
typename FewChannelsGradient<T>::Lane FewChannelsGradient<T>::lane(std::byte* memory) const {
  Lane lane{};
  const auto take = [&]<class U>(U*& part, std::int64_t count) {
    part = reinterpret_cast<U*>(memory);
    memory += round_up(count * static_cast<std::int64_t>(sizeof(U)), 64);
  };
  const auto taps = static_cast<std::int64_t>(taps_.size());
  take(lane.fine, static_cast<std::int64_t>(axes_[0].taps[0].size()) * given_rows_ * cells_ * kernels_.lanes);
  take(lane.coarse, weight_gradient_block * kernels_.lanes);
  for (T** sums : {&lane.sums, &lane.next, &lane.totals}) take(*sums, taps * kernels_.lanes);
  take(lane.taps, taps);
  take(lane.fine_rows, kernels_.lanes);
  take(lane.coarse_rows, kernels_.lanes);
  lane.end = memory;
  return lane;
}

template <class T>
std::size_t FewChannelsGradient<T>::workspace_bytes() const {
  alignas(64) std::byte here[1];
  return at(lanes_ * (lane(here).end - here));
}

template <class T>
void FewChannelsGradient<T>::run(const Arrays& arrays, std::byte* workspace) const {
  parallel_tasks(lanes_, tasks_, threads_, [&](std::int64_t i) {
    alignas(64) std::byte here[1];
    return [this, &arrays, own = lane(workspace + i * (lane(here).end - here))](std::int64_t task) {
      run_task(task, static_cast<const T*>(arrays.fine), static_cast<const T*>(arrays.coarse),
               static_cast<T*>(arrays.weights), own);
    };
  });
}

template <class T>
void FewChannelsGradient<T>::run_task(std::int64_t task, const T* fine, const T* coarse, T* weights,
                                      const Lane& lane) const {
  const std::int64_t fine_in_group = problem_.fine_channels / problem_.groups,
                     coarse_in_group = problem_.coarse_channels / problem_.groups;
  const std::int64_t first = task * kernels_.lanes, count = std::min(kernels_.lanes, pairs_ - first);
  const auto taps = static_cast<std::int64_t>(taps_.size());
  for (std::int64_t l = 0; l < kernels_.lanes; ++l) {  // lanes behind the last pair repeat it
    const std::int64_t pair = std::min(first + l, pairs_ - 1), channel = pair / fine_in_group;
    lane.fine_rows[l] = fine + (channel / coarse_in_group * fine_in_group + pair % fine_in_group) * fine_strides_[1];
    lane.coarse_rows[l] = coarse + channel * coarse_strides_[1];
  }
  for (std::int64_t t = 0; t < taps; ++t) lane.taps[t] = lane.fine + taps_[at(t)].offset;
  std::fill_n(lane.totals, taps * kernels_.lanes, T{});
  const std::int64_t height = axes_[1].positions, width = axes_[2].positions, end = axes_[0].positions * height * width;
  Lane own = lane;
  for (std::int64_t n = 0; n < problem_.batch; ++n)
    for (std::int64_t z = 0; z < axes_[0].positions; ++z)
      for (std::int64_t row = 0; row < height; row += stretch_rows_) {
        const Stretch stretch{n, z, row, std::min(stretch_rows_, height - row)};
        load_fine(stretch, own);
        std::int64_t begin = (z * height + row) * width;
        for (const std::int64_t behind = begin + stretch.rows * width; begin < behind;) {
          const std::int64_t in_block = begin % weight_gradient_block;
          const std::int64_t next = std::min(begin - in_block + weight_gradient_block, behind);
          if (in_block == 0) std::fill_n(own.sums, taps * kernels_.lanes, T{});
          add_positions(stretch, begin, next, own);
          begin = next;
          if (begin % weight_gradient_block == 0 || begin == end)
            kernels_.add(own.sums, taps * kernels_.lanes, own.totals);
        }
      }
  for (std::int64_t l = 0; l < count; ++l)
    for (std::int64_t t = 0; t < taps; ++t)
      weights[(first + l) * taps + (problem_.flip ? taps - 1 - t : t)] = own.totals[t * kernels_.lanes + l];
}

/// Rows that the stretch before had at its end are moved to the beginning.
template <class T>
void FewChannelsGradient<T>::load_fine(const Stretch& stretch, const Lane& lane) const {
  const LoweredAxis &az = axes_[0], &ay = axes_[1];
  const std::int64_t moved = stretch.first == 0 ? given_rows_ : stretch_rows_ * stride_[1];
  const std::int64_t row_elements = cells_ * kernels_.lanes, first = stretch.first * stride_[1];
  const std::int64_t rows = given_rows_ - (stretch_rows_ - stretch.rows) * stride_[1];
  T* plane = lane.fine;
  for (const LoweredAxis::Tap& tap : az.taps[0]) {
    const std::int64_t z = az.source(tap.plane, stretch.z + tap.shift);
    if (moved < given_rows_) std::copy(plane + moved * row_elements, plane + given_rows_ * row_elements, plane);
    for (std::int64_t u = 0; u < rows; ++u) {
      if (!needed_[at(u)] || (u + moved < given_rows_ && needed_[at(u + moved)])) continue;
      const std::int64_t y = z < 0 ? -1 : ay.source(first + u);
      if (y < 0)
        std::fill_n(plane + u * row_elements, row_elements, T{});
      else
        load_fine_row(stretch.sample * fine_strides_[0] + z * fine_strides_[2] + y * fine_strides_[3], lane,
                      plane + u * row_elements);
    }
    plane += given_rows_ * row_elements;
  }
}

template <class T>
void FewChannelsGradient<T>::load_fine_row(std::int64_t offset, const Lane& lane, T* to) const {
  const std::int64_t step = fine_strides_[4];
  const auto edge = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t u = begin; u < end; ++u) {
      const std::int64_t x = axes_[2].source(u);
      if (x < 0)
        std::fill_n(to + u * kernels_.lanes, kernels_.lanes, T{});
      else
        kernels_.load(lane.fine_rows, offset + x * step, step, 1, to + u * kernels_.lanes);
    }
  };
  edge(0, inside_begin_);
  kernels_.load(lane.fine_rows, offset + (inside_begin_ - axes_[2].pad) * step, step, inside_end_ - inside_begin_,
                to + inside_begin_ * kernels_.lanes);
  edge(inside_end_, cells_);
}

template <class T>
void FewChannelsGradient<T>::load_coarse(const Stretch& stretch, std::int64_t begin, std::int64_t end,
                                         const Lane& lane) const {
  const std::int64_t width = axes_[2].positions, height = axes_[1].positions, step = coarse_strides_[4];
  const bool rows_follow = coarse_strides_[3] == width * step;
  T* to = lane.coarse;
  for (std::int64_t position = begin; position < end;) {
    const std::int64_t y = position / width % height, x = position % width;
    const std::int64_t count = rows_follow ? end - position : std::min(width - x, end - position);
    kernels_.load(
        lane.coarse_rows,
        stretch.sample * coarse_strides_[0] + stretch.z * coarse_strides_[2] + y * coarse_strides_[3] + x * step, step,
        count, to);
    to += count * kernels_.lanes;
    position += count;
  }
}

/// Positions of one block. Where a sum is no number afterwards, 0 of the margin may have met Inf or NaN of the coarse
/// array, which is no product at all: then they are added again without the margin.
template <class T>
void FewChannelsGradient<T>::add_positions(const Stretch& stretch, std::int64_t begin, std::int64_t end,
                                           Lane& lane) const {
  load_coarse(stretch, begin, end, lane);
  const auto taps = static_cast<std::int64_t>(taps_.size());
  const std::int64_t* steps =
      steps_.data() + begin - (stretch.z * axes_[1].positions + stretch.first) * axes_[2].positions;
  const EvenParts parts(taps, most_gradient_taps);
  for (std::int64_t i = 0; i < parts.parts; ++i) {
    const std::int64_t tap = parts.begin(i);
    kernels_.correlate[parts.size(i)](lane.taps + tap, steps, lane.coarse, end - begin,
                                      lane.sums + tap * kernels_.lanes, lane.next + tap * kernels_.lanes);
  }
  if (meets_zeros_ && !rows_.finite(lane.next, taps * kernels_.lanes))
    add_positions_without_zeros(stretch, begin, end, lane);
  else
    std::swap(lane.sums, lane.next);
}

template <class T>
void FewChannelsGradient<T>::add_positions_without_zeros(const Stretch& stretch, std::int64_t begin, std::int64_t end,
                                                         const Lane& lane) const {
  const LoweredAxis &az = axes_[0], &ay = axes_[1], &ax = axes_[2];
  const std::int64_t before = (stretch.z * ay.positions + stretch.first) * ax.positions;
  for (std::int64_t position = begin; position < end; ++position) {
    const std::int64_t y = position / ax.positions % ay.positions, x = position % ax.positions;
    for (std::size_t t = 0; t < taps_.size(); ++t) {
      const Tap& tap = taps_[t];
      if (az.source(stretch.z * stride_[0] + tap.z) < 0 || ay.source(y * stride_[1] + tap.y) < 0 ||
          ax.source(x * stride_[2] + tap.x) < 0)
        continue;
      T* sums = lane.sums + static_cast<std::int64_t>(t) * kernels_.lanes;
      kernels_.correlate[1](lane.taps + t, steps_.data() + position - before,
                            lane.coarse + (position - begin) * kernels_.lanes, 1, sums, sums);
    }
  }
}

template class FewChannelsGradient<float>;
template class FewChannelsGradient<double>;

}  // namespace faltung::internal
