// Sums of few channels into a few result rows, kept in registers. Included again for each target.
#if defined(FALTUNG_FEW_CHANNELS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_FEW_CHANNELS_INL
#undef FALTUNG_FEW_CHANNELS_INL
#else
#define FALTUNG_FEW_CHANNELS_INL
#endif

#include "kernels/keep_inl.hpp"
#include "kernels/kernels.hpp"

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int known_vectors = HWY_TARGET <= HWY_AVX3 ? 4 : 2;
constexpr bool fast_target = HWY_TARGET <= HWY_AVX2 || HWY_TARGET == HWY_NEON;

// A lambda that is not inlined takes its sums out of the registers, and compilers count the many small ones as large.
#define FALTUNG_INLINED __attribute__((always_inline))

template <int n, class F>
HWY_INLINE void unrolled(F&& f) {
  [&]<int... i>(std::integer_sequence<int, i...>) FALTUNG_INLINED { (f(std::integral_constant<int, i>{}), ...); }
  (std::make_integer_sequence<int, n>{});
}

/// `vectors` vectors of every row: from position `at` on, but the last one from `last` on, to `c` + the same.
template <class T, int rows, int vectors>
HWY_INLINE void few_channels_block(const FewChannelsTile<T>& in, std::int64_t at, std::int64_t last, T* const* c) {
  const hn::ScalableTag<T> d;
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(d));
  using V = hn::Vec<hn::ScalableTag<T>>;
  const auto place = [&](auto j) FALTUNG_INLINED { return j + 1 == vectors ? last : at + j * lanes; };
  V sum[static_cast<std::size_t>(rows * vectors)];
  if (in.start_rows == nullptr)
    unrolled<rows * vectors>([&](auto i) FALTUNG_INLINED { sum[i] = hn::Set(d, in.start); });
  else
    unrolled<rows>([&](auto r) FALTUNG_INLINED {
      const T* start = in.start_rows[r < in.count ? r : 0];
      unrolled<vectors>([&](auto j) FALTUNG_INLINED { sum[r * vectors + j] = hn::LoadU(d, start + place(j)); });
    });
  const std::int64_t width = in.width;
  const std::int64_t* HWY_RESTRICT x_step = in.x_step;
  const T* HWY_RESTRICT weights = in.weights;
  for (std::int64_t o = 0; o < in.outer; ++o, weights += in.height * width) {
    const T* const* row_of = in.rows + in.planes[o];
    for (std::int64_t e = 0; e < in.reaches; ++e, row_of += in.row_step) {
      const T* HWY_RESTRICT row = *row_of;
      const T* HWY_RESTRICT w = weights + e * width;
      // the given row meets result rows low … high
      const auto meet = [&](auto low, auto high) FALTUNG_INLINED {
        if constexpr (low < rows && high < rows)
          for (std::int64_t x = 0; x < width; ++x) {
            V v[static_cast<std::size_t>(vectors)];
            unrolled<vectors>([&](auto j) FALTUNG_INLINED { v[j] = hn::LoadU(d, row + x_step[x] + place(j)); });
            unrolled<high - low + 1>([&](auto i) FALTUNG_INLINED {
              constexpr int r = low + i;
              const V weight = hn::Set(d, w[x - r * in.row_weights]);
              unrolled<vectors>([&](auto j) FALTUNG_INLINED {
                sum[r * vectors + j] = hn::MulAdd(weight, v[j], sum[r * vectors + j]);
              });
            });
          }
      };
      if constexpr (rows == 1) {
        meet(std::integral_constant<int, 0>{}, std::integral_constant<int, 0>{});
      } else {
#define FALTUNG_MEET(low, high)                                                    \
  case few_channels_reach(low, high):                                              \
    meet(std::integral_constant<int, low>{}, std::integral_constant<int, high>{}); \
    break;
        switch (in.reach[e]) {
          FALTUNG_MEET(0, 0)
          FALTUNG_MEET(0, 1)
          FALTUNG_MEET(0, 2)
          FALTUNG_MEET(0, 3)
          FALTUNG_MEET(1, 1)
          FALTUNG_MEET(1, 2)
          FALTUNG_MEET(1, 3)
          FALTUNG_MEET(2, 2)
          FALTUNG_MEET(2, 3)
          FALTUNG_MEET(3, 3)
          default:
            break;  // no row
        }
#undef FALTUNG_MEET
      }
    }
  }
  unrolled<rows>([&](auto r) FALTUNG_INLINED {
    if (r < in.count)
      unrolled<vectors>([&](auto j) FALTUNG_INLINED { hn::StoreU(sum[r * vectors + j], d, c[r] + place(j)); });
  });
}

