#include "engine/winograd_inl.hpp"
#include "support/cache.hpp"
#include "support/parallel.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

/// Bytes of the points and products of one block: measured, docs/design/winograd.md.
constexpr std::int64_t block_bytes = std::int64_t{1} << 20U;
/// Positions that a block has at least, where there are as many: fewer do not hide the reading of the weights.
constexpr std::int64_t least_positions = 64;
/// Bytes of the points and products of a block at most, with a line of the cache more for each channel: what else there
/// is keeps below 4 MiB with them.
constexpr std::int64_t most_block_bytes = std::int64_t{15} << 18U;
/// … unless it had fewer positions than these, or weights so large are read once for each block.
constexpr std::int64_t fewest_positions = 16, read_again_bytes = std::int64_t{4} << 20U;
/// Result channels whose products are kept at once: at least so many, and more while their products are half as large
/// as the points, which every chunk reads again.
constexpr std::int64_t least_rows = 64, most_rows = 512;
/// A tile of one vector loads more for a multiply-add than others.
constexpr double one_vector = 1.03;
/// Multiply-adds in flight that a row of one column, or of two, counts as.
constexpr double of_one_column = 0.4, of_two_columns = 0.55;

std::int64_t even(std::int64_t extent, std::int64_t part) { return ceil_divide(extent, ceil_divide(extent, part)); }

}  // namespace

template <class T>
Winograd<T>::Winograd(const Problem& problem, const WinogradAxes& axes, int threads, Target target)
    : problem_(problem),
      axes_(axes),
      y_(axes.y.algorithm()),
      x_(axes.x.algorithm()),
      threads_(threads),
      kernels_(winograd_kernels<T>(target)),
      tiles_(tile_kernels<T>(target)),
      rows_(row_kernels<T>(target)) {
  const bool gather = problem.unknown == Unknown::coarse;
  given_channels_ = (gather ? problem.fine_channels : problem.coarse_channels) / problem.groups;
  result_channels_ = (gather ? problem.coarse_channels : problem.fine_channels) / problem.groups;
  for (int oy = 0; oy < y_.out.columns; ++oy)
    for (int ox = 0; ox < x_.out.columns; ++ox) {
      std::vector<Term>& terms = terms_.emplace_back();
      for (int wy = 0; wy < y_.terms; ++wy)
        for (int wx = 0; wx < x_.terms; ++wx)
          if (y_.term_out[at(wy)] == oy && x_.term_out[at(wx)] == ox)
            terms.push_back({std::int64_t{y_.term_in[at(wy)]} * x_.in.rows + x_.term_in[at(wx)], wy, wx});
      biased_.push_back(y_.ones[at(oy)] && x_.ones[at(ox)]);
    }
  slots_ = std::min(axes_.z.span(), (axes_.z.result - 1) * axes_.z.stride + axes_.z.span());
  choose_blocks();
  choose_tiles();
  lay_out();
  make_offsets();
}

