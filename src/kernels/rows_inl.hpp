// Loops over rows: interleaving phases, taking them apart, transposing, filling panels, finishing sums. Included again
// for each target.
#if defined(FALTUNG_ROWS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_ROWS_INL
#undef FALTUNG_ROWS_INL
#else
#define FALTUNG_ROWS_INL
#endif

#include "kernels/kernels.hpp"
#include "kernels/transpose_inl.hpp"

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#define FALTUNG_INLINED __attribute__((always_inline))

#if HWY_TARGET != HWY_SCALAR
/// `block(i)` handles elements i … i + width − 1: whole blocks, the last one moved back so that it ends at n. Returns
/// what is done.
template <class Block>
HWY_INLINE std::int64_t blocks(std::int64_t n, std::int64_t width, Block&& block) {
  if (n < width) return 0;
  for (std::int64_t i = 0; i + width <= n; i += width) block(i);
  if (n % width != 0) block(n - width);
  return n;
}
#endif

/// One row, from rows[r] + from.
template <class T>
HWY_INLINE void interleave_row(const T* const* rows, std::int64_t from, std::int64_t count, std::int64_t n,
                               T* HWY_RESTRICT out) {
  std::int64_t i = 0;
  if (count == 1) {
    std::memcpy(out, rows[0] + from, static_cast<std::size_t>(n) * sizeof(T));
    return;
  }
#if HWY_TARGET != HWY_SCALAR
  const auto by = [&](auto d) FALTUNG_INLINED {
    const auto width = static_cast<std::int64_t>(hn::Lanes(d));
    if (count == 2)
      return blocks(n, width, [&](std::int64_t at) FALTUNG_INLINED {
        hn::StoreInterleaved2(hn::LoadU(d, rows[0] + from + at), hn::LoadU(d, rows[1] + from + at), d, out + 2 * at);
      });
    if (count == 3)
      return blocks(n, width, [&](std::int64_t at) FALTUNG_INLINED {
        hn::StoreInterleaved3(hn::LoadU(d, rows[0] + from + at), hn::LoadU(d, rows[1] + from + at),
                              hn::LoadU(d, rows[2] + from + at), d, out + 3 * at);
      });
    if (count != 4) return std::int64_t{0};
    return blocks(n, width, [&](std::int64_t at) FALTUNG_INLINED {
      hn::StoreInterleaved4(hn::LoadU(d, rows[0] + from + at), hn::LoadU(d, rows[1] + from + at),
                            hn::LoadU(d, rows[2] + from + at), hn::LoadU(d, rows[3] + from + at), d, out + 4 * at);
    });
  };
  const auto transposed = [&](auto d) FALTUNG_INLINED {  // squares of rows and positions
    const auto height = static_cast<std::int64_t>(hn::Lanes(d));
    if (count < height) return std::int64_t{0};
    return blocks(n, 16 / sizeof(T), [&](std::int64_t at) FALTUNG_INLINED {
      blocks(count, height, [&](std::int64_t r) FALTUNG_INLINED {
        transpose_block(
            d, [&](std::int64_t row) FALTUNG_INLINED { return rows[r + row] + from + at; }, out + at * count + r,
            count);
      });
    });
  };
  if (count > 4) {
    i = transposed(hn::ScalableTag<T>());
    if (i == 0) i = transposed(hn::CappedTag<T, 32 / sizeof(T)>());
    if (i == 0) i = transposed(hn::CappedTag<T, 16 / sizeof(T)>());
  } else {
    i = by(hn::ScalableTag<T>());
    if (i == 0) i = by(hn::CappedTag<T, 16 / sizeof(T)>());  // a short row: vectors of 16 bytes
  }
#endif
  for (; i < n; ++i)
    for (std::int64_t r = 0; r < count; ++r) out[i * count + r] = rows[r][from + i];
}

template <class T>
void interleave(const T* const* rows, std::int64_t in_pitch, std::int64_t height, std::int64_t count, std::int64_t n,
                T* out, std::int64_t out_pitch) {
  for (std::int64_t y = 0; y < height; ++y) interleave_row(rows, y * in_pitch, count, n, out + y * out_pitch);
}

