#include "engine/row_boxes.hpp"

#include "engine/blocking.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

/// Most streams that are taken apart in one pass: what `deinterleave` does by vectors.
constexpr std::int64_t most_together = 4;
/// Boxes of one row: a plan stays small however long a row is.
constexpr std::int64_t most_boxes = 512;

}  // namespace

RowBox::RowBox(const LoweredAxis& axis, const std::vector<std::int64_t>& planes, std::int64_t begin, std::int64_t end,
               std::int64_t least)
    : begin_(begin), end_(end), cells_(end - begin + axis.high - axis.low), stride_(axis.planes) {
  // u = cell·stride + plane numbers the cells of all planes as they stand in the padded row
  const std::int64_t first = begin * stride_, last = first + cells_ * stride_;
  const std::int64_t inside = std::max(first, axis.pad);
  groups_ = std::max<std::int64_t>(0, std::min(last, axis.pad + axis.given) - inside) / stride_;
  const std::int64_t outside = inside + groups_ * stride_;
  source_ = inside - axis.pad;
  if (stride_ == 1 && groups_ == cells_ && end - begin >= least) in_place_ = source_;
  together_ = static_cast<std::int64_t>(planes.size()) == stride_ && stride_ <= most_together && groups_ > 0;
  for (std::int64_t j = 0; together_ && j < stride_; ++j)
    streams_.push_back({(inside + j) % stride_, (inside + j) / stride_ - begin, source_ + j, 0});
  for (std::size_t place = 0; place < planes.size(); ++place) {
    const std::int64_t plane = planes[place];
    const auto single = [&](std::int64_t cell) {
      const std::int64_t source = axis.source(plane, cell);
      if (source < 0)
        has_zeros_ = true;
      else
        singles_.push_back({static_cast<std::int64_t>(place), cell - begin, source, 0});
    };
    // the plane's cells before, inside and behind
    const std::int64_t end_before = groups_ == 0 ? begin + cells_ : (inside - plane + stride_ - 1) / stride_;
    for (std::int64_t cell = begin; cell < end_before; ++cell) single(cell);
    if (groups_ == 0) continue;
    if (!together_)
      streams_.push_back({static_cast<std::int64_t>(place), end_before - begin, axis.source(plane, end_before), 0});
    for (std::int64_t cell = (outside - plane + stride_ - 1) / stride_; cell < begin + cells_; ++cell) single(cell);
  }
}

void RowBox::set_plane_pitch(std::int64_t plane_pitch) {
  for (auto* cells : {&streams_, &singles_})
    for (Cell& cell : *cells) cell.to = cell.place * plane_pitch + cell.cell;
}

template <class T>
void RowBox::pack(const RowKernels<T>& kernels, const T* rows, std::int64_t row_pitch, std::int64_t count, T* packed,
                  std::int64_t packed_pitch) const {
  if (stride_ == 1 && groups_ > 0) {
    kernels.copy_rows(rows + source_, row_pitch, count, groups_, packed + streams_.front().to, packed_pitch);
  } else if (together_) {
    T* out[most_together];
    for (std::size_t j = 0; j < streams_.size(); ++j) out[j] = packed + streams_[j].to;
    kernels.deinterleave(rows + source_, row_pitch, count, stride_, groups_, out, packed_pitch);
  } else {
    for (std::int64_t i = 0; i < count; ++i)
      for (const Cell& stream : streams_)
        for (std::int64_t k = 0; k < groups_; ++k)
          packed[i * packed_pitch + stream.to + k] = rows[i * row_pitch + stream.source + k * stride_];
  }
  for (const Cell& cell : singles_)
    for (std::int64_t i = 0; i < count; ++i) packed[i * packed_pitch + cell.to] = rows[i * row_pitch + cell.source];
}

template void RowBox::pack(const RowKernels<float>&, const float*, std::int64_t, std::int64_t, float*,
                           std::int64_t) const;
template void RowBox::pack(const RowKernels<double>&, const double*, std::int64_t, std::int64_t, double*,
                           std::int64_t) const;

std::vector<RowBox> make_row_boxes(const LoweredAxis& axis, const std::vector<std::int64_t>& planes, std::int64_t least,
                                   std::int64_t most) {
  std::vector<RowBox> boxes;
  const auto split = [&](std::int64_t begin, std::int64_t end) {
    if (begin == end) return;
    const EvenParts parts(end - begin, std::max({least, most, axis.positions / most_boxes}));
    for (std::int64_t i = 0; i < parts.parts; ++i)
      boxes.emplace_back(axis, planes, begin + parts.begin(i), begin + parts.begin(i + 1), least);
  };
  // positions all of whose taps read the row itself
  std::int64_t begin = std::max<std::int64_t>(0, axis.pad);
  std::int64_t end = std::min(axis.cells(), axis.pad + axis.given) - (axis.high - axis.low);
  if (begin > 0) begin = std::max(begin, least);
  if (end < axis.positions) end = std::min(end, axis.positions - least);
  const bool whole = begin == 0 && end == axis.positions;
  if (axis.planes == 1 && end - begin >= (whole ? least : 4 * least)) {
    split(0, begin);
    split(begin, end);
    split(end, axis.positions);
  } else {  // narrow: copying whole rows costs less than going through more boxes
    split(0, axis.positions);
  }
  return boxes;
}

}  // namespace faltung::internal
