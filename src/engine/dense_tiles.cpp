// The product through the table of offsets, and the tiles of rows at a tile of positions. Tiles that stay inside one
// row leave out the taps that meet it in the margin only.
#include "engine/dense_inl.hpp"

#include <algorithm>

namespace faltung::internal {

template <class T>
template <class Visit>
void Dense<T>::for_each_run_of_tiles(const Box& box, Visit&& visit) const {
  // a run of `length` positions that follow each other, from `from` in the planes and `column` in the result or scratch
  struct Run {
    std::int64_t row, from, column, length;
  };
  const auto tiles = [&](const Run& run, std::int64_t begin, std::int64_t count, std::int64_t vectors) {
    const std::int64_t valid = std::min(count * vectors * tiles_.lanes, run.length - begin);
    if (count > 0) visit({run.from + begin, run.column + begin, count, vectors, valid, {run.row, run.row + 1}});
  };
  const auto exact = [&](const Run& run) { return !direct_ || run.length % tiles_.lanes == 0; };
  const auto tiles_of = [&](const Run& run) {
    const EvenParts parts(ceil_divide(run.length, tiles_.lanes), blocking_.tile_vectors);
    const std::int64_t end = parts.parts - (exact(run) ? 0 : 1), larger = std::min(parts.larger, end);
    tiles(run, 0, larger, parts.least + 1);
    tiles(run, parts.begin(larger) * tiles_.lanes, end - larger, parts.least);
    if (exact(run)) return;
    // the last tile must not write behind the run
    const std::int64_t vectors = parts.size(end), width = vectors * tiles_.lanes;
    if (width <= run.length) {
      tiles(run, run.length - width, 1, vectors);
    } else {  // the only tile of a short run
      tiles(run, 0, 1, vectors - 1);
      tiles(run, run.length - tiles_.lanes, 1, 1);
    }
  };
  // whole tiles of a row, and what is left of some rows as one tile
  PositionTiles left{};
  Apart apart{};
  const auto visit_left = [&] {
    left.apart = &apart;
    if (left.vectors > 0) visit(left);
    left = {};
  };
  const auto join = [&](const Run& run) {
    const std::int64_t vectors = ceil_divide(run.length, tiles_.lanes), most = blocking_.tile_vectors;
    const std::int64_t whole = (exact(run) ? vectors : vectors - 1) / most;
    tiles(run, 0, whole, most);
    for (std::int64_t i = whole * most; i < vectors; ++i) {
      // the last vector must not write behind the run
      const std::int64_t begin = i + 1 < vectors || exact(run) ? i * tiles_.lanes : run.length - tiles_.lanes;
      if (left.vectors == 0) left = {run.from + begin, run.column + begin, 1, 0, tiles_.lanes, {run.row, 0}};
      apart.cells[left.vectors] = run.from + begin - left.cell;
      apart.results[left.vectors] = run.column + begin - left.column;
      left.rows.end = run.row + 1;
      if (++left.vectors == most) visit_left();
    }
  };
  if (!blocking_.rows_apart) {
    tiles_of({0, 0, direct_ ? result_cell(box.begin[0], box.begin[1], box.begin[2]) : 0,
              cell(box.size(0) - 1, box.size(1) - 1, box.size(2))});
    return;
  }
  for (std::int64_t z = 0; z < box.size(0); ++z)
    for (std::int64_t y = 0; y < box.size(1); ++y) {
      const Run run{z * box.size(1) + y, cell(z, y, 0),
                    direct_ ? result_cell(box.begin[0] + z, box.begin[1] + y, box.begin[2]) : scratch_column(box, z, y),
                    box.size(2)};
      blocking_.joins_rows ? join(run) : tiles_of(run);
    }
  visit_left();
}

/// Some tiles of rows at each of the tiles of positions.
template <class T>
void Dense<T>::multiply_rows(LoweredAxis::Run tiles, const EvenParts& parts, std::int64_t vectors,
                             const Product& of) const {
  const auto equal = [&](std::int64_t begin, std::int64_t count, std::int64_t rows) {
    if (count <= 0) return;
    const auto call = [&](TileKernel<T> kernel, std::int64_t m, const Repeat& repeat) {
      kernel(of.weights + m * of.depth + of.taken.first * rows, of.cells, of.offset + of.taken.first, of.taken.steps,
             of.c + m * of.c_stride, of.c_stride, of.start == nullptr ? nullptr : of.start + m, repeat, of.apart);
    };
    if (of.count > 1) {
      for (std::int64_t i = begin; i < begin + count; ++i)
        call(tiles_.tile[rows][vectors], parts.begin(i), {of.count, 0, of.cells_step, vectors * tiles_.lanes, 0, true});
      return;
    }
    const std::int64_t pairs = vectors == 1 && tiles_.pair[rows] != nullptr ? count / 2 : 0;
    const auto down = [&](std::int64_t times, std::int64_t by) {
      return Repeat{times, by * of.depth, 0, by * of.c_stride, by, false};
    };
    if (pairs > 0) call(tiles_.pair[rows], parts.begin(begin), down(pairs, 2 * rows));
    if (count > 2 * pairs)
      call(tiles_.tile[rows][vectors], parts.begin(begin + 2 * pairs), down(count - 2 * pairs, rows));
  };
  const std::int64_t larger = std::clamp(parts.larger, tiles.begin, tiles.end);
  equal(tiles.begin, larger - tiles.begin, parts.least + 1);
  equal(larger, tiles.end - larger, parts.least);
}

/// At some positions of a box, begin … end − 1.
template <class T>
typename Dense<T>::Taken Dense<T>::taken(const Group& group, std::int64_t depth, const Box& box, std::int64_t begin,
                                         std::int64_t end) const {
  if (!blocking_.skips_taps || depth == 0) return {0, Steps::all(depth)};
  const std::int64_t first = begin / box.size(2), last = (end - 1) / box.size(2), height = box.size(1);
  LoweredAxis::Run y_rows{first % height, last % height + 1};
  if (first / height != last / height) y_rows = {0, height};
  const auto hull = [&](std::size_t a, std::int64_t from, std::int64_t to) {
    LoweredAxis::Run all{group.phases.taps_along[a], 0};
    for (std::int64_t position = box.begin[a] + from; position < box.begin[a] + to; ++position) {
      const LoweredAxis::Run met = group.met[a][at(position)];
      if (met.end > met.begin) all = {std::min(all.begin, met.begin), std::max(all.end, met.end)};
    }
    return all;
  };
  const LoweredAxis::Run z = hull(0, first / height, last / height + 1), y = hull(1, y_rows.begin, y_rows.end);
  const auto& [along_z, along_y, along_x] = group.phases.taps_along;
  const std::int64_t channels = depth / (along_z * along_y * along_x);
  if (z.end <= z.begin || y.end <= y.begin) return {0, {0, 0, 0, 0, 0}};
  const std::int64_t layers = z.end - z.begin, lines = y.end - y.begin;
  if (layers == along_z && lines == along_y) return {0, Steps::all(depth)};
  const std::int64_t start = (z.begin * along_y + y.begin) * along_x;
  if (lines == along_y)
    return {start, {channels, 1, layers * lines * along_x, 0, (along_z - layers) * along_y * along_x}};
  return {start,
          {channels, layers, lines * along_x, (along_y - lines) * along_x, (along_z - layers) * along_y * along_x}};
}

template <class T>
void Dense<T>::multiply(const ChunkRun& run, std::size_t g, std::int64_t scratch_row) const {
  const Group& group = groups_[g];
  const std::int64_t rows = run.channels * group.count();
  const EvenParts row_tiles(rows, blocking_.tile_rows);
  T* c = scratch_or_result(run, scratch_row);
  const std::int64_t c_stride = direct_ ? result_cells() : scratch_columns_;
  const bool filled = fold_ && run.packed.bias;
  for (std::int64_t k0 = run.sum.begin; k0 < std::max<std::int64_t>(1, run.sum.end); k0 += group.block) {
    const std::int64_t depth = std::min(group.depth() - k0, group.block);
    // taps of a transposed convolution go backwards: the furthest cell is any tap's of the last channel
    const std::int64_t last_taps = std::min(depth, group.taps());
    const std::int64_t furthest =
        depth > 0 ? *std::max_element(group.offset.begin() + k0 + depth - last_taps, group.offset.begin() + k0 + depth)
                  : 0;
    const T* weights = run.weights + rows * k0;
    const T* start = k0 == 0 && !filled ? run.start : nullptr;
    const bool finishes = direct_ && !finish_.nothing() && k0 + group.block >= group.depth();
    const auto multiply_tiles = [&](std::int64_t first, std::int64_t end, const PositionTiles& run_of) {
      const std::int64_t width = run_of.vectors * tiles_.lanes;
      const std::int64_t in_run = tiles_of_run(depth * width * static_cast<std::int64_t>(sizeof(T)));
      const std::int64_t row_length = run.task.box.size(2);
      const Taken of_rows =
          taken(group, depth, run.task.box, run_of.rows.begin * row_length, (run_of.rows.end - 1) * row_length + 1);
      const auto multiply_some = [&](std::int64_t i, std::int64_t count) {
        const T* planes = run.planes + run_of.cell + i * width;
        const std::int64_t* offset = group.offsets(k0, run.packed_from);
        if (in_place_ && depth > 0 && run.planes_end - planes < furthest + count * width) {
          // the vectors would read behind the given array: take what exists into the tail
          for (std::int64_t k = 0; k < depth; ++k)
            std::copy_n(planes + offset[k], std::min(width, run_of.valid - i * width), run.lane.tail + k * width);
          planes = run.lane.tail;
          offset = tail_offset_[run_of.vectors].data();
        }
        multiply_rows({first, end}, row_tiles, run_of.vectors,
                      {weights, planes, offset, depth, of_rows, c + run_of.column + i * width, c_stride, start, count,
                       width, run_of.apart});
      };
      // a tile of rows passes over as many tiles of positions as stay in the first-level cache
      for (std::int64_t i = 0, count = 0; i < run_of.count; i += count) {
        count = std::min(end - first == 1 ? run_of.count : in_run, run_of.count - i);
        // only the last tile may read behind the array
        if (in_place_ && count > 1 && i + count == run_of.count) --count;
        multiply_some(i, count);
      }
      if (!finishes) return;
      for (std::int64_t m = row_tiles.begin(first); m < row_tiles.begin(end); ++m) {
        T* row = c + m * c_stride + run_of.column;
        if (run_of.apart == nullptr) {
          rows_.finish(finish_, row, run_of.count * width, row);
          continue;
        }
        const std::int64_t* at = run_of.apart->results;
        for (std::int64_t v = 0; v < run_of.vectors; ++v) {  // the last vector of a row may repeat results
          const std::int64_t to_next = v + 1 < run_of.vectors ? at[v + 1] - at[v] : tiles_.lanes;
          rows_.finish(finish_, row + at[v], std::min(tiles_.lanes, to_next), row + at[v]);
        }
      }
    };
    const std::int64_t together = blocking_.rows_outer ? 1 : row_tiles.parts;
    for (std::int64_t i = 0; i < row_tiles.parts; i += together)
      for_each_run_of_tiles(run.task.box, [&](const PositionTiles& tiles) {
        multiply_tiles(i, std::min(i + together, row_tiles.parts), tiles);
      });
  }
}

#define FALTUNG_INSTANTIATE(T)                                                                                   \
  template void Dense<T>::multiply_rows(LoweredAxis::Run, const EvenParts&, std::int64_t, const Product&) const; \
  template void Dense<T>::multiply(const ChunkRun&, std::size_t, std::int64_t) const;                            \
  template typename Dense<T>::Taken Dense<T>::taken(const Group&, std::int64_t, const Box&, std::int64_t,        \
                                                    std::int64_t) const;
FALTUNG_INSTANTIATE(float)
FALTUNG_INSTANTIATE(double)
#undef FALTUNG_INSTANTIATE

}  // namespace faltung::internal