/// One row, to rows[r] + to.
template <class T>
HWY_INLINE void deinterleave_row(const T* HWY_RESTRICT in, std::int64_t count, std::int64_t n, T* const* rows,
                                 std::int64_t to) {
  std::int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const auto by = [&](auto d) FALTUNG_INLINED {
    const auto width = static_cast<std::int64_t>(hn::Lanes(d));
    hn::Vec<decltype(d)> v0, v1, v2, v3;
    if (count == 2)
      return blocks(n, width, [&](std::int64_t at) FALTUNG_INLINED {
        v0 = hn::LoadU(d, in + 2 * at);
        v1 = hn::LoadU(d, in + 2 * at + width);
        hn::StoreU(hn::ConcatEven(d, v1, v0), d, rows[0] + to + at);
        hn::StoreU(hn::ConcatOdd(d, v1, v0), d, rows[1] + to + at);
      });
    if (count == 3)
      return blocks(n, width, [&](std::int64_t at) FALTUNG_INLINED {
        hn::LoadInterleaved3(d, in + 3 * at, v0, v1, v2);
        hn::StoreU(v0, d, rows[0] + to + at);
        hn::StoreU(v1, d, rows[1] + to + at);
        hn::StoreU(v2, d, rows[2] + to + at);
      });
    if constexpr (sizeof(T) == 4)
      if (count == 6 || count == 8) {  // pairs of cells, then their cells
        const hn::Repartition<std::uint64_t, decltype(d)> two;
        hn::Vec<decltype(two)> a[4], b[4];
        return blocks(n, width, [&](std::int64_t at) FALTUNG_INLINED {
          const auto* from = reinterpret_cast<const std::uint64_t*>(in + count * at);
          if (count == 6) {
            hn::LoadInterleaved3(two, from, a[0], a[1], a[2]);
            hn::LoadInterleaved3(two, from + 3 * hn::Lanes(two), b[0], b[1], b[2]);
          } else {
            hn::LoadInterleaved4(two, from, a[0], a[1], a[2], a[3]);
            hn::LoadInterleaved4(two, from + 4 * hn::Lanes(two), b[0], b[1], b[2], b[3]);
          }
          for (std::int64_t i = 0; i < count / 2; ++i) {
            v0 = hn::BitCast(d, a[i]);
            v1 = hn::BitCast(d, b[i]);
            hn::StoreU(hn::ConcatEven(d, v1, v0), d, rows[2 * i] + to + at);
            hn::StoreU(hn::ConcatOdd(d, v1, v0), d, rows[2 * i + 1] + to + at);
          }
        });
      }
    if (count != 4) return std::int64_t{0};
    return blocks(n, width, [&](std::int64_t at) FALTUNG_INLINED {
      hn::LoadInterleaved4(d, in + 4 * at, v0, v1, v2, v3);
      hn::StoreU(v0, d, rows[0] + to + at);
      hn::StoreU(v1, d, rows[1] + to + at);
      hn::StoreU(v2, d, rows[2] + to + at);
      hn::StoreU(v3, d, rows[3] + to + at);
    });
  };
  i = by(hn::ScalableTag<T>());
  if (i == 0) i = by(hn::CappedTag<T, 16 / sizeof(T)>());
#endif
  for (; i < n; ++i)
    for (std::int64_t r = 0; r < count; ++r) rows[r][to + i] = in[i * count + r];
}

template <class T>
void deinterleave(const T* in, std::int64_t in_pitch, std::int64_t height, std::int64_t count, std::int64_t n,
                  T* const* rows, std::int64_t out_pitch) {
  for (std::int64_t y = 0; y < height; ++y) deinterleave_row(in + y * in_pitch, count, n, rows, y * out_pitch);
}

template <class T>
void copy_rows(const T* HWY_RESTRICT in, std::int64_t in_pitch, std::int64_t count, std::int64_t n, T* HWY_RESTRICT out,
               std::int64_t out_pitch) {
#if HWY_TARGET != HWY_SCALAR
  const auto by = [&](auto d) FALTUNG_INLINED {
    const auto width = static_cast<std::int64_t>(hn::Lanes(d));
    if (n < width) return false;
    for (std::int64_t r = 0; r < count; ++r, in += in_pitch, out += out_pitch)
      blocks(n, width, [&](std::int64_t at) FALTUNG_INLINED { hn::StoreU(hn::LoadU(d, in + at), d, out + at); });
    return true;
  };
  if (by(hn::ScalableTag<T>()) || by(hn::CappedTag<T, 16 / sizeof(T)>())) return;  // short rows: vectors of 16 bytes
#endif
  for (std::int64_t r = 0; r < count; ++r, in += in_pitch, out += out_pitch)
    for (std::int64_t i = 0; i < n; ++i) out[i] = in[i];
}

