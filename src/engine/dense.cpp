#include "engine/dense_form.hpp"
#include "engine/dense_inl.hpp"
#include "engine/orientation.hpp"
#include "engine/sharing.hpp"
#include "support/parallel.hpp"

#include <algorithm>
#include <utility>

namespace faltung::internal {

namespace {

/// Bytes of a result whose rows are put together from so many bytes and written past the caches: lines are not read
/// before they are written, and few of them would still be there for who reads them next.
constexpr std::int64_t non_temporal_result = std::int64_t{16} << 20, non_temporal_row = 384;
/// Bytes of planes that are packed at once: more than any box has that was chosen for the caches, but for taps that
/// reach far.
constexpr std::int64_t most_planes_bytes = std::int64_t{3} << 19U;

std::int64_t largest_divisor(std::int64_t n, std::int64_t most) {
  std::int64_t divisor = std::min(n, most);
  while (n % divisor != 0) --divisor;
  return divisor;
}

/// Extents of an array of the problem, its axes in the order of these.
std::array<std::int64_t, 5> extents_of(const Problem& problem, const std::array<Axis, 3>& axes, bool coarse) {
  std::array<std::int64_t, 5> extents{problem.batch, coarse ? problem.coarse_channels : problem.fine_channels};
  for (std::size_t a = 0; a < 3; ++a) extents[a + 2] = coarse ? axes[a].coarse : axes[a].fine;
  return extents;
}

}  // namespace

template <class T>
Dense<T>::Dense(const Problem& problem, int threads, Target target, const Ends& ends)
    : problem_(problem),
      threads_(threads),
      tiles_(tile_kernels<T>(target)),
      rows_(row_kernels<T>(target)),
      finish_(finish_of<T>(ends)) {
  const bool gather = problem.unknown == Unknown::coarse;
  given_channels_ = (gather ? problem.fine_channels : problem.coarse_channels) / problem.groups;
  result_channels_ = (gather ? problem.coarse_channels : problem.fine_channels) / problem.groups;
  const Orientation orientation = choose_orientation(problem, ends);
  const std::array<Axis, 3> problem_axes = orientation.of(three_axes(problem));
  const std::optional<Strides>&given = gather ? ends.fine : ends.coarse, &result = gather ? ends.coarse : ends.fine;
  const std::array<std::int64_t, 5> given_extents = extents_of(problem, problem_axes, !gather),
                                    result_extents = extents_of(problem, problem_axes, gather);
  const auto dense = [](const std::array<std::int64_t, 5>& of) { return dense_strides(of[1], of[2], of[3], of[4]); };
  given_strides_ = given ? orientation.of(*given) : dense(given_extents);
  result_strides_ = result ? orientation.of(*result) : dense(result_extents);
  if (given) given_shift_ = orientation.shift(*given, three_axes(problem), !gather);
  if (result) result_shift_ = orientation.shift(*result, three_axes(problem), gather);
  result_dense_ = lies_dense(result_strides_, result_extents);
  DenseForm form = dense_form(problem, limits_of(tiles_), sizeof(T),
                              {lies_dense(given_strides_, given_extents), finish_.adds || !result_dense_}, orientation);
  const std::int64_t wanted = threads == 0 ? hardware_threads() : threads;
  splits_ = share(problem, limits_of(tiles_), wanted, form);
  axes_ = form.axes;
  blocking_ = form.blocking;
  phases_ = form.shape.phases;
  place_of_.resize(at(phases_));
  std::vector<PhaseGroup>& phase_groups = form.groups;
  std::int64_t before = 0;
  for (std::size_t g = 0; g < phase_groups.size(); ++g) {
    const PhaseGroup& group = phase_groups[g];
    for (std::size_t i = 0; i < group.phases.size(); ++i)
      place_of_[at(group.phases[i])] = {g, static_cast<std::int64_t>(i), before};
    before += static_cast<std::int64_t>(group.phases.size());
  }
  if (folds_result(problem)) fold_.emplace(problem_axes);
  out_strides_ = dense_strides(result_channels_ * problem.groups, axes_[0].result, axes_[1].result, axes_[2].result);
  if (!fold_) out_strides_ = result_strides_;

  meets_zeros_ = std::any_of(axes_.begin(), axes_.end(), [](const LoweredAxis& axis) { return axis.meets_zeros(); });
  in_place_ = form.shape.in_place;
  if (in_place_ && !blocking_.panels && axes_[1].high == axes_[1].low && axes_[2].high == axes_[2].low &&
      axes_[0].high == axes_[0].low) {
    blocking_.rows_apart = axes_[0].positions * axes_[1].positions == 1;  // rows follow each other without a gap
    blocking_.skips_taps = false;
  }
  if (in_place_ && blocking_.box[0] > 1 && blocking_.box[1] < axes_[1].positions)
    blocking_.rows_apart = true;  // rows of others lie between its layers
  planes_.emplace(axes_, blocking_.box, form.planes, tiles_.lanes, static_cast<std::int64_t>(sizeof(T)), target);
  for (std::size_t a = 0; a < 3; ++a) boxes_[a] = ceil_divide(axes_[a].positions, blocking_.box[a]);
  for (PhaseGroup& phases : phase_groups) {
    Group group;
    for (std::int64_t channel = 0; channel < given_channels_; ++channel)
      for (const auto& tap : phases.taps)
        group.offset.push_back(in_place_ ? channel * given_cells() + cell(tap.shift[0], tap.shift[1], tap.shift[2])
                                         : channel * planes_->channel_stride() + planes_->offset(tap));
    const auto of_channel = std::max<std::int64_t>(1, static_cast<std::int64_t>(phases.taps.size()));
    group.block = blocking_.sum_block % std::max<std::int64_t>(1, form.shape.taps) == 0
                      ? blocking_.sum_block / of_channel * of_channel
                      : blocking_.sum_block;
    const std::array<std::int64_t, 3> first = phase_of(phases.phases.front());
    for (std::size_t a = 0; blocking_.skips_taps && a < 2; ++a)
      for (std::int64_t position = 0; position < axes_[a].positions; ++position)
        group.met[a].push_back(axes_[a].met(first[a], position));
    group.phases = std::move(phases);
    groups_.push_back(std::move(group));
  }

  pack_in_parts();
  chunks_ = EvenParts(result_channels_, blocking_.chunk);
  tasks_ = problem.batch * problem.groups * splits_;
  for (const std::int64_t boxes : boxes_) tasks_ *= boxes;
  lanes_ = std::max<std::int64_t>(1, std::min(tasks_, wanted));

  const auto& box = blocking_.box;
  direct_ = writes_in_place();
  const std::int64_t bytes = static_cast<std::int64_t>(sizeof(T)),
                     result_bytes = problem.batch * problem.groups * result_channels_ * result_cells() * bytes;
  non_temporal_ = axes_[2].phases > 1 && !fold_ && !finish_.adds && result_strides_[4] == 1 &&
                  result_bytes >= non_temporal_result && axes_[2].phases * box[2] * bytes >= non_temporal_row;
  scratch_rows_ = ceil_divide(result_channels_, chunks_.parts) * phases_;
  const Box whole{{0, 0, 0}, box};
  scratch_columns_ = scratch_column(whole, box[0] - 1, box[1] - 1) + box[2] + 2 * tiles_.lanes;
  const std::int64_t line = 64 / static_cast<std::int64_t>(sizeof(T));
  scratch_columns_ = round_up(scratch_columns_, line);
  if (scratch_columns_ / line % 2 == 0)
    scratch_columns_ += line;  // odd in lines: rows spread over all sets of the cache
  const std::int64_t width = blocking_.tile_vectors * tiles_.lanes;
  planes_elements_ = in_place_ ? 0 : round_up(planes_->elements(packed_channels_), line);
  scratch_elements_ = direct_ ? (blocking_.panels ? scratch_rows_ * width : 0) : scratch_rows_ * scratch_columns_;
  row_elements_ = round_up(std::max(axes_[2].phases * (box[2] + tiles_.lanes),
                                    ceil_divide(result_channels_, chunks_.parts) * channels_last_cells),
                           line);
  if (blocking_.panels)
    panels_elements_ = round_up(blocking_.sum_block * blocking_.panel_positions + tiles_.lanes, line);
  if (in_place_ && !blocking_.panels) tail_elements_ = round_up(blocking_.sum_block * width, line);
  for (std::int64_t v = 1; v <= blocking_.tile_vectors; ++v)
    for (std::int64_t k = 0; k < blocking_.sum_block; ++k) tail_offset_[v].push_back(k * v * tiles_.lanes);
}

/// Planes that no cache holds, of many channels and far taps, are packed some channels at a time, between blocks of the
/// sum of every phase group.
template <class T>
void Dense<T>::pack_in_parts() {
  const std::int64_t channel_bytes = planes_->channel_stride() * static_cast<std::int64_t>(sizeof(T)),
                     most = std::max<std::int64_t>(1, most_planes_bytes / channel_bytes);
  packed_channels_ = given_channels_;
  if (in_place_ || given_channels_ <= most) return;
  packed_channels_ = most < 8 ? most : most / 8 * 8;  // what has divisors
  for (Group& group : groups_) {
    const std::int64_t channels = group.block / group.taps();
    group.block = group.block % group.taps() == 0 ? largest_divisor(packed_channels_, channels) * group.taps()
                                                  : largest_divisor(packed_channels_ * group.taps(), group.block);
  }
}

/// Tiles may be written straight into the result when its rows are the positions, and no tile writes beyond them: the
/// last tile of a row begins earlier and repeats some positions, which only a sum of one block can bear.
template <class T>
bool Dense<T>::writes_in_place() const {
  if (phases_ != 1 || fold_ || finish_.adds || !result_dense_) return false;
  if (blocking_.panels)  // the last tile of a box waits beside
    return (blocking_.box[0] == 1 || blocking_.box[1] == axes_[1].positions) &&
           (blocking_.box[2] == axes_[2].positions || (blocking_.box[0] == 1 && blocking_.box[1] == 1));
  const bool one_block = groups_[0].depth() <= blocking_.sum_block;
  if (blocking_.rows_apart)
    return axes_[2].positions - box_begin(2, boxes_[2] - 1) >= tiles_.lanes &&
           (one_block || (axes_[2].positions % tiles_.lanes == 0 && boxes_[2] == 1));
  const std::int64_t pitch = in_place_ ? axes_[2].given : planes_->pitch();
  const std::int64_t rows = in_place_ ? axes_[1].given : blocking_.box[1] + axes_[1].high - axes_[1].low;
  const bool gapless = pitch == axes_[2].positions && (blocking_.box[0] == 1 || rows == axes_[1].positions);
  if (!gapless) return false;
  std::int64_t smallest = 1;  // the last box of every axis
  for (std::size_t a = 0; a < 3; ++a) smallest *= axes_[a].positions - box_begin(a, boxes_[a] - 1);
  const std::int64_t full = blocking_.box[0] * blocking_.box[1] * blocking_.box[2];
  const bool whole = smallest % tiles_.lanes == 0 && full % tiles_.lanes == 0;
  return smallest >= tiles_.lanes && (one_block || whole);
}

template <class T>
std::size_t Dense<T>::workspace_bytes() const {
  std::int64_t elements = lanes_ * lane_elements();
  if (fold_) elements += problem_.fine_channels * fold_->temporary_cells();
  return at(elements) * sizeof(T);
}

template <class T>
std::size_t Dense<T>::packed_bytes() const {
  return at(problem_.groups * result_channels_ * (weights_of_channel() + phases_)) * sizeof(T);
}

template <class T>
std::int64_t Dense<T>::weight_place(std::int64_t conv_group, std::int64_t result, std::int64_t given,
                                    std::int64_t tap) const {
  const bool gather = problem_.unknown == Unknown::coarse;
  std::int64_t taps = 1;
  for (const Axis& axis : problem_.axes) taps *= axis.kernel;
  const std::int64_t coarse = conv_group * (problem_.coarse_channels / problem_.groups) + (gather ? result : given);
  const std::int64_t fine = gather ? given : result;
  return (coarse * (problem_.fine_channels / problem_.groups) + fine) * taps + (problem_.flip ? taps - 1 - tap : tap);
}

template <class T>
std::unique_ptr<const Packed> Dense<T>::pack(const void* weights, const void* bias) const {
  auto packed = std::make_unique<DenseWeights<T>>();
  const auto* w = static_cast<const T*>(weights);
  const auto* b = static_cast<const T*>(bias);
  packed->bias = b != nullptr;
  if (meets_zeros_) keep_for_repair(w, *packed);
  packed->weights.resize(at(problem_.groups * result_channels_ * weights_of_channel()));
  T* out = packed->weights.data();
  const std::int64_t given_step = given_channels_ > 1 ? weight_place(0, 0, 1, 0) - weight_place(0, 0, 0, 0) : 0;
  const std::int64_t tap_step = problem_.flip ? -1 : 1;
  for (std::int64_t g = 0; g < problem_.groups; ++g)
    for (std::int64_t chunk = 0; chunk < chunks_.parts; ++chunk)
      for (const Group& group : groups_) {
        const std::int64_t rows = chunks_.size(chunk) * group.count();
        const auto tap_count = static_cast<std::int64_t>(group.phases.taps.size());
        for (std::int64_t m = 0; m < rows; ++m)
          packed->start.push_back(b == nullptr ? T{}
                                               : b[g * result_channels_ + chunk_begin(chunk) + m / group.count()]);
        const EvenParts row_tiles(rows, blocking_.tile_rows);
        for (std::int64_t k0 = 0; k0 < group.depth(); k0 += group.block)
          for (std::int64_t tile = 0; tile < row_tiles.parts; ++tile) {
            // where the rows of the tile begin, and from there the steps of a given channel and of a tap
            std::array<const T*, most_tile_rows> row;
            std::array<const std::int64_t*, most_tile_rows> kernel;
            const std::int64_t begin = row_tiles.begin(tile), height = row_tiles.begin(tile + 1) - begin;
            for (std::int64_t m = 0; m < height; ++m) {
              const std::int64_t of = begin + m;
              row[at(m)] = w + weight_place(g, chunk_begin(chunk) + of / group.count(), 0, 0);
              kernel[at(m)] = group.phases.kernel[at(of % group.count())].data();
            }
            std::int64_t given = k0 / tap_count, tap = k0 % tap_count;
            for (std::int64_t k = k0; k < std::min(group.depth(), k0 + group.block); ++k) {
              for (std::int64_t m = 0; m < height; ++m)
                *out++ = row[at(m)][given * given_step + kernel[at(m)][tap] * tap_step];
              if (++tap == tap_count) {
                tap = 0;
                ++given;
              }
            }
          }
      }
  return packed;
}

/// Boxes along x are whole tiles, the last one smaller; along y and z they are even, so that threads finish together.
template <class T>
std::int64_t Dense<T>::box_begin(std::size_t axis, std::int64_t i) const {
  const std::int64_t positions = axes_[axis].positions, most = blocking_.box[axis];
  return axis == 2 ? std::min(positions, i * most) : EvenParts(positions, most).begin(i);
}

template <class T>
typename Dense<T>::Task Dense<T>::task(std::int64_t index) const {
  Task task{};
  const std::int64_t split = index % splits_;
  index /= splits_;
  for (std::size_t a = 3; a-- > 0; index /= boxes_[a]) {
    task.box.begin[a] = box_begin(a, index % boxes_[a]);
    task.box.end[a] = box_begin(a, index % boxes_[a] + 1);
  }
  task.conv_group = index % problem_.groups;
  task.sample = index / problem_.groups;
  task.first_chunk = chunks_.parts * split / splits_;
  task.end_chunk = chunks_.parts * (split + 1) / splits_;
  return task;
}

template <class T>
std::int64_t Dense<T>::scratch_column(const Box& box, std::int64_t z, std::int64_t y) const {
  if (blocking_.panels) return (z * box.size(1) + y) * box.size(2);
  return blocking_.rows_apart ? (z * box.size(1) + y) * round_up(blocking_.box[2], tiles_.lanes) : cell(z, y, 0);
}

template <class T>
T* Dense<T>::scratch_or_result(const ChunkRun& run, std::int64_t scratch_row) const {
  return direct_ ? run.result + run.channel * result_cells() : run.lane.scratch + scratch_row * scratch_columns_;
}

template class Dense<float>;
template class Dense<double>;

}  // namespace faltung::internal
