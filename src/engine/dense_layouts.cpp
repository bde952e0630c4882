// Results whose rows are not contiguous: channels last, columns first, backwards, or anything else.
#include "engine/dense_inl.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

/// Columns that are written together: where the cells of a column are neighbours, every row of the box fills its part
/// of the same lines of the cache.
constexpr std::int64_t columns_together = 32;

}  // namespace

template <class T>
void Dense<T>::write_row(const Finish<T>& finish, T* sums, std::int64_t n, T* row, std::int64_t step) const {
  if (non_temporal_) {
    if (!finish.nothing()) rows_.finish(finish, sums, n, sums);
    return rows_.copy_non_temporal(sums, n, row);
  }
  if (finish.nothing()) return rows_.copy(sums, 1, n, row, step);
  if (step == 1) return rows_.finish(finish, sums, n, row);
  if (finish.adds) {
    for (std::int64_t i = 0; i < n; ++i) row[i * step] = finish(row[i * step] + sums[i]);
    return;
  }
  rows_.finish(finish, sums, n, sums);
  rows_.copy(sums, 1, n, row, step);
}

template <class T>
LoweredAxis::Run Dense<T>::existing(const Box& box, std::int64_t phase_x) const {
  LoweredAxis::Run run{box.begin[2], box.end[2]};
  while (run.begin < run.end && result_index(2, run.begin, phase_x) < 0) ++run.begin;
  while (run.begin < run.end && result_index(2, run.end - 1, phase_x) >= axes_[2].result) --run.end;
  return run;
}

template <class T>
void Dense<T>::put_together_columns(const ChunkRun& run) const {
  const Box& box = run.task.box;
  const Finish<T> finish = finish_here();
  const std::int64_t step = axes_[2].phases * out_strides_[4];
  // cells of a column are neighbours, and all of them are here
  const bool transposes =
      finish.nothing() && phases_ == 1 && out_strides_[3] == 1 && axes_[1].crop + axes_[2].crop == 0;
  for (std::int64_t phase = 0; phase < phases_; ++phase) {
    const PhasePlace place = place_of_[at(phase)];
    const std::array<std::int64_t, 3> of = phase_of(phase);
    const LoweredAxis::Run columns = existing(box, of[2]);
    for (std::int64_t channel = 0; channel < run.channels; ++channel) {
      T* scratch =
          run.lane.scratch +
          (run.channels * place.before + channel * groups_[place.group].count() + place.index) * scratch_columns_;
      T* result = run.result + (run.channel + channel) * out_strides_[1];
      for (std::int64_t z = box.begin[0]; z < box.end[0]; ++z) {
        const std::int64_t rz = result_index(0, z, of[0]);
        if (rz < 0 || rz >= axes_[0].result) continue;
        for (std::int64_t x = columns.begin; x < columns.end; x += columns_together) {
          const std::int64_t count = std::min(columns_together, columns.end - x);
          T* first = scratch + scratch_column(box, z - box.begin[0], 0) + x - box.begin[2];
          if (transposes) {
            rows_.transpose(first, scratch_column(box, 0, 1) - scratch_column(box, 0, 0), box.size(1), count,
                            result + rz * out_strides_[2] + box.begin[1] + x * out_strides_[4], step);
            continue;
          }
          for (std::int64_t y = box.begin[1]; y < box.end[1]; ++y) {
            const std::int64_t ry = result_index(1, y, of[1]);
            if (ry < 0 || ry >= axes_[1].result) continue;
            write_row(
                finish, scratch + scratch_column(box, z - box.begin[0], y - box.begin[1]) + x - box.begin[2], count,
                result + rz * out_strides_[2] + ry * out_strides_[3] + result_index(2, x, of[2]) * out_strides_[4],
                step);
          }
        }
      }
    }
  }
}

/// Channels are neighbours in the result: a row of a phase of all channels of the chunk is one transposition.
template <class T>
void Dense<T>::put_together_channels_last(const ChunkRun& run) const {
  const Box& box = run.task.box;
  const Finish<T> finish = finish_here();
  const std::int64_t step = axes_[2].phases * out_strides_[4];
  for (std::int64_t phase = 0; phase < phases_; ++phase) {
    const PhasePlace place = place_of_[at(phase)];
    const std::array<std::int64_t, 3> of = phase_of(phase);
    const LoweredAxis::Run existing_x = existing(box, of[2]);
    const std::int64_t rows = groups_[place.group].count() * scratch_columns_;
    for (std::int64_t z = box.begin[0]; z < box.end[0]; ++z)
      for (std::int64_t y = box.begin[1]; y < box.end[1]; ++y) {
        const std::int64_t rz = result_index(0, z, of[0]), ry = result_index(1, y, of[1]);
        if (rz < 0 || rz >= axes_[0].result || ry < 0 || ry >= axes_[1].result) continue;
        const T* from = run.lane.scratch + (run.channels * place.before + place.index) * scratch_columns_ +
                        scratch_column(box, z - box.begin[0], y - box.begin[1]) - box.begin[2];
        T* to = run.result + run.channel + rz * out_strides_[2] + ry * out_strides_[3];
        for (std::int64_t x = existing_x.begin; x < existing_x.end; x += channels_last_cells) {
          const std::int64_t count = std::min(channels_last_cells, existing_x.end - x);
          T* cell = to + result_index(2, x, of[2]) * out_strides_[4];
          if (finish.nothing()) {
            rows_.transpose(from + x, rows, run.channels, count, cell, step);
            continue;
          }
          rows_.transpose(from + x, rows, run.channels, count, run.lane.row, run.channels);
          for (std::int64_t i = 0; i < count; ++i)
            rows_.finish(finish, run.lane.row + i * run.channels, run.channels, cell + i * step);
        }
      }
  }
}

#define FALTUNG_INSTANTIATE(T)                                                                   \
  template void Dense<T>::write_row(const Finish<T>&, T*, std::int64_t, T*, std::int64_t) const; \
  template void Dense<T>::put_together_columns(const ChunkRun&) const;                           \
  template void Dense<T>::put_together_channels_last(const ChunkRun&) const;
FALTUNG_INSTANTIATE(float)
FALTUNG_INSTANTIATE(double)
#undef FALTUNG_INSTANTIATE

}  // namespace faltung::internal
