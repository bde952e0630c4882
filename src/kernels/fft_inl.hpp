// The passes of the batched FFT over tiles, for every target and element type. Included again for each target.
#if defined(FALTUNG_FFT_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_FFT_INL
#undef FALTUNG_FFT_INL
#else
#define FALTUNG_FFT_INL
#endif

#include "kernels/fft.hpp"
#include "kernels/fft_butterfly_inl.hpp"

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Elements of one point.
template <class T>
inline constexpr std::int64_t point = 2 * lanes<T>;

/// visit(constant radix)
template <class Visit>
HWY_INLINE void with_radix(int radix, Visit&& visit) {
  switch (radix) {
    case 2:
      return visit(std::integral_constant<int, 2>());
    case 3:
      return visit(std::integral_constant<int, 3>());
    case 4:
      return visit(std::integral_constant<int, 4>());
    case 5:
      return visit(std::integral_constant<int, 5>());
    case 6:
      return visit(std::integral_constant<int, 6>());
    case 8:
      return visit(std::integral_constant<int, 8>());
    default:  // a transform of one point
      return;
  }
}

/// One pass in place over all `points`: butterflies, with the twiddles behind them forward and before them inverse.
template <class T, int radix, bool inverse>
HWY_NOINLINE void run_pass(const FftPass<T>& pass, std::int64_t points, T* HWY_RESTRICT x) {
  const std::int64_t apart = pass.length / radix;
  const T* twiddles = pass.twiddles;
  for (std::int64_t k = 0; k < apart; ++k, twiddles += 2 * (radix - 1)) {
    Point<T> w[static_cast<std::size_t>(radix)];
    unroll<radix - 1>([&](auto j) { w[j + 1] = broadcast(twiddles + 2 * j); });
    for (std::int64_t begin = k; begin < points; begin += pass.length) {
      T* at = x + begin * point<T>;
      Point<T> a[static_cast<std::size_t>(radix)];
      unroll<radix>([&](auto j) { a[j] = load_point(at + j * apart * point<T>); });
      if constexpr (inverse) unroll<radix - 1>([&](auto j) { a[j + 1] = multiply<T, true>(a[j + 1], w[j + 1]); });
      transform<T, radix, inverse>(a);
      if constexpr (!inverse) unroll<radix - 1>([&](auto j) { a[j + 1] = multiply<T, false>(a[j + 1], w[j + 1]); });
      unroll<radix>([&](auto j) { store_point(a[j], at + j * apart * point<T>); });
    }
  }
}

/// The shortest pass, without twiddles; points `in_step` and `out_step` elements apart.
template <class T, int radix, bool inverse>
HWY_NOINLINE void run_last(std::int64_t points, const T* in, std::int64_t in_step, T* out, std::int64_t out_step) {
  for (std::int64_t begin = 0; begin < points; begin += radix) {
    Point<T> a[static_cast<std::size_t>(radix)];
    unroll<radix>([&](auto j) { a[j] = load_point(in + j * in_step); });
    transform<T, radix, inverse>(a);
    unroll<radix>([&](auto j) { store_point(a[j], out + j * out_step); });
    in += radix * in_step;
    out += radix * out_step;
  }
}

/// The shortest pass forward, the product with the weights, and the shortest pass back.
template <class T, int radix>
HWY_NOINLINE void run_product(std::int64_t points, const T* HWY_RESTRICT weights, T* HWY_RESTRICT x) {
  for (std::int64_t begin = 0; begin < points; begin += radix) {
    T* at = x + begin * point<T>;
    const T* w = weights + begin * point<T>;
    Point<T> a[static_cast<std::size_t>(radix)];
    unroll<radix>([&](auto j) { a[j] = load_point(at + j * point<T>); });
    transform<T, radix, false>(a);
    unroll<radix>([&](auto j) { a[j] = multiply<T, false>(a[j], load_point(w + j * point<T>)); });
    transform<T, radix, true>(a);
    unroll<radix>([&](auto j) { store_point(a[j], at + j * point<T>); });
  }
}

/// The passes from `first` on, but the shortest.
template <class T, bool inverse>
HWY_INLINE void run_long_passes(const FftPasses<T>& passes, int first, T* x) {
  const int count = passes.count - 1 - first;
  for (int i = 0; i < count; ++i) {
    const FftPass<T>& pass = passes.pass[static_cast<std::size_t>(first + (inverse ? count - 1 - i : i))];
    with_radix(pass.radix, [&](auto radix) { run_pass<T, radix, inverse>(pass, passes.points, x); });
  }
}

template <class T>
HWY_INLINE const FftPass<T>& last_pass(const FftPasses<T>& passes) {
  return passes.pass[static_cast<std::size_t>(passes.count - 1)];
}

template <class T, bool inverse>
HWY_INLINE void run_last_pass(const FftPasses<T>& passes, const T* in, std::int64_t in_step, T* out,
                              std::int64_t out_step) {
  with_radix(last_pass(passes).radix,
             [&](auto radix) { run_last<T, radix, inverse>(passes.points, in, in_step, out, out_step); });
}

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