template <class T>
void Winograd<T>::choose_blocks() {
  const std::int64_t given_points = slots_ * in_points() * given_channels_;
  chunks_ = EvenParts(result_channels_, std::clamp(given_points / (2 * out_points()), least_rows, most_rows));
  const std::int64_t granule = axes_.x.granule, lines = axes_.y.tiles * axes_.y.granule;
  const std::int64_t position_bytes = static_cast<std::int64_t>(sizeof(T)) *
                                      (given_points + out_points() * ceil_divide(result_channels_, chunks_.parts));
  const std::int64_t line_positions = 64 / static_cast<std::int64_t>(sizeof(T));
  // few rows fill no register tile with few positions
  const bool enough = result_channels_ >= busy_accumulators && weight_bytes() <= read_again_bytes;
  const std::int64_t fewest = enough ? fewest_positions : least_positions;
  const std::int64_t fitting =
      std::max(block_bytes / position_bytes,
               std::clamp(most_block_bytes / position_bytes - line_positions, fewest, least_positions));
  const std::int64_t tiles = std::min(axes_.x.tiles, std::max<std::int64_t>(1, fitting / granule));
  // margins of other boundaries copy any cell of the row
  tile_blocks_ = EvenParts(axes_.x.tiles, axes_.x.boundary == Boundary::zeros ? tiles : axes_.x.tiles);
  const std::int64_t line = ceil_divide(axes_.x.tiles, tile_blocks_.parts) * granule;
  // as many lines as fit, or a few fewer, whose positions fill the register tiles better
  const std::int64_t most = std::clamp<std::int64_t>(fitting / line, 1, lines);
  double best = 0;
  for (std::int64_t count = ceil_divide(most, 2); count <= most; ++count) {
    const EvenParts parts(lines, count);
    const std::int64_t positions = ceil_divide(lines, parts.parts) * line;
    const double cost = products_cost(positions, best_tile(positions)) * static_cast<double>(parts.parts);
    if (best != 0 && cost > best) continue;
    best = cost;
    line_blocks_ = parts;
  }
  const std::int64_t blocks = problem_.batch * problem_.groups * tile_blocks_.parts * line_blocks_.parts;
  const std::int64_t wanted = threads_ == 0 ? hardware_threads() : threads_;
  if (wanted > 1 && blocks > 0 && blocks < 4 * wanted) {  // too few to share evenly: share planes, then channels too
    const std::int64_t parts = ceil_divide(4 * wanted, blocks);
    z_blocks_ = EvenParts(axes_.z.result, std::max(axes_.z.span(), ceil_divide(axes_.z.result, parts)));
    const std::int64_t more = ceil_divide(parts, z_blocks_.parts);
    if (chunks_.parts < more)
      chunks_ = EvenParts(result_channels_, std::max<std::int64_t>(std::min<std::int64_t>(result_channels_, 16),
                                                                   ceil_divide(result_channels_, more)));
    splits_ = std::min(chunks_.parts, more);
  } else {
    z_blocks_ = EvenParts(axes_.z.result, axes_.z.result);
  }
  tasks_ = blocks * z_blocks_.parts * splits_;
  lanes_ = std::max<std::int64_t>(1, std::min(tasks_, wanted));
}

/// Multiply-adds in flight that the products of a chunk take, per tap: small tiles count as large ones.
template <class T>
double Winograd<T>::products_cost(std::int64_t positions, const TileSize& most) const {
  const std::int64_t rows_of_chunk = ceil_divide(result_channels_, chunks_.parts);
  const Width wide = width(positions, most.rows);
  const EvenParts row_tiles(rows_of_chunk, most.rows), vector_tiles(wide.vectors, most.vectors);
  double cost =
      wide.columns == 0 ? 0 : static_cast<double>(rows_of_chunk) * (wide.columns == 1 ? of_one_column : of_two_columns);
  const auto add = [&](std::int64_t count, std::int64_t vectors) {
    for (std::int64_t tile = 0; count > 0 && tile < row_tiles.parts; ++tile) {
      std::int64_t rows = row_tiles.size(tile);
      if (pairs(row_tiles, tile, vectors)) rows += row_tiles.size(++tile);
      cost +=
          static_cast<double>(count * std::max(rows * vectors, busy_accumulators)) * (vectors == 1 ? one_vector : 1.0);
    }
  };
  add(vector_tiles.larger, vector_tiles.least + 1);
  add(vector_tiles.parts - vector_tiles.larger, vector_tiles.least);
  return cost;
}

template <class T>
typename Winograd<T>::TileSize Winograd<T>::best_tile(std::int64_t positions) const {
  TileSize best{std::min(most_tile_rows, 2 * tiles_.tall_rows), 1};
  for (const TileSize& size :
       {TileSize{tiles_.tall_rows, tiles_.tall_vectors}, TileSize{tiles_.wide_rows, tiles_.wide_vectors}})
    if (products_cost(positions, size) < products_cost(positions, best)) best = size;
  return best;
}

template <class T>
void Winograd<T>::choose_tiles() {
  tile_ = best_tile(ceil_divide(axes_.y.tiles * axes_.y.granule, line_blocks_.parts) *
                    ceil_divide(axes_.x.tiles, tile_blocks_.parts) * axes_.x.granule);
  std::int64_t deepest = 1;
  for (std::size_t point = 0; point < terms_.size(); ++point) deepest = std::max(deepest, depth_of(point));
  sum_block_ = even(deepest, winograd_sum_block);
}

