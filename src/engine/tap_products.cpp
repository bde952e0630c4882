#include "engine/tap_products.hpp"

#include "problem/axes.hpp"
#include "support/integers.hpp"
#include "support/parallel.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faltung::internal {

namespace {

/// Bytes of the products of a strip: a share of a small second-level cache. Cells of a strip: pages of a channel, so
/// that what fetches ahead follows it.
constexpr std::int64_t strip_bytes = std::int64_t{256} << 10U;
constexpr std::int64_t least_strip = 128, most_strip = 4096;
/// Channels of one block of the sum: as many runs as a processor fetches ahead of; more of arrays that a second-level
/// cache holds, whose sums are loaded and stored less often.
constexpr std::int64_t block_channels = 32, near_channels = 64, near_bytes = std::int64_t{2} << 20U;
/// Bytes of cells that stay in the first-level cache while the tiles of rows pass over them.
constexpr std::int64_t resident_bytes = std::int64_t{24} << 10U;
/// Tiles of fewer rows than a wide one that may pass over the cells: each loads them again.
constexpr std::int64_t most_passes = 4;

template <class T>
struct TapWeights : Packed {
  std::vector<T> weights;  // [conv group][block of channels][tile of rows][channel][row]
  std::vector<T> bias;     // [result channel], zeros where there is none
};

}  // namespace

TapProductsForm tap_products_form(const Problem& problem, const TileLimits& tiles, std::int64_t element_bytes) {
  TapProductsForm form{};
  const bool gather = problem.unknown == Unknown::coarse;
  form.given_channels = (gather ? problem.fine_channels : problem.coarse_channels) / problem.groups;
  form.result_channels = (gather ? problem.coarse_channels : problem.fine_channels) / problem.groups;
  form.taps = 1;
  std::int64_t cells = 1, lines = 1;
  for (std::size_t a = 0; a < problem.axes.size(); ++a) {
    const Axis& axis = problem.axes[a];
    const std::int64_t given = gather ? axis.fine : axis.coarse;
    form.taps *= axis.kernel;
    cells *= given;
    if (a + 1 < problem.axes.size()) lines *= given;
  }
  form.rows = form.result_channels * form.taps;
  const std::int64_t fitting = strip_bytes / (form.rows * element_bytes) / tiles.lanes * tiles.lanes;
  form.strip = std::clamp(fitting, least_strip, most_strip);
  const bool near = real(form.given_channels) * real(cells * element_bytes) <= real(near_bytes);
  const std::int64_t blocks =
      std::max<std::int64_t>(1, ceil_divide(form.given_channels, near ? near_channels : block_channels));
  form.sum_block = std::max<std::int64_t>(1, ceil_divide(form.given_channels, blocks));
  const std::int64_t vectors = ceil_divide(std::min(form.strip, cells), tiles.lanes);
  double least = 0;
  for (std::int64_t rows = 1; rows <= std::min<std::int64_t>(form.rows, most_tile_rows); ++rows) {
    if (tiles.widest[rows] == 0 || (rows < tiles.wide_rows && form.rows > most_passes * rows)) continue;
    const double cost = tiles_cost(form.rows, vectors, rows, tiles.widest[rows]);
    if (least != 0 && cost > least) continue;
    least = cost;
    form.tile_rows = rows;
    form.tile_vectors = tiles.widest[rows];
  }
  const double all = real(problem.batch * problem.groups);
  const double strips = real(cells) / real(std::min(form.strip, std::max<std::int64_t>(1, cells)));
  form.multiply_adds = all * strips * least * real(tiles.lanes) * real(form.given_channels);
  form.added = all * real(cells) * real(form.rows);
  form.sums = form.added * real(blocks);
  form.added_runs = all * real(lines) * real(form.rows) * std::max(1.0, real(cells) / real(lines * form.strip));
  return form;
}

std::optional<std::string> tap_products_refusal(const Problem& problem) {
  constexpr std::int64_t most_rows = 1024, most_channels = std::int64_t{1} << 20U;
  if (problem.unknown == Unknown::weights) return "the weights are the result";
  const bool gather = problem.unknown == Unknown::coarse;
  double rows = real((gather ? problem.coarse_channels : problem.fine_channels) / problem.groups);
  for (const Axis& axis : problem.axes) {
    if (axis.boundary != Boundary::zeros) return "its margins are zeros";
    if (gather && axis.stride != 1) return "with a stride most of its products would be for nobody";
    rows *= real(axis.kernel);
  }
  if (rows > real(most_rows)) return fmt::format("its product would have {:.0f} rows, more than {}", rows, most_rows);
  const std::int64_t channels = (gather ? problem.fine_channels : problem.coarse_channels) / problem.groups;
  if (channels > most_channels) return fmt::format("{} channels are more than {}", channels, most_channels);
  return std::nullopt;
}

