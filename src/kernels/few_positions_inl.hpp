// Sums of few positions, written once for every target and element type. Included again for each target.
#if defined(FALTUNG_FEW_POSITIONS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_FEW_POSITIONS_INL
#undef FALTUNG_FEW_POSITIONS_INL
#else
#define FALTUNG_FEW_POSITIONS_INL
#endif

#include "kernels/few_positions.hpp"
#include "kernels/tile_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

/// One step: the weights of all vectors times a cell of every row.
template <class T, int rows, int vectors>
HWY_INLINE void add_few_positions(const T* HWY_RESTRICT weights, const T* HWY_RESTRICT cells,
                                  hn::Vec<Tag<T>>* HWY_RESTRICT sum) {
  const Tag<T> d;
  using V = hn::Vec<Tag<T>>;
  if constexpr (rows < vectors) {  // the fewer stay in registers
    V x[static_cast<std::size_t>(rows)];
    unroll<rows>([&](auto i) { x[i] = hn::Set(d, cells[i]); });
    unroll<vectors>([&](auto j) {
      V w = hn::LoadU(d, weights + j * lanes<T>);
      if constexpr (rows > 1) keep(w);
      unroll<rows>([&](auto i) { sum[i * vectors + j] = hn::MulAdd(x[i], w, sum[i * vectors + j]); });
    });
  } else {
    V w[static_cast<std::size_t>(vectors)];
    unroll<vectors>([&](auto j) { w[j] = hn::LoadU(d, weights + j * lanes<T>); });
    unroll<rows>([&](auto i) {
      const V x = hn::Set(d, cells[i]);
      unroll<vectors>([&](auto j) { sum[i * vectors + j] = hn::MulAdd(x, w[j], sum[i * vectors + j]); });
    });
  }
}

template <class T, int rows, int vectors>
void few_positions(const FewPositionsProduct<T>& of) {
  const Tag<T> d;
  constexpr std::int64_t width = vectors * lanes<T>, line = std::int64_t{64} / sizeof(T);
  hn::Vec<Tag<T>> sum[static_cast<std::size_t>(rows * vectors)];
  unroll<rows>([&](auto i) {
    unroll<vectors>([&](auto j) { sum[i * vectors + j] = hn::LoadU(d, of.sums + i * of.sums_stride + j * lanes<T>); });
  });
  const T* weights = of.weights;
  const T* cells = of.cells;
  const T* ask = of.ask;
  const std::int64_t lines = of.lines, taps = of.taps;
  for (std::int64_t channel = 0; channel < of.channels; ++channel) {
    for (const std::int32_t *step = of.step, *const end = step + taps; step < end; ++step) {
      const T* at_step = weights + *step * width;
      for (std::int64_t i = 0; i < lines; ++i, ask += line) hwy::Prefetch(ask);
      add_few_positions<T, rows, vectors>(at_step, cells, sum);
      cells += rows;
    }
    weights += of.channel_steps * width;
  }
  unroll<rows>([&](auto i) {
    unroll<vectors>([&](auto j) { hn::StoreU(sum[i * vectors + j], d, of.sums + i * of.sums_stride + j * lanes<T>); });
  });
}

template <class T>
void gather(const T* HWY_RESTRICT in, const std::int32_t* HWY_RESTRICT cell, std::int64_t n, T* HWY_RESTRICT out) {
  const Tag<T> d;
  const hn::RebindToSigned<Tag<T>> di;
  const hn::Rebind<std::int32_t, Tag<T>> d32;
  std::int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    const auto at = [&] {
      if constexpr (sizeof(T) == 4)
        return hn::LoadU(d32, cell + i);
      else
        return hn::PromoteTo(di, hn::LoadU(d32, cell + i));
    }();
    const auto found = hn::GatherIndex(d, in, hn::Max(at, hn::Zero(di)));
    hn::StoreU(hn::IfThenElseZero(hn::RebindMask(d, hn::Gt(at, hn::Set(di, -1))), found), d, out + i);
  }
  for (; i < n; ++i) out[i] = cell[i] < 0 ? T{} : in[cell[i]];
}

template <class T, int rows, int vectors>
constexpr void enter_few_positions(FewPositionsKernels<T>& table) {
  if constexpr (fits(rows, vectors, most_tile_rows)) table.product[rows][vectors] = &few_positions<T, rows, vectors>;
}

template <class T>
constexpr FewPositionsKernels<T> make_few_positions_table() {
  FewPositionsKernels<T> table;
  table.gather = &gather<T>;
  [&]<int... i>(std::integer_sequence<int, i...>) {
    (enter_few_positions<T, i % most_tile_rows + 1, i / most_tile_rows + 1>(table), ...);
  }
  (std::make_integer_sequence<int, most_tile_rows * most_tile_vectors>{});
  return table;
}

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
