#include "engine/weight_gradient.hpp"

#include "reference/sliding_window.hpp"
#include "support/integers.hpp"
#include "support/parallel.hpp"

#include <algorithm>
#include <numeric>

namespace faltung::internal {

namespace {

/// Positions whose planes are packed together: enough that the cells around them are few.
constexpr std::int64_t stretch_positions = 4 * weight_gradient_block;
/// Bytes of planes and of sums that one task works on: each a share of the second-level cache.
constexpr std::int64_t task_bytes = std::int64_t{384} << 10U;

}  // namespace

template <class T>
WeightGradient<T>::WeightGradient(const Problem& problem, int threads, Target target, const Ends& ends)
    : problem_(problem), threads_(threads), tiles_(tile_kernels<T>(target)), rows_(row_kernels<T>(target)) {
  axes_ = lower(problem, PhaseOrigin::result);
  taps_ = group_phases(axes_, three_axes(problem)).front();
  fine_channels_ = problem.fine_channels / problem.groups;
  coarse_channels_ = problem.coarse_channels / problem.groups;
  fine_strides_ =
      ends.fine.value_or(dense_strides(problem.fine_channels, axes_[0].given, axes_[1].given, axes_[2].given));
  coarse_strides_ = ends.coarse.value_or(
      dense_strides(problem.coarse_channels, axes_[0].positions, axes_[1].positions, axes_[2].positions));
  in_place_ = reads_in_place();
  swapped_ = in_place_ && fine_channels_ < coarse_channels_ && fine_channels_ % tiles_.lanes == 0 &&
             fine_channels_ >= tiles_.tall_vectors * tiles_.lanes;
  if (swapped_) {
    std::swap(fine_channels_, coarse_channels_);
    std::swap(fine_strides_, coarse_strides_);
  }
  positions_ = axes_[0].positions * axes_[1].positions * axes_[2].positions;
  coarse_vectors_ = ceil_divide(coarse_channels_, tiles_.lanes);
  coarse_pitch_ = coarse_vectors_ * tiles_.lanes;
  const std::int64_t line = 64 / static_cast<std::int64_t>(sizeof(T));
  if (coarse_pitch_ % (2 * line) == 0) coarse_pitch_ += line;  // odd in lines: rows spread over all sets of the cache
  meets_zeros_ = std::any_of(axes_.begin(), axes_.end(), [](const LoweredAxis& axis) { return axis.meets_zeros(); });
  planes_.emplace(axes_, largest_box(), planes_read({&taps_, 1}), tiles_.lanes, static_cast<std::int64_t>(sizeof(T)),
                  target);

  const auto taps = static_cast<std::int64_t>(taps_.taps.size());
  const std::int64_t channel_bytes =
      std::max(in_place_ ? 0 : planes_->channel_stride(), taps * coarse_pitch_) * static_cast<std::int64_t>(sizeof(T));
  std::int64_t most = std::max<std::int64_t>(1, task_bytes / channel_bytes);
  const std::int64_t wanted = threads == 0 ? hardware_threads() : threads;
  if (wanted > 1) most = std::min(most, std::max<std::int64_t>(1, fine_channels_ * problem.groups / (4 * wanted)));
  chunks_ = EvenParts(fine_channels_, most);
  lanes_ = std::max<std::int64_t>(1, std::min(wanted, problem.groups * chunks_.parts));
}

/// One tap that meets all cells, whose rows follow each other. Either array may be the one that is transposed then.
template <class T>
bool WeightGradient<T>::reads_in_place() const {
  for (const LoweredAxis& axis : axes_)
    if (!axis.in_place() || axis.positions != axis.given) return false;
  const auto dense = [&](const Strides& strides) {
    return lies_dense(strides, {1, 1, axes_[0].given, axes_[1].given, axes_[2].given});
  };
  return taps_.taps.size() == 1 && dense(fine_strides_) && dense(coarse_strides_);
}

/// What holds the box of every stretch. A stretch begins at a multiple of what stretches and rows (or layers) have in
/// common, so its first row lacks at least as much.
template <class T>
std::array<std::int64_t, 3> WeightGradient<T>::largest_box() const {
  const std::int64_t height = axes_[1].positions, width = axes_[2].positions;
  const std::int64_t longest = std::min(positions_, stretch_positions);
  const auto touched = [&](std::int64_t size, std::int64_t count) {
    const std::int64_t furthest = size - std::gcd(stretch_positions, size);
    return std::clamp<std::int64_t>((std::min(furthest, positions_ - 1) + longest - 1) / size + 1, 1, count);
  };
  const std::int64_t layers = touched(height * width, axes_[0].positions);
  const std::int64_t rows = layers > 1 ? height : touched(width, height);
  return {layers, rows, rows > 1 ? width : std::min(width, longest)};
}

/// From `begin`, a multiple of the block, as far as one box goes.
template <class T>
typename WeightGradient<T>::Stretch WeightGradient<T>::stretch(std::int64_t begin) const {
  const std::int64_t height = axes_[1].positions, width = axes_[2].positions;
  Stretch part{begin, std::min(positions_, begin + stretch_positions), {}};
  const std::int64_t first = begin / width, last = (part.end - 1) / width;  // rows, z and y counted together
  part.box.begin = {first / height, first % height, 0};
  part.box.end = {last / height + 1, last % height + 1, width};
  if (first / height != last / height) part.box.begin[1] = 0, part.box.end[1] = height;
  if (first == last) part.box.begin[2] = begin % width, part.box.end[2] = (part.end - 1) % width + 1;
  return part;
}

template <class T>
std::int64_t WeightGradient<T>::lane_bytes() const {
  const std::int64_t channels = (fine_channels_ + chunks_.parts - 1) / chunks_.parts,
                     rows = channels * static_cast<std::int64_t>(taps_.taps.size());
  const std::int64_t elements =
      planes_elements(channels) + (weight_gradient_block + 1) * coarse_pitch_ + rows * coarse_pitch_;
  return round_up(elements * static_cast<std::int64_t>(sizeof(T)), 64) +
         round_up((rows + weight_gradient_block) * 8, 64);
}

template <class T>
std::size_t WeightGradient<T>::workspace_bytes() const {
  return at(lanes_ * lane_bytes());
}

template <class T>
void WeightGradient<T>::run(const Arrays& arrays, std::byte* workspace) const {
  parallel_tasks(lanes_, problem_.groups * chunks_.parts, threads_, [&](std::int64_t i) {
    const std::int64_t channels = (fine_channels_ + chunks_.parts - 1) / chunks_.parts,
                       rows = channels * static_cast<std::int64_t>(taps_.taps.size());
    Lane lane{};
    lane.rows = reinterpret_cast<std::int64_t*>(workspace + i * lane_bytes());
    lane.steps = lane.rows + rows;
    lane.planes = reinterpret_cast<T*>(workspace + i * lane_bytes() + round_up((rows + weight_gradient_block) * 8, 64));
    lane.coarse = lane.planes + planes_elements(channels);
    lane.sums = lane.coarse + (weight_gradient_block + 1) * coarse_pitch_;
    return [this, &arrays, lane, loaded = std::int64_t{-1}](std::int64_t task) mutable {
      run_task(
          task / chunks_.parts, task % chunks_.parts, static_cast<const T*>(swapped_ ? arrays.coarse : arrays.fine),
          static_cast<const T*>(swapped_ ? arrays.fine : arrays.coarse), static_cast<T*>(arrays.weights), lane, loaded);
    };
  });
}

template <class T>
void WeightGradient<T>::run_task(std::int64_t conv_group, std::int64_t chunk, const T* fine, const T* coarse,
                                 T* weights, Lane lane, std::int64_t& loaded) const {
  const std::int64_t channel = chunks_.begin(chunk), channels = chunks_.size(chunk);
  const auto taps = static_cast<std::int64_t>(taps_.taps.size());
  const std::int64_t rows = channels * taps;
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t t = 0; t < taps; ++t)  // a row stands where its weight will
      lane.rows[c * taps + (problem_.flip ? taps - 1 - t : t)] =
          in_place_ ? c * fine_strides_[1] : c * planes_->channel_stride() + planes_->offset(taps_.taps[at(t)]);
  const bool one_block = problem_.batch == 1 && positions_ <= weight_gradient_block;
  if (!one_block || loaded != conv_group)
    std::fill_n(lane.coarse, (weight_gradient_block + 1) * coarse_pitch_, T{});  // lanes without a channel stay 0
  const std::int64_t width = axes_[2].positions, height = axes_[1].positions;
  const auto clear = [&] { std::fill_n(lane.sums, rows * coarse_pitch_, T{}); };
  bool starts = true;
  for (std::int64_t n = 0; n < problem_.batch; ++n) {
    const T* in = fine + n * fine_strides_[0] + (conv_group * fine_channels_ + channel) * fine_strides_[1];
    const T* given = coarse + n * coarse_strides_[0] + conv_group * coarse_channels_ * coarse_strides_[1];
    for (std::int64_t begin = 0; begin < positions_;) {
      const Stretch part = stretch(begin);
      lane.cells = in_place_ ? in : lane.planes;
      if (!in_place_) planes_->pack(rows_, in, fine_strides_, channels, part.box, lane.planes);
      for (; begin < part.end; begin += weight_gradient_block) {
        const std::int64_t depth = std::min(weight_gradient_block, part.end - begin);
        if (!one_block || loaded != conv_group) load_coarse(given, begin, depth, lane.coarse);
        loaded = conv_group;
        for (std::int64_t k = 0; k < depth; ++k) {
          const std::int64_t position = begin + k, row = position / width;
          lane.steps[k] = in_place_
                              ? position
                              : planes_->position(row / height - part.box.begin[0], row % height - part.box.begin[1],
                                                  position % width - part.box.begin[2]);
        }
        if (meets_zeros_ && !rows_.finite(lane.coarse, depth * coarse_pitch_)) {
          if (starts) clear();
          add_block_without_zeros(given, begin, depth, channels, lane);
          loaded = -1;  // it has moved them
        } else {
          add_block(rows, depth, starts, lane);
        }
        starts = false;
      }
    }
  }
  if (starts) clear();  // an empty batch
  if (swapped_) {
    rows_.copy_rows(lane.sums, coarse_pitch_, rows, coarse_channels_,
                    weights + (conv_group * fine_channels_ + channel) * coarse_channels_, coarse_channels_);
    return;
  }
  T* out = weights + conv_group * coarse_channels_ * fine_channels_ * taps + channel * taps;
  rows_.transpose(lane.sums, coarse_pitch_, rows, coarse_channels_, out, fine_channels_ * taps);
}

