#include "engine/few_positions.hpp"

#include "engine/few_positions_inl.hpp"
#include "support/parallel.hpp"

#include <algorithm>
#include <utility>

namespace faltung::internal {

namespace {

/// Sums of a task: a quarter of a small second-level cache.
constexpr std::int64_t most_sums = std::int64_t{1} << 15U;
}  // namespace

template <class T>
FewPositions<T>::FewPositions(const Problem& problem, int threads, Target target, const Ends& ends)
    : problem_(problem),
      threads_(threads),
      kernels_(few_positions_kernels<T>(target)),
      rows_(row_kernels<T>(target)),
      finish_(finish_of<T>(ends)),
      gather_(problem.unknown == Unknown::coarse),
      lanes_of_vector_(tile_kernels<T>(target).lanes) {
  const FewPositionsForm form = few_positions_form(problem, lanes_of_vector_, most_rows_of(kernels_));
  apart_ = form.apart;
  far_ = form.far;
  panel_vectors_ = form.vectors;
  tile_rows_ = form.rows;
  given_channels_ = form.given_channels;
  result_channels_ = form.result_channels;
  for (const Axis& axis : problem.axes) {
    given_cells_ *= gather_ ? axis.fine : axis.coarse;
    result_cells_ *= gather_ ? axis.coarse : axis.fine;
  }
  for (const PhaseAxis& z : form.phases[0])
    for (const PhaseAxis& y : form.phases[1])
      for (const PhaseAxis& x : form.phases[2]) add_phase(z, y, x);

  // chunks: all channels, unless their sums are many or other threads want some
  const std::int64_t vectors = ceil_divide(result_channels_, lanes_of_vector_),
                     wanted = threads == 0 ? hardware_threads() : threads;
  std::int64_t most_rows = 1, parts = 0;
  for (const Phase& phase : phases_) {
    std::int64_t rows = 0;
    for (const Tile& tile : phase.tiles) rows += tile.rows;
    most_rows = std::max(most_rows, std::min(rows, most_rows_together));
    parts += problem.groups * ceil_divide(rows, most_rows_together);
  }
  const std::int64_t split = wanted == 1 ? 1 : ceil_divide(2 * wanted, std::max<std::int64_t>(1, parts));
  const std::int64_t most = std::max(panel_vectors_, most_sums / most_rows / lanes_of_vector_);
  chunks_ = EvenParts(vectors, std::min(most, std::max(panel_vectors_, ceil_divide(vectors, split))));
  for (std::int64_t group = 0; group < problem.groups; ++group)
    for (std::int64_t chunk = 0; chunk < chunks_.parts; ++chunk)
      for (std::size_t p = 0; p < phases_.size(); ++p) {
        const std::vector<Tile>& tiles = phases_[p].tiles;
        const auto count = static_cast<std::int64_t>(tiles.size());
        for (std::int64_t first = 0, end = 0; first < count; first = end) {
          while (end < count && tiles[at(end)].first + tiles[at(end)].rows - tiles[at(first)].first <= most_rows) ++end;
          tasks_.push_back({group, chunk, p, first, end});
        }
      }
  lanes_ = std::max<std::int64_t>(1, std::min(static_cast<std::int64_t>(tasks_.size()), wanted));
  constexpr std::int64_t line = 64 / sizeof(T);
  sums_stride_ = round_up(ceil_divide(vectors, chunks_.parts) * lanes_of_vector_, line);
  sums_elements_ = most_rows * sums_stride_;
  std::int64_t steps = 0;
  for (const Phase& phase : phases_)
    for_each_block(phase, [&](const Block& block) { steps = std::max(steps, block.channels * block.taps); });
  for (const Task& task : tasks_) {
    const Phase& phase = phases_[task.phase];
    const Tile& last = phase.tiles[at(task.end_tile - 1)];
    cells_elements_ =
        std::max(cells_elements_, phase.channels * (last.before + static_cast<std::int64_t>(last.cells.size()) -
                                                    phase.tiles[at(task.first_tile)].before));
  }
  cells_elements_ = round_up(cells_elements_, line);
  for (std::int64_t i = 0; i < steps; ++i) every_step_.push_back(static_cast<std::int32_t>(i));
}

template <class T>
std::int64_t FewPositions<T>::channels_of_block(const Phase& phase) const {
  const auto count = static_cast<std::int64_t>(phase.tiles.size()), taps = static_cast<std::int64_t>(phase.taps.size());
  if (taps == 0 || count == 0) return given_channels_;
  std::int64_t taken = 0;
  for (const Tile& tile : phase.tiles) taken += static_cast<std::int64_t>(tile.taps.size());
  const std::int64_t step_bytes = panel_vectors_ * lanes_of_vector_ * static_cast<std::int64_t>(sizeof(T));
  return std::min(given_channels_, block_of_channels(taps, real(taken) / real(count), count == 1, step_bytes).channels);
}

template <class T>
void FewPositions<T>::add_phase(const PhaseAxis& z, const PhaseAxis& y, const PhaseAxis& x) {
  Phase phase{};
  const std::array<Axis, 3> axes = three_axes(problem_);
  for (const std::int64_t kz : z.taps)
    for (const std::int64_t ky : y.taps)
      for (const std::int64_t kx : x.taps) phase.taps.push_back((kz * axes[1].kernel + ky) * axes[2].kernel + kx);
  const auto extent = [&](std::size_t a) { return gather_ ? axes[a].coarse : axes[a].fine; };
  for (const std::int64_t rz : z.results)
    for (const std::int64_t ry : y.results)
      for (const std::int64_t rx : x.results) phase.results.push_back((rz * extent(1) + ry) * extent(2) + rx);
  phase.weights = weights_of_channel_;
  weights_of_channel_ += given_channels_ * static_cast<std::int64_t>(phase.taps.size());
  std::vector<std::int32_t> step;
  const EvenParts ranges(static_cast<std::int64_t>(phase.taps.size()), most_taps_of_block);
  for (std::int64_t range = 0; range < ranges.parts; ++range)
    for (std::int64_t i = 0; i < ranges.size(range); ++i) step.push_back(static_cast<std::int32_t>(i));
  const auto positions = static_cast<std::int64_t>(phase.results.size());
  const std::int64_t rows = positions * batch();
  const auto add_tiles = [&](std::int64_t begin, std::int64_t count) {
    const EvenParts parts(count, tile_rows_);
    for (std::int64_t i = 0; i < parts.parts; ++i)
      phase.tiles.push_back(make_tile({&z, &y, &x}, step, begin + parts.begin(i), parts.size(i)));
  };
  if (apart_)
    for (std::int64_t position = 0; position < positions; ++position) add_tiles(position * batch(), batch());
  else
    add_tiles(0, rows);
  const bool zeros = std::any_of(phase.tiles.begin(), phase.tiles.end(), [](const Tile& tile) {
    return std::find(tile.cells.begin(), tile.cells.end(), -1) != tile.cells.end();
  });
  if (zeros) {
    for (const Tile& tile : phase.tiles) {
      phase.exact_from.push_back(static_cast<std::int64_t>(phase.exact.size()));
      for (std::int64_t row = tile.first, end = row; row < tile.first + tile.rows; row = end) {
        end = std::min(tile.first + tile.rows, (row / batch() + 1) * batch());
        phase.exact.push_back(make_tile({&z, &y, &x}, step, row, end - row));
      }
    }
    phase.exact_from.push_back(static_cast<std::int64_t>(phase.exact.size()));
  }
  for (std::vector<Tile>* tiles : {&phase.tiles, &phase.exact}) {
    std::int64_t before = 0;
    for (Tile& tile : *tiles) {
      tile.before = before;
      before += static_cast<std::int64_t>(tile.cells.size());
    }
  }
  phase.channels = channels_of_block(phase);
  phases_.push_back(std::move(phase));
}

template <class T>
typename FewPositions<T>::Tile FewPositions<T>::make_tile(std::array<const PhaseAxis*, 3> axes,
                                                          const std::vector<std::int32_t>& step, std::int64_t first,
                                                          std::int64_t rows) const {
  const auto size = [](const auto& of) { return static_cast<std::int64_t>(of.size()); };
  const auto& [z, y, x] = axes;
  const std::array<Axis, 3> problem_axes = three_axes(problem_);
  const auto given = [&](std::size_t a) { return gather_ ? problem_axes[a].fine : problem_axes[a].coarse; };
  std::vector<std::int32_t> cells(step.size() * at(rows), -1);
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t position = (first + row) / batch(), of_x = position % size(x->results),
                       of_y = position / size(x->results) % size(y->results),
                       of_z = position / size(x->results) / size(y->results);
    for (const PhaseAxis::Meeting& at_z : z->met[at(of_z)])
      for (const PhaseAxis::Meeting& at_y : y->met[at(of_y)])
        for (const PhaseAxis::Meeting& at_x : x->met[at(of_x)])
          cells[at(((at_z.tap * size(y->taps) + at_y.tap) * size(x->taps) + at_x.tap) * rows + row)] =
              static_cast<std::int32_t>((at_z.given * given(1) + at_y.given) * given(2) + at_x.given);
  }
  Tile tile{first, rows, {}, {}, {}, 0, false};
  for (std::int64_t tap = 0; tap < size(step); ++tap) {
    const auto of_tap = cells.begin() + tap * rows;
    if (std::all_of(of_tap, of_tap + rows, [](std::int32_t cell) { return cell < 0; })) continue;
    tile.taps.push_back(static_cast<std::int32_t>(tap));
    tile.step.push_back(step[at(tap)]);
    tile.cells.insert(tile.cells.end(), of_tap, of_tap + rows);
  }
  tile.in_place = rows == 1 && size(tile.taps) == given_cells_ && tile.taps.size() == step.size();
  for (std::int64_t tap = 0; tile.in_place && tap < size(tile.taps); ++tap) tile.in_place = tile.cells[at(tap)] == tap;
  return tile;
}

