// Planes of one channel, a strip of one vector of result columns at a time, row after row: each given row is read once
// and meets all the result rows it belongs to, whose sums stay in registers. Included again for each target.
#if defined(FALTUNG_FEW_CHANNELS_PLANES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_FEW_CHANNELS_PLANES_INL
#undef FALTUNG_FEW_CHANNELS_PLANES_INL
#else
#define FALTUNG_FEW_CHANNELS_PLANES_INL
#endif

#include "kernels/few_channels_inl.hpp"
#include "kernels/few_channels_planes.hpp"

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR

namespace hn = hwy::HWY_NAMESPACE;

#define FALTUNG_INLINED __attribute__((always_inline))

/// A strip's view of the given plane: rows of `cells` cells from column `first` on. At the plane's sides these reach
/// into the rows before and behind, and masks make zeros of them; what would lie outside of the plane is read from a
/// copy.
template <class T>
class Strip {
 public:
  HWY_INLINE Strip(const FewChannelsPlane<T>& plane, std::int64_t first, std::int64_t cells)
      : in_(plane.in),
        height_(plane.in_height),
        width_(plane.in_width),
        first_(first),
        cells_(cells),
        begin_(first < 0 ? 1 : 0),
        end_(first + cells > width_ ? height_ - 1 : height_) {}

  /// Row y; null where the plane has none.
  HWY_INLINE const T* row(std::int64_t y) {
    if (HWY_LIKELY(y >= begin_ && y < end_)) return in_ + (y * width_ + first_);
    return beside(y);
  }
  /// All cells first … first + reach − 1 lie in the row.
  HWY_INLINE bool inside(std::int64_t reach) const { return first_ >= 0 && first_ + reach <= width_; }
  /// All bits of lane i where cell from + i·step lies in the row.
  template <class D>
  HWY_INLINE hn::Vec<D> mask(D d, std::int64_t from, std::int64_t step) const {
    using Bits = hn::TFromD<hn::RebindToUnsigned<D>>;
    constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(D()));
    Bits bits[static_cast<std::size_t>(lanes)];
    for (std::int64_t i = 0; i < lanes; ++i) {
      const std::int64_t x = first_ + from + i * step;
      bits[i] = x >= 0 && x < width_ ? ~Bits{0} : Bits{0};
    }
    return hn::BitCast(d, hn::LoadU(hn::RebindToUnsigned<D>(), bits));
  }

 private:
  HWY_NOINLINE const T* beside(std::int64_t y) {
    if (y < 0 || y >= height_) return nullptr;
    std::memset(copy_, 0, sizeof(copy_));
    const std::int64_t begin = std::max<std::int64_t>(0, first_), end = std::min(width_, first_ + cells_);
    if (begin < end)
      std::memcpy(copy_ + (begin - first_), in_ + y * width_ + begin,
                  static_cast<std::size_t>(end - begin) * sizeof(T));
    return copy_;
  }

  const T* in_;
  std::int64_t height_, width_, first_, cells_;
  std::int64_t begin_, end_;  // rows that are read where they are
  T copy_[2 * hn::MaxLanes(hn::ScalableTag<T>()) + 4];
};

/// Fetches lines that the next plane reads and writes, a few with each row of this one: its own time hides theirs.
class Ahead {
 public:
  template <class T>
  HWY_INLINE Ahead(const FewChannelsPlane<T>& plane, std::int64_t rows)
      : in_(reinterpret_cast<const char*>(plane.ahead_in)),
        out_(reinterpret_cast<const char*>(plane.ahead_out)),
        in_step_(plane.ahead_in_bytes / rows + 1),
        out_step_(plane.ahead_out_bytes / rows + 1) {}
  HWY_INLINE void row() {
    hwy::Prefetch(in_);
    hwy::Prefetch(out_);
    in_ += in_step_;
    out_ += out_step_;
  }

 private:
  const char *in_, *out_;
  std::int64_t in_step_, out_step_;
};

