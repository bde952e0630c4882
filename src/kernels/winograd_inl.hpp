// The transforms of bilinear.hpp, lanes along positions. Included again for each target.
#if defined(FALTUNG_WINOGRAD_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_WINOGRAD_INL
#undef FALTUNG_WINOGRAD_INL
#else
#define FALTUNG_WINOGRAD_INL
#endif

#include "kernels/rows_inl.hpp"
#include "kernels/tile_inl.hpp"
#include "kernels/winograd.hpp"
#include "support/integers.hpp"

#include <hwy/cache_control.h>
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

template <int n, class F>
HWY_INLINE void each(F&& f) {
  [&]<int... i>(std::integer_sequence<int, i...>) FALTUNG_INLINED { (f(std::integral_constant<int, i>{}), ...); }
  (std::make_integer_sequence<int, n>{});
}

enum class Side { in_left, in_right, out_left, out_right, weights };

template <WinogradScheme scheme, Side side>
constexpr const FractionMatrix& factor() {
  if constexpr (side == Side::in_left) return bilinear<scheme>.in_factors.left;
  if constexpr (side == Side::in_right) return bilinear<scheme>.in_factors.right;
  if constexpr (side == Side::out_left) return bilinear<scheme>.out_factors.left;
  if constexpr (side == Side::weights) return bilinear<scheme>.weights;
  return bilinear<scheme>.out_factors.right;
}

/// The first entry of a row that is 1, or the first that is not 0; −1: the row is empty.
constexpr int leading(const FractionMatrix& matrix, int row) {
  int first = -1;
  for (int j = matrix.columns - 1; j >= 0; --j)
    if (matrix.at(row, j) != 0 && (first < 0 || matrix.at(row, first) != 1 || matrix.at(row, j) == 1)) first = j;
  return first;
}

template <WinogradScheme scheme, Side side, int row, class D, class V>
HWY_INLINE V times_row(D d, const V* x) {
  constexpr const FractionMatrix& matrix = factor<scheme, side>();
  using T = hn::TFromD<D>;
  constexpr int first = leading(matrix, row);
  static_assert(first >= 0);
  V sum = x[first];
  if constexpr (matrix.at(row, first) != 1)
    sum = hn::Mul(hn::Set(d, static_cast<T>(matrix.at(row, first).value())), sum);
  each<matrix.columns>([&](auto j) FALTUNG_INLINED {
    if constexpr (j != first && matrix.at(row, j) != 0) {
      if constexpr (matrix.at(row, j) == 1)
        sum = hn::Add(sum, x[j]);
      else if constexpr (matrix.at(row, j) == -1)
        sum = hn::Sub(sum, x[j]);
      else
        sum = hn::MulAdd(hn::Set(d, static_cast<T>(matrix.at(row, j).value())), x[j], sum);
    }
  });
  return sum;
}

/// put(i, (left · right · x)[i]) for every row i.
template <WinogradScheme scheme, Side left, Side right, class D, class V, class Put>
HWY_INLINE void transform(D d, const V* x, Put&& put) {
  constexpr int between = factor<scheme, right>().rows;
  V y[static_cast<std::size_t>(between)];
  each<between>([&](auto i) FALTUNG_INLINED { y[i] = times_row<scheme, right, i>(d, x); });
  each<factor<scheme, left>().rows>([&](auto i) FALTUNG_INLINED { put(i, times_row<scheme, left, i>(d, y)); });
}

template <class T, WinogradScheme scheme>
void in_rows(const T* const* rows, std::int64_t n, T* HWY_RESTRICT out, std::int64_t pitch) {
  const hn::ScalableTag<T> d;
  constexpr auto width = static_cast<std::int64_t>(hn::MaxLanes(d));
  constexpr int cells = bilinear<scheme>.in.columns;
  for (std::int64_t at = 0; at < n; at += width) {
    hn::Vec<decltype(d)> x[static_cast<std::size_t>(cells)];
    each<cells>([&](auto j) FALTUNG_INLINED { x[j] = hn::LoadU(d, rows[j] + at); });
    transform<scheme, Side::in_left, Side::in_right>(
        d, x, [&](auto i, auto y) FALTUNG_INLINED { hn::StoreU(y, d, out + i * pitch + at); });
  }
}