template <class T, bool conjugate>
HWY_INLINE void multiply_outer(const FftTile<T>& shape, std::int64_t block, T* row) {
  const T* w = shape.outer + block * shape.x.points * point<T>;
  for (std::int64_t i = 0; i < shape.x.points * point<T>; i += point<T>)
    store_point(multiply<T, conjugate>(load_point(row + i), load_point(w + i)), row + i);
}

/// What the first pass, in `load` and `store`, leaves to do.
template <class T, bool inverse>
HWY_INLINE void transform_panels(const FftTile<T>& shape, T* tile, std::int64_t panels) {
  if (shape.y.count < 2) return;
  for (std::int64_t panel = 0; panel < panels; ++panel, tile += shape.panel_stride) {
    if constexpr (!inverse) run_long_passes<T, false>(shape.y, 1, tile);
    run_last_pass<T, inverse>(shape.y, tile, point<T>, tile, point<T>);
    if constexpr (inverse) run_long_passes<T, true>(shape.y, 1, tile);
  }
}

template <class T>
void forward(const FftTile<T>& shape, T* tile, T* row, T* spectrum, std::int64_t step) {
  transform_panels<T, false>(shape, tile, shape.x.points / lanes<T>);
  for (std::int64_t block = 0; block < shape.y.points / lanes<T>; ++block, spectrum += shape.x.points * step) {
    turn_in(shape, tile, block, row);
    if (shape.outer != nullptr) multiply_outer<T, false>(shape, block, row);
    run_long_passes<T, false>(shape.x, 0, row);
    run_last_pass<T, false>(shape.x, row, point<T>, spectrum, step);
  }
}

template <class T>
void inverse(const FftTile<T>& shape, const T* spectrum, std::int64_t step, T* row, T* tile, std::int64_t panels) {
  for (std::int64_t block = 0; block < shape.y.points / lanes<T>; ++block, spectrum += shape.x.points * step) {
    run_last_pass<T, true>(shape.x, spectrum, step, row, point<T>);
    run_long_passes<T, true>(shape.x, 0, row);
    if (shape.outer != nullptr) multiply_outer<T, true>(shape, block, row);
    turn_out(shape, row, block, tile);
  }
  transform_panels<T, true>(shape, tile, panels);
}

template <class T>
void convolve(const FftTile<T>& shape, T* tile, T* row, const T* weights, std::int64_t panels) {
  transform_panels<T, false>(shape, tile, shape.x.points / lanes<T>);
  for (std::int64_t block = 0; block < shape.y.points / lanes<T>; ++block, weights += shape.x.points * point<T>) {
    turn_in(shape, tile, block, row);
    if (shape.outer != nullptr) multiply_outer<T, false>(shape, block, row);
    run_long_passes<T, false>(shape.x, 0, row);
    with_radix(last_pass(shape.x).radix, [&](auto radix) { run_product<T, radix>(shape.x.points, weights, row); });
    run_long_passes<T, true>(shape.x, 0, row);
    if (shape.outer != nullptr) multiply_outer<T, true>(shape, block, row);
    turn_out(shape, row, block, tile);
  }
  transform_panels<T, true>(shape, tile, panels);
}

template <class T, int radix>
HWY_NOINLINE void load_pass(const FftTile<T>& shape, std::int64_t k, const FftRows<const T>& real,
                            const FftRows<const T>& imaginary, T* HWY_RESTRICT tile) {
  const Tag<T> d;
  const FftPass<T>& pass = shape.y.pass[0];
  const std::int64_t apart = pass.length / radix * point<T>;
  const T* twiddles = pass.twiddles + k * 2 * (radix - 1);
  Point<T> w[static_cast<std::size_t>(radix)];
  unroll<radix - 1>([&](auto j) { w[j + 1] = broadcast(twiddles + 2 * j); });
  T* to = tile + k * point<T>;
  for (std::int64_t x = 0; x < shape.x.points; x += lanes<T>, to += shape.panel_stride) {
    Point<T> a[static_cast<std::size_t>(radix)];
    unroll<radix>([&](auto j) { a[j] = {hn::LoadU(d, real[j] + x), hn::LoadU(d, imaginary[j] + x)}; });
    transform<T, radix, false>(a);
    unroll<radix - 1>([&](auto j) { a[j + 1] = multiply<T, false>(a[j + 1], w[j + 1]); });
    unroll<radix>([&](auto j) { store_point(a[j], to + j * apart); });
  }
}

/// The first n numbers of a vector.
template <class T>
HWY_INLINE void store_some(hn::Vec<Tag<T>> v, std::int64_t n, T* to) {
  HWY_ALIGN T all[static_cast<std::size_t>(lanes<T>)];
  hn::Store(v, Tag<T>(), all);
  if (n > 0) std::memcpy(to, all, static_cast<std::size_t>(std::min(n, lanes<T>)) * sizeof(T));
}

