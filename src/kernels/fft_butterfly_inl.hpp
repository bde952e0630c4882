// Complex points in vectors, and the transforms of 2, 3, 4, 5, 6 and 8 of them. Included again for each target.
#if defined(FALTUNG_FFT_BUTTERFLY_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_FFT_BUTTERFLY_INL
#undef FALTUNG_FFT_BUTTERFLY_INL
#else
#define FALTUNG_FFT_BUTTERFLY_INL
#endif

#include "kernels/tile_inl.hpp"

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// One point of as many transforms as there are lanes.
template <class T>
struct Point {
  hn::Vec<Tag<T>> re, im;

  // an implicit one would not be made for this target, as NEON's vectors want
  HWY_INLINE Point() {}
  HWY_INLINE Point(hn::Vec<Tag<T>> real, hn::Vec<Tag<T>> imaginary) : re(real), im(imaginary) {}
};

template <class T>
HWY_INLINE Point<T> load_point(const T* from) {
  const Tag<T> d;
  return {hn::Load(d, from), hn::Load(d, from + lanes<T>)};
}
template <class T>
HWY_INLINE void store_point(Point<T> a, T* to) {
  const Tag<T> d;
  hn::Store(a.re, d, to);
  hn::Store(a.im, d, to + lanes<T>);
}
template <class T>
HWY_INLINE Point<T> broadcast(const T* from) {
  const Tag<T> d;
  return {hn::Set(d, from[0]), hn::Set(d, from[1])};
}

template <class T>
HWY_INLINE Point<T> add(Point<T> a, Point<T> b) {
  return {hn::Add(a.re, b.re), hn::Add(a.im, b.im)};
}
template <class T>
HWY_INLINE Point<T> subtract(Point<T> a, Point<T> b) {
  return {hn::Sub(a.re, b.re), hn::Sub(a.im, b.im)};
}
/// a·b, or a times the conjugate of b.
template <class T, bool conjugate>
HWY_INLINE Point<T> multiply(Point<T> a, Point<T> b) {
  if constexpr (conjugate)
    return {hn::MulAdd(a.im, b.im, hn::Mul(a.re, b.re)), hn::NegMulAdd(a.re, b.im, hn::Mul(a.im, b.re))};
  else
    return {hn::NegMulAdd(a.im, b.im, hn::Mul(a.re, b.re)), hn::MulAdd(a.re, b.im, hn::Mul(a.im, b.re))};
}
/// a·c + b with a real c.
template <class T>
HWY_INLINE Point<T> scale_add(Point<T> a, double c, Point<T> b) {
  const auto v = hn::Set(Tag<T>(), static_cast<T>(c));
  return {hn::MulAdd(a.re, v, b.re), hn::MulAdd(a.im, v, b.im)};
}
template <class T>
HWY_INLINE Point<T> scale(Point<T> a, double c) {
  const auto v = hn::Set(Tag<T>(), static_cast<T>(c));
  return {hn::Mul(a.re, v), hn::Mul(a.im, v)};
}
/// a − ib forward, a + ib inverse.
template <class T, bool inverse>
HWY_INLINE Point<T> add_turned(Point<T> a, Point<T> b) {
  if constexpr (inverse)
    return {hn::Sub(a.re, b.im), hn::Add(a.im, b.re)};
  else
    return {hn::Add(a.re, b.im), hn::Sub(a.im, b.re)};
}
template <class T, bool inverse>
HWY_INLINE Point<T> subtract_turned(Point<T> a, Point<T> b) {
  return add_turned<T, !inverse>(a, b);
}

/// The transform of `radix` points in place: x[j] = Σ_k x[k]·exp(∓2πi·j·k / radix).
template <class T, int radix, bool inverse>
HWY_INLINE void transform(Point<T>* x);

template <class T, bool inverse>
HWY_INLINE void transform_3(Point<T>* x) {
  const Point<T> sum = add(x[1], x[2]), difference = scale(subtract(x[1], x[2]), 0.86602540378443864676);
  const Point<T> middle = scale_add(sum, -0.5, x[0]);
  x[0] = add(x[0], sum);
  x[1] = add_turned<T, inverse>(middle, difference);
  x[2] = subtract_turned<T, inverse>(middle, difference);
}

