// The product through the table of offsets, and the tiles of rows at a tile of positions. Tiles that stay inside one
// row leave out the taps that meet it in the margin only.
#include "engine/dense_inl.hpp"

#include <algorithm>

namespace faltung::internal {

template <class T>
template <class Visit>
void Dense<T>::for_each_position_tile(const Box& box, Visit&& visit) const {
  // a run of `length` positions that follow each other, from `from` in the planes and `column` in the result or scratch
  const auto tiles_of = [&](std::int64_t row, std::int64_t from, std::int64_t column, std::int64_t length) {
    const EvenParts parts((length + tiles_.lanes - 1) / tiles_.lanes, blocking_.tile_vectors);
    const auto tile = [&](std::int64_t begin, std::int64_t vectors) {
      visit(PositionTile{from + begin, column + begin, vectors, std::min(vectors * tiles_.lanes, length - begin), row});
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
    tiles_of(0, 0, direct_ ? result_cell(box.begin[0], box.begin[1], box.begin[2]) : 0,
             cell(box.size(0) - 1, box.size(1) - 1, box.size(2)));
    return;
  }
  for (std::int64_t z = 0; z < box.size(0); ++z)
    for (std::int64_t y = 0; y < box.size(1); ++y)
      tiles_of(z * box.size(1) + y, cell(z, y, 0),
               direct_ ? result_cell(box.begin[0] + z, box.begin[1] + y, box.begin[2]) : scratch_column(box, z, y),
               box.size(2));
}

/// Some tiles of rows at one tile of positions.
template <class T>
void Dense<T>::multiply_rows(LoweredAxis::Run tiles, const EvenParts& parts, std::int64_t vectors,
                             const Product& of) const {
  for (std::int64_t i = tiles.begin; i < tiles.end; ++i) {
    const std::int64_t m = parts.begin(i), rows = parts.size(i);
    TileKernel<T> kernel = tiles_.tile[rows][vectors];
    if (vectors == 1 && i + 1 < tiles.end && parts.size(i + 1) == rows && tiles_.pair[rows] != nullptr) {
      kernel = tiles_.pair[rows];
      ++i;
    }
    kernel(of.weights + m * of.depth + of.taken.first * rows, of.cells, of.offset + of.taken.first, of.taken.steps,
           of.c + m * of.c_stride, of.c_stride, of.start == nullptr ? nullptr : of.start + m);
  }
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
  for (std::int64_t k0 = 0; k0 < std::max<std::int64_t>(1, group.depth()); k0 += group.block) {
    const std::int64_t depth = std::min(group.depth() - k0, group.block);
    // taps of a transposed convolution go backwards: the furthest cell is any tap's of the last channel
    const std::int64_t last_taps = std::min(depth, static_cast<std::int64_t>(group.phases.taps.size()));
    const std::int64_t furthest =
        depth > 0 ? *std::max_element(group.offset.begin() + k0 + depth - last_taps, group.offset.begin() + k0 + depth)
                  : 0;
    const T* weights = run.weights + rows * k0;
    const T* start = k0 == 0 && !filled ? run.start : nullptr;
    const bool finishes = direct_ && !finish_.nothing() && k0 + group.block >= group.depth();
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
      const std::int64_t in_row = tile.row * run.task.box.size(2);
      const Taken of_row = taken(group, depth, run.task.box, in_row, in_row + 1);
      multiply_rows({first, end}, row_tiles, tile.vectors,
                    {weights, planes, offset, depth, of_row, c + tile.column, c_stride, start});
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

#define FALTUNG_INSTANTIATE(T)                                                                                   \
  template void Dense<T>::multiply_rows(LoweredAxis::Run, const EvenParts&, std::int64_t, const Product&) const; \
  template void Dense<T>::multiply(const ChunkRun&, std::size_t, std::int64_t) const;                            \
  template typename Dense<T>::Taken Dense<T>::taken(const Group&, std::int64_t, const Box&, std::int64_t,        \
                                                    std::int64_t) const;
FALTUNG_INSTANTIATE(float)
FALTUNG_INSTANTIATE(double)
#undef FALTUNG_INSTANTIATE

}  // namespace faltung::internal
