#include "engine/fft_size.hpp"

#include "support/integers.hpp"

#include <array>
#include <cmath>

namespace faltung::internal {

namespace {

/// 2^a · 3^b · 5^c with passes of 4 and 8 where that is possible, at most a third apart.
constexpr std::array<std::int64_t, 19> sizes = {8,   16,  24,  32,  40,  48,  64,  80,  96,  128,
                                                160, 192, 256, 320, 384, 512, 640, 768, 1024};

/// The first radix of a transform: fours as long as what is left over is none of 2, 3, 5, 6 and 8; one eight instead of
/// 4 · 2.
int first_radix(std::int64_t points) {
  if (points <= 6 || points == 8) return static_cast<int>(points);
  if (points % 8 == 0 && points / 8 % 2 == 1 && points != 24) return 8;
  if (points % 4 == 0) return 4;
  if (points % 5 == 0) return 5;
  return points % 3 == 0 ? 3 : 2;
}

}  // namespace

std::span<const std::int64_t> fft_sizes() { return sizes; }

Twiddle twiddle(std::int64_t numerator, std::int64_t denominator) {
  const double angle =
      2 * 3.14159265358979323846 * static_cast<double>(numerator % denominator) / static_cast<double>(denominator);
  return {std::cos(angle), -std::sin(angle)};
}

template <class T>
FftSize<T>::FftSize(std::int64_t points) {
  passes_.points = points;
  std::vector<std::size_t> begin;
  for (std::int64_t length = points; length > 1;) {
    const int radix = first_radix(length);
    begin.push_back(twiddles_.size());
    passes_.pass[at(passes_.count++)] = {radix, length, nullptr};
    for (std::int64_t k = 0; k < length / radix; ++k)
      for (std::int64_t j = 1; j < radix; ++j) {
        const Twiddle w = twiddle(j * k, length);
        twiddles_.push_back(static_cast<T>(w.re));
        twiddles_.push_back(static_cast<T>(w.im));
      }
    length /= radix;
  }
  for (std::size_t i = 0; i < begin.size(); ++i) passes_.pass[i].twiddles = twiddles_.data() + begin[i];
}

template <class T>
std::vector<std::int64_t> FftSize<T>::frequencies() const {
  std::vector<std::int64_t> frequency(at(passes_.points), 0);
  std::int64_t weight = 1;  // of the digit that a pass leaves in the place
  for (int i = 0; i < passes_.count; ++i) {
    const FftPass<T>& pass = passes_.pass[at(i)];
    const std::int64_t apart = pass.length / pass.radix;
    for (std::int64_t place = 0; place < passes_.points; ++place)
      frequency[at(place)] += place % pass.length / apart * weight;
    weight *= pass.radix;
  }
  return frequency;
}

template class FftSize<float>;
template class FftSize<double>;

}  // namespace faltung::internal
