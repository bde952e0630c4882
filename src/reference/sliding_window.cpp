#include "reference/sliding_window.hpp"

#include "reference/scalar.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

std::int64_t cells(const Terms& terms, std::int64_t (*extent)(const Axis&)) {
  std::int64_t product = 1;
  for (const Axis& axis : terms.axes()) product *= extent(axis);
  return product;
}
std::int64_t coarse_extent(const Axis& axis) { return axis.coarse; }
std::int64_t fine_extent(const Axis& axis) { return axis.fine; }
std::int64_t padded_extent(const Axis& axis) { return axis.padded(); }

/// Adds the margin of one channel of the temporary output onto the cells it copies, in row-major order, and moves the
/// kept region.
template <class T>
void fold_or_cut(const Terms& terms, const T* temporary, T* fine) {
  const auto& [az, ay, ax] = terms.axes();
  const auto kept = [](const Axis& axis, std::int64_t padded) {
    return padded >= axis.pad_before && padded < axis.pad_before + axis.fine;
  };
  for (const bool margin : {false, true}) {  // first the kept cells, then the margin on top of them
    const T* cell = temporary;
    for (std::int64_t pz = 0; pz < az.padded(); ++pz)
      for (std::int64_t py = 0; py < ay.padded(); ++py)
        for (std::int64_t px = 0; px < ax.padded(); ++px, ++cell) {
          const std::int64_t fz = source_cell(az, pz), fy = source_cell(ay, py), fx = source_cell(ax, px);
          if (fz < 0 || fy < 0 || fx < 0) continue;
          T& target = fine[(fz * ay.fine + fy) * ax.fine + fx];
          const bool inside = kept(az, pz) && kept(ay, py) && kept(ax, px);
          if (inside && !margin) target = *cell;
          if (!inside && margin) add_to(target, *cell);
        }
  }
}

}  // namespace

template <class T>
void sliding_window_coarse(const Problem& problem, const Terms& terms, const T* fine, const T* weights, const T* bias,
                           T* coarse, std::optional<ChannelRange> channels) {
  const ChannelRange range = channels.value_or(ChannelRange{0, problem.coarse_channels});
  const std::int64_t coarse_cells = cells(terms, coarse_extent);
  const std::int64_t fine_cells = cells(terms, fine_extent);
  for (std::int64_t n = 0; n < problem.batch; ++n) {
    const T* in = fine + n * problem.fine_channels * fine_cells;
    T* out = coarse + n * problem.coarse_channels * coarse_cells;
    for (std::int64_t oc = range.begin; oc < range.end; ++oc)
      std::fill_n(out + oc * coarse_cells, coarse_cells, bias ? bias[oc] : T{});
    terms.by_tap(range, {0, problem.fine_channels}, [&](const Term& term) {
      if (term.fine >= 0) multiply_add(out[term.coarse], weights[term.weight], in[term.fine]);
    });
  }
}

template <class T>
void sliding_window_fine(const Problem& problem, const Terms& terms, const T* coarse, const T* weights, const T* bias,
                         T* fine, T* temporary, std::optional<ChannelRange> channels) {
  const ChannelRange range = channels.value_or(ChannelRange{0, problem.fine_channels});
  const auto& [az, ay, ax] = terms.axes();
  const std::int64_t coarse_cells = cells(terms, coarse_extent);
  const std::int64_t fine_cells = cells(terms, fine_extent);
  const std::int64_t padded_cells = cells(terms, padded_extent);
  for (std::int64_t n = 0; n < problem.batch; ++n) {
    const T* in = coarse + n * problem.coarse_channels * coarse_cells;
    T* out = fine + n * problem.fine_channels * fine_cells;
    for (std::int64_t channel = range.begin; channel < range.end; ++channel) {
      T* plane = temporary + channel * padded_cells;
      std::fill_n(plane, padded_cells, T{});
      if (!bias) continue;
      for (std::int64_t z = 0; z < az.fine; ++z)  // the bias: once, in the kept region only
        for (std::int64_t y = 0; y < ay.fine; ++y)
          std::fill_n(plane + ((z + az.pad_before) * ay.padded() + y + ay.pad_before) * ax.padded() + ax.pad_before,
                      ax.fine, bias[channel]);
    }
    terms.by_tap({0, problem.coarse_channels}, range, [&](const Term& term) {
      multiply_add(temporary[term.padded], in[term.coarse], weights[term.weight]);
    });
    for (std::int64_t channel = range.begin; channel < range.end; ++channel)
      fold_or_cut(terms, temporary + channel * padded_cells, out + channel * fine_cells);
  }
}

template <class T>
void sliding_window_weights(const Problem& problem, const Terms& terms, const T* fine, const T* coarse, T* weights,
                            std::optional<ChannelRange> channels) {
  const ChannelRange range = channels.value_or(ChannelRange{0, problem.coarse_channels});
  const std::int64_t coarse_cells = cells(terms, coarse_extent);
  const std::int64_t fine_cells = cells(terms, fine_extent);
  std::int64_t weights_per_channel = problem.fine_channels / problem.groups;
  for (const Axis& axis : terms.axes()) weights_per_channel *= axis.kernel;
  std::fill_n(weights + range.begin * weights_per_channel, (range.end - range.begin) * weights_per_channel, T{});

  for (std::int64_t n = 0; n < problem.batch; ++n) {
    const T* f = fine + n * problem.fine_channels * fine_cells;
    const T* c = coarse + n * problem.coarse_channels * coarse_cells;
    T block_sum{};
    std::int64_t weight = -1;  // the weight and the block that block_sum belongs to
    std::int64_t block = -1;
    const auto finish_block = [&] {
      if (weight >= 0) add_to(weights[weight], block_sum);
      block_sum = T{};
    };
    terms.by_tap(range, {0, problem.fine_channels}, [&](const Term& term) {
      if (term.fine < 0) return;
      const std::int64_t this_block = term.coarse % coarse_cells / weight_gradient_block;
      if (term.weight != weight || this_block != block) {
        finish_block();
        weight = term.weight;
        block = this_block;
      }
      multiply_add(block_sum, c[term.coarse], f[term.fine]);
    });
    finish_block();
  }
}

#define FALTUNG_INSTANTIATE(T)                                                                          \
  template void sliding_window_coarse(const Problem&, const Terms&, const T*, const T*, const T*, T*,   \
                                      std::optional<ChannelRange>);                                     \
  template void sliding_window_fine(const Problem&, const Terms&, const T*, const T*, const T*, T*, T*, \
                                    std::optional<ChannelRange>);                                       \
  template void sliding_window_weights(const Problem&, const Terms&, const T*, const T*, T*,            \
                                       std::optional<ChannelRange>);
FALTUNG_INSTANTIATE(float)
FALTUNG_INSTANTIATE(double)
FALTUNG_INSTANTIATE(std::int64_t)
FALTUNG_INSTANTIATE(Symbol)
#undef FALTUNG_INSTANTIATE

}  // namespace faltung::internal