/// The same for a kernel and a stride that the compiler knows, where all rows of the tile are there: no loop but the
/// outer one. `in_line`: x_step[x] is x. Two pointers per row and numbers that the compiler knows, else addresses take
/// all registers.
template <class T, int rows, int height, int width, int stride, bool in_line, int vectors>
HWY_INLINE void known_block(const FewChannelsTile<T>& in, std::int64_t at, std::int64_t last, T* const* c) {
  const hn::ScalableTag<T> d;
  constexpr auto lanes = static_cast<int>(hn::MaxLanes(d));
  using V = hn::Vec<hn::ScalableTag<T>>;
  V sum[static_cast<std::size_t>(rows * vectors)];
  const V start = hn::Set(d, in.start);
  unrolled<rows * vectors>([&](auto i) FALTUNG_INLINED { sum[i] = start; });
  const T* HWY_RESTRICT w = in.weights;
  std::int64_t step[static_cast<std::size_t>(width)];
  for (int x = 0; x < width; ++x) step[x] = in_line ? x : in.x_step[x];
  for (std::int64_t o = 0; o < in.outer; ++o, w += height * width) {
    const T* const* row_of = in.rows + in.planes[o];
    unrolled<(rows - 1) * stride + height>([&](auto e) FALTUNG_INLINED {
      const T* HWY_RESTRICT p = *row_of + at;
      const T* HWY_RESTRICT q = *row_of + last;
      row_of += in.row_step;
      unrolled<width>([&](auto x) FALTUNG_INLINED {
        V v[static_cast<std::size_t>(vectors)];
        unrolled<vectors>([&](auto j) FALTUNG_INLINED {
          if constexpr (in_line)
            v[j] = j + 1 == vectors ? hn::LoadU(d, q + x) : hn::LoadU(d, p + x + j * lanes);
          else
            v[j] = j + 1 == vectors ? hn::LoadU(d, q + step[x]) : hn::LoadU(d, p + step[x] + j * lanes);
          keep(v[j]);
        });
        unrolled<rows>([&](auto r) FALTUNG_INLINED {
          if constexpr (e - r * stride >= 0 && e - r * stride < height) {
            const V weight = hn::Set(d, w[(e - r * stride) * width + x]);
            unrolled<vectors>(
                [&](auto j) FALTUNG_INLINED { sum[r * vectors + j] = hn::MulAdd(weight, v[j], sum[r * vectors + j]); });
          }
        });
      });
    });
  }
  unrolled<rows>([&](auto r) FALTUNG_INLINED {
    unrolled<vectors>([&](auto j) FALTUNG_INLINED {
      hn::StoreU(sum[r * vectors + j], d, j + 1 == vectors ? c[r] + last : c[r] + at + j * lanes);
    });
  });
}

/// `block<vectors>(at, last)` handles positions in blocks of `most` vectors, then of fewer. The last vector ends with
/// the row, and may repeat some positions of the one before. Four vectors are two blocks of two, not of three and one:
/// sums of one vector wait for each other.
template <int most, class Block>
HWY_INLINE void position_blocks(std::int64_t positions, std::int64_t lanes, Block&& block, std::int64_t at = 0) {
  const auto left = [&] { return positions - at; };
  for (; left() > (most - 1) * lanes; at += most * lanes) {
    if (most == 3 && left() > 3 * lanes && left() <= 4 * lanes) break;
    block(std::integral_constant<int, most>{}, at, std::min(at + (most - 1) * lanes, positions - lanes));
  }
  if constexpr (most > 1) position_blocks<(most + 1) / 2>(positions, lanes, block, at);
}

/// A function of its own: together they are more than compilers like in one.
template <class T, int rows, int height, int width, int stride, bool in_line>
HWY_NOINLINE void known_tile(const FewChannelsTile<T>& in) {
  position_blocks<known_vectors>(in.positions, static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>())),
                                 [&](auto vectors, std::int64_t at, std::int64_t last) FALTUNG_INLINED {
                                   known_block<T, rows, height, width, stride, in_line, vectors>(in, at, last, in.c);
                                 });
}

/// True when it is done.
template <class T, int rows, int height, int width, int stride, bool in_line>
HWY_INLINE bool known(const FewChannelsTile<T>& in) {
  if (in.height != height || in.width != width || in.row_weights != stride * width) return false;
  if constexpr (in_line)
    for (int x = 0; x < width; ++x)
      if (in.x_step[x] != x) return false;
  known_tile<T, rows, height, width, stride, in_line>(in);
  return true;
}

template <class T, int rows, int most>
void few_channels(const FewChannelsTile<T>& in) {
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  if (in.positions < lanes) {  // computed beside the row; only its true cells are copied
    T beside[static_cast<std::size_t>(rows * lanes)];
    T* c[static_cast<std::size_t>(rows)];
    for (int r = 0; r < rows; ++r) c[r] = beside + r * lanes;
    few_channels_block<T, rows, 1>(in, 0, 0, c);
    for (std::int64_t r = 0; r < in.count; ++r)
      std::memcpy(in.c[r], c[r], static_cast<std::size_t>(in.positions) * sizeof(T));
    return;
  }
  if constexpr (rows > 1 && fast_target)
    if (in.count == rows && in.start_rows == nullptr &&
        (known<T, rows, 3, 3, 1, true>(in) || known<T, rows, 3, 3, 2, false>(in) || known<T, rows, 2, 2, 1, false>(in)))
      return;
  if constexpr (rows > 1 && known_vectors > 2)  // with 16 registers, the loop is faster
    if (in.count == rows && in.start_rows == nullptr && known<T, rows, 5, 5, 1, true>(in)) return;
  position_blocks<most>(in.positions, lanes, [&](auto vectors, std::int64_t at, std::int64_t last) FALTUNG_INLINED {
    few_channels_block<T, rows, vectors>(in, at, last, in.c);
  });
}

template <class T>
constexpr FewChannelsKernels<T> make_few_channels_table() {
  // One row of eight vectors, or four rows: of three vectors where that fills 16 registers, of two where there are 32
  // and loads that cross cache lines are the bound. As many sums as hide the latency, with registers left for the
  // given.
  return {static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>())), &few_channels < T, few_channels_rows,
          HWY_TARGET == HWY_AVX2 ? 3 : 2 >, &few_channels<T, 1, 8>};
}

#undef FALTUNG_INLINED

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
