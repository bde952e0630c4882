// Which input numbers stand in the columns of im2col: rows are (fine channel in the group, tap), columns are coarse
// positions.
#pragma once

#include "problem/terms.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace faltung::internal {

/// Copies rows of the column matrix out of one group of a sample (im2col), or adds them back (col2im). Any stride,
/// dilation, padding and boundary; allocates nothing.
class ColumnMap {
 public:
  explicit ColumnMap(const Problem& problem) : axes_(three_axes(problem)), flip_(problem.flip) {}

  std::int64_t taps() const { return axes_[0].kernel * axes_[1].kernel * axes_[2].kernel; }
  std::int64_t fine_cells() const { return axes_[0].fine * axes_[1].fine * axes_[2].fine; }
  std::int64_t coarse_cells() const { return axes_[0].coarse * axes_[1].coarse * axes_[2].coarse; }

  /// column[(row − row_begin)·width + position − begin] for rows [row_begin, row_end) and positions [begin, end); width
  /// = end − begin.
  template <class T>
  void gather(const T* fine, std::int64_t row_begin, std::int64_t row_end, std::int64_t begin, std::int64_t end,
              T* column) const {
    for_each_run(row_begin, row_end, begin, end, [&](const Run& run) {
      T* out = column + run.column;
      if (run.row < 0) {
        std::fill_n(out, run.end - run.begin, T{});
        return;
      }
      const T* row = fine + run.row;
      const std::int64_t first = std::clamp(run.inside.begin, run.begin, run.end),
                         last = std::clamp(run.inside.end, first, run.end);
      const auto edge = [&](std::int64_t from, std::int64_t to) {
        for (std::int64_t c = from; c < to; ++c) {
          const std::int64_t cell = source_x(c, run.kx);
          out[c - run.begin] = cell < 0 ? T{} : row[cell];
        }
      };
      edge(run.begin, first);
      const T* in = row + first * axes_[2].stride + run.kx * axes_[2].dilation - axes_[2].pad_before;
      T* to = out + first - run.begin;
      const std::int64_t count = last - first, stride = axes_[2].stride;
      if (stride == 1)
        std::copy_n(in, count, to);
      else
        for (std::int64_t i = 0; i < count; ++i) to[i] = in[i * stride];
      edge(last, run.end);
    });
  }

  /// The adjoint: adds the columns onto the cells that `gather` reads.
  template <class T>
  void scatter(const T* column, std::int64_t row_begin, std::int64_t row_end, std::int64_t begin, std::int64_t end,
               T* fine) const {
    for_each_run(row_begin, row_end, begin, end, [&](const Run& run) {
      if (run.row < 0) return;
      const T* in = column + run.column;
      T* row = fine + run.row;
      const std::int64_t first = std::clamp(run.inside.begin, run.begin, run.end),
                         last = std::clamp(run.inside.end, first, run.end);
      const auto edge = [&](std::int64_t from, std::int64_t to) {
        for (std::int64_t c = from; c < to; ++c)
          if (const std::int64_t cell = source_x(c, run.kx); cell >= 0) row[cell] += in[c - run.begin];
      };
      edge(run.begin, first);
      T* to = row + first * axes_[2].stride + run.kx * axes_[2].dilation - axes_[2].pad_before;
      const T* from = in + first - run.begin;
      const std::int64_t count = last - first, stride = axes_[2].stride;
      for (std::int64_t i = 0; i < count; ++i) to[i * stride] += from[i];
      edge(last, run.end);
    });
  }

 private:
  struct Range {
    std::int64_t begin, end;
  };
  /// Positions [begin, end) of one coarse row, for one row of the column matrix.
  struct Run {
    std::int64_t row;     // where the fine row begins in the group, or −1 in a margin of zeros
    std::int64_t column;  // where the run begins in the column buffer
    std::int64_t begin, end, kx;
    Range inside;
  };

  std::int64_t source_x(std::int64_t c, std::int64_t k) const {
    return source_cell(axes_[2], c * axes_[2].stride + k * axes_[2].dilation);
  }

  /// Positions c of x whose tap k lies inside the array: 0 ≤ c·s + k·d − p < fine.
  Range inside(std::int64_t k) const {
    const Axis& x = axes_[2];
    const std::int64_t offset = k * x.dilation - x.pad_before;
    const std::int64_t first = offset >= 0 ? 0 : (-offset + x.stride - 1) / x.stride;
    const std::int64_t end = x.fine - offset <= 0 ? 0 : (x.fine - offset + x.stride - 1) / x.stride;
    return {std::min(first, x.coarse), std::max(std::min(first, x.coarse), std::min(end, x.coarse))};
  }

  template <class Visit>
  void for_each_run(std::int64_t row_begin, std::int64_t row_end, std::int64_t begin, std::int64_t end,
                    Visit&& visit) const {
    const auto& [az, ay, ax] = axes_;
    const std::int64_t width = end - begin;
    for (std::int64_t r = row_begin; r < row_end; ++r) {
      const std::int64_t channel = r / taps();
      const std::int64_t tap = flip_ ? taps() - 1 - r % taps() : r % taps();
      const std::int64_t kx = tap % ax.kernel, ky = tap / ax.kernel % ay.kernel, kz = tap / (ax.kernel * ay.kernel);
      const Range inside_array = inside(kx);
      for (std::int64_t position = begin; position < end;) {
        const std::int64_t cx = position % ax.coarse, cy = position / ax.coarse % ay.coarse,
                           cz = position / (ax.coarse * ay.coarse);
        const std::int64_t stop = std::min(ax.coarse, cx + end - position);
        const std::int64_t fz = source_cell(az, cz * az.stride + kz * az.dilation);
        const std::int64_t fy = source_cell(ay, cy * ay.stride + ky * ay.dilation);
        const std::int64_t row = fz < 0 || fy < 0 ? -1 : channel * fine_cells() + (fz * ay.fine + fy) * ax.fine;
        visit(Run{row, (r - row_begin) * width + position - begin, cx, stop, kx, inside_array});
        position += stop - cx;
      }
    }
  }

  std::array<Axis, 3> axes_;
  bool flip_;
};

}  // namespace faltung::internal
