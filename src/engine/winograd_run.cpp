#include "engine/winograd_inl.hpp"
#include "support/cache.hpp"
#include "support/parallel.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace faltung::internal {

/// One matrix product: weights · points, `rows` × `positions`.
template <class T>
struct Winograd<T>::Product {
  const T* weights;
  std::int64_t rows;
  const std::int64_t* offset;
  std::int64_t depth;
  const T* start;  ///< of every row
  std::int64_t positions;
  T* to;
};

template <class T>
typename Winograd<T>::Task Winograd<T>::task(std::int64_t index) const {
  Task task{};
  const auto next = [&](std::int64_t count) {
    const std::int64_t i = index % count;
    index /= count;
    return i;
  };
  const std::int64_t split = next(splits_);
  task.chunk_begin = chunks_.parts * split / splits_;
  task.chunk_end = chunks_.parts * (split + 1) / splits_;
  const std::int64_t tile = next(tile_blocks_.parts), line = next(line_blocks_.parts), z = next(z_blocks_.parts);
  task.tile_begin = tile_blocks_.begin(tile);
  task.tile_end = tile_blocks_.begin(tile + 1);
  task.line_begin = line_blocks_.begin(line);
  task.line_end = line_blocks_.begin(line + 1);
  task.z_begin = z_blocks_.begin(z);
  task.z_end = z_blocks_.begin(z + 1);
  task.group = next(problem_.groups);
  task.sample = index;
  return task;
}

template <class T>
typename Winograd<T>::Lane Winograd<T>::lane(T* memory) const {
  Lane lane{};
  std::size_t i = 0;
  for (T* Lane::*part : {&Lane::points, &Lane::products, &Lane::in_rows, &Lane::in_planes, &Lane::out_rows,
                         &Lane::out_planes, &Lane::cells, &Lane::nowhere}) {
    lane.*part = memory;
    memory += lane_parts_[i++];
  }
  return lane;
}

template <class T>
bool Winograd<T>::run(const Arrays& arrays, std::byte* workspace) const {
  const auto& packed = static_cast<const WinogradWeights<T>&>(*arrays.packed);
  std::atomic<bool> wild{false};
  const bool gather = problem_.unknown == Unknown::coarse;
  const auto* given = static_cast<const T*>(gather ? arrays.fine : arrays.coarse);
  auto* result = static_cast<T*>(gather ? arrays.coarse : arrays.fine);
  const T* given_end = given + problem_.batch * problem_.groups * given_channels_ * given_cells();
  std::int64_t elements = 0;
  for (const std::int64_t part : lane_parts_) elements += part;
  parallel_tasks(lanes_, tasks_, threads_, [&](std::int64_t i) {
    return [&, own = lane(reinterpret_cast<T*>(workspace) + i * elements)](std::int64_t t) {
      if (!wild.load(std::memory_order_relaxed)) run_task(task(t), given, given_end, result, packed, own, wild);
    };
  });
  return !wild.load(std::memory_order_relaxed);
}

template <class T>
void Winograd<T>::run_task(const Task& task, const T* given, const T* given_end, T* result,
                           const WinogradWeights<T>& packed, const Lane& lane, std::atomic<bool>& wild) const {
  const std::int64_t group = task.sample * problem_.groups + task.group;
  given += group * given_channels_ * given_cells();
  result += group * result_channels_ * result_cells();
  const DepthAxis& z = axes_.z;
  std::int64_t held[most_depth_span];
  std::fill_n(held, most_depth_span, -1);
  for (std::int64_t plane = task.z_begin; plane < task.z_end; ++plane) {
    for (std::int64_t k = 0; k < z.taps; ++k) {
      const std::int64_t cell = plane * z.stride + k * z.dilation, slot = cell % slots_;
      if (held[slot] == cell) continue;
      held[slot] = cell;
      const std::int64_t source = source_cell(cell + z.offset, z.given, z.boundary);
      transform_in(task, source < 0 ? nullptr : given + source * axes_.y.given * axes_.x.given, given_end, lane,
                   lane.points + slot * slot_stride_);
    }
    const std::int64_t turn = plane * z.stride % slots_;
    for (std::int64_t chunk = task.chunk_begin; chunk < task.chunk_end; ++chunk) {
      const std::int64_t rows = chunks_.size(chunk), channel = chunks_.begin(chunk);
      for (std::size_t point = 0; point < terms_.size(); ++point) {
        const std::int64_t begin = offsets_begin_[point];
        multiply(
            {packed.weights.data() + (task.group * result_channels_ + channel) * offsets_begin_.back() + rows * begin,
             rows, offsets_.data() + turn * offsets_begin_.back() + begin, depth_of(point),
             biased_[point] ? packed.bias.data() + task.group * result_channels_ + channel : zeros_.data(),
             task.positions(axes_.x.granule), lane.products + static_cast<std::int64_t>(point) * out_stride_},
            lane);
      }
      if (!transform_out(task, rows, result + channel * result_cells() + plane * axes_.y.result * axes_.x.result,
                         lane)) {
        wild.store(true, std::memory_order_relaxed);
        return;
      }
    }
  }
}