/// planes[i][t·granule + f] = row[(t·count + i)·granule + f], t < n, f < granule; writes up to a vector more.
template <class T>
HWY_INLINE void take_apart(const T* HWY_RESTRICT row, std::int64_t count, std::int64_t granule, std::int64_t n,
                           T* const* planes) {
  const hn::ScalableTag<T> d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  if (granule == 1) return deinterleave_row(row, count, round_up(n, width), planes, 0);
  for (std::int64_t t = 0; t < n; ++t)
    for (std::int64_t i = 0; i < count; ++i, row += granule)
      for (std::int64_t f = 0; f < granule; f += width)
        hn::StoreU(hn::LoadU(d, row + f), d, planes[i] + t * granule + f);
}

template <class T>
HWY_INLINE void put_together(const T* const* planes, std::int64_t count, std::int64_t granule, std::int64_t n,
                             T* HWY_RESTRICT row) {
  const hn::ScalableTag<T> d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  if (granule == 1 && count == 6) {  // pairs of rows, then pairs of cells
    T pairs[3][2 * 64 / sizeof(T)];
    for (std::int64_t t = 0; t < n; t += width, row += 6 * width) {
      for (std::int64_t i = 0; i < 3; ++i) interleave_row(planes + 2 * i, t, 2, width, pairs[i]);
#if HWY_TARGET != HWY_SCALAR
      if constexpr (sizeof(T) == 4) {
        const hn::Repartition<std::uint64_t, decltype(d)> two;
        for (std::int64_t half = 0; half < 2; ++half)
          hn::StoreInterleaved3(hn::BitCast(two, hn::LoadU(d, pairs[0] + half * width)),
                                hn::BitCast(two, hn::LoadU(d, pairs[1] + half * width)),
                                hn::BitCast(two, hn::LoadU(d, pairs[2] + half * width)), two,
                                reinterpret_cast<std::uint64_t*>(row + half * 3 * width));
        continue;
      }
#endif
      for (std::int64_t i = 0; i < 3; ++i)
        for (std::int64_t j = 0; j < width; ++j) std::memcpy(row + 6 * j + 2 * i, pairs[i] + 2 * j, 2 * sizeof(T));
    }
    return;
  }
  if (granule == 1) return interleave_row(planes, 0, count, round_up(n, width), row);
  for (std::int64_t t = 0; t < n; ++t)
    for (std::int64_t i = 0; i < count; ++i, row += granule)
      for (std::int64_t f = 0; f < granule; f += width)
        hn::StoreU(hn::LoadU(d, planes[i] + t * granule + f), d, row + f);
}

template <class T, WinogradScheme scheme>
void in_columns(const WinogradColumns& shape, const T* HWY_RESTRICT rows, T* HWY_RESTRICT planes,
                T* HWY_RESTRICT points) {
  const hn::ScalableTag<T> d;
  constexpr auto width = static_cast<std::int64_t>(hn::MaxLanes(d));
  constexpr int cells = bilinear<scheme>.in.columns, step = bilinear<scheme>.step;
  const std::int64_t row_planes = step * shape.plane_pitch;
  // all rows first: vectors that straddle two fresh stores wait for both
  if (step > 1)
    for (std::int64_t r = 0; r < shape.rows; ++r) {
      T* to[static_cast<std::size_t>(step)];
      for (int i = 0; i < step; ++i) to[i] = planes + r * row_planes + i * shape.plane_pitch;
      take_apart(rows + r * shape.row_pitch, step, shape.granule, shape.tiles + (cells - 1) / step, to);
    }
  for (std::int64_t r = 0; r < shape.rows; ++r) {
    const T* in = step == 1 ? rows + r * shape.row_pitch : planes + r * row_planes;
    T* out = points + r * shape.row_stride;
    for (std::int64_t at = 0; at < shape.tiles * shape.granule; at += width) {
      hn::Vec<decltype(d)> x[static_cast<std::size_t>(cells)];
      each<cells>([&](auto j) FALTUNG_INLINED {
        x[j] = hn::LoadU(d, in + (j % step) * shape.plane_pitch + at + (j / step) * shape.granule);
      });
      transform<scheme, Side::in_left, Side::in_right>(
          d, x, [&](auto i, auto y) FALTUNG_INLINED { hn::StoreU(y, d, out + i * shape.point_stride + at); });
    }
  }
}

