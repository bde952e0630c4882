#include "engine/few_channels_inl.hpp"

#include "support/integers.hpp"
#include "support/parallel.hpp"

#include <algorithm>

namespace faltung::internal {

template <class T>
typename FewChannels<T>::Task FewChannels<T>::task(std::int64_t index) const {
  const auto boxes = static_cast<std::int64_t>(boxes_.size());
  const RowBox& box = boxes_[at(index % boxes)];
  index /= boxes;
  const std::int64_t row = index % bands_ * band_;
  index /= bands_;
  const std::int64_t z = index % axes_[0].positions;
  index /= axes_[0].positions;
  return {index / problem_.groups, index % problem_.groups, z, row, std::min(axes_[1].positions, row + band_), box};
}

template <class T>
void FewChannels<T>::run(const Arrays& arrays, std::byte* workspace) const {
  const auto* given = static_cast<const T*>(gather_ ? arrays.fine : arrays.coarse);
  auto* result = static_cast<T*>(gather_ ? arrays.coarse : arrays.fine);
  const auto bytes = planes_ != nullptr ? 0 : static_cast<std::int64_t>(lane_bytes());
  const auto& packed = static_cast<const FewChannelsWeights<T>&>(*arrays.packed);
  const auto run_samples = [&](std::int64_t first, std::int64_t count, T* to) {
    const std::int64_t per_sample = tasks_ / problem_.batch;
    if (planes_ != nullptr)
      parallel_tasks(lanes_, tasks_, threads_,
                     [&](std::int64_t) { return [&](std::int64_t t) { run_plane(t, given, to, packed); }; });
    else
      parallel_tasks(lanes_, count * per_sample, threads_, [&](std::int64_t i) {
        return [&, own = lane(workspace + i * bytes)](std::int64_t t) mutable {
          run_task(task(first * per_sample + t), given, to, packed, own);
        };
      });
    if (packed.repair.empty()) return;
    for (std::int64_t group = first * problem_.groups; group < (first + count) * problem_.groups; ++group)
      repair(packed, given + group * given_channels_ * given_cells(), to + group * result_channels_ * result_cells(),
             group % problem_.groups);
  };
  if (problem_.batch == 0) return;
  if (!fold_) {
    run_samples(0, problem_.batch, result);
    return;
  }
  // one sample at a time: its temporary result, then the margins onto what they copy
  T* temporary = reinterpret_cast<T*>(workspace + lanes_ * bytes);
  const std::int64_t channels = problem_.fine_channels;
  for (std::int64_t n = 0; n < problem_.batch; ++n) {
    run_samples(n, 1, temporary - n * channels * fold_->temporary_cells());
    parallel_for(channels, threads_, [&](std::int64_t channel) {
      fold_channel(temporary + channel * fold_->temporary_cells(),
                   result + (n * channels + channel) * fold_->fine_cells());
    });
  }
}

template <class T>
void FewChannels<T>::fold_channel(T* temporary, T* result) const {
  (*fold_)(temporary);
  for (std::int64_t z = 0; z < fold_->fine_extent(0); ++z)
    for (std::int64_t y = 0; y < fold_->fine_extent(1); ++y) {
      rows_.finish(finish_, temporary + fold_->kept_row(z, y), fold_->fine_extent(2), result);
      result += fold_->fine_extent(2);
    }
}

template <class T>
void FewChannels<T>::run_task(const Task& task, const T* given, T* result, const FewChannelsWeights<T>& packed,
                              Lane& lane) const {
  const std::int64_t group = task.sample * problem_.groups + task.conv_group;
  find_rows(task, given + group * given_channels_ * given_cells(), lane);
  TileRun run{task, lane, packed, result + group * result_channels_ * result_cells(), 0, 0, 0, 0};
  const LoweredAxis &az = axes_[0], &ay = axes_[1];
  for (std::int64_t block = task.row_begin; block < task.row_end; block += few_channels_rows * apart_)
    for (std::int64_t row = block; row < std::min(block + apart_, task.row_end); ++row)
      for (run.phase_z = 0; run.phase_z < az.phases && task.z * az.phases + run.phase_z < az.result; ++run.phase_z)
        for (run.phase_y = 0; run.phase_y < ay.phases && row * ay.phases + run.phase_y < ay.result; ++run.phase_y) {
          // rows of the block that this phase has
          const std::int64_t end = std::min(task.row_end, ceil_divide(ay.result - run.phase_y, ay.phases));
          run.count = std::min<std::int64_t>(few_channels_rows, ceil_divide(end - row, apart_));
          run.first = gather_ ? row : row + (run.count - 1) * apart_;
          run_tile(run);
        }
}

/// Where the given rows of a band stand, packed if they must be.
template <class T>
void FewChannels<T>::find_rows(const Task& task, const T* given, Lane& lane) const {
  const RowBox& box = task.box;
  const std::int64_t rows = (task.row_end - task.row_begin - 1) * step_y_ + reach_y_ + 1,
                     first = task.row_begin * step_y_;
  if (box.in_place() < 0 && lane.box != &box && (box.has_zeros() || box.size() < kernels_.lanes))
    std::fill_n(lane.packed, outer() * slot_count_ * row_elements_, T{});
  lane.box = &box;
  const T** to = lane.rows;
  T* packed = lane.packed;
  for (std::int64_t channel = 0; channel < given_channels_; ++channel)
    for (const std::int64_t relative : planes_z_) {
      const std::int64_t z = axes_[0].source(task.z * step_z_ + relative);
      const T* plane = given + channel * given_cells() + z * axes_[1].given * axes_[2].given;
      for (std::int64_t u = 0, count = 1; u < rows; u += count) {
        count = 1;
        const std::int64_t slot = slots_[at(u)];
        if (slot < 0) continue;
        const std::int64_t y = z < 0 ? -1 : axes_[1].source(first + u);
        const T* row = plane + y * axes_[2].given;
        if (y < 0) {
          to[u] = zeros_.data();
        } else if (box.in_place() >= 0) {
          to[u] = row + box.in_place();
        } else {  // as many as follow each other in both places
          T* copy = packed + slot * row_elements_;
          while (u + count < rows && slots_[at(u + count)] == slot + count &&
                 axes_[1].source(first + u + count) == y + count)
            ++count;
          box.pack(rows_, row, axes_[2].given, count, copy, row_elements_);
          for (std::int64_t i = 0; i < count; ++i) to[u + i] = copy + i * row_elements_;
        }
      }
      to += slots_.size();
      packed += slot_count_ * row_elements_;
    }
}

template <class T>
void FewChannels<T>::run_tile(const TileRun& run) const {
  const LoweredAxis &az = axes_[0], &ay = axes_[1], &ax = axes_[2];
  const RowBox& box = run.task.box;
  const Reading& reading = readings_y_[at(run.phase_y)];
  const std::vector<std::int64_t>& planes = plane_rows_[at(run.phase_z)];
  const std::int64_t phase_zy = (run.phase_z * ay.phases + run.phase_y) * ax.phases;
  FewChannelsTile<T> tile{};
  tile.count = run.count;
  tile.positions = box.size();
  tile.rows = run.lane.rows + (run.first - run.task.row_begin) * step_y_ + reading.first;
  tile.row_step = reading.tap_step;
  tile.planes = planes.data();
  tile.height = reading.taps;
  tile.outer = reading.taps == 0 ? 0 : static_cast<std::int64_t>(planes.size());
  tile.reaches = (run.count - 1) * share_ + reading.taps;
  tile.reach = reading.reach[at(run.count)].data();
  std::array<T*, few_channels_rows> out{}, c{};
  std::array<const T*, few_channels_rows> starts{};
  tile.c = ax.phases == 1 ? out.data() : c.data();
  const std::int64_t x_begin = box.begin() * ax.phases, length = std::min(ax.result - x_begin, box.size() * ax.phases);
  const bool starts_differ = fold_ && !run.packed.bias.empty();
  for (std::int64_t channel = 0; channel < result_channels_; ++channel) {
    const std::int64_t of_all = run.task.conv_group * result_channels_ + channel;
    for (std::int64_t r = 0; r < run.count; ++r) {
      const std::int64_t row = run.first + (gather_ ? r : -r) * apart_;
      const std::int64_t z = run.task.z * az.phases + run.phase_z, y = row * ay.phases + run.phase_y;
      out[at(r)] = run.result + ((channel * az.result + z) * ay.result + y) * ax.result + x_begin;
      if (!starts_differ) continue;
      const bool kept =
          z >= fold_->kept_begin(0) && z < fold_->kept_end(0) && y >= fold_->kept_begin(1) && y < fold_->kept_end(1);
      starts[at(r)] = kept ? run.lane.start : zeros_.data();
    }
    tile.start = run.packed.bias.empty() ? T{} : run.packed.bias[at(of_all)];
    tile.start_rows = starts_differ ? starts.data() : nullptr;
    for (std::int64_t phase = 0; phase < ax.phases; ++phase) {
      tile.width = static_cast<std::int64_t>(ax.taps[at(phase)].size());
      tile.row_weights = share_ * tile.width;
      tile.x_step = x_steps_[at(phase)].data();
      tile.weights =
          run.packed.weights.data() + of_all * weights_per_channel_ + weights_of_phase_[at(phase_zy + phase)];
      for (std::int64_t r = 0; r < run.count; ++r)
        c[at(r)] = run.lane.phases + (phase * few_channels_rows + r) * box_elements_;
      if (tile.start_rows != nullptr) fill_start(run, phase, tile.start);
      (run.count == 1 ? kernels_.line : kernels_.block)(tile);
    }
    if (ax.phases > 1) put_together(run, out.data(), length);
    if (fold_ || finish_.nothing()) continue;  // what is folded is finished afterwards
    for (std::int64_t r = 0; r < run.count; ++r) rows_.finish(finish_, out[at(r)], length, out[at(r)]);
  }
}

/// Phases along x become rows of the result.
template <class T>
void FewChannels<T>::put_together(const TileRun& run, T* const* rows, std::int64_t length) const {
  const std::int64_t phases = axes_[2].phases, whole = length / phases;
  for (std::int64_t phase = 0; phase < phases; ++phase)
    run.lane.streams[phase] = run.lane.phases + phase * few_channels_rows * box_elements_;
  rows_.interleave(run.lane.streams, box_elements_, run.count, phases, whole, rows[0],
                   run.count > 1 ? rows[1] - rows[0] : 0);
  for (std::int64_t i = whole * phases; i < length; ++i)
    for (std::int64_t r = 0; r < run.count; ++r)
      rows[r][i] = run.lane.streams[i - whole * phases][r * box_elements_ + whole];
}

/// Folded boundaries with a bias: the kept cells start from it, the margin from 0.
template <class T>
void FewChannels<T>::fill_start(const TileRun& run, std::int64_t phase_x, T bias) const {
  const RowBox& box = run.task.box;
  for (std::int64_t i = 0; i < box.size(); ++i) {
    const std::int64_t x = (box.begin() + i) * axes_[2].phases + phase_x;
    run.lane.start[i] = x >= fold_->kept_begin(2) && x < fold_->kept_end(2) ? bias : T{};
  }
}

template class FewChannels<float>;
template class FewChannels<double>;

}  // namespace faltung::internal
