#include "engine/blocking.hpp"

#include "support/integers.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

/// Bytes of packed planes of one box: half of a small second-level cache (512 KB), the rest is for weights and results.
constexpr std::int64_t box_bytes = std::int64_t{288} << 10U;
/// Positions that a box has at least: fewer do not hide the reading of the weights.
constexpr std::int64_t least_positions = 96;
/// Depth of one block of the sum: a tile's rows of weights and its cells stay in the first-level cache.
constexpr std::int64_t sum_depth = 288;
/// The same of cells that are read in place from beyond the second-level cache, a line and a half of each channel at a
/// time: other loads of the tile stand between those of many channels, and fewer of them are under way; and channels
/// some multiple of a line apart meet in few sets of a first-level cache. Tiles of fewer rows than a wide one read more
/// of each channel, and so do those of AVX-512, which wait less where there are many.
constexpr std::int64_t far_depth = 32, far_bytes = std::int64_t{2} << 20U, far_rows = 32, line_bytes = 64;
/// Bytes of their results in a box: they stay in the second-level cache from one block to the next.
constexpr std::int64_t far_results = std::int64_t{256} << 10U;
/// Rows of the matrix product in one chunk: its weights (rows × sum_depth) and results stay in the second-level cache.
constexpr std::int64_t chunk_rows = 128;
/// Bytes of cells in one block of the sum up to which the tiles of rows are the outer loop: half of the first-level
/// cache.
constexpr std::int64_t resident_bytes = std::int64_t{16} << 10U;

/// Rows of the matrix product from which on panels pay: copying one costs a load and a store per vector and tap, used
/// by every row.
constexpr std::int64_t panel_rows = 100;
/// Bytes of one panel: most of a first-level cache of 32 KB; and of the panels that are
/// made together: a share of the second-level cache.
constexpr std::int64_t panel_bytes = std::int64_t{24} << 10U;
constexpr std::int64_t panels_bytes = std::int64_t{192} << 10U;
/// Tiles of rows that may pass over cells which do not stay in the first-level cache: taps share their cells, one tap
/// has them for itself.
constexpr std::int64_t most_passes = 4;
/// Share of the taps from which on leaving out the others is not worth finding them.
constexpr double most_met = 0.95;
/// … and steps that all tiles of rows at some positions have to leave out: finding them takes as long as some.
constexpr double least_left_out = 8;
/// Rows and layers of positions of which it is looked up.
constexpr std::int64_t most_looked_up = std::int64_t{1} << 12U;
/// Bytes of results that wait for the phases to be put together; a quarter of it where they only wait to be moved: they
/// should stay near.
constexpr std::int64_t waiting_bytes = std::int64_t{1} << 20U;

/// Bytes of results of a box that may have to wait because its rows have margins between them: they need not stay near.
constexpr std::int64_t most_results = std::int64_t{2} << 20U;

/// Below, copying a cell into a panel takes as long as so many multiply-adds of a whole vector, and a run of neighbours
/// as so many more. Measured: docs/design/engine.md.
constexpr double cell_vectors = 1.25, run_vectors = 6;

/// As even as possible, no larger than before.
std::int64_t even(std::int64_t extent, std::int64_t box) { return ceil_divide(extent, ceil_divide(extent, box)); }

/// All phases have the same taps: nobody else's results wait in a box.
bool one_group(const DenseShape& shape) { return shape.smallest_group == shape.phases; }