/// `strip(x)` for result columns x … x + lanes − 1; the last strip ends with the row, and may repeat some columns.
template <class F>
HWY_INLINE void for_strips(std::int64_t columns, std::int64_t lanes, F&& strip) {
  for (std::int64_t x = 0; x < columns; x += lanes) strip(std::min(x, columns - lanes));
}

// Cells 0, 2, 4 … and 1, 3, 5 … of two vectors, in an order of their own, which `in_order` ends. AVX2 has no single
// instruction that keeps the order.
#if HWY_TARGET == HWY_AVX2
HWY_INLINE hn::Vec<hn::ScalableTag<float>> evens(hn::ScalableTag<float>, hn::Vec<hn::ScalableTag<float>> a,
                                                 hn::Vec<hn::ScalableTag<float>> b) {
  return hn::Vec<hn::ScalableTag<float>>{_mm256_shuffle_ps(a.raw, b.raw, 0x88)};
}
HWY_INLINE hn::Vec<hn::ScalableTag<float>> odds(hn::ScalableTag<float>, hn::Vec<hn::ScalableTag<float>> a,
                                                hn::Vec<hn::ScalableTag<float>> b) {
  return hn::Vec<hn::ScalableTag<float>>{_mm256_shuffle_ps(a.raw, b.raw, 0xDD)};
}
HWY_INLINE hn::Vec<hn::ScalableTag<float>> in_order(hn::ScalableTag<float>, hn::Vec<hn::ScalableTag<float>> v) {
  return hn::Vec<hn::ScalableTag<float>>{
      _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(v.raw), _MM_SHUFFLE(3, 1, 2, 0)))};
}
#endif
template <class D, class V>
HWY_INLINE V evens(D d, V a, V b) {
  return hn::ConcatEven(d, b, a);
}
template <class D, class V>
HWY_INLINE V odds(D d, V a, V b) {
  return hn::ConcatOdd(d, b, a);
}
template <class D, class V>
HWY_INLINE V in_order(D, V v) {
  return v;
}

/// Square kernels of stride 1. `ascending`: taps ascend with the given cells, rows go down; else both the other way
/// round, as in a scatter.
template <class T, int size, bool ascending, bool masked>
HWY_INLINE void square_strip(const FewChannelsPlane<T>& plane, Strip<T>& strip, Ahead& ahead, std::int64_t x) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<hn::ScalableTag<T>>;
  V w[static_cast<std::size_t>(size * size)], mask[static_cast<std::size_t>(size)], sum[static_cast<std::size_t>(size)];
  unrolled<size * size>([&](auto i) FALTUNG_INLINED { w[i] = hn::Set(d, plane.weights[i]); });
  if constexpr (masked) unrolled<size>([&](auto i) FALTUNG_INLINED { mask[i] = strip.mask(d, i, 1); });
  const V start = hn::Set(d, plane.start);
  unrolled<size>([&](auto i) FALTUNG_INLINED { sum[i] = start; });
  const std::int64_t rows = plane.row_end - plane.row_begin, down = ascending ? 1 : -1;
  const std::int64_t pitch = down * plane.out_width;
  std::int64_t y = plane.first_y + (ascending ? plane.row_begin : plane.row_end + size - 2);
  T* out = plane.out + (ascending ? plane.row_begin : plane.row_end - 1) * plane.out_width + x;
  for (std::int64_t e = 0; e < rows + size - 1; ++e, y += down) {  // sum[i] meets the tap row i
    sum[0] = start;
    ahead.row();
    const T* row = strip.row(y);
    if (HWY_LIKELY(row != nullptr))
      unrolled<size>([&](auto k) FALTUNG_INLINED {
        constexpr int cell = ascending ? k : size - 1 - k;
        V v = hn::LoadU(d, row + cell);
        if constexpr (masked) v = hn::And(v, mask[cell]);
        keep(v);
        unrolled<size>([&](auto i) FALTUNG_INLINED { sum[i] = hn::MulAdd(w[i * size + k], v, sum[i]); });
      });
    if (HWY_LIKELY(e >= size - 1)) {
      hn::StoreU(sum[size - 1], d, out);
      out += pitch;
    }
    unrolled<size - 1>([&](auto i) FALTUNG_INLINED { sum[size - 1 - i] = sum[size - 2 - i]; });
  }
}