template <class T, bool inverse>
HWY_INLINE void transform_4(Point<T>* x) {
  const Point<T> a = add(x[0], x[2]), b = subtract(x[0], x[2]), c = add(x[1], x[3]), d = subtract(x[1], x[3]);
  x[0] = add(a, c);
  x[2] = subtract(a, c);
  x[1] = add_turned<T, inverse>(b, d);
  x[3] = subtract_turned<T, inverse>(b, d);
}

template <class T, bool inverse>
HWY_INLINE void transform_5(Point<T>* x) {
  constexpr double c1 = 0.30901699437494742410, c2 = -0.80901699437494742410;  // cos 2π/5, cos 4π/5
  constexpr double s1 = 0.95105651629515357212, s2 = 0.58778525229247312917;   // sin 2π/5, sin 4π/5
  const Point<T> a = add(x[1], x[4]), b = add(x[2], x[3]), c = subtract(x[1], x[4]), d = subtract(x[2], x[3]);
  const Point<T> m1 = scale_add(b, c2, scale_add(a, c1, x[0])), m2 = scale_add(a, c2, scale_add(b, c1, x[0]));
  const Point<T> n1 = scale_add(d, s2, scale(c, s1)), n2 = scale_add(d, -s1, scale(c, s2));
  x[0] = add(add(x[0], a), b);
  x[1] = add_turned<T, inverse>(m1, n1);
  x[4] = subtract_turned<T, inverse>(m1, n1);
  x[2] = add_turned<T, inverse>(m2, n2);
  x[3] = subtract_turned<T, inverse>(m2, n2);
}

/// 2 × 3 without twiddles, which needs coprime factors: Good, "The interaction algorithm and practical Fourier
/// analysis", 1958.
template <class T, bool inverse>
HWY_INLINE void transform_6(Point<T>* x) {
  Point<T> a[3] = {add(x[0], x[3]), add(x[2], x[5]), add(x[4], x[1])};
  Point<T> b[3] = {subtract(x[0], x[3]), subtract(x[2], x[5]), subtract(x[4], x[1])};
  transform_3<T, inverse>(a);
  transform_3<T, inverse>(b);
  x[0] = a[0];
  x[4] = a[1];
  x[2] = a[2];
  x[3] = b[0];
  x[1] = b[1];
  x[5] = b[2];
}

template <class T, bool inverse>
HWY_INLINE void transform_8(Point<T>* x) {
  constexpr double h = 0.70710678118654752440;  // √½
  Point<T> even[4] = {add(x[0], x[4]), add(x[1], x[5]), add(x[2], x[6]), add(x[3], x[7])};
  const Point<T> o0 = subtract(x[0], x[4]), o1 = subtract(x[1], x[5]), o2 = subtract(x[2], x[6]),
                 o3 = subtract(x[3], x[7]);
  transform_4<T, inverse>(even);
  x[0] = even[0];
  x[2] = even[1];
  x[4] = even[2];
  x[6] = even[3];
  // with ω = exp(∓iπ/4): o1·ω + o3·ω³ = h·(s ∓ it), o1·ω − o3·ω³ = h·(t ∓ is)
  const Point<T> s = subtract(o1, o3), t = add(o1, o3);
  const Point<T> u0 = add_turned<T, inverse>(o0, o2), u1 = subtract_turned<T, inverse>(o0, o2);
  const Point<T> q = add_turned<T, inverse>(s, t), p = scale(add_turned<T, inverse>(t, s), h);
  x[1] = scale_add(q, h, u0);
  x[5] = scale_add(q, -h, u0);
  x[3] = add_turned<T, inverse>(u1, p);
  x[7] = subtract_turned<T, inverse>(u1, p);
}

template <class T, int radix, bool inverse>
HWY_INLINE void transform(Point<T>* x) {
  if constexpr (radix == 2) {
    const Point<T> a = x[0], b = x[1];
    x[0] = add(a, b);
    x[1] = subtract(a, b);
  }
  if constexpr (radix == 3) transform_3<T, inverse>(x);
  if constexpr (radix == 4) transform_4<T, inverse>(x);
  if constexpr (radix == 5) transform_5<T, inverse>(x);
  if constexpr (radix == 6) transform_6<T, inverse>(x);
  if constexpr (radix == 8) transform_8<T, inverse>(x);
}

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
