#include "engine/few_channels_inl.hpp"

#include "engine/blocking.hpp"
#include "support/parallel.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace faltung::internal {

namespace {

std::int64_t place_of(const std::vector<std::int64_t>& sorted, std::int64_t value) {
  return std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
}

/// Bytes of the given rows that a tile meets: most of a first-level cache of 32 KB.
constexpr std::int64_t tile_bytes = std::int64_t{24} << 10U;
/// Bytes of the packed rows of a band: a part of the second-level cache.
constexpr std::int64_t band_bytes = std::int64_t{64} << 10U;
/// Vectors of a box that is worth a call, at least.
constexpr std::int64_t least_vectors = 8;

}  // namespace

template <class T>
FewChannels<T>::FewChannels(const Problem& problem, int threads, Target target, const Ends& ends)
    : problem_(problem),
      threads_(threads),
      kernels_(few_channels_kernels<T>(target)),
      rows_(row_kernels<T>(target)),
      finish_(finish_of<T>(ends)),
      axes_(lower(problem, PhaseOrigin::result)),
      gather_(problem.unknown == Unknown::coarse),
      given_channels_((gather_ ? problem.fine_channels : problem.coarse_channels) / problem.groups),
      result_channels_((gather_ ? problem.coarse_channels : problem.fine_channels) / problem.groups),
      wanted_(threads == 0 ? hardware_threads() : threads) {
  const std::array<Axis, 3> axes = three_axes(problem);
  const Axis &z = axes[0], &y = axes[1];
  const std::int64_t divisor = std::gcd(y.stride, y.dilation);
  apart_ = y.dilation / divisor;
  share_ = gather_ ? y.stride / divisor : 1;
  step_y_ = gather_ ? y.stride : 1;
  step_z_ = gather_ ? z.stride : 1;
  readings_y_ = readings(1);
  const std::vector<Reading> readings_z = readings(0);
  for (const Reading& reading : readings_z)
    for (std::int64_t i = 0; i < reading.taps; ++i) planes_z_.push_back(reading.first + i * reading.tap_step);
  for (const auto& taps : axes_[2].taps)
    for (const auto& tap : taps) planes_x_.push_back(tap.plane);
  for (auto* planes : {&planes_z_, &planes_x_}) {
    std::sort(planes->begin(), planes->end());
    planes->erase(std::unique(planes->begin(), planes->end()), planes->end());
  }
  std::int64_t weights = 0;
  for (const auto& taps_z : axes_[0].taps)
    for (const auto& taps_y : axes_[1].taps)
      for (const auto& taps_x : axes_[2].taps) {
        weights_of_phase_.push_back(weights);
        weights += given_channels_ * static_cast<std::int64_t>(taps_z.size() * taps_y.size() * taps_x.size());
      }
  weights_per_channel_ = element_count(problem.weights_shape()) / (problem.groups * result_channels_);
  reach_y_ = gather_ ? y.span() - 1 : axes_[1].high - axes_[1].low;
  if (folds_result(problem)) fold_.emplace(axes);
  meets_zeros_ = std::any_of(axes_.begin(), axes_.end(), [](const LoweredAxis& axis) { return axis.meets_zeros(); });
  planes_ = plane_kernel(few_channels_plane_kernels<T>(target));
  if (planes_ != nullptr) {
    choose_planes();
    return;
  }
  choose_boxes();
  choose_bands();
  for (const Reading& reading : readings_z) {
    std::vector<std::int64_t>& rows = plane_rows_.emplace_back();
    for (std::int64_t channel = 0; channel < given_channels_; ++channel)
      for (std::int64_t i = 0; i < reading.taps; ++i)
        rows.push_back((channel * static_cast<std::int64_t>(planes_z_.size()) +
                        place_of(planes_z_, reading.first + i * reading.tap_step)) *
                       static_cast<std::int64_t>(slots_.size()));
  }
}