template <class T, WinogradScheme scheme>
void out_columns(const WinogradColumns& shape, const T* HWY_RESTRICT points, T* HWY_RESTRICT planes,
                 T* HWY_RESTRICT rows) {
  const hn::ScalableTag<T> d;
  constexpr auto width = static_cast<std::int64_t>(hn::MaxLanes(d));
  constexpr int results = bilinear<scheme>.out.rows, products = bilinear<scheme>.out.columns;
  T* plane[static_cast<std::size_t>(results)];
  for (int i = 0; i < results; ++i) plane[i] = planes + i * shape.plane_pitch;
  for (std::int64_t r = 0; r < shape.rows; ++r) {
    const T* in = points + r * shape.row_stride;
    T* row = rows + r * shape.row_pitch;
    if (results == 1) plane[0] = row;
    for (std::int64_t at = 0; at < shape.tiles * shape.granule; at += width) {
      hn::Vec<decltype(d)> x[static_cast<std::size_t>(products)];
      each<products>([&](auto j) FALTUNG_INLINED { x[j] = hn::LoadU(d, in + j * shape.point_stride + at); });
      transform<scheme, Side::out_left, Side::out_right>(
          d, x, [&](auto i, auto y) FALTUNG_INLINED { hn::StoreU(y, d, plane[i] + at); });
    }
    if (results > 1) put_together<T>(plane, results, shape.granule, shape.tiles, row);
  }
}

/// Vectors of all results at once; what is not finite shows in `wild`.
template <class T, WinogradScheme scheme>
HWY_INLINE void out_vector(const T* HWY_RESTRICT rows, std::int64_t pitch, T* const* out, std::int64_t to,
                           hn::Vec<hn::ScalableTag<T>>& wild) {
  const hn::ScalableTag<T> d;
  constexpr int products = bilinear<scheme>.out.columns;
  hn::Vec<decltype(d)> x[static_cast<std::size_t>(products)];
  each<products>([&](auto j) FALTUNG_INLINED { x[j] = hn::LoadU(d, rows + j * pitch); });
  auto sum = hn::Zero(d);
  transform<scheme, Side::out_left, Side::out_right>(d, x, [&](auto i, auto y) FALTUNG_INLINED {
    sum = i == 0 ? y : hn::Add(sum, y);
    hn::StoreU(y, d, out[i] + to);
  });
  wild = hn::MulAdd(sum, hn::Zero(d), wild);  // 0 times a number stays 0, unless it is none
}

template <class T, WinogradScheme scheme>
bool out_rows(const T* HWY_RESTRICT rows, std::int64_t pitch, std::int64_t n, T* const* out) {
  const hn::ScalableTag<T> d;
  constexpr auto width = static_cast<std::int64_t>(hn::MaxLanes(d));
  constexpr int results = bilinear<scheme>.out.rows;
  auto wild = hn::Zero(d);
  if (n < width) {  // computed beside the row; only its true cells are copied
    T beside[static_cast<std::size_t>(results * width)];
    T* to[static_cast<std::size_t>(results)];
    for (int i = 0; i < results; ++i) to[i] = beside + i * width;
    auto nothing = wild;
    out_vector<T, scheme>(rows, pitch, to, 0, nothing);
    T sum{};
    for (int i = 0; i < results; ++i) {
      std::memcpy(out[i], to[i], static_cast<std::size_t>(n) * sizeof(T));
      for (std::int64_t j = 0; j < n; ++j) sum += to[i][j] * T{};
    }
    return sum == T{};
  }
  for (std::int64_t at = 0; at + width <= n; at += width) out_vector<T, scheme>(rows + at, pitch, out, at, wild);
  if (n % width != 0) out_vector<T, scheme>(rows + n - width, pitch, out, n - width, wild);
  return hn::AllTrue(d, hn::Eq(wild, hn::Zero(d)));
}