template <class T, int size, bool ascending>
void square(const FewChannelsPlane<T>& plane) {
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  Ahead ahead(plane, (plane.row_end - plane.row_begin) * ((plane.out_width + lanes - 1) / lanes));
  for_strips(plane.out_width, lanes, [&](std::int64_t x) FALTUNG_INLINED {
    Strip<T> strip(plane, x + plane.first_x, lanes + size - 1);
    strip.inside(lanes + size - 1) ? square_strip<T, size, ascending, false>(plane, strip, ahead, x)
                                   : square_strip<T, size, ascending, true>(plane, strip, ahead, x);
  });
}

template <class T, bool masked>
HWY_INLINE void gather_3x3_strided_strip(const FewChannelsPlane<T>& plane, Strip<T>& strip, Ahead& ahead,
                                         std::int64_t x) {
  const hn::ScalableTag<T> d;
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(d));
  using V = hn::Vec<hn::ScalableTag<T>>;
  V w[9], mask[3];
  unrolled<9>([&](auto i) FALTUNG_INLINED { w[i] = hn::Set(d, plane.weights[i]); });
  if constexpr (masked)
    unrolled<3>([&](auto i) FALTUNG_INLINED {
      const V in_row = strip.mask(d, i, 2);
      T bits[static_cast<std::size_t>(2 * lanes)];  // to the order of the sums
      hn::StoreInterleaved2(in_row, in_row, d, bits);
      mask[i] = evens(d, hn::LoadU(d, bits), hn::LoadU(d, bits + lanes));
    });
  const V start = hn::Set(d, plane.start);
  const auto load = [&](const T* row, V(&v)[3]) FALTUNG_INLINED {
    const V a = hn::LoadU(d, row), b = hn::LoadU(d, row + lanes);
    v[0] = evens(d, a, b);
    v[1] = odds(d, a, b);
    v[2] = evens(d, hn::LoadU(d, row + 2), hn::LoadU(d, row + lanes + 2));
    if constexpr (masked) unrolled<3>([&](auto k) FALTUNG_INLINED { v[k] = hn::And(v[k], mask[k]); });
  };
  const auto meet = [&](const V(&v)[3], auto tap_row, V& sum) FALTUNG_INLINED {
    unrolled<3>([&](auto k) FALTUNG_INLINED { sum = hn::MulAdd(w[tap_row * 3 + k], v[k], sum); });
  };
  constexpr std::integral_constant<int, 0> first;
  constexpr std::integral_constant<int, 1> second;
  constexpr std::integral_constant<int, 2> third;
  V v[3], sum = start;
  std::int64_t y = 2 * plane.row_begin + plane.first_y;
  const std::int64_t pitch = plane.out_width;
  if (const T* row = strip.row(y); row != nullptr) {
    load(row, v);
    meet(v, first, sum);
  }
  T* out = plane.out + plane.row_begin * pitch + x;
  for (std::int64_t count = plane.row_end - plane.row_begin; count > 0; --count, out += pitch, y += 2) {
    const T* row = strip.row(y + 1);
    if (HWY_LIKELY(row != nullptr)) {
      load(row, v);
      meet(v, second, sum);
    }
    V next = start;
    ahead.row();
    row = strip.row(y + 2);
    if (HWY_LIKELY(row != nullptr)) {
      load(row, v);
      meet(v, third, sum);
      meet(v, first, next);
    }
    hn::StoreU(in_order(d, sum), d, out);
    sum = next;
  }
}

