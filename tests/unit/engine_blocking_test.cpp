// How dense problems are cut into boxes: what is packed for two boxes is packed twice.
#include "engine/blocking.hpp"
#include "engine/lowering.hpp"

#include <faltung/problem.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace {

using faltung::internal::Blocking;
using faltung::internal::LoweredAxis;

constexpr int widest[faltung::internal::most_tile_rows + 1] = {0, 8, 6, 4, 3};
constexpr faltung::internal::TileLimits tiles_of_avx2{8, 4, 3, 6, 2, widest};

/// Cells packed for all boxes, over those of one box for everything; eight lanes, the tiles of AVX2.
double packed_again(const char* text) {
  const faltung::Problem problem = faltung::parse_problem(text);
  const auto axes = faltung::internal::lower(problem, faltung::internal::PhaseOrigin::result);
  std::int64_t taps = 1, planes = 1;
  for (const LoweredAxis& axis : axes) taps *= static_cast<std::int64_t>(axis.taps[0].size()), planes *= axis.planes;
  const Blocking blocking = faltung::internal::choose_blocking(
      axes, {problem.fine_channels, problem.coarse_channels, 1, 1, 1, taps, planes, 4, false, false, 1}, tiles_of_avx2);
  double boxes = 1;
  for (std::size_t a = 0; a < 3; ++a) {
    const LoweredAxis& axis = axes[a];
    const std::int64_t halo = axis.high - axis.low, count = (axis.positions - 1) / blocking.box[a] + 1;
    boxes *= static_cast<double>(count * (blocking.box[a] + halo)) / static_cast<double>(axis.positions + halo);
  }
  return boxes;
}

TEST(Blocking, FewCellsArePackedTwiceWhereTapsReachFar) {
  EXPECT_LT(packed_again("conv2d ic256 oc256 i33x33 k3x3 d6 p6"), 1.6);  // rows of three had 3.7
}

TEST(Blocking, BoxesOfAVolumeAreDeepToo) {
  EXPECT_LT(packed_again("conv3d ic16 oc16 i64x64x64 k3x3x3 p1"), 2.0);  // boxes of one layer had 3.2
}

TEST(Blocking, ManyChannelsThatAreReadFromAfarAreReadSomeAtATime) {
  const auto steps = [](const char* text) {
    const faltung::Problem problem = faltung::parse_problem(text);
    const auto axes = faltung::internal::lower(problem, faltung::internal::PhaseOrigin::result);
    return faltung::internal::choose_blocking(
               axes, {problem.fine_channels, problem.coarse_channels, 1, 1, 1, 1, 1, 4, false, true, 1}, tiles_of_avx2)
        .sum_block;
  };
  EXPECT_LE(steps("conv2d ic115 oc8 i152x152 k1x1"), 32);
  EXPECT_LE(steps("conv2d ic256 oc64 i128x128 k1x1"), 32);
  EXPECT_EQ(steps("conv2d ic256 oc3 i132x131 k1x1"), 256);  // tiles of few rows read more of each
  EXPECT_EQ(steps("conv2d ic115 oc8 i28x28 k1x1"), 115);    // the second-level cache holds them
}

}  // namespace