HWY_INLINE hn::Vec<Tag<double>> load_wide(const double* from) { return hn::LoadU(Tag<double>(), from); }
HWY_INLINE hn::Vec<Tag<double>> load_wide(const float* from) {
  return hn::PromoteTo(Tag<double>(), hn::LoadU(hn::Rebind<float, Tag<double>>(), from));
}
HWY_INLINE void store_wide(hn::Vec<Tag<double>> v, double* to) { hn::StoreU(v, Tag<double>(), to); }
HWY_INLINE void store_wide(hn::Vec<Tag<double>> v, float* to) {
#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR  // whose DemoteTo makes finite numbers of all
  double wide[lanes<double>];
  hn::StoreU(v, Tag<double>(), wide);
  std::copy_n(wide, lanes<double>, to);
#else
  const hn::Rebind<float, Tag<double>> d;
  hn::StoreU(hn::DemoteTo(d, v), d, to);
#endif
}

template <class In, class Out, WinogradScheme scheme>
void transform_weights(const In* HWY_RESTRICT in, std::int64_t n, Out* HWY_RESTRICT out) {
  const Tag<double> d;
  constexpr const FractionMatrix& matrix = bilinear<scheme>.weights;
  for (std::int64_t at = 0; at < n; at += lanes<double>) {
    hn::Vec<decltype(d)> x[static_cast<std::size_t>(matrix.columns)];
    each<matrix.columns>([&](auto k) FALTUNG_INLINED { x[k] = load_wide(in + k * n + at); });
    each<matrix.rows>([&](auto i) FALTUNG_INLINED {
      if constexpr (leading(matrix, i) >= 0)
        store_wide(times_row<scheme, Side::weights, i>(d, x), out + i * n + at);
      else  // a tap that there is not
        store_wide(hn::Zero(d), out + i * n + at);
    });
  }
}

/// Bytes of weights that are on their way while others are used: they come from the last cache, in one long run, and
/// 0.5 to 4 KB ahead were equally good.
constexpr std::int64_t weights_ahead = 1536;

template <class T, int rows, int vectors, int stacked>
void multiply_block(const T* HWY_RESTRICT a, std::int64_t next, const T* HWY_RESTRICT b,
                    const std::int64_t* HWY_RESTRICT offset, std::int64_t depth, T* HWY_RESTRICT c,
                    std::int64_t c_stride, const T* HWY_RESTRICT start) {
  const Tag<T> d;
  using V = hn::Vec<Tag<T>>;
  constexpr int all = rows * stacked;
  V sum[static_cast<std::size_t>(all * vectors)];
  if (start != nullptr)
    start_sums<T, all, vectors>(start, sum);
  else
    unroll<all * vectors>([&](auto i) { sum[i] = hn::Zero(d); });
  for (std::int64_t k = 0; k < depth; ++k, a += rows) {
    // of a pair by turns the first and the second tile's of the next pair
    const T* ahead = stacked > 1 && k % 2 != 0 ? a + next : a;
    hwy::Prefetch(reinterpret_cast<const char*>(ahead) + stacked * weights_ahead);
    add_step<T, rows, vectors, stacked>(a, next, b + offset[k], Together<T>(), sum);
  }
  unroll<all>([&](auto i) {
    unroll<vectors>([&](auto j) {
      T* to = c + i * c_stride + j * lanes<T>;
      V& y = sum[i * vectors + j];
      if (start == nullptr) y = hn::Add(hn::LoadU(d, to), y);
      hn::StoreU(y, d, to);
    });
  });
}

