#include "engine/planes.hpp"

#include "kernels/short_rows.hpp"
#include "support/integers.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

/// Columns that are read together: one line of the cache each; more would fall into the same sets where rows are a
/// power of two apart.
constexpr std::int64_t columns_together = 16;

/// Channels whose rows are copied together, and cells of a row of all of them, at least: finding where a row comes from
/// takes as long as copying some ten cells.
constexpr std::int64_t channels_together = 8, cells_together = 64;

/// Zeros at both ends that every plane of the axis has.
std::int64_t shared_margin(const LoweredAxis& axis) {
  if (axis.boundary != Boundary::zeros) return 0;
  std::int64_t shared = axis.high - axis.low;  // rows keep room for their positions
  for (std::int64_t plane = 0; plane < axis.planes; ++plane) {
    const LoweredAxis::Run inside = axis.inside(plane);
    shared = std::min({shared, inside.begin, axis.cells() - inside.end});
  }
  return shared;
}

}  // namespace

Planes::Planes(const std::array<LoweredAxis, 3>& axes, std::array<std::int64_t, 3> box,
               const std::vector<std::int64_t>& needed, std::int64_t lanes, std::int64_t element_bytes, Target target)
    : axes_(axes), target_(target) {
  const LoweredAxis &az = axes[0], &ay = axes[1], &ax = axes[2];
  const std::int64_t reach_x = box[2] + ax.high - ax.low;
  rows_ = box[1] + ay.high - ay.low;
  pitch_ = box[2] == ax.positions ? reach_x - shared_margin(ax) : reach_x;
  const std::int64_t planes_rows = (box[0] + az.high - az.low) * rows_;
  const std::int64_t line = 64 / element_bytes;
  plane_stride_ = round_up((planes_rows - 1) * pitch_ + reach_x + short_rows_slack(element_bytes), line);
  channel_stride_ = plane_stride_ * static_cast<std::int64_t>(needed.size());
  if (channel_stride_ / line % 2 == 0)
    channel_stride_ += line;    // odd in lines: channels spread over all sets of the cache
  slack_ = pitch_ + 2 * lanes;  // vectors run over the end of the last row
  plane_of_.assign(at(az.planes * ay.planes * ax.planes), -1);
  for (std::size_t i = 0; i < needed.size(); ++i) plane_of_[at(needed[i])] = static_cast<std::int64_t>(i);
  for (std::int64_t x = 0; x < ax.planes; ++x) inside_x_.push_back(ax.inside(x));
  std::int64_t phases_x = 0;
  for (std::int64_t x = 0; x < ax.planes; ++x)
    phases_x += plane_of_[at(needed[0] / ax.planes * ax.planes + x)] >= 0 ? 1 : 0;
  together_ = ax.planes > 1 && ax.planes <= 4 && phases_x == ax.planes;
}

std::int64_t Planes::offset(const PhaseGroup::Tap& tap) const {
  return plane_of_[at(tap.plane)] * plane_stride_ + position(tap.shift[0], tap.shift[1], tap.shift[2]);
}

template <class T>
void Planes::pack(const RowKernels<T>& rows, const T* given, const Strides& strides, std::int64_t channels,
                  const Box& box, T* planes) const {
  if (strides[4] != 1 && strides[1] == 1 && channels > 1)
    return pack_channels_last(rows, given, strides, channels, box, planes);
  if (strides[4] != 1 && strides[4] != -1) {
    for (std::int64_t channel = 0; channel < channels; ++channel)
      pack_columns(rows, given + channel * strides[1], strides, box, planes + channel * channel_stride_);
    return;
  }
  const std::int64_t together =
      std::max({channels_together, cells_together / (box.size(2) + axes_[2].high - axes_[2].low),
                bytes_together / (channel_stride_ * static_cast<std::int64_t>(sizeof(T)))});
  if (rows_are_short(axes_, box.size(2)) &&
      lies_dense(strides, {1, channels, axes_[0].given, axes_[1].given, axes_[2].given}))
    return pack_short_rows(given, channels, box, planes);
  for (std::int64_t channel = 0; channel < channels; channel += together)
    pack_rows(rows, given + channel * strides[1], strides, std::min(together, channels - channel), box,
              planes + channel * channel_stride_);
}

