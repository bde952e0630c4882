// Transforms of whole tiles, and sums of products of their spectra, for every target and element type. Included again
// for each target.
#if defined(FALTUNG_FFT_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_FFT_INL
#undef FALTUNG_FFT_INL
#else
#define FALTUNG_FFT_INL
#endif

#include "kernels/fft_passes_inl.hpp"
#include "kernels/fft_rows_inl.hpp"

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// A vector whose 16-byte blocks come from `step` elements apart.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_blocks(D d, const T* from, std::int64_t step) {
#if HWY_TARGET != HWY_SCALAR
  if constexpr (hn::MaxLanes(D()) * sizeof(T) > 16) {
    const hn::Half<D> half;
    constexpr auto blocks = static_cast<std::int64_t>(hn::MaxLanes(half) * sizeof(T) / 16);
    return hn::Combine(d, load_blocks(half, from + blocks * step, step), load_blocks(half, from, step));
  } else
#endif
    return hn::LoadU(d, from);
}

/// out[j][i] = in[i][j], lanes × lanes, rows `in_step` and `out_step` elements apart.
template <class T>
HWY_INLINE void transpose_square(const T* HWY_RESTRICT in, [[maybe_unused]] std::int64_t in_step, T* HWY_RESTRICT out,
                                 [[maybe_unused]] std::int64_t out_step) {
  const Tag<T> d;
#if HWY_TARGET == HWY_SCALAR
  hn::StoreU(hn::LoadU(d, in), d, out);
#else
  constexpr auto side = static_cast<int>(16 / sizeof(T));  // squares in blocks of 16 bytes
  for (std::int64_t column = 0; column < lanes<T>; column += side) {
    using V = hn::Vec<Tag<T>>;
    V v[side];
    unroll<side>([&](auto i) { v[i] = load_blocks(d, in + i * in_step + column, side * in_step); });
    T* to = out + column * out_step;
    if constexpr (side == 2) {
      hn::StoreU(hn::InterleaveLower(d, v[0], v[1]), d, to);
      hn::StoreU(hn::InterleaveUpper(d, v[0], v[1]), d, to + out_step);
    } else {
      const hn::RepartitionToWide<Tag<T>> wide;
      const auto low_01 = hn::BitCast(wide, hn::InterleaveLower(d, v[0], v[1])),
                 low_23 = hn::BitCast(wide, hn::InterleaveLower(d, v[2], v[3])),
                 high_01 = hn::BitCast(wide, hn::InterleaveUpper(d, v[0], v[1])),
                 high_23 = hn::BitCast(wide, hn::InterleaveUpper(d, v[2], v[3]));
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, low_01, low_23)), d, to);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, low_01, low_23)), d, to + out_step);
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, high_01, high_23)), d, to + 2 * out_step);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, high_01, high_23)), d, to + 3 * out_step);
    }
  }
#endif
}

/// Block `block` of rows of the tile, lanes along y then; and back.
template <class T>
HWY_INLINE void turn_in(const FftTile<T>& shape, const T* tile, std::int64_t block, T* row) {
  const T* from = tile + block * lanes<T> * point<T>;
  for (std::int64_t x = 0; x < shape.x.points; x += lanes<T>, from += shape.panel_stride, row += lanes<T> * point<T>) {
    transpose_square(from, point<T>, row, point<T>);
    transpose_square(from + lanes<T>, point<T>, row + lanes<T>, point<T>);
  }
}
template <class T>
HWY_INLINE void turn_out(const FftTile<T>& shape, const T* row, std::int64_t block, T* tile) {
  T* to = tile + block * lanes<T> * point<T>;
  for (std::int64_t x = 0; x < shape.x.points; x += lanes<T>, to += shape.panel_stride, row += lanes<T> * point<T>) {
    transpose_square(row, point<T>, to, point<T>);
    transpose_square(row + lanes<T>, point<T>, to + lanes<T>, point<T>);
  }
}

/// A block's twiddles between y and x; a transform of one pass along x takes them by itself.
template <class T>
HWY_INLINE const T* outer_of(const FftTile<T>& shape, std::int64_t block) {
  return shape.outer == nullptr ? nullptr : shape.outer + block * shape.x.points * point<T>;
}
template <class T, bool conjugate>
HWY_INLINE void multiply_outer(const FftTile<T>& shape, const T* outer, T* row) {
  if (outer == nullptr || shape.x.count > 1) return;
  for (std::int64_t i = 0; i < shape.x.points * point<T>; i += point<T>)
    store_point(multiply<T, conjugate>(load_point(row + i), load_point(outer + i)), row + i);
}

