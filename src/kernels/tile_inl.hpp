// The register tiles, written once for every target and element type. Included again for each target.
#if defined(FALTUNG_TILE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_TILE_INL
#undef FALTUNG_TILE_INL
#else
#define FALTUNG_TILE_INL
#endif

#include "kernels/keep_inl.hpp"
#include "kernels/kernels.hpp"

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// f(0), f(1), …, f(n − 1) with constant arguments: arrays of vectors stay in registers only when every index is a
/// constant.
template <int n, class F>
HWY_INLINE void unroll(F&& f) {
  [&]<int... i>(std::integer_sequence<int, i...>) { (f(std::integral_constant<int, i>{}), ...); }
  (std::make_integer_sequence<int, n>{});
}

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
inline constexpr std::int64_t lanes = static_cast<std::int64_t>(hn::MaxLanes(Tag<T>()));

/// Every sum of row i from start[i].
template <class T, int rows, int vectors>
HWY_INLINE void start_sums(const T* HWY_RESTRICT start, hn::Vec<Tag<T>>* HWY_RESTRICT sum) {
  unroll<rows>([&](auto i) { unroll<vectors>([&](auto j) { sum[i * vectors + j] = hn::Set(Tag<T>(), start[i]); }); });
}

/// Where the vectors of a tile stand: one behind the other.
template <class T>
struct Together {
  template <int j>
  std::int64_t operator()(std::integral_constant<int, j>) const {
    return j * lanes<T>;
  }
};

/// … or, where there are few, anywhere.
template <class T, int vectors>
struct Anywhere {
  std::int64_t second, third;
  /// `at` null: one behind the other.
  HWY_INLINE explicit Anywhere(const std::int64_t* at)
      : second(at != nullptr && vectors > 1 ? at[1] : lanes<T>),
        third(at != nullptr && vectors > 2 ? at[2] : 2 * lanes<T>) {}
  template <int j>
  HWY_INLINE std::int64_t operator()(std::integral_constant<int, j>) const {
    if constexpr (j == 0 || vectors > most_vectors_apart) return j * lanes<T>;
    return j == 1 ? second : third;
  }
};

/// One step of the sums: the weights of `stacked` tiles of `rows`, those of each `next` behind those of the one before,
/// times the cells.
template <class T, int rows, int vectors, int stacked, class Place>
HWY_INLINE void add_step(const T* HWY_RESTRICT a, [[maybe_unused]] std::int64_t next, const T* HWY_RESTRICT in,
                         const Place& place, hn::Vec<Tag<T>>* HWY_RESTRICT sum) {
  const Tag<T> d;
  using V = hn::Vec<Tag<T>>;
  V x[static_cast<std::size_t>(vectors)];
  unroll<vectors>([&](auto j) { x[j] = hn::LoadU(d, in + place(j)); });
  unroll<rows * stacked>([&](auto i) {
    const V w = hn::Set(d, a[i % rows + i / rows * next]);
    unroll<vectors>([&](auto j) { sum[i * vectors + j] = hn::MulAdd(w, x[j], sum[i * vectors + j]); });
  });
}

/// `stacked` tiles of `rows`, one below the other: the weights of each follow those of the one before.
template <class T, int rows, int vectors, int stacked>
HWY_INLINE void one_tile(const T* HWY_RESTRICT a, const T* HWY_RESTRICT b, const std::int64_t* HWY_RESTRICT offset,
                         const Steps& steps, T* HWY_RESTRICT c, std::int64_t c_stride, const T* HWY_RESTRICT start,
                         const Anywhere<T, vectors>& cells, const Anywhere<T, vectors>& results) {
  const Tag<T> d;
  using V = hn::Vec<Tag<T>>;
  constexpr int all = rows * stacked;
  V sum[static_cast<std::size_t>(all * vectors)];
  if (start != nullptr)
    start_sums<T, all, vectors>(start, sum);
  else
    unroll<all>([&](auto i) {
      unroll<vectors>([&](auto j) { sum[i * vectors + j] = hn::LoadU(d, c + i * c_stride + results(j)); });
    });
  const std::int64_t next = stacked > 1 ? rows * steps.parts * steps.part() : 0;
  const std::int64_t run = steps.run, skip = steps.skip, runs = steps.runs;
  for (std::int64_t part = 0; part < steps.parts; ++part) {
    for (std::int64_t r = 0; r < runs; ++r) {
      for (const std::int64_t* const end = offset + run; offset < end; ++offset) {
        const T* in = b + *offset;
        if constexpr (all < vectors) {  // the fewer stay in registers
          V w[static_cast<std::size_t>(all)];
          unroll<all>([&](auto i) { w[i] = hn::Set(d, a[i % rows + i / rows * next]); });
          unroll<vectors>([&](auto j) {
            V x = hn::LoadU(d, in + cells(j));
            keep(x);
            unroll<all>([&](auto i) { sum[i * vectors + j] = hn::MulAdd(w[i], x, sum[i * vectors + j]); });
          });
        } else {
          add_step<T, rows, vectors, stacked>(a, next, in, cells, sum);
        }
        a += rows;
      }
      offset += skip;
      a += rows * skip;
    }
    offset += steps.rest;
    a += rows * steps.rest;
  }
  unroll<all>([&](auto i) {
    unroll<vectors>([&](auto j) { hn::StoreU(sum[i * vectors + j], d, c + i * c_stride + results(j)); });
  });
}