template <class T>
std::size_t FewPositions<T>::workspace_bytes() const {
  return at(lanes_ * (cells_elements_ + sums_elements_)) * sizeof(T);
}

template <class T>
std::size_t FewPositions<T>::packed_bytes() const {
  const std::int64_t channels = round_up(result_channels_, lanes_of_vector_);
  return at(problem_.groups * channels * (weights_of_channel_ + 1)) * sizeof(T);
}

template <class T>
std::unique_ptr<const Packed> FewPositions<T>::pack(const void* weights, const void* bias) const {
  auto packed = std::make_unique<Weights>();
  const auto* w = static_cast<const T*>(weights);
  const auto* b = static_cast<const T*>(bias);
  const std::int64_t channels = round_up(result_channels_, lanes_of_vector_);
  packed->weights = AlignedNumbers<T>(problem_.groups * channels * weights_of_channel_);
  packed->start.assign(at(problem_.groups * channels), T{});
  for (std::int64_t i = 0; b != nullptr && i < problem_.groups * result_channels_; ++i)
    packed->start[at(i / result_channels_ * channels + i % result_channels_)] = b[i];
  std::int64_t kernel = 1;
  for (const Axis& axis : problem_.axes) kernel *= axis.kernel;
  const std::int64_t count = element_count(problem_.weights_shape());
  packed->finite = rows_.finite(w, count);
  // from one result channel to the next, and from one given channel to the next
  const std::int64_t of_result = (gather_ ? given_channels_ : 1) * kernel,
                     of_given = (gather_ ? 1 : result_channels_) * kernel;
  T* out = packed->weights.data();
  for (std::int64_t group = 0; group < problem_.groups; ++group) {
    const T* of_group = w + group * given_channels_ * result_channels_ * kernel;
    for (std::int64_t chunk = 0; chunk < chunks_.parts; ++chunk)
      for (const Phase& phase : phases_)
        for_each_block(phase, [&](const Block& block) {
          const EvenParts panels(chunks_.size(chunk), panel_vectors_);
          for (std::int64_t panel = 0; panel < panels.parts; ++panel) {
            const std::int64_t width = panels.size(panel) * lanes_of_vector_,
                               first = (chunks_.begin(chunk) + panels.begin(panel)) * lanes_of_vector_,
                               valid = std::clamp<std::int64_t>(result_channels_ - first, 0, width);
            for (std::int64_t c = block.channel; c < block.channel + block.channels; ++c)
              for (std::int64_t t = block.tap; t < block.tap + block.taps; ++t) {
                const std::int64_t tap = problem_.flip ? kernel - 1 - phase.taps[at(t)] : phase.taps[at(t)];
                const T* from = of_group + c * of_given + first * of_result + tap;
                for (std::int64_t i = 0; i < valid; ++i) out[i] = from[i * of_result];
                std::fill(out + valid, out + width, T{});
                out += width;
              }
          }
        });
  }
  return packed;
}

template class FewPositions<float>;
template class FewPositions<double>;

}  // namespace faltung::internal