template <class T>
void copy_non_temporal(const T* HWY_RESTRICT in, std::int64_t n, T* HWY_RESTRICT out) {
  constexpr std::size_t line = 64;
  constexpr std::int64_t in_line = line / sizeof(T);
  const std::size_t past = reinterpret_cast<std::uintptr_t>(out) % line;
  const std::int64_t head = std::min(n, static_cast<std::int64_t>((line - past) % line / sizeof(T))),
                     end = head + (n - head) / in_line * in_line;
  std::copy_n(in, head, out);
  const hn::CappedTag<T, static_cast<std::size_t>(in_line)> d;
  for (std::int64_t i = head; i < end; i += static_cast<std::int64_t>(hn::Lanes(d)))
    hn::Stream(hn::LoadU(d, in + i), d, out + i);
  std::copy_n(in + end, n - end, out + end);
}

/// As many rows at a time as fill two lines of the cache in `out`, which are then written whole.
template <class T>
void transpose(const T* HWY_RESTRICT in, std::int64_t in_stride, std::int64_t height, std::int64_t width,
               T* HWY_RESTRICT out, std::int64_t out_stride) {
  std::int64_t done = 0;
#if HWY_TARGET != HWY_SCALAR
  constexpr std::int64_t in_block = 16 / sizeof(T);
  const auto by = [&](auto d, std::int64_t most) FALTUNG_INLINED {
    const auto rows = static_cast<std::int64_t>(hn::Lanes(d));
    while (width >= in_block && height - done >= rows) {
      const std::int64_t end = done + std::min(most, (height - done) / rows * rows);
      blocks(width, in_block, [&](std::int64_t x) FALTUNG_INLINED {
        for (std::int64_t y = done; y < end; y += rows)
          transpose_block(
              d, [&](std::int64_t r) FALTUNG_INLINED { return in + (y + r) * in_stride + x; }, out + x * out_stride + y,
              out_stride);
      });
      done = end;
    }
  };
  by(hn::ScalableTag<T>(), static_cast<std::int64_t>(128 / sizeof(T)));
  by(hn::CappedTag<T, 16 / sizeof(T)>(), in_block);
#endif
  for (std::int64_t y = done; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) out[x * out_stride + y] = in[y * in_stride + x];
}

/// `pieces` vectors per row of the panel, or as many as `count` where it is 0: piece i is copied from cell from[i] to
/// place to[i]; pieces overlap where a segment fills no vector.
template <int pieces, class D, class T = hn::TFromD<D>>
HWY_INLINE void gather_pieces(D d, const T* HWY_RESTRICT planes, const std::int64_t* HWY_RESTRICT offset,
                              std::int64_t depth, const std::int64_t* HWY_RESTRICT from,
                              const std::int64_t* HWY_RESTRICT to, std::int64_t count, std::int64_t width,
                              T* HWY_RESTRICT panel) {
  std::int64_t f[static_cast<std::size_t>(pieces + 1)], t[static_cast<std::size_t>(pieces + 1)];
  for (int i = 0; i < pieces; ++i) f[i] = from[i], t[i] = to[i];  // in registers
  for (std::int64_t k = 0; k < depth; ++k, panel += width) {
    const T* cells = planes + offset[k];
    for (int i = 0; i < pieces; ++i) hn::StoreU(hn::LoadU(d, cells + f[i]), d, panel + t[i]);
    if constexpr (pieces == 0)
      for (std::int64_t i = 0; i < count; ++i) hn::StoreU(hn::LoadU(d, cells + from[i]), d, panel + to[i]);
  }
}

/// Pieces of a vector of `d` that cover all segments.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void gather_by(D d, const T* HWY_RESTRICT planes, const std::int64_t* HWY_RESTRICT offset,
                          std::int64_t depth, const Segment* HWY_RESTRICT segments, std::int64_t segment_count,
                          std::int64_t width, T* HWY_RESTRICT panel) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t from[most_panel_width], to[most_panel_width], count = 0, place = 0;
  for (std::int64_t s = 0; s < segment_count; ++s) {
    for (std::int64_t i = 0; i < segments[s].length; i += lanes) {
      from[count] = segments[s].cell + i;
      to[count++] = place + i;
    }
    place += segments[s].length;
  }
  if (count == 1) return gather_pieces<1>(d, planes, offset, depth, from, to, count, width, panel);
  if (count == 2) return gather_pieces<2>(d, planes, offset, depth, from, to, count, width, panel);
  if (count == 3) return gather_pieces<3>(d, planes, offset, depth, from, to, count, width, panel);
  if (count == 4) return gather_pieces<4>(d, planes, offset, depth, from, to, count, width, panel);
  gather_pieces<0>(d, planes, offset, depth, from, to, count, width, panel);
}