template <class T, int radix>
HWY_NOINLINE bool store_pass(const FftTile<T>& shape, std::int64_t k, const T* HWY_RESTRICT tile, T bias,
                             const FftRows<T>& real, std::int64_t n_real, const FftRows<T>& imaginary,
                             std::int64_t n_imaginary) {
  const Tag<T> d;
  const FftPass<T>& pass = shape.y.pass[0];
  const std::int64_t apart = pass.length / radix * point<T>;
  const T* twiddles = pass.twiddles + k * 2 * (radix - 1);
  Point<T> w[static_cast<std::size_t>(radix)];
  unroll<radix - 1>([&](auto j) { w[j + 1] = broadcast(twiddles + 2 * j); });
  const auto b = hn::Set(d, bias), zero = hn::Zero(d);
  auto none = zero;  // 0 times a number stays 0, unless it is none
  const T* from = tile + k * point<T>;
  const auto columns = [&](std::int64_t x, auto&& put) {
    Point<T> a[static_cast<std::size_t>(radix)];
    unroll<radix>([&](auto j) { a[j] = load_point(from + j * apart); });
    unroll<radix - 1>([&](auto j) { a[j + 1] = multiply<T, true>(a[j + 1], w[j + 1]); });
    transform<T, radix, true>(a);
    unroll<radix>([&](auto j) {
      const auto re = hn::Add(a[j].re, b), im = hn::Add(a[j].im, b);
      if (real[j] != nullptr) {
        none = hn::MulAdd(re, zero, none);
        put(re, n_real - x, real[j] + x);
      }
      if (imaginary[j] != nullptr) {
        none = hn::MulAdd(im, zero, none);
        put(im, n_imaginary - x, imaginary[j] + x);
      }
    });
    from += shape.panel_stride;
  };
  std::int64_t x = 0;
  for (; x + lanes<T> <= std::min(n_real, n_imaginary); x += lanes<T>)
    columns(x, [&](auto v, std::int64_t, T* to) { hn::StoreU(v, d, to); });
  for (; x < std::max(n_real, n_imaginary); x += lanes<T>)
    columns(x, [&](auto v, std::int64_t n, T* to) { store_some<T>(v, n, to); });
  return hn::AllTrue(d, hn::Eq(none, zero));
}

template <class T>
void load(const FftTile<T>& shape, std::int64_t k, const FftRows<const T>& real, const FftRows<const T>& imaginary,
          T* tile) {
  with_radix(shape.y.pass[0].radix, [&](auto radix) { load_pass<T, radix>(shape, k, real, imaginary, tile); });
}

template <class T>
bool store(const FftTile<T>& shape, std::int64_t k, const T* tile, T bias, const FftRows<T>& real, std::int64_t n_real,
           const FftRows<T>& imaginary, std::int64_t n_imaginary) {
  bool finite = true;
  with_radix(shape.y.pass[0].radix, [&](auto radix) {
    finite = store_pass<T, radix>(shape, k, tile, bias, real, n_real, imaginary, n_imaginary);
  });
  return finite;
}

template <class T, int channels, int pairs>
void multiply_add(const FftProduct<T>& product) {
  Point<T> sum[static_cast<std::size_t>(channels * pairs)];
  const auto zero = hn::Zero(Tag<T>());
  unroll<channels * pairs>([&](auto i) { sum[i] = {zero, zero}; });
  for (std::int64_t term = 0; term < product.terms; ++term) {
    const T* x = product.given + product.plane[term] * product.given_plane;
    const T* w = product.weights + product.tap[term] * product.weights_tap;
    for (std::int64_t c = 0; c < product.channels; ++c, x += product.given_channel, w += product.weights_channel) {
      Point<T> a[static_cast<std::size_t>(pairs)];
      unroll<pairs>([&](auto p) { a[p] = load_point(x + p * point<T>); });
      unroll<channels>([&](auto o) {
        const Point<T> b = load_point(w + o * point<T>);
        unroll<pairs>([&](auto p) {
          Point<T>& s = sum[o * pairs + p];
          s.re = hn::MulAdd(a[p].re, b.re, s.re);
          s.im = hn::MulAdd(a[p].re, b.im, s.im);
          s.re = hn::NegMulAdd(a[p].im, b.im, s.re);
          s.im = hn::MulAdd(a[p].im, b.re, s.im);
        });
      });
    }
  }
  unroll<channels>([&](auto o) {
    unroll<pairs>(
        [&](auto p) { store_point(sum[o * pairs + p], product.result + o * product.result_channel + p * point<T>); });
  });
}

template <class T>
constexpr FftKernels<T> make_fft_table() {
  return {lanes<T>,
          &load<T>,
          &store<T>,
          &forward<T>,
          &inverse<T>,
          &convolve<T>,
          {{},
           {nullptr, &multiply_add<T, 1, 1>, &multiply_add<T, 1, 2>},
           {nullptr, &multiply_add<T, 2, 1>, &multiply_add<T, 2, 2>},
           {nullptr, &multiply_add<T, 3, 1>, &multiply_add<T, 3, 2>}}};
}

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