template <class T>
std::vector<typename FewChannels<T>::Reading> FewChannels<T>::readings(std::size_t a) const {
  const Axis axis = three_axes(problem_)[a];
  const std::int64_t share = a == 1 ? share_ : 1;
  std::vector<Reading> all;
  for (const auto& taps : axes_[a].taps) {
    Reading reading{};
    reading.taps = static_cast<std::int64_t>(taps.size());
    reading.tap_step = gather_ ? axis.dilation : -(axis.dilation / std::gcd(axis.stride, axis.dilation));
    reading.first = gather_ || taps.empty() ? 0 : taps.front().shift - axes_[a].low;
    for (std::int64_t count = 1; count <= few_channels_rows; ++count)
      for (std::int64_t e = 0; e < (count - 1) * share + reading.taps; ++e) {
        const std::int64_t low = e < reading.taps ? 0 : (e - reading.taps) / share + 1;
        const std::int64_t high = std::min(count - 1, e / share);
        reading.reach[at(count)].push_back(low <= high ? few_channels_reach(low, high) : few_channels_nothing);
      }
    all.push_back(std::move(reading));
  }
  return all;
}

/// Numbers the given rows that `band` result rows read; the others between them are −1.
template <class T>
std::vector<std::int64_t> FewChannels<T>::slots_of(std::int64_t band) const {
  std::vector<std::int64_t> slot(at((band - 1) * step_y_ + reach_y_ + 1), -1);
  for (const Reading& reading : readings_y_)
    for (std::int64_t q = 0; q < band; ++q)
      for (std::int64_t i = 0; i < reading.taps; ++i) slot[at(q * step_y_ + reading.first + i * reading.tap_step)] = 0;
  std::int64_t next = 0;
  for (std::int64_t& s : slot)
    if (s == 0) s = next++;
  return slot;
}

template <class T>
void FewChannels<T>::choose_boxes() {
  const LoweredAxis& x = axes_[2];
  const std::int64_t reach = x.high - x.low;
  const auto planes = static_cast<std::int64_t>(planes_x_.size());
  // a tile's rows stay in the first-level cache
  std::int64_t most_reaches = 1;
  for (const Reading& reading : readings_y_)
    most_reaches = std::max(most_reaches, (few_channels_rows - 1) * share_ + reading.taps);
  const std::int64_t row_bytes =
      std::max<std::int64_t>(1, outer() * most_reaches * planes) * static_cast<std::int64_t>(sizeof(T));
  std::int64_t most = tile_bytes / row_bytes - reach;
  const std::int64_t others = problem_.batch * problem_.groups * axes_[0].positions * axes_[1].positions;
  if (wanted_ > 1 && others < 4 * wanted_)
    most = std::min(most, x.positions * others / (4 * wanted_));  // long rows are shared
  const std::int64_t least = std::max(least_vectors * kernels_.lanes, std::min(reach, x.positions));
  most = std::max(most, least);
  boxes_ = make_row_boxes(x, planes_x_, 2 * kernels_.lanes, most);
  const std::int64_t line = 64 / static_cast<std::int64_t>(sizeof(T));
  std::int64_t pitch = 0, cells = 0;
  for (const RowBox& box : boxes_) {
    box_elements_ = std::max(box_elements_, round_up(box.size(), line));
    cells = std::max(cells, box.cells());
    if (box.in_place() < 0) pitch = std::max(pitch, box.cells() + kernels_.lanes);
  }
  if (planes > 1) pitch = round_up(pitch, line);
  for (RowBox& box : boxes_) box.set_plane_pitch(pitch);
  row_elements_ = round_up(pitch * planes, line);
  if (row_elements_ / line % 2 == 0) row_elements_ += line;  // odd in lines: rows spread over all sets of the cache
  zeros_.assign(at(std::max(row_elements_, cells + kernels_.lanes)), T{});
  for (const auto& taps : x.taps) {
    std::vector<std::int64_t> steps;
    for (const auto& tap : taps) steps.push_back(place_of(planes_x_, tap.plane) * pitch + tap.shift - x.low);
    x_steps_.push_back(std::move(steps));
  }
}

/// Bands of result rows whose given rows are packed together, before any of them is read: a vector that straddles two
/// that were stored just before would wait for both.
template <class T>
void FewChannels<T>::choose_bands() {
  const std::int64_t positions = axes_[1].positions, block = few_channels_rows * apart_;
  const std::int64_t row = outer() * row_elements_ * static_cast<std::int64_t>(sizeof(T));
  band_ = (band_bytes / std::max<std::int64_t>(1, row) - reach_y_) / step_y_;
  const std::int64_t others =
      problem_.batch * problem_.groups * axes_[0].positions * static_cast<std::int64_t>(boxes_.size());
  if (wanted_ > 1 && others > 0) band_ = std::min(band_, positions * others / (4 * wanted_));
  band_ = std::min(round_up(std::max<std::int64_t>(1, band_), block), positions);
  bands_ = ceil_divide(positions, band_);
  slots_ = slots_of(band_);
  slot_count_ = 1 + *std::max_element(slots_.begin(), slots_.end());
  tasks_ = others * bands_;
  lanes_ = std::max<std::int64_t>(1, std::min(tasks_, wanted_));
}