std::array<std::int64_t, 3> choose_box(const std::array<LoweredAxis, 3>& axes, const DenseShape& shape,
                                       const TileLimits& tiles, std::int64_t most_positions, bool panels) {
  const LoweredAxis &az = axes[0], &ay = axes[1], &ax = axes[2];
  // nothing is packed of what is read in place: long runs of each channel are fast. Boxes of phases that differ are
  // small all the same, because the results of all of them wait
  const bool counts = !shape.in_place || (!panels && !one_group(shape));
  const std::int64_t cell_bytes = counts ? shape.given_channels * shape.planes * shape.element_bytes : 0;
  const auto bytes = [&](std::int64_t z, std::int64_t y, std::int64_t x) {
    return cell_bytes * (z + az.high - az.low) * (y + ay.high - ay.low) * (x + ax.high - ax.low);
  };
  std::array<std::int64_t, 3> box{1, 1, ax.positions};
  const std::int64_t tile = tiles.wide_vectors * tiles.lanes;
  if (ay.positions * az.positions == 1 || bytes(1, 1, ax.positions) > 8 * box_bytes ||
      ax.positions > 2 * most_positions) {
    // one long row, or rows that no cache holds: cut along x
    const std::int64_t halo = ax.high - ax.low;
    const std::int64_t row = cell_bytes * (1 + az.high - az.low) * (1 + ay.high - ay.low);
    std::int64_t fitting = most_positions;
    if (row > 0) fitting = std::min(fitting, std::max(box_bytes / row - halo, std::max(least_positions, halo)));
    if (fitting < ax.positions) box[2] = std::min(ax.positions, round_up(even(ax.positions, fitting), tile));
  }
  const auto fits = [&](std::int64_t z, std::int64_t y) {
    const std::int64_t positions = z * y * box[2], size = bytes(z, y, box[2]);
    if (positions > most_positions) return false;
    const std::int64_t fewer = y > 1 ? positions - z * box[2] : positions - box[2];
    return size <= box_bytes || fewer < least_positions ||
           (size <= 4 * box_bytes && size > 2 * cell_bytes * positions);  // most of it is packed for other boxes too
  };
  // panels of boxes that are not one piece of the result: its sums wait, and are moved
  const std::int64_t results = panels && shape.phases == 1 && !shape.waits
                                   ? shape.result_channels * shape.element_bytes * az.positions * ay.positions * box[2]
                                   : 0;
  // of all that fit, the box that has the fewest cells packed twice, or results moved
  std::int64_t least = 0;
  for (std::int64_t z = 1; z <= az.positions && (z == 1 || fits(z, 1)); ++z) {
    std::int64_t y = 1;
    while (y < ay.positions && fits(z, y + 1)) ++y;
    const std::int64_t even_z = even(az.positions, z), even_y = even(ay.positions, y);
    const std::int64_t moved =
        ceil_divide(az.positions, even_z) * ceil_divide(ay.positions, even_y) * bytes(even_z, even_y, box[2]) +
        (even_z > 1 && even_y < ay.positions ? results : 0);
    const bool larger = even_z * even_y > box[0] * box[1];
    if (z > 1 && (moved > least || (moved == least && (cell_bytes > 0 || !larger)))) continue;
    least = moved;
    box[0] = even_z;
    box[1] = even_y;
  }
  return box;
}

/// Calls `visit(rows, vectors)` for the tiles that a product may be cut into.
template <class Visit>
void for_each_tile(const TileLimits& tiles, bool panels, Visit&& visit) {
  visit(tiles.wide_rows, tiles.wide_vectors);
  visit(tiles.tall_rows, tiles.tall_vectors);
  for (std::int64_t rows = 1; !panels && rows <= most_tile_rows && tiles.widest[rows] > 0; ++rows)
    visit(rows, std::int64_t{tiles.widest[rows]});
}

/// The tile whose tiles together are in flight for the shortest time, over some rows of so many vectors; `factor` of
/// the lines that a tile joins.
template <class Factor>
void choose_tile(Blocking& blocking, std::int64_t rows, std::int64_t lines, std::int64_t vectors, Factor&& factor,
                 const TileLimits& tiles, double& best, bool apart, const DenseShape& shape) {
  for_each_tile(tiles, blocking.panels, [&](std::int64_t most_rows, std::int64_t most_vectors) {
    // the cells under a wide tile are read again by every tile of few rows: from the first-level cache, or not at all
    const bool far = shape.in_place && blocking.sum_block <= far_depth && blocking.sum_block < shape.given_channels;
    if (most_rows < tiles.wide_rows && rows > most_passes * most_rows && shape.taps == 1 &&
        (far || blocking.sum_block * most_vectors * tiles.lanes * shape.element_bytes > panel_bytes))
      return;
    const bool joins = apart && lines > 1 && !shape.in_place && most_vectors <= most_vectors_apart;
    Blocking cut = blocking;
    cut.rows_apart = apart;
    cut.joins_rows = joins;
    cut.tile_rows = most_rows;
    cut.tile_vectors = most_vectors;
    const double cost =
        factor(cut.rows_of_tile(vectors)) * (joins ? tiles_cost(rows, vectors * lines, most_rows, most_vectors)
                                                   : tiles_cost(rows, vectors, most_rows, most_vectors) * real(lines));
    if (best != 0 && cost >= best) return;
    best = cost;
    blocking = cut;
  });
}

