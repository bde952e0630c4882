// Squares of lanes, transposed block by block of 16 bytes. Included again for each target.
#if defined(FALTUNG_TRANSPOSE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_TRANSPOSE_INL
#undef FALTUNG_TRANSPOSE_INL
#else
#define FALTUNG_TRANSPOSE_INL
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR

/// 16 bytes of every row that `first` begins, a square's height apart, as one vector; `row(r)` is where row r begins.
template <class D, class Row>
HWY_INLINE hn::Vec<D> column_of_blocks(D d, const Row& row, std::int64_t first) {
  constexpr std::size_t in_block = 16 / sizeof(hn::TFromD<D>);
  if constexpr (hn::MaxLanes(D()) <= in_block) {
    return hn::LoadU(d, row(first));
  } else {
    const hn::Half<D> half;
    constexpr auto rows = static_cast<std::int64_t>(hn::MaxLanes(D()) / 2);
    return hn::Combine(d, column_of_blocks(half, row, first + rows), column_of_blocks(half, row, first));
  }
}

/// Rows of one vector's lanes, 16 bytes wide: a square of lanes in every block of 16 bytes.
template <class D, class Row, class T = hn::TFromD<D>>
HWY_INLINE void transpose_block(D d, const Row& row, T* HWY_RESTRICT out, std::int64_t out_stride) {
  if constexpr (sizeof(T) == 8) {
    const auto a = column_of_blocks(d, row, 0), b = column_of_blocks(d, row, 1);
    hn::StoreU(hn::InterleaveLower(d, a, b), d, out);
    hn::StoreU(hn::InterleaveUpper(d, a, b), d, out + out_stride);
  } else {
    const hn::Repartition<std::uint64_t, D> pairs;
    const auto a = column_of_blocks(d, row, 0), b = column_of_blocks(d, row, 1), c = column_of_blocks(d, row, 2),
               e = column_of_blocks(d, row, 3);
    const auto ab = hn::BitCast(pairs, hn::InterleaveLower(d, a, b)),
               ce = hn::BitCast(pairs, hn::InterleaveLower(d, c, e)),
               ab_upper = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b)),
               ce_upper = hn::BitCast(pairs, hn::InterleaveUpper(d, c, e));
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab, ce)), d, out);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab, ce)), d, out + out_stride);
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab_upper, ce_upper)), d, out + 2 * out_stride);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab_upper, ce_upper)), d, out + 3 * out_stride);
  }
}

#endif

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