template <class T>
typename FewChannels<T>::Lane FewChannels<T>::lane(std::byte* memory) const {
  Lane lane{};
  const auto take = [&]<class U>(U*& part, std::int64_t count) {
    part = reinterpret_cast<U*>(memory);
    memory += round_up(count * static_cast<std::int64_t>(sizeof(U)), 64);
  };
  const bool packs = std::any_of(boxes_.begin(), boxes_.end(), [](const RowBox& box) { return box.in_place() < 0; });
  take(lane.packed, packs ? outer() * slot_count_ * row_elements_ : 0);
  take(lane.phases, axes_[2].phases == 1 ? 0 : axes_[2].phases * few_channels_rows * box_elements_);
  take(lane.start, fold_ ? box_elements_ + kernels_.lanes : 0);
  take(lane.rows, outer() * static_cast<std::int64_t>(slots_.size()));
  take(lane.streams, axes_[2].phases);
  lane.end = memory;
  return lane;
}

template <class T>
std::size_t FewChannels<T>::lane_bytes() const {
  alignas(64) std::byte here[1];
  return at(lane(here).end - here);
}

template <class T>
std::size_t FewChannels<T>::workspace_bytes() const {
  if (planes_ != nullptr) return 0;
  const std::int64_t folded = fold_ ? problem_.fine_channels * fold_->temporary_cells() : 0;
  return at(lanes_) * lane_bytes() + at(folded) * sizeof(T);
}

template <class T>
std::size_t FewChannels<T>::packed_bytes() const {
  return at(element_count(problem_.weights_shape()) + problem_.groups * result_channels_) * sizeof(T);
}

template <class T>
std::unique_ptr<const Packed> FewChannels<T>::pack(const void* weights, const void* bias) const {
  auto packed = std::make_unique<FewChannelsWeights<T>>();
  const auto* w = static_cast<const T*>(weights);
  const std::array<Axis, 3> axes = three_axes(problem_);
  const std::int64_t taps = axes[0].kernel * axes[1].kernel * axes[2].kernel;
  const std::int64_t fine_in_group = problem_.fine_channels / problem_.groups,
                     coarse_in_group = problem_.coarse_channels / problem_.groups;
  const std::int64_t weight_count = element_count(problem_.weights_shape());
  packed->weights.reserve(at(weight_count));
  if (const auto* b = static_cast<const T*>(bias)) packed->bias.assign(b, b + problem_.bias_size());
  for (std::int64_t channel = 0; channel < problem_.groups * result_channels_; ++channel)
    for (const auto& taps_z : axes_[0].taps)
      for (const auto& taps_y : axes_[1].taps)
        for (const auto& taps_x : axes_[2].taps)
          for (std::int64_t given = 0; given < given_channels_; ++given)
            for (const auto& z : taps_z)
              for (const auto& y : taps_y)
                for (const auto& x : taps_x) {
                  const std::int64_t group = channel / result_channels_, result = channel % result_channels_;
                  const std::int64_t coarse = group * coarse_in_group + (gather_ ? result : given);
                  const std::int64_t position = (z.k * axes[1].kernel + y.k) * axes[2].kernel + x.k;
                  packed->weights.push_back(w[(coarse * fine_in_group + (gather_ ? given : result)) * taps +
                                              (problem_.flip ? taps - 1 - position : position)]);
                }
  if (!meets_zeros_ || rows_.finite(packed->weights.data(), weight_count)) return packed;
  for (const T* of_channel = packed->weights.data(); of_channel < packed->weights.data() + weight_count;
       of_channel += weights_per_channel_)
    packed->repair.push_back(rows_.finite(of_channel, weights_per_channel_) ? 0 : 1);
  return packed;
}

template class FewChannels<float>;
template class FewChannels<double>;

}  // namespace faltung::internal