/// Row by row, each of all channels: where it comes from and what is zero of it is found once.
template <class T>
void Planes::pack_rows(const RowKernels<T>& rows, const T* given, const Strides& strides, std::int64_t channels,
                       const Box& box, T* planes) const {
  const LoweredAxis &az = axes_[0], &ay = axes_[1], &ax = axes_[2];
  const std::int64_t reach_z = box.size(0) + az.high - az.low, reach_y = box.size(1) + ay.high - ay.low,
                     reach_x = box.size(2) + ax.high - ax.low;
  const std::int64_t x0 = box.begin[2];
  const std::int64_t phases_x = ax.planes, step = strides[4];
  // the cells of a row that all phases read in one pass
  LoweredAxis::Run common{0, 0};
  const bool together = together_ && step == 1;
  if (together) {
    common = {x0, x0 + reach_x};
    for (std::int64_t x = 0; x < phases_x; ++x) {
      const LoweredAxis::Run inside = inside_x_[at(x)];
      common = {std::max(common.begin, inside.begin), std::min(common.end, inside.end)};
    }
    if (common.end < common.begin) common.end = common.begin;
  }
  static constexpr std::array<T, 32> zeros{};
  const auto clear = [&](T* to, std::int64_t n) {
    if (n <= static_cast<std::int64_t>(zeros.size()))  // no calls for a few cells
      return rows.copy_rows(zeros.data(), 0, channels, n, to, channel_stride_);
    for (std::int64_t c = 0; c < channels; ++c) std::fill_n(to + c * channel_stride_, n, T{});
  };
  for (std::int64_t zy = 0; zy < az.planes * ay.planes; ++zy) {
    std::array<T*, 4> out{};
    std::int64_t present = 0;
    for (std::int64_t x = 0; x < phases_x; ++x) present += plane_of_[at(zy * phases_x + x)] >= 0 ? 1 : 0;
    if (present == 0) continue;
    for (std::int64_t z = 0; z < reach_z; ++z)
      for (std::int64_t y = 0; y < reach_y; ++y) {
        const std::int64_t gz = az.source(zy / ay.planes, box.begin[0] + z),
                           gy = ay.source(zy % ay.planes, box.begin[1] + y);
        const T* row = gz < 0 || gy < 0 ? nullptr : given + gz * strides[2] + gy * strides[3];
        const std::int64_t start = position(z, y, 0);
        const bool split = together && present == phases_x && row != nullptr && common.end > common.begin;
        for (std::int64_t x = 0; x < phases_x; ++x) {
          const std::int64_t place = plane_of_[at(zy * phases_x + x)];
          if (place < 0) continue;
          T* to = planes + place * plane_stride_ + start;
          if (row == nullptr) {
            clear(to, reach_x);
            continue;
          }
          const LoweredAxis::Run inside = inside_x_[at(x)];
          const auto edge = [&](std::int64_t from, std::int64_t end) {
            if (ax.boundary == Boundary::zeros && (end <= inside.begin - x0 || from >= inside.end - x0))
              return clear(to + from, end - from);
            for (std::int64_t i = from; i < end; ++i) {
              const std::int64_t source = ax.source(x, x0 + i);
              if (source < 0)
                clear(to + i, 1);
              else
                for (std::int64_t c = 0; c < channels; ++c)
                  to[c * channel_stride_ + i] = row[c * strides[1] + source * step];
            }
          };
          const LoweredAxis::Run run = split ? common : inside;
          const std::int64_t begin = std::clamp<std::int64_t>(run.begin - x0, 0, reach_x),
                             end = std::clamp<std::int64_t>(run.end - x0, begin, reach_x);
          edge(0, begin);
          if (split)
            out[at(x)] = to + begin;
          else if (end > begin)
            copy_of_channels(rows, row + ax.source(x, x0 + begin) * step, phases_x * step, strides[1], channels,
                             end - begin, to + begin);
          edge(end, reach_x);
        }
        if (split)
          rows.deinterleave(row + ax.source(0, common.begin), strides[1], channels, phases_x, common.end - common.begin,
                            out.data(), channel_stride_);
      }
  }
}

template <class T>
void Planes::copy_of_channels(const RowKernels<T>& rows, const T* from, std::int64_t step, std::int64_t stride,
                              std::int64_t channels, std::int64_t n, T* to) const {
  if (step == 1) return rows.copy_rows(from, stride, channels, n, to, channel_stride_);
  for (std::int64_t c = 0; c < channels; ++c) rows.copy(from + c * stride, step, n, to + c * channel_stride_, 1);
}

