// How a problem is cut into the tiles of bilinear algorithms, and which of them are the fastest that are accurate
// enough.
//
//     rows and columns     transformed (kernels/bilinear.hpp), the planes of a dilation side by side
//     depth                its taps are added up among the products
//
// A scatter with stride 1 is a gather whose taps go backwards.
#pragma once

#include <faltung/problem.hpp>

#include "kernels/bilinear.hpp"
#include "problem/terms.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace faltung::internal {

/// Tile t of plane f reads cells (step·t + i)·granule + f + in_offset, and makes (results·t + j)·granule + f +
/// out_offset.
struct WinogradAxis {
  WinogradScheme scheme = WinogradScheme::one_tap;
  std::int64_t given = 1, result = 1;
  std::int64_t granule = 1;  ///< the dilation
  std::int64_t in_offset = 0, out_offset = 0;
  std::int64_t tiles = 1;  ///< of one plane
  bool backwards = false;  ///< tap k of the scheme is the kernel's last but k
  Boundary boundary = Boundary::zeros;

  const Bilinear& algorithm() const { return bilinear_of(scheme); }
  std::int64_t tap(std::int64_t k) const { return backwards ? algorithm().taps - 1 - k : k; }
};

/// Result z adds up given cells z·stride + k·dilation + offset.
struct DepthAxis {
  std::int64_t given = 1, result = 1, taps = 1, stride = 1, dilation = 1, offset = 0;
  bool backwards = false;
  Boundary boundary = Boundary::zeros;

  std::int64_t tap(std::int64_t k) const { return backwards ? taps - 1 - k : k; }
  /// Given planes from the first tap to the last.
  std::int64_t span() const { return (taps - 1) * dilation + 1; }
};
inline constexpr std::int64_t most_depth_span = 16;

struct WinogradAxes {
  DepthAxis z;
  WinogradAxis y, x;
  double seconds = 0, pack_seconds = 0;  ///< on one core
  double error = 0, growth = 0;          ///< as Algorithm::error and Algorithm::growth say
};

/// Terms that are added one after the other before their sum joins the others: fewer roundings of large sums.
inline constexpr std::int64_t winograd_sum_block = 64;

/// The fastest whose error is at most this, or why there is none.
std::variant<WinogradAxes, std::string> choose_winograd(const Problem& problem, double most_error);

/// With given schemes for rows and columns, if they fit: for tests and measurements.
std::optional<WinogradAxes> winograd_with(const Problem& problem, WinogradScheme y, WinogradScheme x);

}  // namespace faltung::internal