/// Taps × channels of one block of the sum: whole channels, unless one channel has more taps.
std::int64_t choose_sum_block(const DenseShape& shape, std::int64_t most) {
  const std::int64_t taps = std::max<std::int64_t>(1, shape.taps);
  if (taps <= most) return even(shape.given_channels, most / taps) * taps;
  if (taps <= 2 * most) return taps;
  return even(shape.given_channels * taps, 2 * most);  // the taps of one channel share their cells
}

/// Steps of one block of the sum, for tiles that read the planes.
std::int64_t most_steps(const std::array<LoweredAxis, 3>& axes, const DenseShape& shape, const TileLimits& tiles) {
  const std::int64_t channel_bytes = axes[0].given * axes[1].given * axes[2].given * shape.element_bytes;
  const std::int64_t rows = shape.result_channels * shape.phases;
  const bool far = shape.in_place && shape.taps == 1 && one_group(shape) && shape.given_channels > 2 * far_depth &&
                   shape.given_channels * channel_bytes > far_bytes && rows >= tiles.wide_rows &&
                   (rows <= far_rows || tiles.wide_vectors * tiles.lanes * shape.element_bytes < 2 * line_bytes);
  return far ? far_depth : sum_depth;
}

/// Returns what the tiles cost.
double take_panels(Blocking& blocking, const DenseShape& shape, const TileLimits& tiles) {
  double best = 0;
  blocking.panels = true;
  choose_tile(
      blocking, blocking.chunk * shape.largest_group, 1,
      ceil_divide(blocking.box[0] * blocking.box[1] * blocking.box[2], tiles.lanes), [](std::int64_t) { return 1.0; },
      tiles, best, false, shape);
  const std::int64_t width = blocking.tile_vectors * tiles.lanes;
  blocking.sum_block = choose_sum_block(shape, panel_bytes / (width * shape.element_bytes));
  const std::int64_t tile_bytes = blocking.sum_block * width * shape.element_bytes;
  const std::int64_t in_run = tiles_of_run(tile_bytes);
  blocking.rows_outer = in_run > 1;
  blocking.panel_positions = (in_run > 1 ? in_run : std::max<std::int64_t>(1, panels_bytes / tile_bytes)) * width;
  return best;
}

}  // namespace

std::int64_t tiles_of_run(std::int64_t tile_bytes) {
  constexpr std::int64_t least = 4;
  const std::int64_t fitting = panel_bytes / std::max<std::int64_t>(1, tile_bytes);
  return fitting < least ? 1 : fitting;
}

double tiles_cost(std::int64_t rows, std::int64_t vectors, std::int64_t most_rows, std::int64_t most_vectors) {
  const EvenParts row_parts(rows, most_rows), vector_parts(vectors, most_vectors);
  double cost = 0;
  for (const std::int64_t r : {rows / row_parts.parts, rows / row_parts.parts + 1}) {
    const std::int64_t row_tiles =
        r == rows / row_parts.parts ? row_parts.parts - rows % row_parts.parts : rows % row_parts.parts;
    for (const std::int64_t v : {vectors / vector_parts.parts, vectors / vector_parts.parts + 1}) {
      const std::int64_t vector_tiles = v == vectors / vector_parts.parts
                                            ? vector_parts.parts - vectors % vector_parts.parts
                                            : vectors % vector_parts.parts;
      cost += static_cast<double>(row_tiles * vector_tiles) *
              static_cast<double>(std::max({r * v, r + v + v / 2, busy_accumulators}));
    }
  }
  return cost;
}

double least_tiles_cost(std::int64_t rows, std::int64_t vectors, const TileLimits& tiles) {
  double least = 0;
  for_each_tile(tiles, false, [&](std::int64_t most_rows, std::int64_t most_vectors) {
    const double cost = tiles_cost(rows, vectors, most_rows, most_vectors);
    if (least == 0 || cost < least) least = cost;
  });
  return least;
}

