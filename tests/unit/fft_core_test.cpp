// The transform itself: every size, every target, against the sum that defines it.
#include "engine/fft_convolution.hpp"

#include <faltung/cpu.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <random>
#include <string>
#include <vector>

namespace faltung::internal {
namespace {

using std::int64_t;
using Complex = std::complex<double>;

std::size_t at(int64_t i) { return static_cast<std::size_t>(i); }

/// Σ_k x[k]·exp(−2πi·j·k / n) along one axis of rows × columns numbers.
std::vector<Complex> by_definition(const std::vector<Complex>& x, int64_t rows, int64_t columns, bool along_y) {
  const int64_t n = along_y ? rows : columns, step = along_y ? columns : 1;
  std::vector<Complex> root(at(n)), result(x.size());
  for (int64_t i = 0; i < n; ++i)
    root[at(i)] = std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n));
  for (int64_t other = 0; other < (along_y ? columns : rows); ++other) {
    const int64_t begin = along_y ? other : other * columns;
    for (int64_t j = 0; j < n; ++j)
      for (int64_t k = 0; k < n; ++k) result[at(begin + j * step)] += x[at(begin + k * step)] * root[at(j * k % n)];
  }
  return result;
}

double norm(const std::vector<Complex>& x) {
  double sum = 0;
  for (const Complex& value : x) sum += std::norm(value);
  return std::sqrt(sum);
}

/// Numbers of a tile, which float and double hold exactly, and what their spectrum must be. The sum that defines it
/// takes long: once for all targets.
struct Definition {
  Definition(int64_t height, int64_t width) : rows(height), columns(width) {
    std::mt19937 random(static_cast<std::uint32_t>(rows * 1024 + columns));
    std::normal_distribution<float> normal;
    for (int64_t i = 0; i < rows * columns; ++i) {
      const double real = normal(random);
      numbers.emplace_back(real, normal(random));
    }
    spectrum = by_definition(by_definition(numbers, rows, columns, true), rows, columns, false);
  }

  int64_t rows, columns;
  std::vector<Complex> numbers, spectrum;
};

/// A tile of one shape, transformed on the target that FALTUNG_TARGET names.
template <class T>
class Example {
 public:
  explicit Example(const Definition& definition)
      : rows_(definition.rows),
        columns_(definition.columns),
        y_(rows_),
        x_(columns_),
        numbers_(definition.numbers),
        expected_(definition.spectrum) {
    const int64_t rows = rows_, columns = columns_;
    const FftKernels<T>& kernels = fft_kernels<T>(current_target());
    lanes_ = kernels.lanes;
    shape_ = {y_.passes(), x_.passes(), nullptr, (rows + 1) * 2 * lanes_};
    for (const Complex& number : numbers_) {
      real_.push_back(static_cast<T>(number.real()));
      imaginary_.push_back(static_cast<T>(number.imag()));
    }
    tile_ = AlignedNumbers<T>(columns / lanes_ * shape_.panel_stride);
    row_ = AlignedNumbers<T>(columns * 2 * lanes_);
    const int64_t radix = shape_.y.pass[0].radix, apart = rows / radix;
    for (int64_t k = 0; k < apart; ++k) {
      FftRows<const T> real{}, imaginary{};
      for (int64_t j = 0; j < radix; ++j) {
        real[at(j)] = real_.data() + (k + j * apart) * columns;
        imaginary[at(j)] = imaginary_.data() + (k + j * apart) * columns;
      }
      kernels.load(shape_, k, real, imaginary, tile_.data());
    }
    spectrum_ = AlignedNumbers<T>(rows * columns * step() / lanes_);
    kernels.forward(shape_, tile_.data(), row_.data(), spectrum_.data(), step());
  }

  /// Roundings are relative to the whole: Higham, "Accuracy and stability of numerical algorithms", 2002, 24.2.
  double bound() const { return 7 * std::numeric_limits<T>::epsilon() * std::log2(rows_ * columns_); }

  void expect_the_spectrum() const {
    const std::vector<int64_t> fy = y_.frequencies(), fx = x_.frequencies();
    double error = 0;
    for (int64_t y = 0; y < rows_; ++y)
      for (int64_t x = 0; x < columns_; ++x) {
        const T* point = spectrum_.data() + (y / lanes_ * columns_ + x) * step() + y % lanes_;
        error += std::norm(Complex(point[0], point[lanes_]) - expected_[at(fy[at(y)] * columns_ + fx[at(x)])]);
      }
    EXPECT_LE(std::sqrt(error), bound() * norm(expected_)) << rows_ << " x " << columns_;
  }

  void expect_the_way_back() {
    const FftKernels<T>& kernels = fft_kernels<T>(current_target());
    kernels.inverse(shape_, spectrum_.data(), step(), row_.data(), tile_.data(), columns_ / lanes_);
    std::vector<T> back_real(real_.size()), back_imaginary(real_.size());
    const int64_t radix = shape_.y.pass[0].radix, apart = rows_ / radix;
    for (int64_t k = 0; k < apart; ++k) {
      FftRows<T> real{}, imaginary{};
      for (int64_t j = 0; j < radix; ++j) {
        real[at(j)] = back_real.data() + (k + j * apart) * columns_;
        imaginary[at(j)] = back_imaginary.data() + (k + j * apart) * columns_;
      }
      EXPECT_TRUE(kernels.store(shape_, k, tile_.data(), T{}, real, columns_, imaginary, columns_));
    }
    double error = 0;
    for (std::size_t i = 0; i < numbers_.size(); ++i)
      error +=
          std::norm(Complex(back_real[i], back_imaginary[i]) / static_cast<double>(rows_ * columns_) - numbers_[i]);
    EXPECT_LE(std::sqrt(error), 2 * bound() * norm(numbers_)) << rows_ << " x " << columns_;
  }

 private:
  int64_t step() const { return 6 * lanes_; }  // not dense, to see that it is kept

  int64_t rows_, columns_, lanes_ = 1;
  FftSize<T> y_, x_;
  FftTile<T> shape_;
  const std::vector<Complex>&numbers_, &expected_;
  std::vector<T> real_, imaginary_;
  AlignedNumbers<T> tile_, row_, spectrum_;
};

template <class T>
void check(const Definition& definition) {
  for (const std::string& target : available_targets()) {
    ::setenv("FALTUNG_TARGET", target.c_str(), 1);
    SCOPED_TRACE(target);
    const int64_t lanes = fft_kernels<T>(current_target()).lanes;
    if (definition.rows % lanes != 0 || definition.columns % lanes != 0) continue;
    Example<T> example(definition);
    example.expect_the_spectrum();
    example.expect_the_way_back();
  }
  ::unsetenv("FALTUNG_TARGET");
}

TEST(FftCore, EverySizeEqualsTheSumThatDefinesIt) {
  for (const int64_t size : fft_sizes())
    for (const Definition& definition : {Definition(size, 16), Definition(16, size)}) {
      check<float>(definition);
      check<double>(definition);
    }
}

}  // namespace
}  // namespace faltung::internal
