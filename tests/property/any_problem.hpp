// A random valid problem from whatever chooses numbers: RapidCheck, or the bytes of a fuzzer.
#pragma once

#include <faltung/problem.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

namespace faltung::test {

/// Largest kernel and coarse extents by rank: the matrices of all ranks cost about the same.
inline constexpr std::array<std::int64_t, 3> largest_kernel = {6, 4, 3};
inline constexpr std::array<std::int64_t, 3> largest_coarse = {9, 5, 3};

template <class Between>
Axis any_axis(std::size_t rank, Between&& between) {
  Axis axis;
  axis.kernel = between(1, largest_kernel[rank - 1]);
  axis.stride = between(1, 4);
  axis.dilation = between(1, 3);
  axis.coarse = between(1, largest_coarse[rank - 1]);
  const std::int64_t surplus = between(0, std::max(axis.stride, axis.dilation) - 1);
  const std::int64_t padded = (axis.coarse - 1) * axis.stride + axis.span() + surplus;
  std::int64_t pads = 0;
  switch (between(0, 2)) {
    case 0:  // none
      break;
    case 1:  // anything: margins may be far larger than the array
      pads = between(0, padded - 1);
      axis.pad_before = between(0, pads);
      break;
    default:  // what layers use: the same on both sides, at most one span
      pads = 2 * between(0, std::min((padded - 1) / 2, axis.span()));
      axis.pad_before = pads / 2;
  }
  axis.pad_after = pads - axis.pad_before;
  axis.fine = padded - pads;
  axis.boundary = static_cast<Boundary>(between(0, 4));
  return axis;
}

/// One to three axes, every stride, dilation, uneven padding, boundary (margins larger than the array too), surplus,
/// group and channel count, empty batches, both layers, all unknowns; small enough for a matrix. `between(low, high)`
/// chooses a whole number, both ends included.
template <class Between>
Problem any_problem(Between&& between) {
  Problem problem;
  const auto rank = static_cast<std::size_t>(between(1, 3));
  for (std::size_t a = 0; a < rank; ++a) problem.axes.push_back(any_axis(rank, between));
  problem.layer = static_cast<Layer>(between(0, 1));
  problem.unknown = static_cast<Unknown>(between(0, 2));
  problem.dtype = static_cast<DType>(between(0, 2));
  problem.flip = between(0, 3) == 0;
  problem.batch = between(0, 20) == 0 ? 0 : between(1, 3);
  problem.groups = between(1, 3);
  problem.fine_channels = problem.groups * between(1, 3);
  problem.coarse_channels = problem.groups * between(1, 3);
  validate(problem);
  return problem;
}

}  // namespace faltung::test