Blocking choose_blocking(const std::array<LoweredAxis, 3>& axes, const DenseShape& shape, const TileLimits& tiles) {
  Blocking blocking{};
  const std::int64_t all_rows = shape.result_channels * shape.phases;
  blocking.panels = shape.result_channels * shape.smallest_group >= panel_rows;
  blocking.chunk = shape.result_channels;
  std::int64_t most_positions = axes[0].positions * axes[1].positions * axes[2].positions;
  if (shape.phases > 1 || shape.waits) {
    const std::int64_t bytes = shape.phases > 1 ? waiting_bytes : waiting_bytes / 4;
    if (blocking.panels)
      blocking.chunk = even(blocking.chunk, std::max(ceil_divide(panel_rows, shape.smallest_group),
                                                     bytes / (shape.phases * least_positions * shape.element_bytes)));
    const std::int64_t rows = blocking.panels ? blocking.chunk * shape.phases : std::min(all_rows, chunk_rows);
    most_positions = std::max(least_positions, bytes / (rows * shape.element_bytes));
  } else if (!blocking.panels || !shape.in_place) {  // those boxes are pieces of the result
    const std::int64_t rows = blocking.panels ? all_rows : std::min(all_rows, chunk_rows);
    most_positions = std::min(most_positions, std::max(least_positions, most_results / (rows * shape.element_bytes)));
  }
  const std::int64_t steps = most_steps(axes, shape, tiles);
  if (!blocking.panels && shape.in_place &&
      steps < shape.given_channels)  // every block loads and stores the sums again
    most_positions =
        std::min(most_positions, std::max(least_positions, far_results / (all_rows * shape.element_bytes)));
  const auto may_skip = [&](const Blocking& cut) {
    const std::int64_t row_tiles = ceil_divide(cut.chunk * shape.largest_group, tiles.wide_rows);
    return shape.met < most_met && (1 - shape.met) * real(cut.sum_block * row_tiles) >= least_left_out &&
           axes[0].positions + axes[1].positions <= most_looked_up &&
           cut.sum_block % std::max<std::int64_t>(1, shape.taps) == 0;  // whole channels
  };
  blocking.box = choose_box(axes, shape, tiles, most_positions, blocking.panels);
  const auto& box = blocking.box;
  double best = 0;
  if (blocking.panels) {
    take_panels(blocking, shape, tiles);
    blocking.skips_taps = may_skip(blocking);
    return blocking;
  }
  blocking.sum_block = choose_sum_block(shape, steps);
  const std::int64_t waiting = waiting_bytes / 2 / (shape.phases * box[0] * box[1] * box[2] * shape.element_bytes);
  std::int64_t chunk = chunk_rows / shape.phases;
  // phases apart: the weights of one group are in use
  if (shape.phases > 1) chunk = std::max(chunk, std::min(chunk_rows / shape.largest_group, waiting));
  blocking.chunk = even(shape.result_channels, std::max<std::int64_t>(1, chunk));
  const std::int64_t rows = blocking.chunk * shape.largest_group;
  const std::int64_t lines = box[0] * box[1];
  const std::int64_t pitch = box[2] + axes[2].high - axes[2].low, plane_rows = box[1] + axes[1].high - axes[1].low;
  const std::int64_t flat = ((box[0] - 1) * plane_rows + box[1] - 1) * pitch + box[2];
  const bool skips = may_skip(blocking);
  choose_tile(
      blocking, rows, lines, ceil_divide(box[2], tiles.lanes),
      [&](std::int64_t joined) { return skips ? met_by_rows(axes, joined) : 1; }, tiles, best, true, shape);
  // copying the rows out of the flattened planes: measured 3 to 8 %
  choose_tile(
      blocking, rows, 1, ceil_divide(flat, tiles.lanes), [&](std::int64_t) { return lines > 1 ? 1.03 : 1; }, tiles,
      best, false, shape);
  blocking.skips_taps = blocking.rows_apart && may_skip(blocking);
  const std::int64_t resident = blocking.sum_block / std::max<std::int64_t>(1, shape.taps) * shape.planes * plane_rows *
                                pitch * (box[0] + axes[0].high - axes[0].low) * shape.element_bytes;
  blocking.rows_outer = resident <= resident_bytes;
  if (shape.phases > 1) return blocking;
  // rows that end with vectors which are partly nobody's, or with a margin, may waste more than panels cost
  Blocking exact = blocking;
  exact.chunk = shape.result_channels;
  const double exact_tiles = take_panels(exact, shape, tiles);
  const double copies = real(lines) * (real(box[2]) * cell_vectors + run_vectors);
  exact.skips_taps = may_skip(exact);
  // a tile spans some rows, and takes the taps that any of them meets
  const double met = exact.skips_taps ? (1 + shape.met) / 2 : 1;
  return (exact_tiles + copies) * met < best ? exact : blocking;
}

}  // namespace faltung::internal