template <class T>
void WeightGradient<T>::load_coarse(const T* given, std::int64_t begin, std::int64_t depth, T* coarse) const {
  const std::int64_t width = axes_[2].positions, height = axes_[1].positions, step = coarse_strides_[4];
  const bool rows_follow = step == 1 && coarse_strides_[3] == width && coarse_strides_[2] == width * height;
  for (std::int64_t position = begin, end = begin + depth; position < end;) {
    const std::int64_t row = position / width, x = position % width;
    const std::int64_t count = rows_follow ? end - position : std::min(width - x, end - position);
    const T* from = given + row / height * coarse_strides_[2] + row % height * coarse_strides_[3] + x * step;
    if (step == 1)
      rows_.transpose(from, coarse_strides_[1], coarse_channels_, count, coarse, coarse_pitch_);
    else
      for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t c = 0; c < coarse_channels_; ++c)
          coarse[i * coarse_pitch_ + c] = from[i * step + c * coarse_strides_[1]];
    coarse += count * coarse_pitch_;
    position += count;
  }
}

/// One block of positions into the sums: the coarse numbers of a tile stay in the first-level cache while all rows pass
/// over them.
template <class T>
void WeightGradient<T>::add_block(std::int64_t rows, std::int64_t depth, bool starts, const Lane& lane) const {
  const bool tall = coarse_vectors_ % tiles_.wide_vectors != 0;  // 64 channels are 4 vectors of 16: two tiles of two
  const EvenParts columns(coarse_vectors_, tall ? tiles_.tall_vectors : tiles_.wide_vectors),
      row_tiles(rows, tall ? tiles_.tall_rows : tiles_.wide_rows);
  for (std::int64_t j = 0; j < columns.parts; ++j)
    for (std::int64_t i = 0; i < row_tiles.parts; ++i) {
      const std::int64_t row = row_tiles.begin(i), column = columns.begin(j) * tiles_.lanes;
      tiles_.correlate[row_tiles.size(i)][columns.size(j)](
          lane.cells, lane.rows + row, lane.steps, lane.coarse + column, coarse_pitch_, depth,
          lane.sums + row * coarse_pitch_ + column, coarse_pitch_, starts);
    }
}

