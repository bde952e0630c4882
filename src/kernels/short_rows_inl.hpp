// Short rows into planes: taken apart by phases, zeros around them, whole vectors of all of it. Included again for each
// target.
#if defined(FALTUNG_SHORT_ROWS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_SHORT_ROWS_INL
#undef FALTUNG_SHORT_ROWS_INL
#else
#define FALTUNG_SHORT_ROWS_INL
#endif

#include "kernels/short_rows.hpp"

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// A vector of cells from `at` on of all phases of every row; no phases: zeros.
template <int phases, class D, class T = hn::TFromD<D>>
HWY_INLINE void short_rows_vector(D d, const ShortRows<T>& of, std::int64_t at) {
  const auto cell = hn::Iota(d, static_cast<T>(at));
  const auto inside = [&](int r) {
    return hn::And(hn::Ge(cell, hn::Set(d, static_cast<T>(of.begin[r]))),
                   hn::Lt(cell, hn::Set(d, static_cast<T>(of.end[r]))));
  };
  constexpr int last = phases > 0 ? phases - 1 : 0;
  [[maybe_unused]] const auto m0 = inside(0), m1 = inside(last < 1 ? last : 1), m2 = inside(last < 2 ? last : 2),
                              m3 = inside(last);
  const std::int64_t in_pitch = of.in_pitch, to_pitch = of.to_pitch, height = of.height;
  const auto place_of = [&](int r) { return r < of.phases && of.place[r] >= 0 ? of.to + of.place[r] + at : nullptr; };
  T *const to0 = place_of(0), *const to1 = place_of(1), *const to2 = place_of(2), *const to3 = place_of(3);
  for (std::int64_t c = 0; c < of.channels; ++c) {
    [[maybe_unused]] const T* HWY_RESTRICT in = of.in;
    if constexpr (phases > 0) in += c * of.in_stride + at * phases;
    for (std::int64_t y = 0, row = c * of.to_stride; y < height; ++y, row += to_pitch) {
      hn::Vec<D> v0 = hn::Zero(d), v1 = v0, v2 = v0, v3 = v0;
      if constexpr (phases == 1) {
        v0 = hn::LoadU(d, in);
#if HWY_TARGET != HWY_SCALAR
      } else if constexpr (phases == 2) {
        const auto a = hn::LoadU(d, in), b = hn::LoadU(d, in + hn::Lanes(d));
        v0 = hn::ConcatEven(d, b, a);
        v1 = hn::ConcatOdd(d, b, a);
      } else if constexpr (phases == 3) {
        hn::LoadInterleaved3(d, in, v0, v1, v2);
      } else if constexpr (phases == 4) {
        hn::LoadInterleaved4(d, in, v0, v1, v2, v3);
      }
#else
      } else if constexpr (phases > 1) {
        v0 = hn::LoadU(d, in);
        v1 = hn::LoadU(d, in + 1);
        if constexpr (phases > 2) v2 = hn::LoadU(d, in + 2);
        if constexpr (phases > 3) v3 = hn::LoadU(d, in + 3);
      }
#endif
      if constexpr (phases > 0) {
        in += in_pitch;
        v0 = hn::IfThenElseZero(m0, v0);
      }
      if constexpr (phases > 1) v1 = hn::IfThenElseZero(m1, v1);
      if constexpr (phases > 2) v2 = hn::IfThenElseZero(m2, v2);
      if constexpr (phases > 3) v3 = hn::IfThenElseZero(m3, v3);
      if (to0 != nullptr) hn::StoreU(v0, d, to0 + row);
      if constexpr (phases == 1) continue;
      if (to1 != nullptr) hn::StoreU(v1, d, to1 + row);
      if constexpr (phases == 2) continue;
      if (to2 != nullptr) hn::StoreU(v2, d, to2 + row);
      if constexpr (phases == 3) continue;
      if (to3 != nullptr) hn::StoreU(v3, d, to3 + row);
    }
  }
}

template <int phases, class T>
HWY_INLINE void short_rows_of(const ShortRows<T>& of) {
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 16 / sizeof(T)> d16;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d)), few = static_cast<std::int64_t>(hn::Lanes(d16));
  // backwards: what the last vector writes behind a row is the next one's, and written again
  const std::int64_t full = of.n / lanes * lanes;
  for (std::int64_t at = full + (of.n - full + few - 1) / few * few; at > full;)
    short_rows_vector<phases>(d16, of, at -= few);
  for (std::int64_t at = full; at > 0;) short_rows_vector<phases>(d, of, at -= lanes);
}

template <class T>
void short_rows(const ShortRows<T>& of) {
  switch (of.in == nullptr ? 0 : of.phases) {
    case 0:
      return short_rows_of<0>(of);
    case 1:
      return short_rows_of<1>(of);
    case 2:
      return short_rows_of<2>(of);
    case 3:
      return short_rows_of<3>(of);
    default:
      return short_rows_of<4>(of);
  }
}

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
