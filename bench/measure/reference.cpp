// Single cells of the unknown array in double precision, straight from f = c·s + k·d − p, with no code of the library
// but the parsed problem; and the sum of |products|, which bounds the rounding of any order of sums.
#include "measure.hpp"

#include <cmath>

namespace {

using faltung::Axis;
using faltung::Problem;

struct Sum {
  double exact = 0, magnitude = 0;
  void add(double a, double b) {
    exact += a * b;
    magnitude += std::abs(a * b);
  }
};

/// One index per axis, row-major.
struct Place {
  std::int64_t at[3] = {};
};

Place unravel(std::int64_t index, const Problem& problem, std::int64_t Axis::*extent) {
  Place place;
  for (std::size_t i = problem.axes.size(); i-- > 0;) {
    place.at[i] = index % (problem.axes[i].*extent);
    index /= problem.axes[i].*extent;
  }
  return place;
}

std::int64_t cells(const Problem& problem, std::int64_t Axis::*extent) {
  std::int64_t count = 1;
  for (const Axis& axis : problem.axes) count *= axis.*extent;
  return count;
}

/// The flat index of f = c·s + k·d − p, or −1 in the margin.
std::int64_t fine_of(const Problem& problem, Place coarse, Place tap) {
  std::int64_t flat = 0;
  for (std::size_t i = 0; i < problem.axes.size(); ++i) {
    const Axis& axis = problem.axes[i];
    const std::int64_t f = coarse.at[i] * axis.stride + tap.at[i] * axis.dilation - axis.pad_before;
    if (f < 0 || f >= axis.fine) return -1;
    flat = flat * axis.fine + f;
  }
  return flat;
}

/// The flat index of the c that solves f = c·s + k·d − p, or −1 where none does.
std::int64_t coarse_of(const Problem& problem, Place fine, Place tap) {
  std::int64_t flat = 0;
  for (std::size_t i = 0; i < problem.axes.size(); ++i) {
    const Axis& axis = problem.axes[i];
    const std::int64_t scaled = fine.at[i] + axis.pad_before - tap.at[i] * axis.dilation;
    if (scaled < 0 || scaled % axis.stride != 0 || scaled / axis.stride >= axis.coarse) return -1;
    flat = flat * axis.coarse + scaled / axis.stride;
  }
  return flat;
}

Sum cell(const Problem& problem, measure::Arrays arrays, std::int64_t index) {
  const std::int64_t g = problem.groups, fine_group = problem.fine_channels / g,
                     coarse_group = problem.coarse_channels / g;
  const std::int64_t fine_cells = cells(problem, &Axis::fine), coarse_cells = cells(problem, &Axis::coarse);
  const std::int64_t taps = cells(problem, &Axis::kernel);
  const auto weight = [&](std::int64_t coarse_channel, std::int64_t fine_in_group, std::int64_t tap) {
    return static_cast<double>(arrays.weights[(coarse_channel * fine_group + fine_in_group) * taps + tap]);
  };
  Sum sum;
  switch (problem.unknown) {
    case faltung::Unknown::coarse: {
      const std::int64_t channel = index / coarse_cells % problem.coarse_channels,
                         sample = index / coarse_cells / problem.coarse_channels;
      const Place place = unravel(index % coarse_cells, problem, &Axis::coarse);
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        const std::int64_t f = fine_of(problem, place, unravel(tap, problem, &Axis::kernel));
        if (f < 0) continue;
        for (std::int64_t c = 0; c < fine_group; ++c) {
          const std::int64_t fine_channel = channel / coarse_group * fine_group + c;
          sum.add(weight(channel, c, tap),
                  arrays.fine[(sample * problem.fine_channels + fine_channel) * fine_cells + f]);
        }
      }
      break;
    }
    case faltung::Unknown::fine: {
      const std::int64_t channel = index / fine_cells % problem.fine_channels,
                         sample = index / fine_cells / problem.fine_channels;
      const Place place = unravel(index % fine_cells, problem, &Axis::fine);
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        const std::int64_t at = coarse_of(problem, place, unravel(tap, problem, &Axis::kernel));
        if (at < 0) continue;
        for (std::int64_t c = 0; c < coarse_group; ++c) {
          const std::int64_t coarse_channel = channel / fine_group * coarse_group + c;
          sum.add(weight(coarse_channel, channel % fine_group, tap),
                  arrays.coarse[(sample * problem.coarse_channels + coarse_channel) * coarse_cells + at]);
        }
      }
      break;
    }
    case faltung::Unknown::weights: {
      const std::int64_t coarse_channel = index / taps / fine_group;
      const std::int64_t fine_channel = coarse_channel / coarse_group * fine_group + index / taps % fine_group;
      const Place tap = unravel(index % taps, problem, &Axis::kernel);
      for (std::int64_t sample = 0; sample < problem.batch; ++sample)
        for (std::int64_t at = 0; at < coarse_cells; ++at) {
          const std::int64_t f = fine_of(problem, unravel(at, problem, &Axis::coarse), tap);
          if (f < 0) continue;
          sum.add(arrays.coarse[(sample * problem.coarse_channels + coarse_channel) * coarse_cells + at],
                  arrays.fine[(sample * problem.fine_channels + fine_channel) * fine_cells + f]);
        }
      break;
    }
  }
  return sum;
}

}  // namespace

extern "C" void measure_reference(const char* text, float* fine, float* coarse, float* weights, std::int64_t count,
                                  const std::int64_t* indices, double* exact, double* magnitude) {
  const Problem problem = faltung::parse_problem(text);  // it was parsed before, so it does not throw
  for (std::int64_t i = 0; i < count; ++i) {
    const Sum sum = cell(problem, {fine, coarse, weights}, indices[i]);
    exact[i] = sum.exact;
    magnitude[i] = sum.magnitude;
  }
}
