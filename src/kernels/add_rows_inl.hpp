// Rows added to rows. Included again for each target.
#if defined(FALTUNG_ADD_ROWS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_ADD_ROWS_INL
#undef FALTUNG_ADD_ROWS_INL
#else
#define FALTUNG_ADD_ROWS_INL
#endif

#include "kernels/add_rows.hpp"

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Elements i … of a row while whole vectors fit; returns where they end.
template <class D, class T>
HWY_INLINE std::int64_t add_vectors(D d, const T* HWY_RESTRICT in, std::int64_t i, std::int64_t n,
                                    T* HWY_RESTRICT out) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::Add(hn::LoadU(d, out + i), hn::LoadU(d, in + i)), d, out + i);
  return i;
}

template <class T>
void add_rows(const AddRows<T>& of) {
  const T* HWY_RESTRICT in = of.in;
  T* HWY_RESTRICT out = of.out;
  const std::int64_t n = of.n, step = of.out_step;
  for (std::int64_t r = 0; r < of.count; ++r, in += of.in_pitch, out += of.out_pitch) {
    if (step != 1) {
      for (std::int64_t i = 0; i < n; ++i) out[i * step] += in[i];
      continue;
    }
    std::int64_t i = add_vectors(hn::ScalableTag<T>(), in, 0, n, out);
    i = add_vectors(hn::CappedTag<T, 16 / sizeof(T)>(), in, i, n, out);
    for (; i < n; ++i) out[i] += in[i];
  }
}

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
