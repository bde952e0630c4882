// The product through panels: for many rows, the cells of a few positions are copied tap by tap, so that positions are
// exact (no margins between rows), vectors are aligned, and one panel stays in the first-level cache while all rows
// pass over it. Source: Goto & van de Geijn, "Anatomy of high-performance matrix multiplication", 2008.
#include "engine/dense_inl.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

/// Bytes of weights that stay in the second-level cache while the panels pass over them.
constexpr std::int64_t weights_bytes = std::int64_t{128} << 10U;

}  // namespace

template <class T>
void Dense<T>::multiply_panels(const ChunkRun& run, std::size_t g, std::int64_t scratch_row) const {
  const Group& group = groups_[g];
  const Box& box = run.task.box;
  const std::int64_t rows = run.channels * group.count();
  const EvenParts row_tiles(rows, blocking_.tile_rows);
  const std::int64_t width = blocking_.tile_vectors * tiles_.lanes;
  const std::int64_t positions = box.size(0) * box.size(1) * box.size(2);
  const bool filled = fold_ && run.packed.bias, finishes = direct_ && !finish_.nothing();
  T* c = scratch_or_result(run, scratch_row);
  if (direct_) c += result_cell(box.begin[0], box.begin[1], box.begin[2]);
  const std::int64_t c_stride = direct_ ? result_cells() : scratch_columns_;

  const auto segments_of = [&](std::int64_t begin, std::int64_t end, Segment* segments) {
    std::int64_t count = 0;
    while (begin < end) {
      const std::int64_t x = begin % box.size(2), y = begin / box.size(2) % box.size(1),
                         z = begin / (box.size(2) * box.size(1));
      const std::int64_t length = std::min(box.size(2) - x, end - begin);
      segments[count++] = {cell(z, y, x), length};
      begin += length;
    }
    return count;
  };

  for (std::int64_t first = 0; first < positions; first += blocking_.panel_positions) {
    const std::int64_t last = std::min(positions, first + blocking_.panel_positions);
    const EvenParts parts((last - first + tiles_.lanes - 1) / tiles_.lanes, blocking_.tile_vectors);
    for (std::int64_t k0 = run.sum.begin; k0 < std::max<std::int64_t>(1, run.sum.end); k0 += group.block) {
      const std::int64_t depth = std::min(group.depth() - k0, group.block);
      const T* weights = run.weights + rows * k0;
      const T* start = k0 == 0 && !filled ? run.start : nullptr;
      for (std::int64_t i = 0; i < parts.parts; ++i) {
        const std::int64_t begin = first + parts.begin(i) * tiles_.lanes,
                           end = std::min(last, begin + parts.size(i) * tiles_.lanes);
        Segment segments[most_panel_vectors * 64 / sizeof(T)];
        const std::int64_t count = segments_of(begin, end, segments);
        const std::int64_t width_of = parts.size(i) * tiles_.lanes;
        T* panel = run.lane.panels + parts.begin(i) * tiles_.lanes * depth;
        const auto [start_of, steps] = taken(group, depth, box, begin, end);
        std::int64_t k = start_of;
        for (std::int64_t part = 0; part < steps.parts; ++part, k += steps.rest)
          for (std::int64_t of_part = 0; of_part < steps.runs; ++of_part, k += steps.run + steps.skip)
            rows_.panel(run.planes, run.planes_end, group.offsets(k0, run.packed_from) + k, steps.run, segments, count,
                        width_of, panel + k * width_of);
      }
      const auto multiply_some = [&](LoweredAxis::Run tiles, std::int64_t i, std::int64_t count) {
        const std::int64_t vectors = parts.size(i), width_of = vectors * tiles_.lanes;
        const std::int64_t begin = first + parts.begin(i) * tiles_.lanes, end = begin + count * width_of;
        // the last tile of a box must not write beyond it
        const bool beside = direct_ && end > positions;
        T* to = beside ? run.lane.scratch : c + begin;
        const std::int64_t to_stride = beside ? width : c_stride;
        multiply_rows(
            tiles, row_tiles, vectors,
            {weights, run.lane.panels + parts.begin(i) * tiles_.lanes * depth, tail_offset_[vectors].data(), depth,
             taken(group, depth, box, begin, std::min(last, end)), to, to_stride, start, count, width_of * depth});
        if (k0 + group.block < group.depth() || !(beside || finishes)) return;
        for (std::int64_t m = row_tiles.begin(tiles.begin); m < row_tiles.begin(tiles.end); ++m)
          rows_.finish(finish_, to + m * to_stride, std::min(count * width_of, positions - begin),
                       c + m * c_stride + begin);
      };
      if (blocking_.rows_outer && !blocking_.skips_taps) {
        const std::int64_t whole = parts.parts - (direct_ && last == positions ? 1 : 0),
                           larger = std::min(parts.larger, whole);
        for (std::int64_t tile = 0; tile < row_tiles.parts; ++tile) {
          if (larger > 0) multiply_some({tile, tile + 1}, 0, larger);
          if (whole > larger) multiply_some({tile, tile + 1}, larger, whole - larger);
          if (parts.parts > whole) multiply_some({tile, tile + 1}, whole, 1);
        }
        continue;
      }
      const std::int64_t tile_bytes =
          std::max<std::int64_t>(1, depth) * blocking_.tile_rows * static_cast<std::int64_t>(sizeof(T));
      const std::int64_t tiles_together = std::max<std::int64_t>(1, weights_bytes / tile_bytes);
      for (std::int64_t tile0 = 0; tile0 < row_tiles.parts; tile0 += tiles_together)
        for (std::int64_t i = 0; i < parts.parts; ++i)
          multiply_some({tile0, std::min(row_tiles.parts, tile0 + tiles_together)}, i, 1);
    }
  }
}

template void Dense<float>::multiply_panels(const ChunkRun&, std::size_t, std::int64_t) const;
template void Dense<double>::multiply_panels(const ChunkRun&, std::size_t, std::int64_t) const;

}  // namespace faltung::internal