/// Cells of a row lie apart in memory. Columns of the box are read a few at a time, because where the cells of a column
/// are neighbours, every row of the box takes its part of the same lines of the cache.
template <class T>
void Planes::pack_columns(const RowKernels<T>& rows, const T* given, const Strides& strides, const Box& box,
                          T* planes) const {
  const LoweredAxis &az = axes_[0], &ay = axes_[1], &ax = axes_[2];
  const std::int64_t reach_z = box.size(0) + az.high - az.low, reach_y = box.size(1) + ay.high - ay.low,
                     reach_x = box.size(2) + ax.high - ax.low;
  const std::int64_t x0 = box.begin[2], y0 = box.begin[1];
  for (std::size_t linear = 0; linear < plane_of_.size(); ++linear) {
    if (plane_of_[linear] < 0) continue;
    const auto plane = static_cast<std::int64_t>(linear);
    const std::int64_t plane_x = plane % ax.planes, plane_y = plane / ax.planes % ay.planes,
                       plane_z = plane / (ax.planes * ay.planes);
    const LoweredAxis::Run inside_x = ax.inside(plane_x), inside_y = ay.inside(plane_y);
    const std::int64_t first_y = std::clamp<std::int64_t>(inside_y.begin - y0, 0, reach_y),
                       end_y = std::clamp<std::int64_t>(inside_y.end - y0, first_y, reach_y);
    const bool transposes = end_y > first_y && strides[3] == 1 && ay.planes == 1;
    for (std::int64_t z = 0; z < reach_z; ++z) {
      const std::int64_t gz = az.source(plane_z, box.begin[0] + z);
      T* to = planes + plane_of_[linear] * plane_stride_ + position(z, 0, 0);
      const std::int64_t first_x = std::clamp<std::int64_t>(inside_x.begin - x0, 0, reach_x),
                         end_x = std::clamp<std::int64_t>(inside_x.end - x0, first_x, reach_x);
      const auto edge = [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t y = 0; y < reach_y; ++y) {
          const std::int64_t gy = ay.source(plane_y, y0 + y);
          for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t gx = ax.source(plane_x, x0 + i);
            to[y * pitch_ + i] =
                gz < 0 || gy < 0 || gx < 0 ? T{} : given[gz * strides[2] + gy * strides[3] + gx * strides[4]];
          }
        }
      };
      if (gz < 0) {
        edge(0, reach_x);
        continue;
      }
      edge(0, first_x);
      for (std::int64_t begin = first_x; begin < end_x; begin += columns_together) {
        const std::int64_t count = std::min(columns_together, end_x - begin);
        const T* column = given + gz * strides[2] + ax.source(plane_x, x0 + begin) * strides[4];
        for (std::int64_t y = 0; y < reach_y; ++y) {
          if (transposes && y == first_y) y = end_y;
          if (y == reach_y) break;
          const std::int64_t gy = ay.source(plane_y, y0 + y);
          if (gy < 0)
            std::fill_n(to + y * pitch_ + begin, count, T{});
          else
            rows.copy(column + gy * strides[3], ax.planes * strides[4], count, to + y * pitch_ + begin, 1);
        }
        if (transposes)
          rows.transpose(column + ay.source(plane_y, y0 + first_y), ax.planes * strides[4], count, end_y - first_y,
                         to + first_y * pitch_ + begin, pitch_);
      }
      edge(end_x, reach_x);
    }
  }
}

/// Channels are neighbours in memory: a row of the box of all channels is one transposition.
template <class T>
void Planes::pack_channels_last(const RowKernels<T>& rows, const T* given, const Strides& strides,
                                std::int64_t channels, const Box& box, T* planes) const {
  const LoweredAxis &az = axes_[0], &ay = axes_[1], &ax = axes_[2];
  const std::int64_t reach_z = box.size(0) + az.high - az.low, reach_y = box.size(1) + ay.high - ay.low,
                     reach_x = box.size(2) + ax.high - ax.low;
  const std::int64_t x0 = box.begin[2], step = strides[4];
  for (std::size_t linear = 0; linear < plane_of_.size(); ++linear) {
    if (plane_of_[linear] < 0) continue;
    const auto plane = static_cast<std::int64_t>(linear);
    const std::int64_t plane_x = plane % ax.planes, plane_y = plane / ax.planes % ay.planes,
                       plane_z = plane / (ax.planes * ay.planes);
    const LoweredAxis::Run inside = ax.inside(plane_x);
    const std::int64_t begin = std::clamp<std::int64_t>(inside.begin - x0, 0, reach_x),
                       end = std::clamp<std::int64_t>(inside.end - x0, begin, reach_x);
    for (std::int64_t z = 0; z < reach_z; ++z)
      for (std::int64_t y = 0; y < reach_y; ++y) {
        const std::int64_t gz = az.source(plane_z, box.begin[0] + z), gy = ay.source(plane_y, box.begin[1] + y);
        T* to = planes + plane_of_[linear] * plane_stride_ + position(z, y, 0);
        if (gz < 0 || gy < 0) {
          for (std::int64_t c = 0; c < channels; ++c) std::fill_n(to + c * channel_stride_, reach_x, T{});
          continue;
        }
        const T* row = given + gz * strides[2] + gy * strides[3];
        const auto copy = [&](std::int64_t from, std::int64_t to_end) {
          for (std::int64_t i = from; i < to_end; ++i) {
            const std::int64_t source = ax.source(plane_x, x0 + i);
            for (std::int64_t c = 0; c < channels; ++c)
              to[c * channel_stride_ + i] = source < 0 ? T{} : row[source * step + c];
          }
        };
        copy(0, begin);
        if (end > begin)
          rows.transpose(row + ax.source(plane_x, x0 + begin) * step, ax.planes * step, end - begin, channels,
                         to + begin, channel_stride_);
        copy(end, reach_x);
      }
  }
}

template void Planes::pack(const RowKernels<float>&, const float*, const Strides&, std::int64_t, const Box&,
                           float*) const;
template void Planes::pack(const RowKernels<double>&, const double*, const Strides&, std::int64_t, const Box&,
                           double*) const;

}  // namespace faltung::internal
