// Overlap-save through FFTW: tiles of the fine array, one real FFT each, times the kernel's conjugated spectrum, and
// back.
//
// A tile of T cells gives T − K + 1 outputs that no wrap-around has touched. The tile size is the fastest of a list,
// timed beforehand. Source: Stockham, "High-speed convolution and correlation", 1966; Frigo & Johnson, "The design and
// implementation of FFTW3", 2005.
#include "measure.hpp"

#include <fftw3.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstring>
#include <vector>

namespace measure {

namespace {

using faltung::Axis;
using faltung::Problem;

/// Below these a direct sum is faster on every machine that was tried (about 8 × 8 taps, 48 to 64 in one dimension).
constexpr std::int64_t least_taps = 64;
/// Tiles that are tried, per axis of a picture and of a signal: smooth numbers from the kernel's size up to what stays
/// in a cache of 2 MiB.
constexpr std::int64_t sides_2d[] = {64, 80, 96, 128, 160, 192, 256, 320, 384, 512};
constexpr std::int64_t sides_1d[] = {256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072};

struct Free {
  void operator()(void* pointer) const { fftwf_free(pointer); }
  void operator()(fftwf_plan plan) const { fftwf_destroy_plan(plan); }
};
using Plan = std::unique_ptr<fftwf_plan_s, Free>;

/// A picture of one row stands for a signal.
struct Extents {
  std::int64_t y = 1, x = 1;
  std::int64_t count() const { return y * x; }
};

Extents extents(const Problem& problem, std::int64_t Axis::*of) {
  if (problem.axes.size() == 1) return {1, problem.axes[0].*of};
  return {problem.axes[0].*of, problem.axes[1].*of};
}

/// Transforms of one tile size, and the buffers they run in.
class Tile {
 public:
  explicit Tile(Extents size)
      : size_(size),
        spectrum_count_(size.y * (size.x / 2 + 1)),
        cells_(static_cast<float*>(fftwf_malloc(sizeof(float) * static_cast<std::size_t>(size.count())))),
        spectrum_(static_cast<fftwf_complex*>(
            fftwf_malloc(sizeof(fftwf_complex) * static_cast<std::size_t>(spectrum_count_)))) {
    const int y = static_cast<int>(size.y), x = static_cast<int>(size.x);
    forward_.reset(y == 1 ? fftwf_plan_dft_r2c_1d(x, cells_.get(), spectrum_.get(), FFTW_MEASURE)
                          : fftwf_plan_dft_r2c_2d(y, x, cells_.get(), spectrum_.get(), FFTW_MEASURE));
    inverse_.reset(y == 1 ? fftwf_plan_dft_c2r_1d(x, spectrum_.get(), cells_.get(), FFTW_MEASURE)
                          : fftwf_plan_dft_c2r_2d(y, x, spectrum_.get(), cells_.get(), FFTW_MEASURE));
  }

  Extents size() const { return size_; }
  float* cells() { return cells_.get(); }
  std::complex<float>* spectrum() { return reinterpret_cast<std::complex<float>*>(spectrum_.get()); }
  std::int64_t spectrum_count() const { return spectrum_count_; }
  void forward() { fftwf_execute(forward_.get()); }
  void inverse() { fftwf_execute(inverse_.get()); }

 private:
  Extents size_;
  std::int64_t spectrum_count_;
  std::unique_ptr<float, Free> cells_;
  std::unique_ptr<fftwf_complex, Free> spectrum_;
  Plan forward_, inverse_;
};

class OverlapSave : public Contender {
 public:
  OverlapSave(const Problem& problem, Arrays arrays)
      : arrays_(arrays),
        planes_(problem.batch * problem.groups),
        channels_(problem.groups),
        fine_(extents(problem, &Axis::fine)),
        coarse_(extents(problem, &Axis::coarse)),
        kernel_(extents(problem, &Axis::kernel)),
        pad_(extents(problem, &Axis::pad_before)) {
    if (problem.axes.size() == 1) pad_.y = 0;
    choose_tile();
    transform_kernels();
    note = "tiles of " + (tile_->size().y > 1 ? std::to_string(tile_->size().y) + "x" : "") +
           std::to_string(tile_->size().x);
  }

  void run() override {
    const Extents step{tile_->size().y - kernel_.y + 1, tile_->size().x - kernel_.x + 1};
    for (std::int64_t plane = 0; plane < planes_; ++plane) {
      const std::complex<float>* kernel = kernels_.data() + plane % channels_ * tile_->spectrum_count();
      for (std::int64_t y = 0; y < coarse_.y; y += step.y)
        for (std::int64_t x = 0; x < coarse_.x; x += step.x) {
          load(arrays_.fine + plane * fine_.count(), y, x);
          tile_->forward();
          multiply(kernel);
          tile_->inverse();
          store(arrays_.coarse + plane * coarse_.count(), y, x, step);
        }
    }
  }

