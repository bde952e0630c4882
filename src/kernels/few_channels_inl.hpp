// Sums of one plane into a few output rows, kept in registers. Included again for each target.
#if defined(FALTUNG_FEW_CHANNELS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_FEW_CHANNELS_INL
#undef FALTUNG_FEW_CHANNELS_INL
#else
#define FALTUNG_FEW_CHANNELS_INL
#endif

#include "kernels/kernels.hpp"

#include <hwy/highway.h>

#include <cstdint>
#include <cstring>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <int n, class F>
HWY_INLINE void unrolled(F&& f) {
  [&]<int... i>(std::integer_sequence<int, i...>) { (f(std::integral_constant<int, i>{}), ...); }
  (std::make_integer_sequence<int, n>{});
}

/// `rows` output rows, `vectors` vectors from position `at`. height 0: any height of at least `rows`, stride 1.
template <class T, int rows, int vectors, int stride, int height>
HWY_INLINE void few_channels_block(const FewChannelsArguments<T>& in, std::int64_t at, T* HWY_RESTRICT c,
                                   std::int64_t c_pitch) {
  const hn::ScalableTag<T> d;
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(d));
  using V = hn::Vec<hn::ScalableTag<T>>;
  V sum[static_cast<std::size_t>(rows * vectors)];
  unrolled<rows>([&](auto r) {
    unrolled<vectors>([&](auto j) {
      sum[r * vectors + j] = in.continues ? hn::LoadU(d, c + r * c_pitch + j * lanes) : hn::Set(d, in.start);
    });
  });
  const std::int64_t width = in.width;
  const std::int64_t* HWY_RESTRICT x_step = in.x_step;
  for (std::int64_t z = 0; z < in.depth; ++z) {
    const T* HWY_RESTRICT plane = in.b + in.z_step[z] + at;
    const T* HWY_RESTRICT weights = in.weights + z * in.height * width;
    // one row of the plane meets output row r by the tap row e − r·stride: `first` and `last` are the rows that it
    // reaches
    const auto meet = [&](auto first, auto last, std::int64_t e) {
      const T* row = plane + e * in.b_pitch;
      const T* w = weights + e * width;
      for (std::int64_t x = 0; x < width; ++x, ++w) {
        V v[static_cast<std::size_t>(vectors)];
        unrolled<vectors>([&](auto j) { v[j] = hn::LoadU(d, row + x_step[x] + j * lanes); });
        unrolled<rows>([&](auto r) {
          if constexpr (r >= first && r <= last) {
            const V weight = hn::Set(d, w[-(r * stride) * width]);
            unrolled<vectors>([&](auto j) { sum[r * vectors + j] = hn::MulAdd(weight, v[j], sum[r * vectors + j]); });
          }
        });
      }
    };
    if constexpr (rows == 1) {
      for (std::int64_t e = 0; e < in.height; ++e)
        meet(std::integral_constant<int, 0>{}, std::integral_constant<int, 0>{}, e);
    } else if constexpr (height > 0) {
      unrolled<(rows - 1) * stride + height>([&](auto e) {
        constexpr int low = e - height + 1 <= 0 ? 0 : (e - height + stride) / stride;
        constexpr int high = e / stride < rows - 1 ? e / stride : rows - 1;
        if constexpr (low <= high) meet(std::integral_constant<int, low>{}, std::integral_constant<int, high>{}, e);
      });
    } else {
      unrolled<rows - 1>([&](auto e) { meet(std::integral_constant<int, 0>{}, e, e); });
      for (std::int64_t e = rows - 1; e < in.height; ++e)
        meet(std::integral_constant<int, 0>{}, std::integral_constant<int, rows - 1>{}, e);
      unrolled<rows - 1>([&](auto e) {
        meet(std::integral_constant<int, e + 1>{}, std::integral_constant<int, rows - 1>{}, in.height + e);
      });
    }
  }
  unrolled<rows>([&](auto r) {
    unrolled<vectors>([&](auto j) { hn::StoreU(sum[r * vectors + j], d, c + r * c_pitch + j * lanes); });
  });
}

/// Positions in blocks of `vectors` vectors, then single ones; the last is computed beside the row and only its true
/// cells are copied.
template <class T, int rows, int vectors, int stride, int height>
void few_channels(const FewChannelsArguments<T>& in) {
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  std::int64_t at = 0;
  for (; at + vectors * lanes <= in.positions; at += vectors * lanes)
    few_channels_block<T, rows, vectors, stride, height>(in, at, in.c + at, in.c_pitch);
  for (; at + lanes <= in.positions; at += lanes)
    few_channels_block<T, rows, 1, stride, height>(in, at, in.c + at, in.c_pitch);
  if (at == in.positions) return;
  T last[static_cast<std::size_t>(rows * lanes)];
  const auto bytes = static_cast<std::size_t>(in.positions - at) * sizeof(T);
  if (in.continues)
    for (int r = 0; r < rows; ++r) std::memcpy(last + r * lanes, in.c + r * in.c_pitch + at, bytes);
  few_channels_block<T, rows, 1, stride, height>(in, at, last, lanes);
  for (int r = 0; r < rows; ++r) std::memcpy(in.c + r * in.c_pitch + at, last + r * lanes, bytes);
}

template <class T>
constexpr FewChannelsKernels<T> make_few_channels_table() {
  constexpr int rows = few_channels_rows;
  // four rows of two vectors, or one row of eight: as many sums as hide the latency, with registers left for the
  // plane's vectors
  FewChannelsKernels<T> table{&few_channels<T, 1, 8, 1, 0>, {}, &few_channels<T, rows, 2, 1, 0>};
  [&]<int... i>(std::integer_sequence<int, i...>) {
    ((table.rows[0][i + 1] = &few_channels<T, rows, 2, 1, i + 1>), ...);
    ((table.rows[1][i + 1] = &few_channels<T, rows, 2, 2, i + 1>), ...);
  }
  (std::make_integer_sequence<int, most_few_channels_height>{});
  return table;
}

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
