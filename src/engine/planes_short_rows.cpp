// Packing of short rows: whole vectors of cells and of the zeros around them. Finding where a row begins and ends, and
// calls for a few cells, would take longer than the cells.
#include "engine/planes.hpp"
#include "kernels/short_rows.hpp"
#include "support/integers.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

/// Cells of a row up to which all of it is written by whole vectors, zeros too: of longer rows the ends matter less,
/// and a vector of every row in turn is not what prefetchers follow.
constexpr std::int64_t short_cells = 48;
/// Rows of a call, at least.
constexpr std::int64_t rows_together = 32;

}  // namespace

bool rows_are_short(const std::array<LoweredAxis, 3>& axes, std::int64_t positions) {
  const LoweredAxis &y = axes[1], &x = axes[2];
  return y.boundary == Boundary::zeros && x.boundary == Boundary::zeros && x.planes <= most_short_rows_phases &&
         positions + x.high - x.low <= short_cells;
}

/// Rows of a dense array with the zeros around them, all that lie in one layer of the planes at a time. What lies
/// before a row and behind it in the array is read too.
template <class T>
void Planes::pack_short_rows(const T* given, std::int64_t channels, const Box& box, T* planes) const {
  const LoweredAxis &az = axes_[0], &ay = axes_[1], &ax = axes_[2];
  const std::int64_t reach_z = box.size(0) + az.high - az.low, reach_y = box.size(1) + ay.high - ay.low,
                     reach_x = box.size(2) + ax.high - ax.low;
  const std::int64_t layer = ay.given * ax.given, volume = az.given * layer;
  const std::int64_t first = box.begin[2] * ax.planes - ax.pad;
  const std::int64_t read = round_up(reach_x, short_rows_slack(sizeof(T)) + 1) * ax.planes;
  std::array<T, static_cast<std::size_t>((short_cells + short_rows_slack(sizeof(T))) * most_short_rows_phases)> alone;
  const ShortRowsKernel<T> kernel = short_rows_kernel<T>(target_);
  ShortRows<T> some{};  // changed in place: copies of it would wait for their stores
  some.phases = ax.planes;
  some.n = reach_x;
  some.to_stride = channel_stride_;
  some.to_pitch = pitch_;
  for (std::int64_t x = 0; x < ax.planes; ++x) {
    some.begin[x] = inside_x_[at(x)].begin - box.begin[2];
    some.end[x] = inside_x_[at(x)].end - box.begin[2];
  }
  // `in` null: zeros
  const auto pack = [&](const T* in, std::int64_t c0, std::int64_t c1, std::int64_t y0, std::int64_t y1, T* layer_to) {
    if (c1 <= c0 || y1 <= y0) return;
    some.in = in;
    some.channels = c1 - c0;
    some.height = y1 - y0;
    some.to = layer_to + c0 * channel_stride_ + y0 * pitch_;
    kernel(some);
  };
  some.in_stride = volume;
  some.in_pitch = ay.planes * ax.given;
  // rows that exist; of the row at y = 0 of channel 0, the first cell is `from` of the array
  const auto pack_existing = [&](const auto& again, std::int64_t from, std::int64_t c0, std::int64_t c1,
                                 std::int64_t y0, std::int64_t y1, T* layer_to) -> void {
    if (c1 <= c0 || y1 <= y0) return;
    const std::int64_t begin = from + c0 * volume + y0 * some.in_pitch + first,
                       end = from + (c1 - 1) * volume + (y1 - 1) * some.in_pitch + first + read;
    if (begin >= 0 && end <= channels * volume) return pack(given + begin, c0, c1, y0, y1, layer_to);
    if (c1 - c0 > 1) {  // the first row of all and the last one have less before and behind them
      again(again, from, c0, c0 + 1, y0, y1, layer_to);
      again(again, from, c0 + 1, c1 - 1, y0, y1, layer_to);
      return again(again, from, c1 - 1, c1, y0, y1, layer_to);
    }
    if (y1 - y0 > 1) {
      again(again, from, c0, c1, y0, y0 + 1, layer_to);
      again(again, from, c0, c1, y0 + 1, y1 - 1, layer_to);
      return again(again, from, c0, c1, y1 - 1, y1, layer_to);
    }
    alone.fill(T{});
    for (std::int64_t x = std::max<std::int64_t>(0, first); x < std::min(ax.given, first + read); ++x)
      alone[at(x - first)] = given[begin - first + x];
    pack(alone.data(), c0, c1, y0, y1, layer_to);
  };
  const std::int64_t together = std::max(ceil_divide(rows_together, reach_y),
                                         bytes_together / (channel_stride_ * static_cast<std::int64_t>(sizeof(T))));
  for (std::int64_t channel = 0; channel < channels; channel += together)
    for (std::int64_t zy = 0; zy < az.planes * ay.planes; ++zy) {
      bool any = false;
      for (std::int64_t x = 0; x < ax.planes; ++x) {
        const std::int64_t place = plane_of_[at(zy * ax.planes + x)];
        some.place[x] = place < 0 ? -1 : place * plane_stride_;
        any = any || place >= 0;
      }
      if (!any) continue;
      const LoweredAxis::Run existing = ay.inside(zy % ay.planes);
      const std::int64_t end = std::min(channels, channel + together);
      for (std::int64_t z = 0; z < reach_z; ++z) {
        const std::int64_t gz = az.source(zy / ay.planes, box.begin[0] + z);
        const std::int64_t y0 = gz < 0 ? reach_y : std::clamp<std::int64_t>(existing.begin - box.begin[1], 0, reach_y),
                           y1 = std::clamp<std::int64_t>(existing.end - box.begin[1], y0, reach_y);
        T* layer_to = planes + position(z, 0, 0);
        pack(nullptr, channel, end, 0, y0, layer_to);
        if (y1 > y0) {
          const std::int64_t gy = ay.source(zy % ay.planes, box.begin[1] + y0);
          pack_existing(pack_existing, gz * layer + (gy - y0 * ay.planes) * ax.given, channel, end, y0, y1, layer_to);
        }
        pack(nullptr, channel, end, y1, reach_y, layer_to);
      }
    }
}

template void Planes::pack_short_rows(const float*, std::int64_t, const Box&, float*) const;
template void Planes::pack_short_rows(const double*, std::int64_t, const Box&, double*) const;

}  // namespace faltung::internal