/// The tiles of one plane (null: zeros) of every channel to points.
template <class T>
void Winograd<T>::transform_in(const Task& task, const T* plane, const T* given_end, const Lane& lane,
                               T* points) const {
  const WinogradAxis &ay = axes_.y, &ax = axes_.x;
  const std::int64_t tiles = task.tile_end - task.tile_begin, lanes = kernels_.lanes;
  // cells of the row buffer, counted from the first one of the block
  const std::int64_t first = x_.step * task.tile_begin * ax.granule + ax.in_offset;
  const std::int64_t cells = (x_.step * (tiles - 1) + x_.in.columns) * ax.granule;
  std::int64_t begin = std::clamp<std::int64_t>(first, 0, ax.given),
               end = std::clamp<std::int64_t>(first + cells, begin, ax.given);
  if (ax.boundary != Boundary::zeros) begin = 0, end = ax.given;  // margins copy any cell of the row
  const std::int64_t count = end - begin;
  const WinogradColumns shape{y_.in.rows,      in_row_pitch_,           tiles,     ax.granule,
                              in_plane_pitch_, x_.in.rows * in_stride_, in_stride_};
  const std::int64_t line_numbers = 64 / static_cast<std::int64_t>(sizeof(T));
  const T* rows[most_points];
  for (std::int64_t channel = 0; channel < given_channels_; ++channel) {
    std::int64_t asked = 0;  // for the points of the next channel, whose stores would wait for their lines
    for (std::int64_t line = task.line_begin; line < task.line_end; ++line) {
      const std::int64_t tile = line / ay.granule, phase = line % ay.granule;
      if (const std::int64_t until = round_up((line + 1 - task.line_begin) * tiles * ax.granule, line_numbers);
          points_far_ && asked < until) {
        kernels_.fetch(points + (channel + 1) * position_stride_ + asked, until - asked, in_points(), in_stride_);
        asked = until;
      }
      for (int i = 0; i < y_.in.columns; ++i) {
        const std::int64_t cell = (y_.step * tile + i) * ay.granule + phase + ay.in_offset;
        const std::int64_t source = plane == nullptr ? -1 : source_cell(cell, ay.given, ay.boundary);
        rows[i] = zeros_.data();
        if (source < 0) continue;
        rows[i] = plane + source * ax.given + begin;
        if (given_end - rows[i] < round_up(count, lanes)) {  // vectors would read behind the given array
          T* copy = lane.cells + i * cell_pitch_;
          std::memcpy(copy, rows[i], at(count) * sizeof(T));
          rows[i] = copy;
        }
      }
      T* to = lane.in_rows + begin - first;
      kernels_.axis[static_cast<std::size_t>(ay.scheme)].in_rows(rows, count, to, in_row_pitch_);
      for (int i = 0; i < y_.in.rows; ++i) {
        T* row = lane.in_rows + i * in_row_pitch_;
        const auto margin = [&](std::int64_t from, std::int64_t until) {
          for (std::int64_t c = from; c < until; ++c) {
            const std::int64_t source = source_cell(c, ax.given, ax.boundary);
            row[c - first] = source < 0 ? T{} : row[source - first];
          }
        };
        margin(first, begin);
        margin(end, first + cells);
      }
      kernels_.axis[static_cast<std::size_t>(ax.scheme)].in_columns(
          shape, lane.in_rows, lane.in_planes,
          points + channel * position_stride_ + (line - task.line_begin) * tiles * ax.granule);
    }
    if (plane != nullptr) plane += given_cells();
  }
}