template <class T, class D, int columns, int panels>
void multiply_columns(const T* HWY_RESTRICT a, std::int64_t next, std::int64_t rows, const T* HWY_RESTRICT b,
                      const std::int64_t* HWY_RESTRICT offset, std::int64_t depth, T* HWY_RESTRICT c,
                      std::int64_t c_stride, const T* HWY_RESTRICT start) {
  const D d;
  using V = hn::Vec<D>;
  const auto size = static_cast<std::size_t>(rows);
  T beside[hn::MaxLanes(D())] = {};
  V sum[static_cast<std::size_t>(panels * columns)];
  unroll<panels>([&](auto p) {
    if (start != nullptr) std::memcpy(beside, start + p * rows, size * sizeof(T));
    unroll<columns>([&](auto j) { sum[p * columns + j] = hn::LoadU(d, beside); });
  });
  for (std::int64_t k = 0; k < depth; ++k, a += rows) {
    const T* in = b + offset[k];
    V x[static_cast<std::size_t>(columns)];
    unroll<columns>([&](auto j) { x[j] = hn::Set(d, in[j]); });
    unroll<panels>([&](auto p) {
      const V w = hn::LoadU(d, a + p * next);
      unroll<columns>([&](auto j) { sum[p * columns + j] = hn::MulAdd(w, x[j], sum[p * columns + j]); });
    });
  }
  unroll<panels>([&](auto p) {
    unroll<columns>([&](auto j) {
      hn::StoreU(sum[p * columns + j], d, beside);
      for (std::int64_t i = 0; i < rows; ++i) {
        T& to = c[(p * rows + i) * c_stride + j];
        to = start != nullptr ? beside[i] : to + beside[i];
      }
    });
  });
}

template <class T, int columns, int panels>
constexpr void enter_columns(WinogradKernels<T>& table) {
  if constexpr (panels <= most_column_panels(columns)) {
    using Half = hn::CappedTag<T, lanes<T> == 1 ? 1 : static_cast<std::size_t>(lanes<T> / 2)>;
    table.columns[0][columns][panels] = &multiply_columns<T, Half, columns, panels>;
    table.columns[1][columns][panels] = &multiply_columns<T, Tag<T>, columns, panels>;
  }
}

template <class T, int rows, int vectors>
constexpr void enter_product(WinogradKernels<T>& table) {
  if constexpr (rows * vectors + vectors < registers)
    table.product[rows][vectors] = &multiply_block<T, rows, vectors, 1>;
  if constexpr (vectors == 1 && fits(2 * rows, 1, registers)) table.pair[rows] = &multiply_block<T, rows, 1, 2>;
}

template <class T>
void fetch(const T* numbers, std::int64_t n, std::int64_t rows, std::int64_t pitch) {
  for (std::int64_t r = 0; r < rows; ++r, numbers += pitch)
    for (std::int64_t i = 0; i < n; i += static_cast<std::int64_t>(64 / sizeof(T))) hwy::Prefetch(numbers + i);
}

template <class T>
constexpr WinogradKernels<T> make_winograd_table() {
  WinogradKernels<T> table;
  table.fetch = &fetch<T>;
  table.lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    ((table.axis[i] = {&in_rows<T, static_cast<WinogradScheme>(i)>, &in_columns<T, static_cast<WinogradScheme>(i)>,
                       &out_columns<T, static_cast<WinogradScheme>(i)>, &out_rows<T, static_cast<WinogradScheme>(i)>,
                       &transform_weights<T, double, static_cast<WinogradScheme>(i)>,
                       &transform_weights<double, T, static_cast<WinogradScheme>(i)>}),
     ...);
  }
  (std::make_index_sequence<winograd_schemes>{});
  [&]<int... i>(std::integer_sequence<int, i...>) {
    (enter_product<T, i % most_tile_rows + 1, i / most_tile_rows + 1>(table), ...);
  }
  (std::make_integer_sequence<int, most_tile_rows * most_panel_vectors>{});
  constexpr int panels = most_column_panels(1);
  [&]<int... i>(std::integer_sequence<int, i...>) { (enter_columns<T, i / panels + 1, i % panels + 1>(table), ...); }
  (std::make_integer_sequence<int, most_product_columns * panels>{});
  return table;
}

#undef FALTUNG_INLINED

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
