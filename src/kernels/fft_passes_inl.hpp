// The passes of one transform, in place. Included again for each target.
#if defined(FALTUNG_FFT_PASSES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_FFT_PASSES_INL
#undef FALTUNG_FFT_PASSES_INL
#else
#define FALTUNG_FFT_PASSES_INL
#endif

#include "kernels/fft.hpp"
#include "kernels/fft_butterfly_inl.hpp"

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
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
/// `outer` (or null): one factor more for each point, before the butterflies forward and behind them inverse.
template <class T, int radix, bool inverse, bool with_outer>
HWY_NOINLINE void run_pass(const FftPass<T>& pass, std::int64_t points, [[maybe_unused]] const T* HWY_RESTRICT outer,
                           T* HWY_RESTRICT x) {
  const std::int64_t apart = pass.length / radix;
  const T* twiddles = pass.twiddles;
  for (std::int64_t k = 0; k < apart; ++k, twiddles += 2 * (radix - 1)) {
    Point<T> w[static_cast<std::size_t>(radix)];
    unroll<radix - 1>([&](auto j) { w[j + 1] = broadcast(twiddles + 2 * j); });
    for (std::int64_t begin = k; begin < points; begin += pass.length) {
      T* at = x + begin * point<T>;
      const auto factor = [&](auto j) { return load_point(outer + (begin + j * apart) * point<T>); };
      Point<T> a[static_cast<std::size_t>(radix)];
      unroll<radix>([&](auto j) { a[j] = load_point(at + j * apart * point<T>); });
      if constexpr (with_outer && !inverse) unroll<radix>([&](auto j) { a[j] = multiply<T, false>(a[j], factor(j)); });
      if constexpr (inverse) unroll<radix - 1>([&](auto j) { a[j + 1] = multiply<T, true>(a[j + 1], w[j + 1]); });
      transform<T, radix, inverse>(a);
      if constexpr (!inverse) unroll<radix - 1>([&](auto j) { a[j + 1] = multiply<T, false>(a[j + 1], w[j + 1]); });
      if constexpr (with_outer && inverse) unroll<radix>([&](auto j) { a[j] = multiply<T, true>(a[j], factor(j)); });
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
HWY_INLINE void run_long_passes(const FftPasses<T>& passes, int first, const T* outer, T* x) {
  const int count = passes.count - 1 - first;
  for (int i = 0; i < count; ++i) {
    const int number = inverse ? count - 1 - i : i;
    const FftPass<T>& pass = passes.pass[static_cast<std::size_t>(first + number)];
    with_radix(pass.radix, [&](auto radix) {
      if (outer != nullptr && number == 0)
        run_pass<T, radix, inverse, true>(pass, passes.points, outer, x);
      else
        run_pass<T, radix, inverse, false>(pass, passes.points, nullptr, x);
    });
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

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
