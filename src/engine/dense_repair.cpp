// Weights that are not finite. The planes hold zeros where the margin is, and 0 times Inf or NaN is NaN, where the
// definition has no product at all. Sums of such weights that meet the margin are made again, without the zeros.
#include "engine/dense_inl.hpp"

#include <cmath>

namespace faltung::internal {

template <class T>
void Dense<T>::keep_for_repair(const T* weights, DenseWeights<T>& packed) const {
  const auto count = at(element_count(problem_.weights_shape()));
  if (rows_.finite(weights, static_cast<std::int64_t>(count))) return;
  packed.plain.assign(weights, weights + count);
  packed.repair.resize(at(problem_.groups * result_channels_));
  const std::int64_t taps =
      static_cast<std::int64_t>(count) / problem_.coarse_channels / (problem_.fine_channels / problem_.groups);
  for (std::int64_t g = 0; g < problem_.groups; ++g)
    for (std::int64_t result = 0; result < result_channels_; ++result)
      for (std::int64_t given = 0; given < given_channels_; ++given)
        for (std::int64_t tap = 0; tap < taps; ++tap)
          if (!std::isfinite(weights[weight_place(g, result, given, tap)]))
            packed.repair[at(g * result_channels_ + result)] = 1;
}

template <class T>
void Dense<T>::repair(const ChunkRun& run) const {
  const Box& box = run.task.box;
  std::int64_t row = 0;
  for (const Group& group : groups_)
    for (std::int64_t channel = 0; channel < run.channels; ++channel)
      for (std::int64_t i = 0; i < group.count(); ++i, ++row) {
        if (run.packed.repair[at(run.task.conv_group * result_channels_ + run.channel + channel)] == 0) continue;
        const std::array<std::int64_t, 3> phase = phase_of(group.phases.phases[at(i)]);
        const LoweredAxis::Run clear[3] = {axes_[0].clear_of_zeros(phase[0]), axes_[1].clear_of_zeros(phase[1]),
                                           axes_[2].clear_of_zeros(phase[2])};
        for (std::int64_t z = box.begin[0]; z < box.end[0]; ++z)
          for (std::int64_t y = box.begin[1]; y < box.end[1]; ++y)
            for (std::int64_t x = box.begin[2]; x < box.end[2]; ++x) {
              if (clear[0].has(z) && clear[1].has(y) && clear[2].has(x)) continue;
              const T sum = sum_without_zeros(run, group, channel, i, run.start[row], {z, y, x});
              if (direct_)
                run.result[(run.channel + channel) * result_cells() + result_cell(z, y, x)] = finish_(sum);
              else
                run.lane.scratch[row * scratch_columns_ + scratch_column(box, z - box.begin[0], y - box.begin[1]) + x -
                                 box.begin[2]] = sum;
            }
      }
}

/// The sum of a channel of the chunk and a phase of the group at a position, in strict order.
template <class T>
T Dense<T>::sum_without_zeros(const ChunkRun& run, const Group& group, std::int64_t channel, std::int64_t index,
                              T start, const std::array<std::int64_t, 3>& position) const {
  const std::vector<std::int64_t>& kernel = group.phases.kernel[at(index)];
  const std::array<std::int64_t, 3> phase = phase_of(group.phases.phases[at(index)]);
  T sum = start;
  if (fold_ && !(kept(0, position[0], phase[0]) && kept(1, position[1], phase[1]) && kept(2, position[2], phase[2])))
    sum = T{};
  const auto taps = static_cast<std::int64_t>(group.phases.taps.size());
  for (std::int64_t k = 0; k < group.depth(); ++k) {
    const PhaseGroup::Tap& tap = group.phases.taps[at(k % taps)];
    const std::int64_t planes[3] = {tap.plane / (axes_[1].planes * axes_[2].planes),
                                    tap.plane / axes_[2].planes % axes_[1].planes, tap.plane % axes_[2].planes};
    const T* cell = run.given + k / taps * given_strides_[1];
    bool zero = false;
    for (std::size_t a = 0; a < 3; ++a) {
      const std::int64_t source = axes_[a].source(planes[a], position[a] + tap.shift[a]);
      zero = zero || source < 0;
      cell += source * given_strides_[a + 2];
    }
    if (zero) continue;
    const std::int64_t place = weight_place(run.task.conv_group, run.channel + channel, k / taps, kernel[at(k % taps)]);
    sum = std::fma(run.packed.plain[at(place)], *cell, sum);
  }
  return sum;
}

template void Dense<float>::keep_for_repair(const float*, DenseWeights<float>&) const;
template void Dense<double>::keep_for_repair(const double*, DenseWeights<double>&) const;
template void Dense<float>::repair(const ChunkRun&) const;
template void Dense<double>::repair(const ChunkRun&) const;

}  // namespace faltung::internal
