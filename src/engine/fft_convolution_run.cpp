#include "engine/fft_convolution.hpp"

#include "support/integers.hpp"
#include "support/parallel.hpp"

#include <algorithm>
#include <atomic>

namespace faltung::internal {

template <class T>
void FftConvolution<T>::load(const T* given, std::int64_t plane, std::int64_t pair, const Lane& lane) const {
  const std::int64_t channels = extents_.given_channels * problem_.groups;
  const std::int64_t instances = problem_.batch * tiling_.y.count * tiling_.x.count;
  const Instance a = instance(2 * pair), b = instance(2 * pair + 1);
  const auto plane_of = [&](const Instance& tile) {
    return given + (tile.sample * channels * extents_.given_planes + plane) * given_plane_;
  };
  const bool both = 2 * pair + 1 < instances;
  const T *of_a = plane_of(a), *of_b = both ? plane_of(b) : nullptr;
  for (std::int64_t row = 0; row < tiling_.rows; ++row) {
    const T* real = given_row(of_a, a, row, lane, lane.real);
    const T* imaginary = both ? given_row(of_b, b, row, lane, lane.imaginary) : lane.zeros;
    kernels_.load_row(real, imaginary, tiling_.columns, shape_.panel_stride, lane.tile + row * point());
  }
}

template <class T>
const T* FftConvolution<T>::given_row(const T* plane, const Instance& tile, std::int64_t row, const Lane& lane,
                                      T* scratch) const {
  std::int64_t first = tile.x * tiling_.x.results;
  if (tiling_.pieces) {
    first += row * tiling_.columns;
  } else {
    const std::int64_t y = y_.source(tile.y * tiling_.y.results + row);
    if (y < 0) return lane.zeros;
    plane += y * x_.given_cells();
  }
  if (const std::int64_t cell = x_.in_place(first, tiling_.columns); cell >= 0) return plane + cell;
  x_.fill(plane, first, tiling_.columns, scratch);
  return scratch;
}

template <class T>
bool FftConvolution<T>::store(const Lane& lane, std::int64_t plane, std::int64_t pair, T bias, T* result) const {
  const std::int64_t channels = extents_.result_channels * problem_.groups;
  const std::int64_t instances = problem_.batch * tiling_.y.count * tiling_.x.count;
  bool finite = true;
  for (std::int64_t i = 0; i < 2 && 2 * pair + i < instances; ++i) {
    const Instance tile = instance(2 * pair + i);
    T* to = result + (tile.sample * channels * extents_.result_planes + plane) * result_plane_;
    finite = store_tile(lane.tile + i * kernels_.lanes, tile, bias, to, lane.real) && finite;
  }
  return finite;
}

template <class T>
bool FftConvolution<T>::store_tile(const T* part, const Instance& tile, T bias, T* plane, T* scratch) const {
  const std::int64_t x = tile.x * tiling_.x.results, along_x = std::min(tiling_.x.results, x_.results() - x);
  bool finite = true;
  if (tiling_.pieces) {
    for (std::int64_t first = 0; first < along_x; first += tiling_.columns, part += point())
      finite = store_positions(part, x + first, std::min(tiling_.columns, along_x - first), bias, plane, scratch) &&
               finite;
    return finite;
  }
  const std::int64_t y = tile.y * tiling_.y.results, along_y = std::min(tiling_.y.results, y_.results() - y);
  for (std::int64_t row = 0; row < along_y; ++row, part += point())
    if ((y + row) % y_.result_step() == 0) {
      T* to = plane + (y + row) / y_.result_step() * x_.result_cells();
      finite = store_positions(part, x, along_x, bias, to, scratch) && finite;
    }
  return finite;
}

template <class T>
bool FftConvolution<T>::store_positions(const T* part, std::int64_t first, std::int64_t n, T bias, T* row,
                                        T* scratch) const {
  const std::int64_t step = x_.result_step();
  if (step == 1) return kernels_.store_row(part, shape_.panel_stride, bias, row + first, n);
  const bool finite = kernels_.store_row(part, shape_.panel_stride, bias, scratch, n);
  for (std::int64_t cell = ceil_divide(first, step); cell * step < first + n; ++cell)
    row[cell] = scratch[cell * step - first];
  return finite;
}

template <class T>
bool FftConvolution<T>::run_single(const T* given, const FftWeights<T>& weights, T* result, T* scratch) const {
  std::atomic<bool> all_finite{true};
  const std::int64_t planes = extents_.result_planes;
  parallel_tasks(lanes_, problem_.groups * planes * tiling_.pairs, threads_, [&](std::int64_t i) {
    return [&, own = lane(reinterpret_cast<std::byte*>(scratch + i * lane_numbers()))](std::int64_t task) {
      const std::int64_t pair = task % tiling_.pairs, plane = task / tiling_.pairs % planes,
                         group = task / (tiling_.pairs * planes);
      const std::int64_t term = term_begin_[at(plane)];
      if (term == term_begin_[at(plane + 1)]) {  // nothing but margin
        std::fill_n(own.tile, tiling_.columns / kernels_.lanes * shape_.panel_stride, T{});
      } else {
        load(given, group * extents_.given_planes + term_plane_[at(term)], pair, own);
        kernels_.convolve(shape_, own.tile, own.row, weights.spectra.data() + group * 2 * tiling_.points());
      }
      if (!store(own, group * planes + plane, pair, bias_of(weights, group), result))
        all_finite.store(false, std::memory_order_relaxed);
    };
  });
  return all_finite;
}

template <class T>
bool FftConvolution<T>::run_many(const T* given, const FftWeights<T>& weights, T* result, T* scratch) const {
  std::atomic<bool> all_finite{true};
  T* given_spectra = scratch + lanes_ * lane_numbers();
  T* result_spectra = given_spectra + frequencies() * given_step(tiling_.pairs_at_once);
  const std::int64_t given_planes = extents_.given_channels * extents_.given_planes,
                     result_planes = extents_.result_channels * extents_.result_planes;
  for (std::int64_t group = 0; group < problem_.groups; ++group)
    for (std::int64_t first = 0; first < tiling_.pairs; first += tiling_.pairs_at_once) {
      const std::int64_t pairs = std::min(tiling_.pairs_at_once, tiling_.pairs - first);
      const auto with_lane = [&](std::int64_t count, auto&& body) {
        parallel_tasks(lanes_, count, threads_, [&](std::int64_t i) {
          return [&, own = lane(reinterpret_cast<std::byte*>(scratch + i * lane_numbers()))](std::int64_t task) {
            body(task, own);
          };
        });
      };
      with_lane(given_planes * pairs, [&](std::int64_t task, const Lane& own) {
        load(given, group * given_planes + task / pairs, first + task % pairs, own);
        kernels_.forward(shape_, own.tile, own.row, given_spectra + task * point(), given_step(pairs));
      });
      const T* of_group = weights.spectra.data() + group * frequencies() * weights_step();
      parallel_for(frequencies(), threads_, [&](std::int64_t f) {
        multiply(of_group + f * weights_step(), given_spectra + f * given_step(pairs),
                 result_spectra + f * result_step(pairs), pairs);
      });
      with_lane(result_planes * pairs, [&](std::int64_t task, const Lane& own) {
        const std::int64_t plane = group * result_planes + task / pairs;
        kernels_.inverse(shape_, result_spectra + task * point(), result_step(pairs), own.row, own.tile);
        if (!store(own, plane, first + task % pairs, bias_of(weights, plane / extents_.result_planes), result))
          all_finite.store(false, std::memory_order_relaxed);
      });
    }
  return all_finite;
}

template <class T>
void FftConvolution<T>::multiply(const T* weights, const T* given, T* result, std::int64_t pairs) const {
  const std::int64_t channels = extents_.given_channels, planes = extents_.result_planes;
  const std::int64_t of_block = extents_.taps * channels * point();  // weights of one result channel
  for (std::int64_t out = 0; out < extents_.result_channels; out += most_product_channels) {
    const std::int64_t width = std::min<std::int64_t>(most_product_channels, extents_.result_channels - out);
    for (std::int64_t plane = 0; plane < planes; ++plane) {
      const std::int64_t begin = term_begin_[at(plane)];
      FftProduct<T> product{given,
                            extents_.given_planes * pairs * point(),
                            pairs * point(),
                            weights + out * of_block,
                            channels * width * point(),
                            width * point(),
                            result + (out * planes + plane) * pairs * point(),
                            planes * pairs * point(),
                            channels,
                            term_begin_[at(plane + 1)] - begin,
                            term_plane_.data() + begin,
                            term_tap_.data() + begin};
      for (std::int64_t pair = 0; pair < pairs; pair += most_product_pairs) {
        const std::int64_t count = std::min<std::int64_t>(most_product_pairs, pairs - pair);
        kernels_.multiply[width][count](product);
        product.given += count * point();
        product.result += count * point();
      }
    }
  }
}

template class FftConvolution<float>;
template class FftConvolution<double>;

}  // namespace faltung::internal