template <class T>
void Winograd<T>::lay_out() {
  const std::int64_t line = 64 / static_cast<std::int64_t>(sizeof(T)), lanes = tiles_.lanes;
  // odd in lines: what lies that far apart is spread over all sets of the cache
  const auto spread = [&](std::int64_t elements) {
    const std::int64_t lines = ceil_divide(elements, line);
    return (lines % 2 == 0 ? lines + 1 : lines) * line;
  };
  const std::int64_t tiles = ceil_divide(axes_.x.tiles, tile_blocks_.parts), granule = axes_.x.granule;
  const std::int64_t positions = ceil_divide(axes_.y.tiles * axes_.y.granule, line_blocks_.parts) * tiles * granule;
  // register tiles end in a whole vector; so does the last line of tiles, which may reach into the next channel, whose
  // points are written later
  position_stride_ = spread(round_up(positions, lanes));
  in_stride_ = spread(position_stride_ * given_channels_ + lanes);
  out_stride_ = spread(position_stride_ * ceil_divide(result_channels_, chunks_.parts));
  slot_stride_ = in_stride_ * in_points();
  const auto rounded = [&](std::int64_t count) { return round_up(count, lanes); };
  const std::int64_t reach = (x_.in.columns - 1) / x_.step;
  const std::int64_t in_cells = std::max((rounded(tiles + reach) * x_.step + x_.in.columns) * granule,
                                         axes_.x.boundary == Boundary::zeros ? 0 : axes_.x.given - axes_.x.in_offset);
  in_row_pitch_ = spread(in_cells + 2 * lanes);
  in_plane_pitch_ = spread((rounded(tiles + reach) + 1) * granule + 2 * lanes);
  out_row_pitch_ = spread(rounded(tiles) * x_.out.rows * granule + 2 * lanes);
  out_plane_pitch_ = spread(rounded(tiles) * granule + 2 * lanes);
  cell_pitch_ = spread(in_cells + 2 * lanes);
  const std::int64_t width = tile_.vectors * lanes;
  lane_parts_ = {slots_ * slot_stride_ + width,   out_stride_ * out_points() + width,
                 y_.in.rows * in_row_pitch_,      y_.in.rows * x_.step * in_plane_pitch_,
                 y_.out.columns * out_row_pitch_, x_.out.rows * out_plane_pitch_,
                 y_.in.columns * cell_pitch_,     out_row_pitch_};
  for (std::int64_t& elements : lane_parts_) elements = round_up(elements, line);
  zeros_.resize(at(std::max(cell_pitch_, result_channels_)));
  points_far_ = lane_parts_[0] * static_cast<std::int64_t>(sizeof(T)) + weight_bytes() > second_cache_bytes();
}

/// For every turn of the slots: which one holds the first depth tap's plane.
template <class T>
void Winograd<T>::make_offsets() {
  for (std::int64_t turn = 0; turn < slots_; ++turn)
    for (std::size_t point = 0; point < terms_.size(); ++point) {
      if (turn == 0) offsets_begin_.push_back(static_cast<std::int64_t>(offsets_.size()));
      for (std::int64_t k = 0; k < axes_.z.taps; ++k)
        for (const Term& term : terms_[point])
          for (std::int64_t channel = 0; channel < given_channels_; ++channel)
            offsets_.push_back((turn + k * axes_.z.dilation) % slots_ * slot_stride_ + term.in * in_stride_ +
                               channel * position_stride_);
    }
  offsets_begin_.push_back(static_cast<std::int64_t>(offsets_.size()) / slots_);
}

template <class T>
std::size_t Winograd<T>::workspace_bytes() const {
  std::int64_t elements = 0;
  for (const std::int64_t part : lane_parts_) elements += part;
  return at(lanes_ * elements) * sizeof(T);
}

template <class T>
std::int64_t Winograd<T>::weight_bytes() const {
  std::int64_t depths = 0;
  for (std::size_t point = 0; point < terms_.size(); ++point) depths += depth_of(point);
  return result_channels_ * depths * static_cast<std::int64_t>(sizeof(T));
}

template <class T>
std::size_t Winograd<T>::packed_bytes() const {
  return at(problem_.groups * (weight_bytes() + result_channels_ * static_cast<std::int64_t>(sizeof(T))));
}

template class Winograd<float>;
template class Winograd<double>;

}  // namespace faltung::internal
