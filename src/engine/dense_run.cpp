// A run: the tasks, each a box and some chunks of result channels; planes, products, results.
#include "engine/dense_inl.hpp"
#include "support/parallel.hpp"

#include <algorithm>
#include <utility>

namespace faltung::internal {

template <class T>
void Dense<T>::run(const Arrays& arrays, std::byte* workspace) const {
  const bool gather = problem_.unknown == Unknown::coarse;
  const auto* given = static_cast<const T*>(gather ? arrays.fine : arrays.coarse) + given_shift_;
  auto* result = static_cast<T*>(gather ? arrays.coarse : arrays.fine) + result_shift_;
  T* memory = reinterpret_cast<T*>(workspace);
  const auto run_tasks = [&](std::int64_t first, std::int64_t count, T* to) {
    parallel_tasks(lanes_, count, threads_, [&](std::int64_t i) {
      T* own = memory + i * lane_elements();
      Lane lane{};
      for (const auto& [part, elements] : {std::pair{&Lane::planes, planes_elements_},
                                           {&Lane::scratch, scratch_elements_},
                                           {&Lane::row, row_elements_},
                                           {&Lane::tail, tail_elements_},
                                           {&Lane::panels, panels_elements_}}) {
        lane.*part = own;
        own += elements;
      }
      return [&, lane](std::int64_t t) { run_task(task(first + t), given, to, *arrays.packed, lane); };
    });
  };
  if (!fold_) {
    run_tasks(0, tasks_, result);
    return;
  }
  // one sample at a time: its temporary output, then the margins onto what they copy
  T* temporary = memory + lanes_ * lane_elements();
  const std::int64_t per_sample = tasks_ / problem_.batch;
  for (std::int64_t n = 0; n < problem_.batch; ++n) {
    run_tasks(n * per_sample, per_sample, temporary - n * out_strides_[0]);
    parallel_for(problem_.fine_channels, threads_, [&](std::int64_t channel) {
      fold_channel(temporary + channel * fold_->temporary_cells(),
                   result + n * result_strides_[0] + channel * result_strides_[1]);
    });
  }
}

template <class T>
void Dense<T>::run_task(const Task& task, const T* given, T* result, const Packed& packed_base,
                        const Lane& lane) const {
  const auto& packed = static_cast<const DenseWeights<T>&>(packed_base);
  const T* first = given + task.sample * given_strides_[0] + task.conv_group * given_channels_ * given_strides_[1];
  T* out = result + task.sample * out_strides_[0] + task.conv_group * result_channels_ * out_strides_[1];
  if (!in_place_ && packed_channels_ == given_channels_)
    planes_->pack(rows_, first, given_strides_, given_channels_, task.box, lane.planes);
  const T* planes = lane.planes;
  if (in_place_) planes = first + cell(task.box.begin[0], task.box.begin[1], task.box.begin[2]);
  const T* planes_end = in_place_ ? given + problem_.batch * problem_.groups * given_channels_ * given_cells()
                                  : lane.planes + planes_elements_;
  const std::int64_t depths = weights_of_channel();
  for (std::int64_t chunk = task.first_chunk; chunk < task.end_chunk; ++chunk) {
    const std::int64_t channel = task.conv_group * result_channels_ + chunk_begin(chunk);
    run_chunk({task, packed, lane, first, planes, planes_end, out, packed.weights.data() + channel * depths,
               packed.start.data() + channel * phases_, chunk_begin(chunk), chunks_.size(chunk)});
  }
}

template <class T>
void Dense<T>::run_chunk(const ChunkRun& run) const {
  if (fold_ && run.packed.bias) prefill(run);
  for (std::int64_t from = 0; from < given_channels_; from += packed_channels_) {
    const std::int64_t channels = std::min(packed_channels_, given_channels_ - from);
    if (channels < given_channels_)
      planes_->pack(rows_, run.given + from * given_strides_[1], given_strides_, channels, run.task.box,
                    run.lane.planes);
    ChunkRun part = run;
    part.packed_from = from;
    std::int64_t scratch_row = 0;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      const Group& group = groups_[g];
      const std::int64_t rows = run.channels * group.count();
      part.sum = {from * group.taps(), std::min(group.depth(), (from + channels) * group.taps())};
      blocking_.panels ? multiply_panels(part, g, scratch_row) : multiply(part, g, scratch_row);
      part.weights += rows * group.depth();
      part.start += rows;
      scratch_row += rows;
    }
  }
  if (!run.packed.repair.empty()) repair(run);
  if (direct_) return;
  if (out_strides_[4] == 1 || out_strides_[4] == -1)
    put_together(run);
  else if (out_strides_[1] == 1 && run.channels > 1)
    put_together_channels_last(run);
  else
    put_together_columns(run);
  if (non_temporal_) rows_.fence();
}

#define FALTUNG_INSTANTIATE(T)                                                                   \
  template void Dense<T>::run(const Arrays&, std::byte*) const;                                  \
  template void Dense<T>::run_task(const Task&, const T*, T*, const Packed&, const Lane&) const; \
  template void Dense<T>::run_chunk(const ChunkRun&) const;
FALTUNG_INSTANTIATE(float)
FALTUNG_INSTANTIATE(double)
#undef FALTUNG_INSTANTIATE

}  // namespace faltung::internal