template <class T>
TapProducts<T>::TapProducts(const Problem& problem, int threads, Target target)
    : problem_(problem),
      threads_(threads),
      tiles_(tile_kernels<T>(target)),
      add_rows_(add_rows_kernel<T>(target)),
      form_(tap_products_form(problem, limits_of(tiles_), sizeof(T))) {
  const bool gather = problem.unknown == Unknown::coarse;
  const std::array<Axis, 3> axes = three_axes(problem);
  for (std::size_t a = 0; a < 3; ++a) {
    const Axis& axis = axes[a];
    // f = c·s + k·d − p, from either side
    axes_[a] = gather ? Meeting{axis.fine, axis.coarse, axis.kernel, 1, -axis.dilation, axis.pad_before}
                      : Meeting{axis.coarse, axis.fine, axis.kernel, axis.stride, axis.dilation, -axis.pad_before};
    given_cells_ *= axes_[a].given;
    result_cells_ *= axes_[a].result;
  }
  // rows of a tile begin in different sets of the first-level cache
  constexpr auto line = static_cast<std::int64_t>(64 / sizeof(T));
  pitch_ = round_up(std::min(form_.strip, given_cells_) + tiles_.lanes, 2 * line) + line;
  const std::int64_t wanted = threads == 0 ? hardware_threads() : threads, parts = problem.batch * problem.groups;
  while (split_axis_ < 2 && axes_[split_axis_].result < 4 * wanted) ++split_axis_;
  if (parts % wanted != 0) splits_ = std::clamp<std::int64_t>(axes_[split_axis_].result, 1, wanted);
  tasks_ = parts * splits_;
  lanes_ = std::max<std::int64_t>(1, std::min(tasks_, wanted));
  for (std::int64_t channel = 0; channel < form_.sum_block; ++channel) {
    offset_.push_back(channel * given_cells_);
    tail_offset_.push_back(channel * tiles_.lanes);
  }
  zeros_.resize(at(form_.rows));
}

template <class T>
std::size_t TapProducts<T>::workspace_bytes() const {
  return at(lanes_ * (form_.rows * pitch_ + form_.sum_block * tiles_.lanes)) * sizeof(T);
}

template <class T>
std::size_t TapProducts<T>::packed_bytes() const {
  return at(problem_.groups * form_.result_channels * (form_.given_channels * form_.taps + 1)) * sizeof(T);
}

template <class T>
std::unique_ptr<const Packed> TapProducts<T>::pack(const void* weights, const void* bias) const {
  auto packed = std::make_unique<TapWeights<T>>();
  const auto* w = static_cast<const T*>(weights);
  const auto* b = static_cast<const T*>(bias);
  const bool gather = problem_.unknown == Unknown::coarse;
  const std::int64_t results = problem_.groups * form_.result_channels;
  packed->bias.resize(at(results));
  if (b != nullptr) std::copy_n(b, results, packed->bias.begin());
  packed->weights.resize(at(problem_.groups * form_.rows * form_.given_channels));
  const std::int64_t fine_channels = problem_.fine_channels / problem_.groups,
                     coarse_channels = problem_.coarse_channels / problem_.groups;
  const auto place = [&](std::int64_t group, std::int64_t row, std::int64_t given) {
    const std::int64_t result = row / form_.taps, tap = row % form_.taps;
    const std::int64_t coarse = group * coarse_channels + (gather ? result : given), fine = gather ? given : result;
    return (coarse * fine_channels + fine) * form_.taps + (problem_.flip ? form_.taps - 1 - tap : tap);
  };
  const EvenParts row_tiles(form_.rows, form_.tile_rows);
  T* out = packed->weights.data();
  for (std::int64_t group = 0; group < problem_.groups; ++group)
    for (std::int64_t from = 0; from < form_.given_channels; from += form_.sum_block)
      for (std::int64_t tile = 0; tile < row_tiles.parts; ++tile)
        for (std::int64_t c = from; c < std::min(form_.given_channels, from + form_.sum_block); ++c)
          for (std::int64_t row = row_tiles.begin(tile); row < row_tiles.begin(tile + 1); ++row)
            *out++ = w[place(group, row, c)];
  return packed;
}