template <class T>
void gather_3x3_strided(const FewChannelsPlane<T>& plane) {
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  Ahead ahead(plane, (plane.row_end - plane.row_begin) * ((plane.out_width + lanes - 1) / lanes));
  for_strips(plane.out_width, lanes, [&](std::int64_t x) FALTUNG_INLINED {
    Strip<T> strip(plane, 2 * x + plane.first_x, 2 * lanes + 2);
    strip.inside(2 * lanes + 1) ? gather_3x3_strided_strip<T, false>(plane, strip, ahead, x)
                                : gather_3x3_strided_strip<T, true>(plane, strip, ahead, x);
  });
}

/// From the last row to the first, so that taps ascend: row e makes row 2e, ends the sums of row 2e + 1 and begins
/// those of 2e − 1.
template <class T, bool masked>
HWY_INLINE void scatter_3x3_strided_strip(const FewChannelsPlane<T>& plane, Strip<T>& strip, Ahead& ahead,
                                          std::int64_t x) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<hn::ScalableTag<T>>;
  V w[9], mask[2];
  unrolled<9>([&](auto i) FALTUNG_INLINED { w[i] = hn::Set(d, plane.weights[i]); });
  if constexpr (masked) unrolled<2>([&](auto i) FALTUNG_INLINED { mask[i] = strip.mask(d, i, 1); });
  const V start = hn::Set(d, plane.start);
  V odd[2] = {start, start};  // of row 2e + 1, its phases along x
  const std::int64_t begin = plane.row_begin, end = plane.row_end, pitch = plane.out_width, y = plane.first_y;
  T* out = plane.out + 2 * end * pitch + 2 * x;  // row 2e
  for (std::int64_t e = end; e >= begin; --e, out -= 2 * pitch) {
    V even[2] = {start, start}, next_odd[2] = {start, start};
    ahead.row();
    const T* row = strip.row(e + y);
    if (HWY_LIKELY(row != nullptr)) {
      V v[2];
      unrolled<2>([&](auto k) FALTUNG_INLINED {
        v[k] = hn::LoadU(d, row + k);
        if constexpr (masked) v[k] = hn::And(v[k], mask[k]);
        keep(v[k]);
      });
      const auto meet = [&](V(&sum)[2], auto of_even, auto of_odd) FALTUNG_INLINED {
        sum[0] = hn::MulAdd(w[of_even], v[0], sum[0]);
        sum[1] = hn::MulAdd(w[of_odd], v[1], sum[1]);
        sum[1] = hn::MulAdd(w[of_odd + 1], v[0], sum[1]);
      };
      meet(even, std::integral_constant<int, 0>{}, std::integral_constant<int, 1>{});
      meet(odd, std::integral_constant<int, 4>{}, std::integral_constant<int, 7>{});
      meet(next_odd, std::integral_constant<int, 3>{}, std::integral_constant<int, 5>{});
    }
    if (HWY_LIKELY(e < end)) {
      hn::StoreInterleaved2(even[0], even[1], d, out);
      hn::StoreInterleaved2(odd[0], odd[1], d, out + pitch);
    }
    unrolled<2>([&](auto i) FALTUNG_INLINED { odd[i] = next_odd[i]; });
  }
}

template <class T>
void scatter_3x3_strided(const FewChannelsPlane<T>& plane) {
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  Ahead ahead(plane, (plane.row_end - plane.row_begin) * ((plane.out_width / 2 + lanes - 1) / lanes));
  for_strips(plane.out_width / 2, lanes, [&](std::int64_t x) FALTUNG_INLINED {
    Strip<T> strip(plane, x + plane.first_x, lanes + 1);
    strip.inside(lanes + 1) ? scatter_3x3_strided_strip<T, false>(plane, strip, ahead, x)
                            : scatter_3x3_strided_strip<T, true>(plane, strip, ahead, x);
  });
}