/// What the first pass, in `load` and `store`, leaves to do.
template <class T, bool inverse>
HWY_INLINE void transform_panels(const FftTile<T>& shape, T* tile, std::int64_t panels) {
  if (shape.y.count < 2) return;
  for (std::int64_t panel = 0; panel < panels; ++panel, tile += shape.panel_stride) {
    if constexpr (!inverse) run_long_passes<T, false>(shape.y, 1, nullptr, tile);
    run_last_pass<T, inverse>(shape.y, tile, point<T>, tile, point<T>);
    if constexpr (inverse) run_long_passes<T, true>(shape.y, 1, nullptr, tile);
  }
}

template <class T>
void forward(const FftTile<T>& shape, T* tile, T* row, T* spectrum, std::int64_t step) {
  transform_panels<T, false>(shape, tile, shape.x.points / lanes<T>);
  for (std::int64_t block = 0; block < shape.y.points / lanes<T>; ++block, spectrum += shape.x.points * step) {
    turn_in(shape, tile, block, row);
    const T* outer = outer_of(shape, block);
    multiply_outer<T, false>(shape, outer, row);
    run_long_passes<T, false>(shape.x, 0, outer, row);
    run_last_pass<T, false>(shape.x, row, point<T>, spectrum, step);
  }
}

template <class T>
void inverse(const FftTile<T>& shape, const T* spectrum, std::int64_t step, T* row, T* tile, std::int64_t panels) {
  for (std::int64_t block = 0; block < shape.y.points / lanes<T>; ++block, spectrum += shape.x.points * step) {
    const T* outer = outer_of(shape, block);
    run_last_pass<T, true>(shape.x, spectrum, step, row, point<T>);
    run_long_passes<T, true>(shape.x, 0, outer, row);
    multiply_outer<T, true>(shape, outer, row);
    turn_out(shape, row, block, tile);
  }
  transform_panels<T, true>(shape, tile, panels);
}

template <class T>
void convolve(const FftTile<T>& shape, T* tile, T* row, const T* weights, std::int64_t panels) {
  transform_panels<T, false>(shape, tile, shape.x.points / lanes<T>);
  for (std::int64_t block = 0; block < shape.y.points / lanes<T>; ++block, weights += shape.x.points * point<T>) {
    turn_in(shape, tile, block, row);
    const T* outer = outer_of(shape, block);
    multiply_outer<T, false>(shape, outer, row);
    run_long_passes<T, false>(shape.x, 0, outer, row);
    with_radix(last_pass(shape.x).radix, [&](auto radix) { run_product<T, radix>(shape.x.points, weights, row); });
    run_long_passes<T, true>(shape.x, 0, outer, row);
    multiply_outer<T, true>(shape, outer, row);
    turn_out(shape, row, block, tile);
  }
  transform_panels<T, true>(shape, tile, panels);
}

template <class T, int channels>
void multiply_add(const FftProduct<T>& product) {
  Point<T> sum[static_cast<std::size_t>(channels)];
  const auto zero = hn::Zero(Tag<T>());
  if (product.continues)
    unroll<channels>([&](auto o) { sum[o] = load_point(product.result + o * product.result_channel); });
  else
    unroll<channels>([&](auto o) { sum[o] = {zero, zero}; });
  const std::int64_t given_step = product.given_channel, weights_step = product.weights_channel;
  for (std::int64_t term = 0; term < product.terms; ++term) {
    const T* x = product.given + product.plane[term] * product.given_plane;
    const T* w = product.weights + product.tap[term] * product.weights_tap;
    for (std::int64_t c = 0; c < product.channels; ++c, x += given_step, w += weights_step) {
      const Point<T> a = load_point(x);
      unroll<channels>([&](auto o) {
        const Point<T> b = load_point(w + o * point<T>);
        Point<T>& s = sum[o];
        s.re = hn::MulAdd(a.re, b.re, s.re);
        s.im = hn::MulAdd(a.re, b.im, s.im);
        s.re = hn::NegMulAdd(a.im, b.im, s.re);
        s.im = hn::MulAdd(a.im, b.re, s.im);
      });
    }
  }
  unroll<channels>([&](auto o) { store_point(sum[o], product.result + o * product.result_channel); });
}

template <class T>
constexpr FftKernels<T> make_fft_table() {
  return {lanes<T>,
          &load<T>,
          &store<T>,
          &forward<T>,
          &inverse<T>,
          &convolve<T>,
          {nullptr, &multiply_add<T, 1>, &multiply_add<T, 2>, &multiply_add<T, 3>, &multiply_add<T, 4>,
           &multiply_add<T, 5>}};
}

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
