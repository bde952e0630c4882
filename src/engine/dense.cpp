#include "engine/dense_form.hpp"
#include "engine/dense_inl.hpp"
#include "engine/orientation.hpp"
#include "support/parallel.hpp"

#include <algorithm>
#include <utility>

namespace faltung::internal {

namespace {

/// An array of the problem, its axes in the order of these.
struct Layout {
  std::array<std::int64_t, 5> extent;
  Strides dense;

  bool is(const Strides& strides) const {
    for (std::size_t a = 0; a < 5; ++a)
      if (extent[a] > 1 && strides[a] != dense[a]) return false;
    return true;
  }
};

Layout layout_of(const Problem& problem, const std::array<Axis, 3>& axes, bool coarse) {
  Layout layout{{problem.batch, coarse ? problem.coarse_channels : problem.fine_channels}, {}};
  for (std::size_t a = 0; a < 3; ++a) layout.extent[a + 2] = coarse ? axes[a].coarse : axes[a].fine;
  layout.dense = dense_strides(layout.extent[1], layout.extent[2], layout.extent[3], layout.extent[4]);
  return layout;
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
  const Layout given_layout = layout_of(problem, problem_axes, !gather),
               result_layout = layout_of(problem, problem_axes, gather);
  given_strides_ = given ? orientation.of(*given) : given_layout.dense;
  result_strides_ = result ? orientation.of(*result) : result_layout.dense;
  if (given) given_shift_ = orientation.shift(*given, three_axes(problem), !gather);
  if (result) result_shift_ = orientation.shift(*result, three_axes(problem), gather);
  given_dense_ = given_layout.is(given_strides_);
  result_dense_ = result_layout.is(result_strides_);
  DenseForm form = dense_form(problem, limits_of(tiles_), sizeof(T), finish_.adds || !result_dense_, orientation);
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
  if (!gather && std::any_of(problem.axes.begin(), problem.axes.end(),
                             [](const Axis& axis) { return axis.boundary != Boundary::zeros; }))
    fold_.emplace(problem_axes);
  out_strides_ = dense_strides(result_channels_ * problem.groups, axes_[0].result, axes_[1].result, axes_[2].result);
  if (!fold_) out_strides_ = result_strides_;

  meets_zeros_ = std::any_of(axes_.begin(), axes_.end(), [](const LoweredAxis& axis) { return axis.meets_zeros(); });
  in_place_ = reads_in_place();
  if (in_place_ && !blocking_.panels && axes_[1].high == axes_[1].low && axes_[2].high == axes_[2].low &&
      axes_[0].high == axes_[0].low) {
    blocking_.rows_apart = axes_[0].positions * axes_[1].positions == 1;  // rows follow each other without a gap
  }
  skips_taps_ = leaves_out_taps(form, tiles_.lanes);
  planes_.emplace(axes_, blocking_.box, form.planes, tiles_.lanes, static_cast<std::int64_t>(sizeof(T)));
  for (std::size_t a = 0; a < 3; ++a) boxes_[a] = ceil_divide(axes_[a].positions, blocking_.box[a]);
  for (PhaseGroup& phases : phase_groups) {
    Group group;
    for (std::int64_t channel = 0; channel < given_channels_; ++channel)
      for (const auto& tap : phases.taps)
        group.offset.push_back(in_place_ ? channel * given_cells() + cell(tap.shift[0], tap.shift[1], tap.shift[2])
                                         : channel * planes_->channel_stride() + planes_->offset(tap));
    group.phases = std::move(phases);
    groups_.push_back(std::move(group));
  }

  chunks_ = EvenParts(result_channels_, blocking_.chunk);
  const std::int64_t all_boxes = problem.batch * problem.groups * boxes_[0] * boxes_[1] * boxes_[2];
  const std::int64_t wanted = threads == 0 ? hardware_threads() : threads;
  if (wanted > 1 && all_boxes > 0 && all_boxes < 4 * wanted) {  // too few boxes to share evenly: share the chunks too
    const std::int64_t parts = ceil_divide(4 * wanted, all_boxes);
    const std::int64_t least = std::max<std::int64_t>(1, blocking_.tile_rows / phases_);
    if (chunks_.parts < parts)
      chunks_ = EvenParts(result_channels_, std::max(least, ceil_divide(result_channels_, parts)));
    splits_ = std::min(chunks_.parts, parts);
  }
  tasks_ = all_boxes * splits_;
  lanes_ = std::max<std::int64_t>(1, std::min(tasks_, wanted));

  const auto& box = blocking_.box;
  direct_ = writes_in_place();
  scratch_rows_ = ceil_divide(result_channels_, chunks_.parts) * phases_;
  const Box whole{{0, 0, 0}, box};
  scratch_columns_ = scratch_column(whole, box[0] - 1, box[1] - 1) + box[2] + (most_tile_vectors + 1) * tiles_.lanes;
  const std::int64_t line = 64 / static_cast<std::int64_t>(sizeof(T));
  scratch_columns_ = round_up(scratch_columns_, line);
  if (scratch_columns_ / line % 2 == 0)
    scratch_columns_ += line;  // odd in lines: rows spread over all sets of the cache
  const std::int64_t width = blocking_.tile_vectors * tiles_.lanes;
  planes_elements_ = in_place_ ? 0 : round_up(planes_->elements(given_channels_), line);
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

/// 1×1, kernels as large as their stride (transposed), and convolutions without padding: positions are where the taps
/// expect them.
template <class T>
bool Dense<T>::reads_in_place() const {
  if (!given_dense_) return false;
  for (const LoweredAxis& axis : axes_) {
    if (axis.planes != 1 || axis.pad != 0 || axis.cells() > axis.given) return false;
  }
  return true;
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
    return axes_[2].positions >= tiles_.lanes &&
           (one_block || (axes_[2].positions % tiles_.lanes == 0 && boxes_[2] == 1));
  const std::int64_t pitch = in_place_ ? axes_[2].given : planes_->pitch();
  const std::int64_t rows = in_place_ ? axes_[1].given : blocking_.box[1] + axes_[1].high - axes_[1].low;
  const bool gapless = pitch == axes_[2].positions && (blocking_.box[0] == 1 || rows == axes_[1].positions);
  if (!gapless) return false;
  std::int64_t smallest = 1;  // the last box of every axis
  for (std::size_t a = 0; a < 3; ++a) smallest *= axes_[a].positions - blocking_.box[a] * (boxes_[a] - 1);
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
  return at(element_count(problem_.weights_shape()) + problem_.groups * result_channels_ * phases_) * sizeof(T);
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
  packed->weights.resize(at(element_count(problem_.weights_shape())));
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
        for (std::int64_t k0 = 0; k0 < group.depth(); k0 += blocking_.sum_block)
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
            for (std::int64_t k = k0; k < std::min(group.depth(), k0 + blocking_.sum_block); ++k) {
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

template <class T>
typename Dense<T>::Task Dense<T>::task(std::int64_t index) const {
  Task task{};
  const std::int64_t split = index % splits_;
  index /= splits_;
  for (std::size_t a = 3; a-- > 0; index /= boxes_[a]) {
    task.box.begin[a] = index % boxes_[a] * blocking_.box[a];
    task.box.end[a] = std::min(axes_[a].positions, task.box.begin[a] + blocking_.box[a]);
  }
  task.conv_group = index % problem_.groups;
  task.sample = index / problem_.groups;
  task.first_chunk = chunks_.parts * split / splits_;
  task.end_chunk = chunks_.parts * (split + 1) / splits_;
  return task;
}

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
void Dense<T>::fold_channel(T* temporary, T* result) const {
  (*fold_)(temporary);
  for (std::int64_t z = 0; z < fold_->fine_extent(0); ++z)
    for (std::int64_t y = 0; y < fold_->fine_extent(1); ++y)
      write_row(finish_, temporary + fold_->kept_row(z, y), fold_->fine_extent(2),
                result + z * result_strides_[2] + y * result_strides_[3], result_strides_[4]);
}

template <class T>
void Dense<T>::run_task(const Task& task, const T* given, T* result, const Packed& packed_base,
                        const Lane& lane) const {
  const auto& packed = static_cast<const DenseWeights<T>&>(packed_base);
  const T* first = given + task.sample * given_strides_[0] + task.conv_group * given_channels_ * given_strides_[1];
  T* out = result + task.sample * out_strides_[0] + task.conv_group * result_channels_ * out_strides_[1];
  if (!in_place_) planes_->pack(rows_, first, given_strides_, given_channels_, task.box, lane.planes);
  const T* planes = lane.planes;
  if (in_place_) planes = first + cell(task.box.begin[0], task.box.begin[1], task.box.begin[2]);
  const T* planes_end = in_place_ ? given + problem_.batch * problem_.groups * given_channels_ * given_cells()
                                  : lane.planes + planes_elements_;
  std::int64_t depths = 0;  // weights of one result channel
  for (const Group& group : groups_) depths += group.count() * group.depth();
  for (std::int64_t chunk = task.first_chunk; chunk < task.end_chunk; ++chunk) {
    const std::int64_t channel = task.conv_group * result_channels_ + chunk_begin(chunk);
    run_chunk({task, packed, lane, planes, planes_end, out, packed.weights.data() + channel * depths,
               packed.start.data() + channel * phases_, chunk_begin(chunk), chunks_.size(chunk)});
  }
}

template <class T>
void Dense<T>::run_chunk(const ChunkRun& run) const {
  if (fold_ && run.packed.bias) prefill(run);
  ChunkRun part = run;
  std::int64_t scratch_row = 0;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    blocking_.panels ? multiply_panels(part, g, scratch_row) : multiply(part, g, scratch_row);
    const std::int64_t rows = run.channels * groups_[g].count();
    part.weights += rows * groups_[g].depth();
    part.start += rows;
    scratch_row += rows;
  }
  if (!run.packed.repair.empty()) repair(run);
  if (direct_) return;
  if (out_strides_[4] == 1 || out_strides_[4] == -1)
    put_together(run);
  else if (out_strides_[1] == 1 && run.channels > 1)
    put_together_channels_last(run);
  else
    put_together_columns(run);
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

template <class T>
template <class Visit>
void Dense<T>::for_each_position_tile(const Box& box, Visit&& visit) const {
  // a run of `length` positions that follow each other, from `from` in the planes and `column` in the result or scratch
  const auto tiles_of = [&](std::int64_t from, std::int64_t column, std::int64_t length) {
    const EvenParts parts((length + tiles_.lanes - 1) / tiles_.lanes, blocking_.tile_vectors);
    const auto tile = [&](std::int64_t begin, std::int64_t vectors) {
      visit(PositionTile{from + begin, column + begin, vectors, std::min(vectors * tiles_.lanes, length - begin)});
    };
    for (std::int64_t i = 0; i < parts.parts; ++i) {
      const std::int64_t begin = parts.begin(i) * tiles_.lanes, vectors = parts.size(i), width = vectors * tiles_.lanes;
      if (!direct_ || begin + width <= length) {
        tile(begin, vectors);
      } else if (width <= length) {
        tile(length - width, vectors);
      } else {  // the only tile of a short run
        if (vectors > 1) tile(0, vectors - 1);
        tile(length - tiles_.lanes, 1);
      }
    }
  };
  if (!blocking_.rows_apart) {
    tiles_of(0, direct_ ? result_cell(box.begin[0], box.begin[1], box.begin[2]) : 0,
             cell(box.size(0) - 1, box.size(1) - 1, box.size(2)));
    return;
  }
  for (std::int64_t z = 0; z < box.size(0); ++z)
    for (std::int64_t y = 0; y < box.size(1); ++y)
      tiles_of(cell(z, y, 0),
               direct_ ? result_cell(box.begin[0] + z, box.begin[1] + y, box.begin[2]) : scratch_column(box, z, y),
               box.size(2));
}

/// Some tiles of rows at one tile of positions.
template <class T>
void Dense<T>::multiply_rows(LoweredAxis::Run tiles, const EvenParts& parts, std::int64_t vectors,
                             const Product& of) const {
  const std::int64_t run = of.of_taps.end - of.of_taps.begin, depth = of.depth == 0 ? 0 : of.depth / of.taps * run;
  for (std::int64_t i = tiles.begin; i < tiles.end; ++i) {
    const std::int64_t m = parts.begin(i), rows = parts.size(i);
    TileKernel<T> kernel = tiles_.tile[rows][vectors];
    if (vectors == 1 && i + 1 < tiles.end && parts.size(i + 1) == rows && tiles_.pair[rows] != nullptr) {
      kernel = tiles_.pair[rows];
      ++i;
    }
    kernel(of.weights + m * of.depth + of.of_taps.begin * rows, of.cells, of.offset, depth,
           std::max<std::int64_t>(1, run), of.taps - run, of.c + m * of.c_stride, of.c_stride,
           of.start == nullptr ? nullptr : of.start + m);
  }
}

template <class T>
void Dense<T>::multiply(const ChunkRun& run, std::size_t g, std::int64_t scratch_row) const {
  const Group& group = groups_[g];
  const std::int64_t rows = run.channels * group.count();
  const EvenParts row_tiles(rows, blocking_.tile_rows);
  T* c = scratch_or_result(run, scratch_row);
  const std::int64_t c_stride = direct_ ? result_cells() : scratch_columns_;
  const bool filled = fold_ && run.packed.bias;
  for (std::int64_t k0 = 0; k0 < std::max<std::int64_t>(1, group.depth()); k0 += blocking_.sum_block) {
    const std::int64_t depth = std::min(group.depth() - k0, blocking_.sum_block);
    // taps of a transposed convolution go backwards: the furthest cell is any tap's of the last channel
    const std::int64_t last_taps = std::min(depth, static_cast<std::int64_t>(group.phases.taps.size()));
    const std::int64_t furthest =
        depth > 0 ? *std::max_element(group.offset.begin() + k0 + depth - last_taps, group.offset.begin() + k0 + depth)
                  : 0;
    const T* weights = run.weights + rows * k0;
    const T* start = k0 == 0 && !filled ? run.start : nullptr;
    const bool finishes = direct_ && !finish_.nothing() && k0 + blocking_.sum_block >= group.depth();
    const auto position_tile = [&](std::int64_t first, std::int64_t end, const PositionTile& tile) {
      const T* planes = run.planes + tile.cell;
      const std::int64_t* offset = group.offset.data() + k0;
      const std::int64_t width = tile.vectors * tiles_.lanes;
      if (in_place_ && depth > 0 && run.planes_end - planes < furthest + width) {
        // the vectors would read behind the given array: take what exists into the tail
        for (std::int64_t k = 0; k < depth; ++k) std::copy_n(planes + offset[k], tile.valid, run.lane.tail + k * width);
        planes = run.lane.tail;
        offset = tail_offset_[tile.vectors].data();
      }
      multiply_rows({first, end}, row_tiles, tile.vectors,
                    {weights, planes, offset, depth, depth, {0, depth}, c + tile.column, c_stride, start});
      if (!finishes) return;
      for (std::int64_t m = row_tiles.begin(first); m < row_tiles.begin(end); ++m) {
        T* row = c + m * c_stride + tile.column;
        rows_.finish(finish_, row, width, row);
      }
    };
    if (blocking_.rows_outer)
      for (std::int64_t i = 0; i < row_tiles.parts; i += 2)
        for_each_position_tile(
            run.task.box, [&](const PositionTile& tile) { position_tile(i, std::min(i + 2, row_tiles.parts), tile); });
    else
      for_each_position_tile(run.task.box, [&](const PositionTile& tile) { position_tile(0, row_tiles.parts, tile); });
  }
}

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
  const auto stream = [&](std::int64_t jx) {
    const PhasePlace place = place_of_[at(phase_zy * ax.phases + jx)];
    return run.lane.scratch +
           (run.channels * place.before + channel * groups_[place.group].count() + place.index) * scratch_columns_ +
           column;
  };
  T* first = plane + result_index(1, box.begin[1] + lines.begin, phase_zy % ay.phases) * out_strides_[3];
  const std::int64_t row_step = ay.phases * out_strides_[3];
  T* streams[64];
  const bool interleaves = ax.phases <= 64;  // no register holds more streams: one after the other
  for (std::int64_t jx = 0; interleaves && jx < ax.phases; ++jx) streams[jx] = stream(jx);
  if (interleaves && finish.nothing() && step == 1) {
    if (ax.phases == 1)
      return rows_.copy_rows(streams[0] + x_low - x_begin, pitch, lines.end - lines.begin, x_high - x_low,
                             first + x_low, row_step);
    if (x_low == x_begin && x_high == x_begin + width * ax.phases)
      return rows_.interleave(streams, pitch, lines.end - lines.begin, ax.phases, width, first + x_begin, row_step);
  }
  for (std::int64_t y = 0; y < lines.end - lines.begin; ++y) {
    T* row = first + y * row_step;
    if (!interleaves) {
      for (std::int64_t jx = 0; jx < ax.phases; ++jx)
        for (std::int64_t q = 0; q < width; ++q)
          if (const std::int64_t x = x_begin + q * ax.phases + jx; x >= 0 && x < ax.result)
            write_row(finish, stream(jx) + y * pitch + q, 1, row + x * step, step);
    } else if (ax.phases == 1) {
      write_row(finish, streams[0] + y * pitch + x_low - x_begin, x_high - x_low, row + x_low * step, step);
    } else {
      rows_.interleave(streams, 0, 1, ax.phases, width, run.lane.row, 0);
      for (std::int64_t jx = 0; jx < ax.phases; ++jx) streams[jx] += pitch;
      write_row(finish, run.lane.row + x_low - x_begin, x_high - x_low, row + x_low * step, step);
    }
  }
}

template class Dense<float>;
template class Dense<double>;

}  // namespace faltung::internal