template <class T>
void TapProducts<T>::run(const Arrays& arrays, std::byte* workspace) const {
  const bool gather = problem_.unknown == Unknown::coarse;
  const auto* given = static_cast<const T*>(gather ? arrays.fine : arrays.coarse);
  auto* result = static_cast<T*>(gather ? arrays.coarse : arrays.fine);
  const auto& packed = static_cast<const TapWeights<T>&>(*arrays.packed);
  T* memory = reinterpret_cast<T*>(workspace);
  const std::int64_t products = form_.rows * pitch_, lane_elements = products + form_.sum_block * tiles_.lanes;
  parallel_tasks(lanes_, tasks_, threads_, [&](std::int64_t lane) {
    T* own = memory + lane * lane_elements;
    return [&, own](std::int64_t task) {
      const std::int64_t split = task % splits_, part = task / splits_, group = part % problem_.groups;
      Part of{given + part * form_.given_channels * given_cells_,
              packed.weights.data() + group * form_.rows * form_.given_channels,
              packed.bias.data() + group * form_.result_channels,
              result + part * form_.result_channels * result_cells_,
              {}};
      for (std::size_t a = 0; a < 3; ++a) of.of[a] = {0, axes_[a].result};
      const EvenParts splits(axes_[split_axis_].result, ceil_divide(axes_[split_axis_].result, splits_));
      if (split >= splits.parts) return;
      of.of[split_axis_] = {splits.begin(split), splits.begin(split + 1)};
      run_part(of, {own, own + products});
    };
  });
}

template <class T>
typename TapProducts<T>::Range TapProducts<T>::met(std::size_t axis, Range of) const {
  const Meeting& meeting = axes_[axis];
  const std::int64_t last = (meeting.taps - 1) * meeting.step;
  // g·stride + first + (the largest, the smallest tap's step) lies in the part
  const std::int64_t from = of.begin - meeting.first - std::max<std::int64_t>(0, last),
                     to = of.end - meeting.first - std::min<std::int64_t>(0, last);
  const auto reached = [&](std::int64_t f) { return f <= 0 ? 0 : ceil_divide(f, meeting.stride); };
  const std::int64_t begin = std::min(meeting.given, reached(from));
  return {begin, std::clamp(reached(to), begin, meeting.given)};
}

/// How far given cells before `end` reach along an axis of the result.
template <class T>
std::int64_t TapProducts<T>::reach(std::size_t axis, std::int64_t end) const {
  const Meeting& meeting = axes_[axis];
  return (end - 1) * meeting.stride + meeting.first + std::max<std::int64_t>(0, (meeting.taps - 1) * meeting.step) + 1;
}

/// A result channel's cells of a part.
template <class T>
void TapProducts<T>::fill(const Ranges& of, T bias, T* result) const {
  for (std::int64_t z = of[0].begin; z < of[0].end; ++z)
    for (std::int64_t y = of[1].begin; y < of[1].end; ++y)
      std::fill_n(result + (z * axes_[1].result + y) * axes_[2].result + of[2].begin, of[2].size(), bias);
}

template <class T>
void TapProducts<T>::run_part(const Part& part, const Lane& lane) const {
  const Range met_z = met(0, part.of[0]), met_y = met(1, part.of[1]), met_x = met(2, part.of[2]);
  // sums start from the bias, shortly before the first of their products comes: their lines are near then
  const std::size_t fill_axis = part.of[0].size() > 1 ? 0 : part.of[1].size() > 1 ? 1 : 2;
  Ranges unfilled = part.of;
  unfilled[fill_axis].end = unfilled[fill_axis].begin;
  const auto reaches = [&](std::int64_t end) {
    const Range all = part.of[fill_axis];
    unfilled[fill_axis] = {unfilled[fill_axis].end, std::clamp(end, unfilled[fill_axis].end, all.end)};
  };
  const std::int64_t height = axes_[1].given, width = axes_[2].given;
  // whole rows while some fit into a strip, else parts of one: cut at the same cells for every part of the result, so
  // that the order of its sums is the same
  const std::int64_t lines = std::max<std::int64_t>(1, form_.strip / std::max<std::int64_t>(1, width));
  const std::int64_t length = std::min(width, form_.strip);
  // … and whole layers
  const std::int64_t layers = met_y.size() == height ? std::max<std::int64_t>(1, lines / height) : 1;
  for (std::int64_t z = met_z.begin; z < met_z.end; z += layers)
    for (std::int64_t y = met_y.begin / lines * lines; y < met_y.end; y += lines) {
      const std::int64_t deep = std::min(layers, met_z.end - z);
      const std::int64_t begin = std::max(y, met_y.begin), rows = std::min(y + lines, met_y.end) - begin;
      for (std::int64_t x = met_x.begin / length * length; x < met_x.end; x += length) {
        const std::int64_t n = std::min(length, width - x);
        multiply(part, (z * height + begin) * width + x, ((deep - 1) * height + rows - 1) * width + n, lane);
        for (std::int64_t i = 0; i < deep; ++i) {
          reaches(fill_axis == 0 ? reach(0, z + i + 1) : fill_axis == 1 ? reach(1, begin + rows) : reach(2, x + n));
          for (std::int64_t o = 0; o < form_.result_channels; ++o) {
            T* result = part.result + o * result_cells_;
            fill(unfilled, part.bias[o], result);
            add(part.of, {z + i, begin, x}, rows, n, lane.products + o * form_.taps * pitch_ + i * height * width,
                result);
          }
        }
      }
    }
  reaches(part.of[fill_axis].end);
  for (std::int64_t o = 0; o < form_.result_channels; ++o)
    fill(unfilled, part.bias[o], part.result + o * result_cells_);
}

