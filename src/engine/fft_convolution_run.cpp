#include "engine/fft_convolution.hpp"

#include "support/integers.hpp"
#include "support/parallel.hpp"

#include <algorithm>
#include <array>
#include <atomic>

namespace faltung::internal {

namespace {

/// Numbers of the weights of one result channel, of a block of given channels: five times that is 20 KB of float.
constexpr std::int64_t product_numbers = 1024;
/// Pairs that meet a block of weights: 64 bytes for each given channel of the block.
constexpr std::int64_t product_pairs = 16;

}  // namespace

template <class T>
void FftConvolution<T>::load(const T* given, std::int64_t plane, std::int64_t pair, const Lane& lane) const {
  const std::int64_t channels = extents_.given_channels * problem_.groups;
  const auto plane_of = [&](const Instance& tile) {
    return given + (tile.sample * channels * extents_.given_planes + plane) * given_plane_;
  };
  const Instance a = instance(2 * pair), b = instance(2 * pair + 1);
  const bool both = b.sample < problem_.batch;
  const T *of_a = plane_of(a), *of_b = both ? plane_of(b) : nullptr;
  const std::int64_t radix = shape_.y.pass[0].radix, apart = tiling_.rows / radix;
  FftRows<const T> real{}, imaginary{};
  for (std::int64_t k = 0; k < apart; ++k) {
    for (std::int64_t j = 0; j < radix; ++j) {
      T* scratch = lane.rows + 2 * j * tiling_.columns;
      real[at(j)] = given_row(of_a, a, k + j * apart, lane, scratch);
      imaginary[at(j)] = both ? given_row(of_b, b, k + j * apart, lane, scratch + tiling_.columns) : lane.zeros;
    }
    kernels_.load(shape_, k, real, imaginary, lane.tile);
  }
}

template <class T>
const T* FftConvolution<T>::given_row(const T* plane, const Instance& tile, std::int64_t row, const Lane& lane,
                                      T* scratch) const {
  std::int64_t first = tile.x * tiling_.x.results - tiling_.x.lead;
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

/// Positions first … first + n − 1 of a result row that one row of a tile makes; null: none.
template <class T>
struct FftConvolution<T>::Kept {
  T* row = nullptr;
  std::int64_t first = 0, n = 0;
};

template <class T>
auto FftConvolution<T>::kept(T* plane, const Instance& tile, std::int64_t row) const -> Kept {
  const std::int64_t x = tile.x * tiling_.x.results, along_x = std::min(tiling_.x.results, x_.results() - x);
  if (tiling_.pieces) {
    const std::int64_t first = row * tiling_.columns;
    if (first >= along_x) return {};
    return {plane, x + first, std::min(tiling_.columns, along_x - first)};
  }
  const std::int64_t y = tile.y * tiling_.y.results + row;
  if (row >= tiling_.y.results || y >= y_.results() || y % y_.result_step() != 0) return {};
  return {plane + y / y_.result_step() * x_.result_cells(), x, along_x};
}

template <class T>
std::int64_t FftConvolution<T>::kept_columns(std::int64_t pair) const {
  if (tiling_.pieces) return tiling_.columns;
  const auto along_x = [&](std::int64_t i) {
    return std::min(tiling_.x.results, x_.results() - instance(i).x * tiling_.x.results);
  };
  return std::max(along_x(2 * pair), along_x(2 * pair + 1));
}

template <class T>
bool FftConvolution<T>::store(const Lane& lane, std::int64_t plane, std::int64_t pair, T bias, T* result) const {
  const std::int64_t channels = extents_.result_channels * problem_.groups, step = x_.result_step();
  const std::int64_t radix = shape_.y.pass[0].radix, apart = tiling_.rows / radix;
  std::array<Instance, 2> tile{};
  std::array<T*, 2> of_plane{};
  std::array<std::int64_t, 2> width{};
  for (std::int64_t i = 0; i < 2; ++i) {
    const Instance one = tile[at(i)] = instance(2 * pair + i);
    if (one.sample >= problem_.batch) {  // an odd number of tiles
      width[1] = width[0];
      continue;
    }
    of_plane[at(i)] = result + (one.sample * channels * extents_.result_planes + plane) * result_plane_;
    width[at(i)] =
        tiling_.pieces ? tiling_.columns : std::min(tiling_.x.results, x_.results() - one.x * tiling_.x.results);
  }
  std::array<FftRows<T>, 2> to{};
  std::array<std::array<Kept, most_fft_radix>, 2> copies{};
  bool finite = true;
  for (std::int64_t k = 0; k < apart; ++k) {
    for (std::int64_t i = 0; i < 2 && of_plane[at(i)] != nullptr; ++i)
      for (std::int64_t j = 0; j < radix; ++j) {
        const Kept all = kept(of_plane[at(i)], tile[at(i)], k + j * apart);
        const bool in_place = all.row == nullptr || (step == 1 && all.n == width[at(i)]);
        copies[at(i)][at(j)] = in_place ? Kept{} : all;
        T* scratch = lane.rows + (2 * j + i) * tiling_.columns;
        to[at(i)][at(j)] = all.row == nullptr ? nullptr : in_place ? all.row + all.first : scratch;
      }
    finite = kernels_.store(shape_, k, lane.tile, bias, to[0], width[0], to[1], width[1]) && finite;
    for (std::int64_t i = 0; i < 2; ++i)
      for (std::int64_t j = 0; j < radix; ++j) {
        const Kept& copy = copies[at(i)][at(j)];
        if (copy.row == nullptr) continue;
        const T* scratch = lane.rows + (2 * j + i) * tiling_.columns;
        for (std::int64_t cell = ceil_divide(copy.first, step); cell * step < copy.first + copy.n; ++cell)
          copy.row[cell] = scratch[cell * step - copy.first];
      }
  }
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
        kernels_.convolve(shape_, own.tile, own.row, weights.spectra.data() + group * 2 * tiling_.points(),
                          ceil_divide(kept_columns(pair), kernels_.lanes));
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
      for (std::int64_t begin = 0; begin < extents_.result_channels; begin += chunk_) {
        const std::int64_t end = std::min(begin + chunk_, extents_.result_channels);
        parallel_for(frequencies(), threads_, [&](std::int64_t f) {
          multiply(of_group + f * weights_step(), given_spectra + f * given_step(pairs),
                   result_spectra + f * result_step(pairs), pairs, begin, end);
        });
        with_lane((end - begin) * extents_.result_planes * pairs, [&](std::int64_t task, const Lane& own) {
          const std::int64_t plane = group * result_planes + begin * extents_.result_planes + task / pairs;
          kernels_.inverse(shape_, result_spectra + task * point(), result_step(pairs), own.row, own.tile,
                           ceil_divide(kept_columns(first + task % pairs), kernels_.lanes));
          if (!store(own, plane, first + task % pairs, bias_of(weights, plane / extents_.result_planes), result))
            all_finite.store(false, std::memory_order_relaxed);
        });
      }
    }
  return all_finite;
}

/// In blocks of given channels whose weights for a few result channels stay in the first-level cache, and of pairs
/// that stay, with these channels, in the second: Goto & van de Geijn, "Anatomy of high-performance matrix
/// multiplication", 2008.
template <class T>
void FftConvolution<T>::multiply(const T* weights, const T* given, T* result, std::int64_t pairs, std::int64_t begin,
                                 std::int64_t end) const {
  const std::int64_t channels = extents_.given_channels, planes = extents_.result_planes;
  const std::int64_t of_block = extents_.taps * channels * point();  // weights of one result channel
  const std::int64_t depth = std::max<std::int64_t>(16, product_numbers / (extents_.taps * point()));
  for (std::int64_t channel = 0; channel < channels; channel += depth)
    for (std::int64_t first = 0; first < pairs; first += product_pairs)
      for (std::int64_t out = begin; out < end; out += most_product_channels) {
        // the last block of all may have fewer; chunks end where blocks do
        const std::int64_t width = std::min<std::int64_t>(most_product_channels, end - out);
        for (std::int64_t plane = 0; plane < planes; ++plane) {
          const std::int64_t terms = term_begin_[at(plane)];
          FftProduct<T> product{given + (channel * extents_.given_planes * pairs + first) * point(),
                                extents_.given_planes * pairs * point(),
                                pairs * point(),
                                weights + out * of_block + channel * width * point(),
                                channels * width * point(),
                                width * point(),
                                result + (((out - begin) * planes + plane) * pairs + first) * point(),
                                planes * pairs * point(),
                                std::min(depth, channels - channel),
                                term_begin_[at(plane + 1)] - terms,
                                term_plane_.data() + terms,
                                term_tap_.data() + terms,
                                channel > 0};
          for (std::int64_t pair = first; pair < std::min(pairs, first + product_pairs); ++pair) {
            kernels_.multiply[width](product);
            product.given += point();
            product.result += point();
          }
        }
      }
}

template class FftConvolution<float>;
template class FftConvolution<double>;

}  // namespace faltung::internal
