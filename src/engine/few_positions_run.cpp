#include "engine/few_positions_inl.hpp"
#include "support/parallel.hpp"

#include <algorithm>
#include <array>

namespace faltung::internal {

namespace {

/// Lines of the cache that far weights are asked for ahead: measured, docs/design/engine.md.
constexpr std::int64_t ahead_lines = 32;

}  // namespace

template <class T>
void FewPositions<T>::run(const Arrays& arrays, std::byte* workspace) const {
  const auto* given = static_cast<const T*>(gather_ ? arrays.fine : arrays.coarse);
  auto* result = static_cast<T*>(gather_ ? arrays.coarse : arrays.fine);
  const auto& packed = static_cast<const Weights&>(*arrays.packed);
  parallel_tasks(lanes_, static_cast<std::int64_t>(tasks_.size()), threads_, [&](std::int64_t i) {
    T* lane = reinterpret_cast<T*>(workspace) + i * (cells_elements_ + sums_elements_);
    return [&, lane](std::int64_t task) { run_task(tasks_[at(task)], given, result, packed, lane); };
  });
}

template <class T>
void FewPositions<T>::run_task(const Task& task, const T* given, T* result, const Weights& packed, T* lane) const {
  const Phase& phase = phases_[task.phase];
  const bool exact = !packed.finite && !phase.exact.empty();
  const std::vector<Tile>& tiles = exact ? phase.exact : phase.tiles;
  const std::int64_t first_tile = exact ? phase.exact_from[at(task.first_tile)] : task.first_tile,
                     end_tile = exact ? phase.exact_from[at(task.end_tile)] : task.end_tile,
                     first_row = tiles[at(first_tile)].first,
                     rows = tiles[at(end_tile - 1)].first + tiles[at(end_tile - 1)].rows - first_row;
  const std::int64_t channels = round_up(result_channels_, lanes_of_vector_), vectors = chunks_.size(task.chunk),
                     first = chunks_.begin(task.chunk) * lanes_of_vector_;
  T *cells = lane, *sums = lane + cells_elements_;
  const T* start = packed.start.data() + task.group * channels + first;
  for (std::int64_t row = 0; row < rows; ++row)
    std::copy_n(start, vectors * lanes_of_vector_, sums + row * sums_stride_);

  const T* weights = packed.weights.data() + (task.group * channels + first) * weights_of_channel_ +
                     phase.weights * vectors * lanes_of_vector_;
  const EvenParts panels(vectors, panel_vectors_);
  constexpr std::int64_t line = 64 / sizeof(T);
  for_each_block(phase, [&](const Block& block) {
    const std::int64_t steps = block.channels * block.taps;
    const auto taps_of = [&](const Tile& tile) {
      const auto from = [&](std::int64_t tap) {
        return std::lower_bound(tile.taps.begin(), tile.taps.end(), tap) - tile.taps.begin();
      };
      return LoweredAxis::Run{from(block.tap), from(block.tap + block.taps)};
    };
    for (std::int64_t panel = 0; panel < panels.parts; ++panel) {
      const std::int64_t size = panels.size(panel), column = panels.begin(panel) * lanes_of_vector_;
      // far weights are asked for some steps ahead, or meanwhile those of the next panel, which several tiles share
      const std::int64_t width = size * lanes_of_vector_,
                         lines = far_ ? ceil_divide(ceil_divide(width, line), end_tile - first_tile) : 0;
      const T* ask = weights + (end_tile - first_tile == 1 ? ahead_lines * line : steps * width);
      for (std::int64_t i = first_tile; i < end_tile; ++i, ask += steps * lines * line) {
        const Tile& tile = tiles[at(i)];
        const LoweredAxis::Run taps = taps_of(tile);
        if (taps.end == taps.begin) continue;
        T* own = cells + (tile.before - tiles[at(first_tile)].before) * block.channels;
        const T* of_group = given + (task.group * given_channels_ + block.channel) * given_cells_;
        if (panel == 0 && !tile.in_place) pack_cells(tile, block, taps, of_group, own);
        const bool all = taps.end - taps.begin == block.taps;  // one run of steps
        kernels_.product[tile.rows][size](
            {weights, tile.in_place ? of_group + tile.first % batch() * sample_cells() + block.tap : own,
             all ? every_step_.data() : tile.step.data() + taps.begin, all ? steps : taps.end - taps.begin,
             all ? 1 : block.channels, block.taps, sums + (tile.first - first_row) * sums_stride_ + column,
             sums_stride_, ask, lines});
      }
      weights += steps * width;
    }
  });
  write(task, first_row, rows, sums, result);
}

/// What the taps of a tile meet, of every channel of a block: [channel][tap][row].
template <class T>
void FewPositions<T>::pack_cells(const Tile& tile, const Block& block, LoweredAxis::Run taps, const T* given,
                                 T* packed) const {
  const std::int64_t count = (taps.end - taps.begin) * tile.rows;
  const std::int32_t* cells = tile.cells.data() + taps.begin * tile.rows;
  if (batch() == 1) {
    for (std::int64_t channel = 0; channel < block.channels; ++channel)
      kernels_.gather(given + channel * given_cells_, cells, count, packed + channel * count);
    return;
  }
  std::array<const T*, most_tile_rows> row{};
  for (std::int64_t i = 0; i < tile.rows; ++i) row[at(i)] = given + (tile.first + i) % batch() * sample_cells();
  for (std::int64_t k = 0, i = 0; k < count; ++k, i = i + 1 == tile.rows ? 0 : i + 1) {
    T* to = packed + k;
    const std::int32_t cell = cells[k];
    const T* from = row[at(i)] + std::max(cell, 0);
    if (cell < 0)
      for (std::int64_t channel = 0; channel < block.channels; ++channel) to[channel * count] = T{};
    else
      for (std::int64_t channel = 0; channel < block.channels; ++channel)
        to[channel * count] = from[channel * given_cells_];
  }
}

/// The sums of some rows to their places. They may be changed.
template <class T>
void FewPositions<T>::write(const Task& task, std::int64_t first, std::int64_t rows, T* sums, T* result) const {
  const Phase& phase = phases_[task.phase];
  const std::int64_t channel = chunks_.begin(task.chunk) * lanes_of_vector_,
                     channels = std::min(chunks_.size(task.chunk) * lanes_of_vector_, result_channels_ - channel);
  if (!finish_.nothing())
    for (std::int64_t row = 0; row < rows; ++row)
      rows_.finish(finish_, sums + row * sums_stride_, channels, sums + row * sums_stride_);
  T* of_group = result + (task.group * result_channels_ + channel) * result_cells_;
  const std::int64_t sample = problem_.groups * result_channels_ * result_cells_;
  if (result_cells_ == 1) {
    for (std::int64_t row = 0; row < rows; ++row)
      std::copy_n(sums + row * sums_stride_, channels, of_group + (first + row) * sample);
    return;
  }
  if (batch() == 1 && phases_.size() == 1) {
    rows_.transpose(sums, sums_stride_, rows, channels, of_group + first, result_cells_);
    return;
  }
  std::array<std::int64_t, most_rows_together> place{};
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t position = (first + row) / batch();
    place[at(row)] = (first + row - position * batch()) * sample + phase.results[at(position)];
  }
  for (std::int64_t c = 0; c < channels; ++c, of_group += result_cells_)
    for (std::int64_t row = 0; row < rows; ++row) of_group[place[at(row)]] = sums[row * sums_stride_ + c];
}

template class FewPositions<float>;
template class FewPositions<double>;

}  // namespace faltung::internal