/// Products of n cells that follow each other.
template <class T>
void TapProducts<T>::multiply(const Part& part, std::int64_t cell, std::int64_t n, const Lane& lane) const {
  const EvenParts row_tiles(form_.rows, form_.tile_rows);
  const std::int64_t vectors = n / tiles_.lanes, over = n - vectors * tiles_.lanes;
  for (std::int64_t from = 0; from < std::max<std::int64_t>(1, form_.given_channels); from += form_.sum_block) {
    const std::int64_t depth = std::min(form_.sum_block, form_.given_channels - from);
    const T* weights = part.weights + from * form_.rows;
    const T* cells = part.given + from * given_cells_ + cell;
    const T* start = from == 0 ? zeros_.data() : nullptr;
    const auto tiles = [&](std::int64_t first, std::int64_t count, std::int64_t width, const T* in,
                           const std::int64_t* offset) {
      for (std::int64_t tile = 0; tile < row_tiles.parts; ++tile)
        tiles_.tile[row_tiles.size(tile)][width](
            weights + row_tiles.begin(tile) * depth, in, offset, Steps::all(depth),
            lane.products + row_tiles.begin(tile) * pitch_ + first * tiles_.lanes, pitch_, start,
            {count, 0, width * tiles_.lanes, width * tiles_.lanes, 0, false}, nullptr);
    };
    const std::int64_t width = form_.tile_vectors, whole = vectors / width;
    const std::int64_t tile_bytes = depth * width * tiles_.lanes * static_cast<std::int64_t>(sizeof(T));
    const std::int64_t in_run = std::max<std::int64_t>(1, resident_bytes / std::max<std::int64_t>(1, tile_bytes));
    for (std::int64_t i = 0; i < whole; i += in_run)
      tiles(i * width, std::min(in_run, whole - i), width, cells + i * width * tiles_.lanes, offset_.data());
    if (vectors > whole * width)
      tiles(whole * width, 1, vectors - whole * width, cells + whole * width * tiles_.lanes, offset_.data());
    if (over == 0) continue;
    // a last vector could read behind the array
    for (std::int64_t c = 0; c < depth; ++c)
      std::copy_n(cells + c * given_cells_ + vectors * tiles_.lanes, over, lane.tail + c * tiles_.lanes);
    tiles(vectors, 1, 1, lane.tail, tail_offset_.data());
  }
}

/// Adds the products of a result channel where they belong: those of n cells of some rows, from `first` on.
template <class T>
void TapProducts<T>::add(const Ranges& of, const std::array<std::int64_t, 3>& first, std::int64_t rows, std::int64_t n,
                         const T* products, T* result) const {
  const Meeting &az = axes_[0], &ay = axes_[1], &ax = axes_[2];
  // the cells from `from` on that meet a tap in the part
  const auto met_by = [&](std::size_t axis, std::int64_t from, std::int64_t count, std::int64_t k) {
    const Meeting& meeting = axes_[axis];
    const std::int64_t place = from * meeting.stride + k * meeting.step + meeting.first;
    const auto reached = [&](std::int64_t f) {
      return f <= place ? 0 : std::min(count, ceil_divide(f - place, meeting.stride));
    };
    return Range{reached(of[axis].begin), reached(of[axis].end)};
  };
  for (std::int64_t kz = 0; kz < az.taps; ++kz) {
    const std::int64_t z = first[0] * az.stride + kz * az.step + az.first;
    if (z < of[0].begin || z >= of[0].end) continue;
    for (std::int64_t ky = 0; ky < ay.taps; ++ky) {
      const Range met_y = met_by(1, first[1], rows, ky);
      if (met_y.end <= met_y.begin) continue;
      const std::int64_t y = (first[1] + met_y.begin) * ay.stride + ky * ay.step + ay.first;
      for (std::int64_t kx = 0; kx < ax.taps; ++kx) {
        const Range met_x = met_by(2, first[2], n, kx);
        if (met_x.end <= met_x.begin) continue;
        const std::int64_t x = (first[2] + met_x.begin) * ax.stride + kx * ax.step + ax.first;
        add_rows_({products + ((kz * ay.taps + ky) * ax.taps + kx) * pitch_ + met_y.begin * ax.given + met_x.begin,
                   ax.given, met_y.size(), met_x.size(), result + (z * ay.result + y) * ax.result + x,
                   ay.stride * ax.result, ax.stride});
      }
    }
  }
}

template class TapProducts<float>;
template class TapProducts<double>;

}  // namespace faltung::internal
