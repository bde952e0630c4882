// Weight gradients of few channels: every lane is a pair of channels of its own, so that nothing is summed across
// lanes. Included again for each target.
#if defined(FALTUNG_FEW_CHANNELS_GRADIENT_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_FEW_CHANNELS_GRADIENT_INL
#undef FALTUNG_FEW_CHANNELS_GRADIENT_INL
#else
#define FALTUNG_FEW_CHANNELS_GRADIENT_INL
#endif

#include "kernels/few_channels_inl.hpp"
#include "kernels/kernels.hpp"
#include "kernels/transpose_inl.hpp"

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#define FALTUNG_INLINED __attribute__((always_inline))

/// The sums of some taps continue in registers. Every given vector is aligned and read from the first-level cache by
/// the multiply-add itself, so neighbouring positions need not share them.
template <class T, int taps>
void correlate_lanes(const T* const* in, const std::int64_t* HWY_RESTRICT step, const T* HWY_RESTRICT coarse,
                     std::int64_t positions, const T* from, T* to) {
  const hn::ScalableTag<T> d;
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(d));
  using V = hn::Vec<hn::ScalableTag<T>>;
  V sum[static_cast<std::size_t>(taps)];
  const T* tap[static_cast<std::size_t>(taps)];
  unrolled<taps>([&](auto t) FALTUNG_INLINED {
    tap[t] = in[t];
    sum[t] = hn::LoadU(d, from + t * lanes);
  });
  for (std::int64_t i = 0; i < positions; ++i, coarse += lanes) {
    const std::int64_t at = step[i];
    const V c = hn::LoadU(d, coarse);
    unrolled<taps>([&](auto t) FALTUNG_INLINED { sum[t] = hn::MulAdd(hn::LoadU(d, tap[t] + at), c, sum[t]); });
  }
  unrolled<taps>([&](auto t) FALTUNG_INLINED { hn::StoreU(sum[t], d, to + t * lanes); });
}

template <class T>
void load_lanes(const T* const* rows, std::int64_t offset, std::int64_t step, std::int64_t n, T* HWY_RESTRICT out) {
  const hn::ScalableTag<T> d;
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(d));
  const T* row[static_cast<std::size_t>(lanes)];
  bool neighbours = true;  // channels last
  for (std::int64_t l = 0; l < lanes; ++l) {
    row[l] = rows[l] + offset;
    neighbours = neighbours && rows[l] == rows[0] + l;
  }
  if (neighbours) {
    for (std::int64_t i = 0; i < n; ++i) hn::StoreU(hn::LoadU(d, row[0] + i * step), d, out + i * lanes);
    return;
  }
  std::int64_t done = 0;
#if HWY_TARGET != HWY_SCALAR
  constexpr auto quad = static_cast<std::int64_t>(16 / sizeof(T));
  if (step == 1 && n >= quad) {
    const auto load_quad = [&](std::int64_t x) FALTUNG_INLINED {
      transpose_block(
          d, [&](std::int64_t r) FALTUNG_INLINED { return row[r] + x; }, out + x * lanes, lanes);
    };
    for (; done + quad <= n; done += quad) load_quad(done);
    if (done < n) load_quad(n - quad);
    return;
  }
#endif
  for (; done < n; ++done)
    for (std::int64_t l = 0; l < lanes; ++l) out[done * lanes + l] = row[l][done * step];
}

template <class T>
void add_lanes(const T* HWY_RESTRICT sums, std::int64_t n, T* HWY_RESTRICT totals) {
  const hn::ScalableTag<T> d;
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(d));
  for (std::int64_t i = 0; i < n; i += lanes)
    hn::StoreU(hn::Add(hn::LoadU(d, totals + i), hn::LoadU(d, sums + i)), d, totals + i);
}

template <class T>
constexpr FewChannelsGradientKernels<T> make_few_channels_gradient_table() {
  FewChannelsGradientKernels<T> table{
      static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>())), &load_lanes<T>, &add_lanes<T>, {}};
  [&]<int... i>(std::integer_sequence<int, i...>) { ((table.correlate[i + 1] = &correlate_lanes<T, i + 1>), ...); }
  (std::make_integer_sequence<int, most_gradient_taps>{});
  return table;
}

#undef FALTUNG_INLINED

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
