// Weights that are not finite. Margins are zeros here, and 0 times Inf or NaN is NaN, where the definition has no
// product at all. Sums of such weights that meet the margin are made again, without the zeros.
#include "engine/few_channels_inl.hpp"

#include "support/integers.hpp"

#include <array>
#include <cmath>

namespace faltung::internal {

template <class T>
void FewChannels<T>::repair(const FewChannelsWeights<T>& packed, const T* given, T* result,
                            std::int64_t conv_group) const {
  std::array<std::vector<LoweredAxis::Run>, 3> clear;
  for (std::size_t a = 0; a < 3; ++a)
    for (std::int64_t phase = 0; phase < axes_[a].phases; ++phase) clear[a].push_back(axes_[a].clear_of_zeros(phase));
  const auto clear_at = [&](std::size_t a, std::int64_t cell) {
    return clear[a][at(cell % axes_[a].phases)].has(cell / axes_[a].phases);
  };
  const auto end = [&](T sum) { return fold_ ? sum : finish_(sum); };  // what is folded is finished afterwards
  for (std::int64_t channel = 0; channel < result_channels_; ++channel) {
    if (packed.repair[at(conv_group * result_channels_ + channel)] == 0) continue;
    T* cell = result + channel * result_cells();
    for (std::int64_t z = 0; z < axes_[0].result; ++z)
      for (std::int64_t y = 0; y < axes_[1].result; ++y)
        for (std::int64_t x = 0; x < axes_[2].result; ++x, ++cell)
          if (!clear_at(0, z) || !clear_at(1, y) || !clear_at(2, x))
            *cell = end(sum_without_zeros(packed, given, conv_group * result_channels_ + channel, {z, y, x}));
  }
}

/// One sum in strict order: the order in which the weights are packed.
template <class T>
T FewChannels<T>::sum_without_zeros(const FewChannelsWeights<T>& packed, const T* given, std::int64_t channel,
                                    const std::array<std::int64_t, 3>& cell) const {
  std::array<const std::vector<LoweredAxis::Tap>*, 3> taps{};
  std::array<std::int64_t, 3> phase{}, position{};
  bool kept = true;
  for (std::size_t a = 0; a < 3; ++a) {
    phase[a] = cell[a] % axes_[a].phases;
    position[a] = cell[a] / axes_[a].phases;
    taps[a] = &axes_[a].taps[at(phase[a])];
    kept = kept && (!fold_ || (cell[a] >= fold_->kept_begin(a) && cell[a] < fold_->kept_end(a)));
  }
  const auto source = [&](std::size_t a, const LoweredAxis::Tap& tap) {
    return axes_[a].source(tap.plane, position[a] + tap.shift - axes_[a].low);
  };
  const T* weight = packed.weights.data() + channel * weights_per_channel_ +
                    weights_of_phase_[at((phase[0] * axes_[1].phases + phase[1]) * axes_[2].phases + phase[2])];
  T sum = kept && !packed.bias.empty() ? packed.bias[at(channel)] : T{};
  for (std::int64_t i = 0; i < given_channels_; ++i, given += given_cells())
    for (const auto& tap_z : *taps[0])
      for (const auto& tap_y : *taps[1])
        for (const auto& tap_x : *taps[2]) {
          const std::int64_t z = source(0, tap_z), y = source(1, tap_y), x = source(2, tap_x);
          if (z >= 0 && y >= 0 && x >= 0)
            sum = std::fma(*weight, given[(z * axes_[1].given + y) * axes_[2].given + x], sum);
          ++weight;
        }
  return sum;
}

template void FewChannels<float>::repair(const FewChannelsWeights<float>&, const float*, float*, std::int64_t) const;
template void FewChannels<double>::repair(const FewChannelsWeights<double>&, const double*, double*,
                                          std::int64_t) const;

}  // namespace faltung::internal
