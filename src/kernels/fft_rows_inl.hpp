// The first pass along y out of rows, and the last one into rows. Included again for each target.
#if defined(FALTUNG_FFT_ROWS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_FFT_ROWS_INL
#undef FALTUNG_FFT_ROWS_INL
#else
#define FALTUNG_FFT_ROWS_INL
#endif

#include "kernels/fft_passes_inl.hpp"

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#define FALTUNG_INLINED __attribute__((always_inline))

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

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

/// One panel of it; `none` gathers what is not finite.
template <class T, int radix, bool whole>
HWY_INLINE void store_panel(const T* HWY_RESTRICT from, std::int64_t apart, const Point<T>* w, hn::Vec<Tag<T>> bias,
                            const FftRows<T>& real, std::int64_t n_real, const FftRows<T>& imaginary,
                            std::int64_t n_imaginary, std::int64_t x, hn::Vec<Tag<T>>& none) {
  const Tag<T> d;
  const auto zero = hn::Zero(d);  // 0 times a number stays 0, unless it is none
  Point<T> a[static_cast<std::size_t>(radix)];
  unroll<radix>([&](auto j) FALTUNG_INLINED { a[j] = load_point(from + j * apart); });
  unroll<radix - 1>([&](auto j) FALTUNG_INLINED { a[j + 1] = multiply<T, true>(a[j + 1], w[j + 1]); });
  transform<T, radix, true>(a);
  unroll<radix>([&](auto j) FALTUNG_INLINED {
    if (real[j] != nullptr) {
      const auto y = hn::Add(a[j].re, bias);
      none = hn::MulAdd(y, zero, none);
      if constexpr (whole)
        hn::StoreU(y, d, real[j] + x);
      else
        store_some<T>(y, n_real - x, real[j] + x);
    }
    if (imaginary[j] != nullptr) {
      const auto y = hn::Add(a[j].im, bias);
      none = hn::MulAdd(y, zero, none);
      if constexpr (whole)
        hn::StoreU(y, d, imaginary[j] + x);
      else
        store_some<T>(y, n_imaginary - x, imaginary[j] + x);
    }
  });
}

template <class T, int radix>
HWY_NOINLINE bool store_pass(const FftTile<T>& shape, std::int64_t k, const T* HWY_RESTRICT tile, T bias,
                             const FftRows<T>& real_rows, std::int64_t n_real, const FftRows<T>& imaginary_rows,
                             std::int64_t n_imaginary) {
  const Tag<T> d;
  const FftRows<T> real = real_rows, imaginary = imaginary_rows;  // that no store may change
  const FftPass<T>& pass = shape.y.pass[0];
  const std::int64_t apart = pass.length / radix * point<T>, step = shape.panel_stride;
  const T* twiddles = pass.twiddles + k * 2 * (radix - 1);
  Point<T> w[static_cast<std::size_t>(radix)];
  unroll<radix - 1>([&](auto j) FALTUNG_INLINED { w[j + 1] = broadcast(twiddles + 2 * j); });
  const auto b = hn::Set(d, bias);
  auto none = hn::Zero(d);
  const T* from = tile + k * point<T>;
  const std::int64_t both = std::min(n_real, n_imaginary), most = std::max(n_real, n_imaginary);
  std::int64_t x = 0;
  for (; x + lanes<T> <= both; x += lanes<T>, from += step)
    store_panel<T, radix, true>(from, apart, w, b, real, n_real, imaginary, n_imaginary, x, none);
  for (; x < most; x += lanes<T>, from += step)
    store_panel<T, radix, false>(from, apart, w, b, real, n_real, imaginary, n_imaginary, x, none);
  return hn::AllTrue(d, hn::Eq(none, hn::Zero(d)));
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

#undef FALTUNG_INLINED

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