template <class T>
void gather_panel(const T* HWY_RESTRICT planes, const T* end, const std::int64_t* HWY_RESTRICT offset,
                  std::int64_t depth, const Segment* HWY_RESTRICT segments, std::int64_t segment_count,
                  std::int64_t width, T* HWY_RESTRICT panel) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t longest = 0, behind = 0;
  for (std::int64_t s = 0; s < segment_count; ++s) {
    longest = std::max(longest, segments[s].length);
    behind = std::max(behind, segments[s].cell + segments[s].length + lanes);
  }
  // the last cells of the given array have no vector behind them
  std::int64_t whole = 0;
  while (whole < depth && end - planes >= offset[whole] + behind) ++whole;
#if HWY_TARGET != HWY_SCALAR
  const hn::CappedTag<T, 16 / sizeof(T)> d16;
  if (longest <= static_cast<std::int64_t>(hn::Lanes(d16)))
    gather_by(d16, planes, offset, whole, segments, segment_count, width, panel);
  else
#endif
    gather_by(d, planes, offset, whole, segments, segment_count, width, panel);
  for (std::int64_t k = whole; k < depth; ++k) {
    T* to = panel + k * width;
    for (std::int64_t s = 0; s < segment_count; to += segments[s++].length)
      std::copy_n(planes + offset[k] + segments[s].cell, segments[s].length, to);
  }
}

template <class T>
void copy_row(const T* HWY_RESTRICT in, std::int64_t in_step, std::int64_t n, T* HWY_RESTRICT out,
              std::int64_t out_step) {
  if (in_step == 1 && out_step == 1) {
    std::memcpy(out, in, static_cast<std::size_t>(n) * sizeof(T));
    return;
  }
  std::int64_t i = 0;
  if (in_step * out_step == -1) {  // one of them goes backwards: its vector ends where the other's begins
    const hn::ScalableTag<T> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const std::int64_t in_back = in_step < 0 ? lanes - 1 : 0, out_back = out_step < 0 ? lanes - 1 : 0;
    for (; i + lanes <= n; i += lanes)
      hn::StoreU(hn::Reverse(d, hn::LoadU(d, in + i * in_step - in_back)), d, out + i * out_step - out_back);
  }
  for (; i < n; ++i) out[i * out_step] = in[i * in_step];
}

template <class T>
bool all_finite(const T* numbers, std::int64_t n) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto zero = hn::Zero(d);
  auto a = zero, b = zero, c = zero, e = zero;  // 0 times a number stays 0, unless it is none; four sums in flight
  std::int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    a = hn::MulAdd(hn::LoadU(d, numbers + i), zero, a);
    b = hn::MulAdd(hn::LoadU(d, numbers + i + lanes), zero, b);
    c = hn::MulAdd(hn::LoadU(d, numbers + i + 2 * lanes), zero, c);
    e = hn::MulAdd(hn::LoadU(d, numbers + i + 3 * lanes), zero, e);
  }
  T rest{};
  for (; i < n; ++i) rest += numbers[i] * T{};
  return rest == T{} && hn::AllTrue(d, hn::Eq(hn::Add(hn::Add(a, b), hn::Add(c, e)), zero));
}

template <class T>
void finish_row(const Finish<T>& finish, const T* sums, std::int64_t n, T* out) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto slope = hn::Set(d, finish.slope), low = hn::Set(d, finish.low), high = hn::Set(d, finish.high);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    auto y = hn::LoadU(d, sums + i);
    if (finish.adds) y = hn::Add(hn::LoadU(d, out + i), y);
    if (finish.leaks) y = hn::IfThenElse(hn::Lt(y, hn::Zero(d)), hn::Mul(slope, y), y);
    if (finish.limits) y = hn::IfThenElse(hn::Lt(y, low), low, hn::IfThenElse(hn::Gt(y, high), high, y));
    hn::StoreU(y, d, out + i);
  }
  for (; i < n; ++i) out[i] = finish(finish.adds ? out[i] + sums[i] : sums[i]);
}

template <class T>
constexpr RowKernels<T> make_row_table() {
  return {static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>())),
          &interleave<T>,
          &deinterleave<T>,
          &copy_rows<T>,
          &copy_non_temporal<T>,
          &hwy::FlushStream,
          &transpose<T>,
          &gather_panel<T>,
          &copy_row<T>,
          &all_finite<T>,
          &finish_row<T>};
}

#undef FALTUNG_INLINED

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