/// From the last row to the first, so that taps ascend: row e ends the sums of rows 2e + 2 and 2e + 1 and begins those
/// of 2e and 2e − 1.
template <class T, bool masked>
HWY_INLINE void scatter_4x4_strided_strip(const FewChannelsPlane<T>& plane, Strip<T>& strip, Ahead& ahead,
                                          std::int64_t x) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<hn::ScalableTag<T>>;
  V w[16], mask[3];
  unrolled<16>([&](auto i) FALTUNG_INLINED { w[i] = hn::Set(d, plane.weights[i]); });
  if constexpr (masked) unrolled<3>([&](auto i) FALTUNG_INLINED { mask[i] = strip.mask(d, i, 1); });
  const V start = hn::Set(d, plane.start);
  V even[2] = {start, start}, odd[2] = {start, start};  // of rows 2e + 2 and 2e + 1, their phases along x
  const std::int64_t begin = plane.row_begin, end = plane.row_end, pitch = plane.out_width, y = plane.first_y + 1;
  T* out = plane.out + 2 * end * pitch + 2 * x;  // row 2e
  for (std::int64_t e = end; e >= begin - 1; --e, out -= 2 * pitch) {
    V next_even[2] = {start, start}, next_odd[2] = {start, start};
    ahead.row();
    const T* row = strip.row(e + y);
    if (HWY_LIKELY(row != nullptr)) {
      V v[3];
      unrolled<3>([&](auto k) FALTUNG_INLINED {
        v[k] = hn::LoadU(d, row + k);
        if constexpr (masked) v[k] = hn::And(v[k], mask[k]);
        keep(v[k]);
      });
      const auto meet = [&](auto phase, auto tap_row, V(&sum)[2]) FALTUNG_INLINED {
        unrolled<2>([&](auto i) FALTUNG_INLINED {
          sum[0] = hn::MulAdd(w[phase * 8 + tap_row * 2 + i], v[1 - i], sum[0]);
          sum[1] = hn::MulAdd(w[phase * 8 + 4 + tap_row * 2 + i], v[2 - i], sum[1]);
        });
      };
      constexpr std::integral_constant<int, 0> zero;
      constexpr std::integral_constant<int, 1> one;
      meet(zero, one, even);
      meet(one, one, odd);
      meet(zero, zero, next_even);
      meet(one, zero, next_odd);
    }
    if (HWY_LIKELY(e + 1 < end)) hn::StoreInterleaved2(even[0], even[1], d, out + 2 * pitch);
    if (HWY_LIKELY(e >= begin && e < end)) hn::StoreInterleaved2(odd[0], odd[1], d, out + pitch);
    unrolled<2>([&](auto i) FALTUNG_INLINED {
      even[i] = next_even[i];
      odd[i] = next_odd[i];
    });
  }
}

template <class T>
void scatter_4x4_strided(const FewChannelsPlane<T>& plane) {
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  Ahead ahead(plane, (plane.row_end - plane.row_begin) * ((plane.out_width / 2 + lanes - 1) / lanes));
  for_strips(plane.out_width / 2, lanes, [&](std::int64_t x) FALTUNG_INLINED {
    Strip<T> strip(plane, x + plane.first_x, lanes + 2);
    strip.inside(lanes + 2) ? scatter_4x4_strided_strip<T, false>(plane, strip, ahead, x)
                            : scatter_4x4_strided_strip<T, true>(plane, strip, ahead, x);
  });
}

template <class T>
constexpr FewChannelsPlaneKernels<T> make_few_channels_plane_table() {
  return {static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>())),
          &square<T, 3, true>,
          &square<T, 3, false>,
          &square<T, 5, true>,
          &square<T, 5, false>,
          &gather_3x3_strided<T>,
          &scatter_3x3_strided<T>,
          &scatter_4x4_strided<T>};
}

#undef FALTUNG_INLINED

#else

template <class T>
constexpr FewChannelsPlaneKernels<T> make_few_channels_plane_table() {
  return {};
}

#endif

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
