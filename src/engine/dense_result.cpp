// From the scratch into the result: cropped, phases interleaved, folded.
#include "engine/dense_inl.hpp"

#include <algorithm>

namespace faltung::internal {

/// Whether a position of the folded padded array lies in the array itself.
template <class T>
bool Dense<T>::kept(std::size_t axis, std::int64_t position, std::int64_t phase) const {
  const std::int64_t f = result_index(axis, position, phase);
  return f >= fold_->kept_begin(axis) && f < fold_->kept_end(axis);
}

/// Folded boundaries with a bias: the kept cells start from it, the margin from 0.
template <class T>
void Dense<T>::prefill(const ChunkRun& run) const {
  const Box& box = run.task.box;
  std::int64_t scratch_row = 0, start_row = 0;
  for (const Group& group : groups_)
    for (std::int64_t channel = 0; channel < run.channels; ++channel)
      for (const std::int64_t phase : group.phases.phases) {
        T* row = run.lane.scratch + scratch_row++ * scratch_columns_;
        const T bias = run.start[start_row++];
        std::fill_n(row, scratch_columns_, T{});
        const std::array<std::int64_t, 3> of = phase_of(phase);
        for (std::int64_t z = 0; z < box.size(0); ++z)
          for (std::int64_t y = 0; y < box.size(1); ++y) {
            if (!kept(0, box.begin[0] + z, of[0]) || !kept(1, box.begin[1] + y, of[1])) continue;
            T* to = row + scratch_column(box, z, y);
            for (std::int64_t x = 0; x < box.size(2); ++x)
              if (kept(2, box.begin[2] + x, of[2])) to[x] = bias;
          }
      }
}

/// Rows of the scratch into rows of the result: cropped, and phases along x interleaved.
template <class T>
void Dense<T>::put_together(const ChunkRun& run) const {
  const LoweredAxis &az = axes_[0], &ay = axes_[1];
  const Box& box = run.task.box;
  for (std::int64_t channel = 0; channel < run.channels; ++channel)
    for (std::int64_t z = 0; z < box.size(0); ++z)
      for (std::int64_t jz = 0; jz < az.phases; ++jz) {
        const std::int64_t rz = result_index(0, box.begin[0] + z, jz);
        if (rz < 0 || rz >= az.result) continue;
        T* plane = run.result + (run.channel + channel) * out_strides_[1] + rz * out_strides_[2];
        for (std::int64_t jy = 0; jy < ay.phases; ++jy) {
          std::int64_t y = 0, end = box.size(1);
          while (y < end && result_index(1, box.begin[1] + y, jy) < 0) ++y;
          while (y < end && result_index(1, box.begin[1] + end - 1, jy) >= ay.result) --end;
          if (y < end) put_rows_together(run, channel, jz * ay.phases + jy, z, {y, end}, plane);
        }
      }
}

/// Rows of a channel of the chunk and a phase along z and y.
template <class T>
void Dense<T>::put_rows_together(const ChunkRun& run, std::int64_t channel, std::int64_t phase_zy, std::int64_t z,
                                 LoweredAxis::Run lines, T* plane) const {
  const LoweredAxis &ay = axes_[1], &ax = axes_[2];
  const Box& box = run.task.box;
  const Finish<T> finish = finish_here();
  const std::int64_t step = out_strides_[4], width = box.size(2);
  const std::int64_t x_begin = box.begin[2] * ax.phases - ax.crop;
  const std::int64_t x_low = std::max<std::int64_t>(0, x_begin),
                     x_high = std::min(ax.result, x_begin + width * ax.phases);
  const std::int64_t column = scratch_column(box, z, lines.begin),
                     pitch = scratch_column(box, z, lines.begin + 1) - column;
  T* streams[64];
  const bool interleaves = ax.phases <= 64;  // of more, most are neighbours
  const auto stream = [&](std::int64_t jx) {
    const PhasePlace place = place_of_[at(phase_zy * ax.phases + jx)];
    return run.lane.scratch +
           (run.channels * place.before + channel * groups_[place.group].count() + place.index) * scratch_columns_ +
           column;
  };
  T* first = plane + result_index(1, box.begin[1] + lines.begin, phase_zy % ay.phases) * out_strides_[3];
  const std::int64_t row_step = ay.phases * out_strides_[3];
  for (std::int64_t jx = 0; interleaves && jx < ax.phases; ++jx) streams[jx] = stream(jx);
  const bool as_they_are = finish.nothing() && step == 1 && !non_temporal_;
  const bool straight = as_they_are && x_low == x_begin && x_high == x_begin + width * ax.phases;
  if (ax.phases == 1 && as_they_are)
    return rows_.copy_rows(streams[0] + x_low - x_begin, pitch, lines.end - lines.begin, x_high - x_low, first + x_low,
                           row_step);
  // positions all of whose phases are in the result; of one before and one behind them, some may be
  const std::int64_t whole = ceil_divide(x_low - x_begin, ax.phases), whole_end = (x_high - x_begin) / ax.phases;
  if (interleaves && as_they_are && whole < whole_end) {
    const auto some = [&](std::int64_t position, std::int64_t low, std::int64_t high) {
      for (std::int64_t jx = std::max<std::int64_t>(0, low - position * ax.phases);
           jx < std::min(ax.phases, high - position * ax.phases); ++jx)
        rows_.copy(streams[jx] + position, pitch, lines.end - lines.begin, first + x_begin + position * ax.phases + jx,
                   row_step);
    };
    some(whole - 1, x_low - x_begin, whole * ax.phases);
    some(whole_end, whole_end * ax.phases, x_high - x_begin);
    for (std::int64_t jx = 0; jx < ax.phases; ++jx) streams[jx] += whole;
    return rows_.interleave(streams, pitch, lines.end - lines.begin, ax.phases, whole_end - whole,
                            first + x_begin + whole * ax.phases, row_step);
  }
  for (std::int64_t y = 0; y < lines.end - lines.begin; ++y) {
    T* row = first + y * row_step;
    if (ax.phases == 1) {
      write_row(finish, streams[0] + y * pitch + x_low - x_begin, x_high - x_low, row + x_low * step, step);
      continue;
    }
    T* to = straight ? row + x_begin : run.lane.row;
    if (interleaves) {
      rows_.interleave(streams, 0, 1, ax.phases, width, to, 0);
      for (std::int64_t jx = 0; jx < ax.phases; ++jx) streams[jx] += pitch;
    }
    for (std::int64_t jx = 0, end = 0; !interleaves && jx < ax.phases; jx = end) {
      for (end = jx + 1; end < ax.phases && stream(end) == stream(end - 1) + scratch_columns_;) ++end;
      rows_.transpose(stream(jx) + y * pitch, scratch_columns_, end - jx, width, to + jx, ax.phases);
    }
    if (!straight) write_row(finish, run.lane.row + x_low - x_begin, x_high - x_low, row + x_low * step, step);
  }
}

template <class T>
void Dense<T>::fold_channel(T* temporary, T* result) const {
  (*fold_)(temporary);
  for (std::int64_t z = 0; z < fold_->fine_extent(0); ++z)
    for (std::int64_t y = 0; y < fold_->fine_extent(1); ++y)
      write_row(finish_, temporary + fold_->kept_row(z, y), fold_->fine_extent(2),
                result + z * result_strides_[2] + y * result_strides_[3], result_strides_[4]);
}

#define FALTUNG_INSTANTIATE(T)                                                 \
  template void Dense<T>::prefill(const ChunkRun&) const;                      \
  template void Dense<T>::put_together(const ChunkRun&) const;                 \
  template bool Dense<T>::kept(std::size_t, std::int64_t, std::int64_t) const; \
  template void Dense<T>::fold_channel(T*, T*) const;
FALTUNG_INSTANTIATE(float)
FALTUNG_INSTANTIATE(double)
#undef FALTUNG_INSTANTIATE

}  // namespace faltung::internal