 private:
  void choose_tile() {
    const Extents whole{coarse_.y + kernel_.y - 1, coarse_.x + kernel_.x - 1};
    std::vector<Extents> sizes;
    if (fine_.y == 1 && kernel_.y == 1)
      for (const std::int64_t side : sides_1d) sizes.push_back({1, side});
    else
      for (const std::int64_t side : sides_2d) sizes.push_back({side, side});
    double best = 0;
    for (const Extents size : sizes) {
      if (size.y < kernel_.y || size.x < 2 * kernel_.x) continue;
      const bool last = size.y >= whole.y && size.x >= whole.x;
      auto tile = std::make_unique<Tile>(size);
      const double seconds = seconds_of(*tile) * static_cast<double>(tiles(coarse_.y, size.y - kernel_.y + 1)) *
                             static_cast<double>(tiles(coarse_.x, size.x - kernel_.x + 1));
      if (!tile_ || seconds < best) {
        best = seconds;
        tile_ = std::move(tile);
      }
      if (last) break;  // a larger tile only has more margin
    }
    if (!tile_) throw Refusal("the kernel is larger than the tiles that are tried");
  }

  static std::int64_t tiles(std::int64_t extent, std::int64_t step) { return (extent + step - 1) / step; }

  static double seconds_of(Tile& tile) {
    std::fill_n(tile.cells(), tile.size().count(), 0.0F);
    double best = 1e300;
    for (int i = 0; i < 5; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      tile.forward();
      tile.inverse();
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    return best;
  }

  /// Conjugated, because ours is a correlation, and scaled by what FFTW's inverse leaves out.
  void transform_kernels() {
    const float scale = 1.0F / static_cast<float>(tile_->size().count());
    for (std::int64_t channel = 0; channel < channels_; ++channel) {
      std::fill_n(tile_->cells(), tile_->size().count(), 0.0F);
      for (std::int64_t y = 0; y < kernel_.y; ++y)
        std::copy_n(arrays_.weights + (channel * kernel_.y + y) * kernel_.x, kernel_.x,
                    tile_->cells() + y * tile_->size().x);
      tile_->forward();
      for (std::int64_t i = 0; i < tile_->spectrum_count(); ++i)
        kernels_.push_back(std::conj(tile_->spectrum()[i]) * scale);
    }
  }

  void load(const float* plane, std::int64_t y, std::int64_t x) {
    const std::int64_t width = tile_->size().x, left = std::max<std::int64_t>(0, pad_.x - x);
    const std::int64_t right = std::clamp(fine_.x + pad_.x - x, left, width);  // cells of the array: [left, right)
    for (std::int64_t row = 0; row < tile_->size().y; ++row) {
      float* to = tile_->cells() + row * width;
      const std::int64_t from = y + row - pad_.y;
      if (from < 0 || from >= fine_.y || left >= width) {
        std::fill_n(to, width, 0.0F);
        continue;
      }
      std::fill_n(to, left, 0.0F);
      std::copy_n(plane + from * fine_.x + x + left - pad_.x, right - left, to + left);
      std::fill_n(to + right, width - right, 0.0F);
    }
  }

  /// On floats: std::complex's own product checks for NaN and is not vectorised.
  void multiply(const std::complex<float>* kernel) {
    auto* a = reinterpret_cast<float*>(tile_->spectrum());
    const auto* b = reinterpret_cast<const float*>(kernel);
    for (std::int64_t i = 0; i < 2 * tile_->spectrum_count(); i += 2) {
      const float real = a[i] * b[i] - a[i + 1] * b[i + 1];
      a[i + 1] = a[i] * b[i + 1] + a[i + 1] * b[i];
      a[i] = real;
    }
  }

  void store(float* plane, std::int64_t y, std::int64_t x, Extents step) {
    const std::int64_t width = std::min(step.x, coarse_.x - x);
    for (std::int64_t row = 0; row < std::min(step.y, coarse_.y - y); ++row)
      std::copy_n(tile_->cells() + row * tile_->size().x, width, plane + (y + row) * coarse_.x + x);
  }

  Arrays arrays_;
  std::int64_t planes_, channels_;
  Extents fine_, coarse_, kernel_, pad_;
  std::unique_ptr<Tile> tile_;
  std::vector<std::complex<float>> kernels_;
};

}  // namespace

std::unique_ptr<Contender> make_fftw(const Problem& problem, Arrays arrays) {
  refuse_what_peers_lack(problem);
  if (problem.unknown != faltung::Unknown::coarse || problem.axes.size() > 2)
    throw Refusal("only convolutions in one or two dimensions");
  if (problem.groups != problem.fine_channels || problem.groups != problem.coarse_channels)
    throw Refusal("only one channel per group");
  std::int64_t taps = 1;
  for (const Axis& axis : problem.axes) {
    if (axis.stride != 1 || axis.dilation != 1) throw Refusal("only stride and dilation 1");
    taps *= axis.kernel;
  }
  if (taps < least_taps) throw Refusal("kernels below 64 taps are faster without FFT");
  return std::make_unique<OverlapSave>(problem, arrays);
}

}  // namespace measure
