#include "engine/planes.hpp"

#include "support/integers.hpp"

#include <algorithm>
#include <cstring>

namespace faltung::internal {

namespace {

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
               const std::vector<std::int64_t>& needed, std::int64_t lanes, std::int64_t element_bytes)
    : axes_(axes) {
  const LoweredAxis &az = axes[0], &ay = axes[1], &ax = axes[2];
  const std::int64_t reach_x = box[2] + ax.high - ax.low;
  rows_ = box[1] + ay.high - ay.low;
  pitch_ = box[2] == ax.positions ? reach_x - shared_margin(ax) : reach_x;
  const std::int64_t planes_rows = (box[0] + az.high - az.low) * rows_;
  const std::int64_t line = 64 / element_bytes;
  plane_stride_ = round_up((planes_rows - 1) * pitch_ + reach_x, line);
  channel_stride_ = plane_stride_ * static_cast<std::int64_t>(needed.size());
  if (channel_stride_ / line % 2 == 0)
    channel_stride_ += line;                          // odd in lines: channels spread over all sets of the cache
  slack_ = pitch_ + (most_tile_vectors + 1) * lanes;  // tiles run over the end of the last row
  plane_of_.assign(at(az.planes * ay.planes * ax.planes), -1);
  for (std::size_t i = 0; i < needed.size(); ++i) plane_of_[at(needed[i])] = static_cast<std::int64_t>(i);
  std::int64_t phases_x = 0;
  for (std::int64_t x = 0; x < ax.planes; ++x)
    phases_x += plane_of_[at(needed[0] / ax.planes * ax.planes + x)] >= 0 ? 1 : 0;
  together_ = ax.planes > 1 && ax.planes <= 4 && phases_x == ax.planes;
}

std::int64_t Planes::offset(const PhaseGroup::Tap& tap) const {
  return plane_of_[at(tap.plane)] * plane_stride_ + position(tap.shift[0], tap.shift[1], tap.shift[2]);
}

template <class T>
void Planes::pack(const RowKernels<T>& rows, const T* given, const Box& box, T* planes) const {
  const LoweredAxis &az = axes_[0], &ay = axes_[1], &ax = axes_[2];
  const std::int64_t reach_z = box.size(0) + az.high - az.low, reach_y = box.size(1) + ay.high - ay.low,
                     reach_x = box.size(2) + ax.high - ax.low;
  const std::int64_t x0 = box.begin[2];
  const std::int64_t phases_x = ax.planes;
  // the cells of a row that all phases read in one pass
  LoweredAxis::Run common{0, 0};
  if (together_) {
    common = {x0, x0 + reach_x};
    for (std::int64_t x = 0; x < phases_x; ++x) {
      const LoweredAxis::Run inside = ax.inside(x);
      common = {std::max(common.begin, inside.begin), std::min(common.end, inside.end)};
    }
    if (common.end < common.begin) common.end = common.begin;
  }
  for (std::int64_t zy = 0; zy < az.planes * ay.planes; ++zy) {
    std::array<T*, 4> out{};
    std::int64_t present = 0;
    for (std::int64_t x = 0; x < phases_x; ++x) present += plane_of_[at(zy * phases_x + x)] >= 0 ? 1 : 0;
    if (present == 0) continue;
    for (std::int64_t z = 0; z < reach_z; ++z)
      for (std::int64_t y = 0; y < reach_y; ++y) {
        const std::int64_t gz = az.source(zy / ay.planes, box.begin[0] + z),
                           gy = ay.source(zy % ay.planes, box.begin[1] + y);
        const T* row = gz < 0 || gy < 0 ? nullptr : given + (gz * ay.given + gy) * ax.given;
        const std::int64_t start = position(z, y, 0);
        const bool split = together_ && present == phases_x && row != nullptr && common.end > common.begin;
        for (std::int64_t x = 0; x < phases_x; ++x) {
          const std::int64_t place = plane_of_[at(zy * phases_x + x)];
          if (place < 0) continue;
          T* to = planes + place * plane_stride_ + start;
          if (row == nullptr) {
            std::fill_n(to, reach_x, T{});
            continue;
          }
          const auto copy = [&](std::int64_t from, std::int64_t end) {
            for (std::int64_t i = from; i < end; ++i) {
              const std::int64_t source = ax.source(x, x0 + i);
              to[i] = source < 0 ? T{} : row[source];
            }
          };
          const LoweredAxis::Run run = split ? common : ax.inside(x);
          const std::int64_t begin = std::clamp<std::int64_t>(run.begin - x0, 0, reach_x),
                             end = std::clamp<std::int64_t>(run.end - x0, begin, reach_x);
          copy(0, begin);
          if (split)
            out[at(x)] = to + begin;
          else if (phases_x == 1 && end > begin)
            std::memcpy(to + begin, row + ax.source(x, x0 + begin), at(end - begin) * sizeof(T));
          else if (end > begin) {
            const T* in = row + ax.source(x, x0 + begin);
            for (std::int64_t i = 0; i < end - begin; ++i) to[begin + i] = in[i * phases_x];
          }
          copy(end, reach_x);
        }
        if (split) rows.deinterleave(row + ax.source(0, common.begin), phases_x, common.end - common.begin, out.data());
      }
  }
}

template void Planes::pack(const RowKernels<float>&, const float*, const Box&, float*) const;
template void Planes::pack(const RowKernels<double>&, const double*, const Box&, double*) const;

}  // namespace faltung::internal