template <class T>
void Winograd<T>::multiply(const Product& product, const Lane& lane) const {
  const Width wide = width(product.positions, tile_.rows);
  const EvenParts row_tiles(product.rows, tile_.rows), vector_tiles(wide.vectors, tile_.vectors);
  for (std::int64_t k0 = 0; k0 < product.depth; k0 += sum_block_) {
    const std::int64_t depth = std::min(product.depth - k0, sum_block_);
    const T* weights = product.weights + product.rows * k0;
    for (std::int64_t i = 0; i < vector_tiles.parts; ++i) {
      const std::int64_t begin = vector_tiles.begin(i) * tiles_.lanes, vectors = vector_tiles.size(i);
      for (std::int64_t tile = 0; tile < row_tiles.parts; ++tile) {
        const std::int64_t m = row_tiles.begin(tile), rows = row_tiles.size(tile);
        const bool pair = pairs(row_tiles, tile, vectors);
        (pair ? kernels_.pair[rows] : kernels_.product[rows][vectors])(
            weights + m * depth, rows * depth, lane.points + begin, product.offset + k0, depth,
            product.to + m * position_stride_ + begin, position_stride_, k0 == 0 ? product.start + m : nullptr);
        if (pair) ++tile;
      }
    }
    if (wide.columns > 0) {
      const std::int64_t begin = wide.vectors * tiles_.lanes;
      multiply_columns({weights, product.rows, product.offset + k0, depth, k0 == 0 ? product.start : nullptr,
                        wide.columns, product.to + begin},
                       lane.points + begin);
    }
  }
}

/// A few positions of a block of the sum.
template <class T>
void Winograd<T>::multiply_columns(const Product& block, const T* points) const {
  const EvenParts row_tiles(block.rows, tile_.rows);
  const auto columns = static_cast<std::size_t>(block.positions);
  std::int64_t m = 0;
  for (const auto& [tiles, rows] : {std::pair{row_tiles.larger, row_tiles.least + 1},
                                    std::pair{row_tiles.parts - row_tiles.larger, row_tiles.least}}) {
    const EvenParts runs(tiles, most_column_panels(static_cast<int>(columns)));
    for (std::int64_t i = 0; i < runs.parts; ++i) {
      const std::int64_t panels = runs.size(i);
      kernels_.columns[rows * 2 > tiles_.lanes][columns][panels](
          block.weights + m * block.depth, rows * block.depth, rows, points, block.offset, block.depth,
          block.to + m * position_stride_, position_stride_, block.start == nullptr ? nullptr : block.start + m);
      m += panels * rows;
    }
  }
}

/// Products of some channels to the result; `plane` is the first one's. Whether all of it is finite.
template <class T>
bool Winograd<T>::transform_out(const Task& task, std::int64_t channels, T* plane, const Lane& lane) const {
  const WinogradAxis &ay = axes_.y, &ax = axes_.x;
  const std::int64_t tiles = task.tile_end - task.tile_begin;
  const std::int64_t first = x_.out.rows * task.tile_begin * ax.granule + ax.out_offset;
  const std::int64_t cells = x_.out.rows * tiles * ax.granule;
  const std::int64_t begin = std::clamp<std::int64_t>(first, 0, ax.result),
                     end = std::clamp<std::int64_t>(first + cells, begin, ax.result);
  const WinogradColumns shape{
      y_.out.columns, out_row_pitch_, tiles, ax.granule, out_plane_pitch_, x_.out.columns * out_stride_, out_stride_};
  if (begin == end) return true;
  // rows that come from far are on their way during the transform along x
  const bool far =
      problem_.batch * problem_.groups * result_channels_ * result_cells() * static_cast<std::int64_t>(sizeof(T)) >
      second_cache_bytes();
  bool finite = true;
  T* rows[most_points];
  for (std::int64_t channel = 0; channel < channels; ++channel, plane += result_cells())
    for (std::int64_t line = task.line_begin; line < task.line_end; ++line) {
      const std::int64_t tile = line / ay.granule, phase = line % ay.granule;
      bool some = false;
      for (int j = 0; j < y_.out.rows; ++j) {
        const std::int64_t row = (y_.out.rows * tile + j) * ay.granule + phase + ay.out_offset;
        const bool exists = row >= 0 && row < ay.result;
        rows[j] = exists ? plane + row * ax.result + begin : lane.nowhere;
        some = some || exists;
      }
      if (!some) continue;
      for (int j = 0; far && j < y_.out.rows; ++j) kernels_.fetch(rows[j], end - begin, 1, 0);
      kernels_.axis[static_cast<std::size_t>(ax.scheme)].out_columns(
          shape, lane.products + channel * position_stride_ + (line - task.line_begin) * tiles * ax.granule,
          lane.out_planes, lane.out_rows);
      finite = kernels_.axis[static_cast<std::size_t>(ay.scheme)].out_rows(lane.out_rows + begin - first,
                                                                           out_row_pitch_, end - begin, rows) &&
               finite;
    }
  return finite;
}

template class Winograd<float>;
template class Winograd<double>;

}  // namespace faltung::internal
