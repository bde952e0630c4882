#include "engine/fft_convolution.hpp"

#include "support/integers.hpp"
#include "support/parallel.hpp"

#include <algorithm>
#include <array>

namespace faltung::internal {

namespace {

/// An odd number of points: rows and frequencies that are a power of two apart would share the sets of a cache.
std::int64_t odd(std::int64_t points) { return points | 1; }

/// Numbers of spectra that are held for the sake of threads.
constexpr std::int64_t most_numbers = std::int64_t{1} << 24U;

/// Bytes of the result's spectra that are held together, where a chunk of its channels has as many as the given
/// array's: these are read again for each chunk.
constexpr std::int64_t chunk_bytes = std::int64_t{1} << 20U;

template <class T>
AlignedNumbers<T> outer_twiddles(const FftSize<T>& rows, std::int64_t columns, std::int64_t lanes) {
  const std::vector<std::int64_t> frequency = rows.frequencies();
  const auto points = static_cast<std::int64_t>(frequency.size()) * columns;
  AlignedNumbers<T> outer(2 * points);
  for (std::int64_t y = 0; y < points / columns; ++y)
    for (std::int64_t x = 0; x < columns; ++x) {
      const Twiddle w = twiddle(frequency[at(y)] * x, points);
      T* to = outer.data() + (y / lanes * columns + x) * 2 * lanes + y % lanes;
      to[0] = static_cast<T>(w.re);
      to[lanes] = static_cast<T>(w.im);
    }
  return outer;
}

}  // namespace

template <class T>
FftConvolution<T>::FftConvolution(const Problem& problem, const FftTiling& tiling, int threads, Target target)
    : problem_(problem),
      tiling_(tiling),
      extents_(fft_extents(problem, tiling.pieces)),
      threads_(threads),
      gather_(problem.unknown == Unknown::coarse),
      kernels_(fft_kernels<T>(target)),
      rows_(tiling.rows),
      columns_(tiling.columns) {
  if (tiling.pieces) outer_ = outer_twiddles(rows_, tiling.columns, kernels_.lanes);
  shape_ = {rows_.passes(), columns_.passes(), tiling.pieces ? outer_.data() : nullptr, odd(tiling.rows) * point()};
  const std::array<Axis, 3> axes = three_axes(problem);
  y_ = FftAxis(tiling.pieces ? Axis{} : axes[1], problem.unknown);
  x_ = FftAxis(axes[2], problem.unknown);
  given_plane_ = y_.given_cells() * x_.given_cells();
  result_plane_ = y_.result_cells() * x_.result_cells();
  if (y_.folds() || x_.folds()) fold_.emplace(std::array{Axis{}, tiling.pieces ? Axis{} : axes[1], axes[2]});
  const Axis second = tiling.pieces ? axes[1] : Axis{};
  const auto outer = fft_terms(axes[0], problem.unknown), inner = fft_terms(second, problem.unknown);
  const std::int64_t given = gather_ ? second.fine : second.coarse;
  single_ = extents_.single();
  term_begin_.push_back(0);
  for (const std::vector<FftTerm>& of_outer : outer)
    for (const std::vector<FftTerm>& of_inner : inner) {
      for (const FftTerm& z : of_outer)
        for (const FftTerm& y : of_inner) {
          term_plane_.push_back(z.given * given + y.given);
          term_tap_.push_back(z.tap * second.kernel + y.tap);
        }
      term_begin_.push_back(static_cast<std::int64_t>(term_plane_.size()));
      single_ = single_ && of_outer.size() * of_inner.size() <= 1;
    }
  // every thread gets a pair where that costs no more than a few megabytes
  const std::int64_t wanted = threads == 0 ? hardware_threads() : threads;
  const std::int64_t spectra =
      (extents_.given_channels * extents_.given_planes + extents_.result_channels * extents_.result_planes) * 2 *
      tiling.points();
  tiling_.pairs_at_once = std::max(tiling_.pairs_at_once, std::min({tiling_.pairs, wanted, most_numbers / spectra}));
  const std::int64_t of_channel = extents_.result_planes * tiling_.pairs_at_once * 2 * tiling.points();
  const std::int64_t held =
      std::max(chunk_bytes / static_cast<std::int64_t>(sizeof(T)),
               extents_.given_channels * extents_.given_planes * tiling_.pairs_at_once * 2 * tiling.points());
  chunk_ = round_up(std::max<std::int64_t>(1, held / of_channel), std::int64_t{most_product_channels});
  chunk_ = std::min(extents_.result_channels,
                    round_up(ceil_divide(extents_.result_channels, ceil_divide(extents_.result_channels, chunk_)),
                             std::int64_t{most_product_channels}));
  const std::int64_t tasks = std::max(problem.groups * extents_.result_planes * tiling.pairs,
                                      extents_.given_channels * extents_.given_planes * tiling_.pairs_at_once);
  lanes_ = std::clamp<std::int64_t>(wanted, 1, tasks);
}

template <class T>
std::int64_t FftConvolution<T>::lane_numbers() const {
  const std::int64_t panels = tiling_.columns / kernels_.lanes;
  return panels * shape_.panel_stride + tiling_.columns * (point() + 1 + 2 * most_fft_radix);
}

template <class T>
auto FftConvolution<T>::lane(std::byte* memory) const -> Lane {
  const std::int64_t panels = tiling_.columns / kernels_.lanes;
  T* tile = reinterpret_cast<T*>(memory);
  T* row = tile + panels * shape_.panel_stride;
  T* zeros = row + tiling_.columns * point();
  std::fill_n(zeros, tiling_.columns, T{});
  return {tile, row, zeros, zeros + tiling_.columns};
}

template <class T>
std::int64_t FftConvolution<T>::given_step(std::int64_t pairs) const {
  return odd(extents_.given_channels * extents_.given_planes * pairs) * point();
}
template <class T>
std::int64_t FftConvolution<T>::result_step(std::int64_t pairs) const {
  return odd(chunk_ * extents_.result_planes * pairs) * point();
}
template <class T>
std::int64_t FftConvolution<T>::weights_step() const {
  return single_ ? point() : odd(extents_.given_channels * extents_.result_channels * extents_.taps) * point();
}

/// The result before it is folded.
template <class T>
std::int64_t FftConvolution<T>::temporary_numbers() const {
  if (!fold_) return 0;
  return round_up(problem_.batch * problem_.fine_channels * extents_.result_planes * result_plane_, 64 / sizeof(T));
}

template <class T>
std::size_t FftConvolution<T>::workspace_bytes() const {
  std::int64_t numbers = lanes_ * lane_numbers();
  if (!single_) numbers += frequencies() * (given_step(tiling_.pairs_at_once) + result_step(tiling_.pairs_at_once));
  numbers += temporary_numbers();
  return at(numbers) * sizeof(T);
}

template <class T>
std::size_t FftConvolution<T>::packed_bytes() const {
  return at(problem_.groups * frequencies() * weights_step() + problem_.bias_size()) * sizeof(T) + 64;
}

template <class T>
auto FftConvolution<T>::instance(std::int64_t index) const -> Instance {
  const std::int64_t x = index % tiling_.x.count, y = index / tiling_.x.count % tiling_.y.count;
  return {index / (tiling_.x.count * tiling_.y.count), y, x};
}

template <class T>
FftWeights<T> FftConvolution<T>::pack(const T* weights, const T* bias) const {
  FftWeights<T> packed;
  if (bias != nullptr) packed.bias.assign(bias, bias + problem_.bias_size());
  packed.spectra = AlignedNumbers<T>(problem_.groups * frequencies() * weights_step());
  const std::array<Axis, 3> axes = three_axes(problem_);
  const std::int64_t all = axes[0].kernel * axes[1].kernel * axes[2].kernel, inner = all / extents_.taps;
  const std::int64_t given = extents_.given_channels, results = extents_.result_channels;
  const std::int64_t dense = round_up(tiling_.points(), static_cast<std::int64_t>(64 / sizeof(T)));
  const std::int64_t kernels = problem_.groups * given * results * extents_.taps;
  const std::int64_t lanes = std::min(lanes_, kernels);
  AlignedNumbers<T> scratch(lanes * (lane_numbers() + dense));
  const T scale = T{1} / static_cast<T>(tiling_.points());
  parallel_tasks(lanes, kernels, threads_, [&](std::int64_t i) {
    T* memory = scratch.data() + i * (lane_numbers() + dense);
    return [&, own = lane(reinterpret_cast<std::byte*>(memory + dense)), circle = memory](std::int64_t task) {
      const std::int64_t tap = task % extents_.taps, in = task / extents_.taps % given,
                         out = task / (extents_.taps * given) % results,
                         group = task / (extents_.taps * given * results);
      const std::int64_t channel =
          gather_ ? (group * results + out) * given + in : (group * given + in) * results + out;
      const T* from = weights + channel * all;
      std::fill_n(circle, tiling_.points(), T{});
      for (std::int64_t k = 0; k < inner; ++k) {
        const std::int64_t full = tap * inner + k;
        const std::int64_t kx = x_.tap(k % x_.kernel()) + tiling_.x.lead, ky = y_.tap(k / x_.kernel());
        const std::int64_t x = (tiling_.x.points - kx % tiling_.x.points) % tiling_.x.points,
                           y = (tiling_.y.points - ky % tiling_.y.points) % tiling_.y.points;
        circle[y * tiling_.columns + x] += from[problem_.flip ? all - 1 - full : full] * scale;
      }
      const std::int64_t radix = shape_.y.pass[0].radix, apart = tiling_.rows / radix;
      FftRows<const T> real{}, imaginary{};
      for (std::int64_t r = 0; r < apart; ++r) {
        for (std::int64_t j = 0; j < radix; ++j) {
          real[at(j)] = circle + (r + j * apart) * tiling_.columns;
          imaginary[at(j)] = own.zeros;
        }
        kernels_.load(shape_, r, real, imaginary, own.tile);
      }
      T* to = packed.spectra.data() + group * frequencies() * weights_step();
      if (!single_) {
        const std::int64_t block = out / most_product_channels * most_product_channels;
        const std::int64_t width = std::min<std::int64_t>(most_product_channels, results - block);
        to += (block * extents_.taps * given + (tap * given + in) * width + out - block) * point();
      }
      kernels_.forward(shape_, own.tile, own.row, to, weights_step());
    };
  });
  return packed;
}

template <class T>
bool FftConvolution<T>::run(const T* given, const FftWeights<T>& weights, T* result, std::byte* workspace) const {
  T* scratch = reinterpret_cast<T*>(workspace);
  T* to = result;
  if (fold_) {
    to = scratch;
    scratch += temporary_numbers();
  }
  const bool finite = single_ ? run_single(given, weights, to, scratch) : run_many(given, weights, to, scratch);
  if (fold_ && finite) fold(to, weights.bias, result);
  return finite;
}

template <class T>
void FftConvolution<T>::fold(T* temporary, const std::vector<T>& bias, T* result) const {
  const std::int64_t planes = problem_.batch * problem_.fine_channels * extents_.result_planes;
  parallel_for(planes, threads_, [&](std::int64_t plane) {
    T* from = temporary + plane * result_plane_;
    T* to = result + plane * fold_->fine_cells();
    const std::int64_t channel = plane / extents_.result_planes % problem_.fine_channels;
    const T b = bias.empty() ? T{} : bias[at(channel)];
    (*fold_)(from);
    for (std::int64_t y = 0; y < fold_->fine_extent(1); ++y) {
      const T* row = from + fold_->kept_row(0, y);
      for (std::int64_t x = 0; x < fold_->fine_extent(2); ++x) *to++ = row[x] + b;
    }
  });
}

template class FftConvolution<float>;
template class FftConvolution<double>;

}  // namespace faltung::internal
