// Shapes that networks have, one channel per group: planes by a kernel of their own, with nothing packed.
#include "engine/blocking.hpp"
#include "engine/few_channels_inl.hpp"
#include "support/integers.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

/// Bytes of both planes' rows in a band: most of a first-level cache of 32 KB.
constexpr std::int64_t band_bytes = std::int64_t{24} << 10U;
/// Rows of a band, at least: each one's first rows are read twice.
constexpr std::int64_t least_rows = 6;
/// Cells at a side that lie outside of the given rows, or that no tap reaches, at most.
constexpr std::int64_t most_pad = 4;

bool is(const Axis& axis, std::int64_t kernel, std::int64_t stride) {
  return axis.kernel == kernel && axis.stride == stride && axis.dilation == 1 && axis.boundary == Boundary::zeros;
}

/// The first given cell that result 0 (or 0 and 1) meets.
std::int64_t first_cell(const Axis& axis, bool gather) {
  if (gather) return -axis.pad_before;
  return axis.stride == 1 ? axis.pad_before + 1 - axis.kernel : (axis.pad_before - 1) / 2 + 3 - axis.kernel;
}

}  // namespace

template <class T>
FewChannelsPlaneKernel<T> FewChannels<T>::plane_kernel(const FewChannelsPlaneKernels<T>& kernels) const {
  const std::array<Axis, 3> axes = three_axes(problem_);
  const Axis &y = axes[1], &x = axes[2];
  const bool near = std::max({x.pad_before, x.pad_after, x.surplus()}) <= most_pad;
  if (given_channels_ != 1 || fold_ || axes[0] != Axis{} || !near || least_rows * plane_row_bytes() > band_bytes)
    return nullptr;
  const std::int64_t columns = gather_ ? x.coarse : x.fine / x.stride, given = gather_ ? x.fine : x.coarse;
  if (columns < kernels.lanes || given < few_channels_plane_columns(kernels.lanes, gather_ ? x.stride : 1))
    return nullptr;
  const auto both = [&](std::int64_t kernel, std::int64_t stride) {
    return is(y, kernel, stride) && is(x, kernel, stride);
  };
  if (both(3, 1)) return gather_ ? kernels.gather_3x3 : kernels.scatter_3x3;
  if (both(5, 1)) return gather_ ? kernels.gather_5x5 : kernels.scatter_5x5;
  if (gather_) return both(3, 2) ? kernels.gather_3x3_strided : nullptr;
  const bool pairs = y.fine % 2 == 0 && x.fine % 2 == 0 && y.pad_before % 2 == 1 && x.pad_before % 2 == 1;
  if (!pairs) return nullptr;
  return both(3, 2) ? kernels.scatter_3x3_strided : both(4, 2) ? kernels.scatter_4x4_strided : nullptr;
}

/// Of a given row and the result row that stands for it; of as many as the stride says on the finer side.
template <class T>
std::int64_t FewChannels<T>::plane_row_bytes() const {
  return (axes_[2].given * step_y_ + axes_[2].result * axes_[1].phases) * static_cast<std::int64_t>(sizeof(T));
}

template <class T>
void FewChannels<T>::choose_planes() {
  const std::int64_t planes = problem_.batch * problem_.groups * result_channels_, rows = axes_[1].positions;
  band_ = band_bytes / plane_row_bytes();
  if (wanted_ > 1) band_ = std::clamp<std::int64_t>(rows * planes / (4 * wanted_), 1, band_);
  bands_ = EvenParts(rows, band_).parts;
  tasks_ = planes * bands_;
  lanes_ = std::max<std::int64_t>(1, std::min(tasks_, wanted_));
  first_y_ = first_cell(three_axes(problem_)[1], gather_);
  first_x_ = first_cell(three_axes(problem_)[2], gather_);
}

template <class T>
void FewChannels<T>::run_plane(std::int64_t task, const T* given, T* result,
                               const FewChannelsWeights<T>& packed) const {
  const EvenParts bands(axes_[1].positions, band_);
  const std::int64_t in_row = axes_[2].given * step_y_, out_row = axes_[2].result * axes_[1].phases;
  const auto in_of = [&](std::int64_t t) {
    return given + t / bands_ / result_channels_ * given_cells() +
           std::min(bands.begin(t % bands_) * in_row, given_cells());
  };
  const auto out_of = [&](std::int64_t t) {
    return result + t / bands_ * result_cells() + bands.begin(t % bands_) * out_row;
  };
  const std::int64_t channel = task / bands_, band = task % bands_, rows = bands.size(band);
  const std::int64_t of_all = channel % (problem_.groups * result_channels_);
  FewChannelsPlane<T> plane{};
  plane.in = given + channel / result_channels_ * given_cells();
  plane.out = result + channel * result_cells();
  plane.in_height = axes_[1].given;
  plane.in_width = axes_[2].given;
  plane.out_width = axes_[2].result;
  plane.row_begin = bands.begin(band);
  plane.row_end = plane.row_begin + rows;
  plane.first_y = first_y_;
  plane.first_x = first_x_;
  plane.weights = packed.weights.data() + of_all * weights_per_channel_;
  plane.start = packed.bias.empty() ? T{} : packed.bias[at(of_all)];
  const std::int64_t next = std::min(task + 1, tasks_ - 1), next_rows = bands.size(next % bands_);
  plane.ahead_in = in_of(next);
  plane.ahead_out = out_of(next);
  plane.ahead_in_bytes = next_rows * in_row * static_cast<std::int64_t>(sizeof(T));
  plane.ahead_out_bytes = next_rows * out_row * static_cast<std::int64_t>(sizeof(T));
  planes_(plane);
  if (!finish_.nothing()) rows_.finish(finish_, out_of(task), rows * out_row, out_of(task));
}

template FewChannelsPlaneKernel<float> FewChannels<float>::plane_kernel(const FewChannelsPlaneKernels<float>&) const;
template FewChannelsPlaneKernel<double> FewChannels<double>::plane_kernel(const FewChannelsPlaneKernels<double>&) const;
template void FewChannels<float>::choose_planes();
template std::int64_t FewChannels<float>::plane_row_bytes() const;
template void FewChannels<double>::choose_planes();
template std::int64_t FewChannels<double>::plane_row_bytes() const;
template void FewChannels<float>::run_plane(std::int64_t, const float*, float*, const FewChannelsWeights<float>&) const;
template void FewChannels<double>::run_plane(std::int64_t, const double*, double*,
                                             const FewChannelsWeights<double>&) const;

}  // namespace faltung::internal