/// A block with coarse numbers that are Inf or NaN, where 0 of the margin times such a number is no 0: tap by tap, only
/// at the positions whose cells exist.
template <class T>
void WeightGradient<T>::add_block_without_zeros(const T* coarse, std::int64_t begin, std::int64_t depth,
                                                std::int64_t channels, const Lane& lane) const {
  const LoweredAxis &az = axes_[0], &ay = axes_[1], &ax = axes_[2];
  const auto taps = static_cast<std::int64_t>(taps_.taps.size());
  std::int64_t steps[weight_gradient_block];
  for (std::int64_t t = 0; t < taps; ++t) {
    const PhaseGroup::Tap& tap = taps_.taps[at(t)];
    load_coarse(coarse, begin, depth, lane.coarse);
    std::int64_t count = 0;
    for (std::int64_t k = 0; k < depth; ++k) {
      const std::int64_t position = begin + k, row = position / ax.positions;
      if (az.source(tap.plane / (ay.planes * ax.planes), row / ay.positions + tap.shift[0]) < 0 ||
          ay.source(tap.plane / ax.planes % ay.planes, row % ay.positions + tap.shift[1]) < 0 ||
          ax.source(tap.plane % ax.planes, position % ax.positions + tap.shift[2]) < 0)
        continue;
      if (count != k) std::copy_n(lane.coarse + k * coarse_pitch_, coarse_pitch_, lane.coarse + count * coarse_pitch_);
      steps[count++] = lane.steps[k];
    }
    for (std::int64_t c = 0; c < channels; ++c) {
      const std::int64_t row = c * taps + (problem_.flip ? taps - 1 - t : t);
      for (std::int64_t column = 0; column < coarse_vectors_ * tiles_.lanes; column += tiles_.lanes)
        tiles_.correlate[1][1](lane.cells, lane.rows + row, steps, lane.coarse + column, coarse_pitch_, count,
                               lane.sums + row * coarse_pitch_ + column, coarse_pitch_, false);
    }
  }
}

template class WeightGradient<float>;
template class WeightGradient<double>;

}  // namespace faltung::internal