/// Of few rows: a function of its own, or GCC keeps the weights of AVX-512 on the stack (1.5 times as long).
template <class T, int rows, int vectors, int stacked>
HWY_NOINLINE void one_tile_of_few_rows(const T* HWY_RESTRICT a, const T* HWY_RESTRICT b,
                                       const std::int64_t* HWY_RESTRICT offset, const Steps& steps, T* HWY_RESTRICT c,
                                       std::int64_t c_stride, const T* HWY_RESTRICT start,
                                       const Anywhere<T, vectors>& cells, const Anywhere<T, vectors>& results) {
  one_tile<T, rows, vectors, stacked>(a, b, offset, steps, c, c_stride, start, cells, results);
}

template <class T, int rows, int vectors, int stacked>
void tile(const T* HWY_RESTRICT a, const T* HWY_RESTRICT b, const std::int64_t* HWY_RESTRICT offset, const Steps& steps,
          T* HWY_RESTRICT c, std::int64_t c_stride, const T* HWY_RESTRICT start, const Repeat& repeat,
          const Apart* apart) {
  const Anywhere<T, vectors> cells(apart == nullptr ? nullptr : apart->cells);
  const Anywhere<T, vectors> results(apart == nullptr ? nullptr : apart->results);
  constexpr auto line = static_cast<std::int64_t>(64 / sizeof(T));
  for (std::int64_t i = 0; i < repeat.count; ++i) {
    if (repeat.asks_ahead)  // a store waits for its line
      for (std::int64_t r = 0; r < rows * stacked; ++r)
        for (std::int64_t j = 0; j < vectors * lanes<T>; j += line) hwy::Prefetch(c + r * c_stride + 2 * repeat.c + j);
    if constexpr (rows * stacked < vectors)
      one_tile_of_few_rows<T, rows, vectors, stacked>(a, b, offset, steps, c, c_stride, start, cells, results);
    else
      one_tile<T, rows, vectors, stacked>(a, b, offset, steps, c, c_stride, start, cells, results);
    a += repeat.a;
    b += repeat.b;
    c += repeat.c;
    if (start != nullptr) start += repeat.start;
  }
}

template <class T, int rows, int vectors>
void correlate(const T* HWY_RESTRICT a, const std::int64_t* HWY_RESTRICT row, const std::int64_t* HWY_RESTRICT step,
               const T* HWY_RESTRICT b, std::int64_t b_stride, std::int64_t depth, T* HWY_RESTRICT c,
               std::int64_t c_stride, bool starts) {
  const Tag<T> d;
  using V = hn::Vec<Tag<T>>;
  V sum[static_cast<std::size_t>(rows * vectors)];
  const T* in[static_cast<std::size_t>(rows)];
  unroll<rows>([&](auto i) { in[i] = a + row[i]; });
  unroll<rows * vectors>([&](auto i) { sum[i] = hn::Zero(d); });
  for (std::int64_t k = 0; k < depth; ++k) {
    const std::int64_t at = step[k];
    V x[static_cast<std::size_t>(vectors)];
    unroll<vectors>([&](auto j) { x[j] = hn::LoadU(d, b + j * lanes<T>); });
    unroll<rows>([&](auto i) {
      const V w = hn::Set(d, in[i][at]);
      unroll<vectors>([&](auto j) { sum[i * vectors + j] = hn::MulAdd(w, x[j], sum[i * vectors + j]); });
    });
    b += b_stride;
  }
  unroll<rows>([&](auto i) {
    unroll<vectors>([&](auto j) {
      T* to = c + i * c_stride + j * lanes<T>;
      hn::StoreU(hn::Add(starts ? hn::Zero(d) : hn::LoadU(d, to), sum[i * vectors + j]), d, to);
    });
  });
}

/// Registers of the target: accumulators, one vector of b each, and one for a must fit.
constexpr int registers = HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_ARCH_ARM_A64 ? 32 : 16;
constexpr bool fits(int rows, int vectors, int most_rows) {
  return rows * vectors + (rows < vectors ? rows : vectors) + 1 <= registers && rows <= most_rows;
}

template <class T, int rows, int vectors>
constexpr void enter(TileKernels<T>& table) {
  if constexpr (fits(rows, vectors, most_tile_rows)) {
    table.tile[rows][vectors] = &tile<T, rows, vectors, 1>;
    if constexpr (vectors == 1 && fits(2 * rows, 1, registers)) table.pair[rows] = &tile<T, rows, 1, 2>;
    table.widest[rows] = std::max(table.widest[rows], vectors);
    if constexpr (vectors <= most_panel_vectors && rows * vectors + vectors < registers)
      table.correlate[rows][vectors] = &correlate<T, rows, vectors>;
  }
}

template <class T>
constexpr TileKernels<T> make_tile_table() {
  TileKernels<T> table;
  table.lanes = lanes<T>;
  table.fused = HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_NEON;
  // 4×24 and 6×16 floats of AVX2, 8×48 and 12×32 of AVX-512: at least ten accumulators hide the latency of a
  // multiply-add (4 cycles × 2 units)
  table.wide_rows = registers == 32 ? 8 : 4;
  table.wide_vectors = 3;
  table.tall_rows = registers == 32 ? 12 : 6;
  table.tall_vectors = 2;
  [&]<int... i>(std::integer_sequence<int, i...>) {
    (enter<T, i % most_tile_rows + 1, i / most_tile_rows + 1>(table), ...);
  }
  (std::make_integer_sequence<int, most_tile_rows * most_tile_vectors>{});
  return table;
}

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
