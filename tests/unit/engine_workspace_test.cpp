// What polyphase works in stays below 4 MiB for each thread, whatever the problem: planned, not run.
#include <faltung/error.hpp>
#include <faltung/plan.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace faltung {
namespace {

constexpr std::size_t most_bytes = std::size_t{4} << 20U;

std::size_t workspace_of(const std::string& problem, int threads) {
  return make_plan(parse_problem(problem), {.algorithm = "polyphase", .threads = threads}).workspace_bytes() /
         static_cast<std::size_t>(threads);
}

TEST(Workspace, OfFarTapsAndManyChannelsIsBounded) {
  for (const char* problem : {
           "conv3d ic69 oc4 i49x49x49 k15x15x15 s2 d3",         // was 33 MiB: planes of all channels
           "conv3d ic256 oc32 i11x42x52 k9x9x9 s4 p0x4x0",      // 20
           "convt3d ic232 oc1 i5x5x5 k15x15x15 s2 d3 p0x21x0",  // 5, eight phase groups
           "conv3d ic1 oc92 i52x52x52 k3x3x3 p0x1x1",           // 12: results that wait
           "convt3d ic442 oc2 i8x12x4 k9x15x4 s3 d3 p4x0x0",    // phases without taps
           "convt2d ic128 oc128 i8x415 k3x3 s4 d2 p2x2",        // wide rows of many phases
           "convt3d ic3 oc348 i20x20x20 k9x1x2 d3",             // 14
           "conv3d ic8 oc64 i22x59x20 k2x2x2",                  // 6: layers of the array, read in place
           "convt3d g3 ic177 oc3 i9x43x61 k1x1x1 s4",           // 5
       })
    for (const int threads : {1, 2, 5}) EXPECT_LT(workspace_of(problem, threads), most_bytes) << problem;
}

/// Problems of up to 2 GFLOP, with arrays of up to 64 MiB, as bench/peers --random draws them.
TEST(Workspace, OfDrawnProblemsIsBounded) {
  std::mt19937 random(11);
  const auto below = [&](std::uint32_t n) { return static_cast<std::int64_t>(random() % n); };
  const auto magnitude = [&](double most) {
    return static_cast<std::int64_t>(std::lround(std::exp2(static_cast<double>(random() % 4096) / 4096 * most)));
  };
  constexpr std::int64_t kernels[] = {1, 2, 3, 3, 4, 5, 7, 9, 15};
  for (int drawn = 0; drawn < 3000; ++drawn) {
    const std::int64_t rank = 1 + below(3);
    std::string extents, kernel, pads;
    for (std::int64_t a = 0; a < rank; ++a) {
      const std::int64_t k = kernels[below(9)];
      const char* by = a == 0 ? "" : "x";
      extents += fmt::format("{}{}", by, 4 * magnitude(rank == 1 ? 12 : rank == 2 ? 6.5 : 4));
      kernel += fmt::format("{}{}", by, k);
      pads += fmt::format("{}{}", by, below(2) * (k / 2));
    }
    const std::string text = fmt::format("conv{}{}d ic{} oc{} i{} k{} s{} d{} p{}", below(2) == 0 ? "" : "t", rank,
                                         magnitude(9), magnitude(9), extents, kernel, 1 + below(4), 1 + below(3), pads);
    double products = 0;
    try {
      const Problem problem = parse_problem(text);
      products = 1;
      for (const std::int64_t n : problem.weights_shape()) products *= static_cast<double>(n);
      for (const Axis& axis : problem.axes) products *= static_cast<double>(axis.coarse);
    } catch (const ProblemError&) {  // the kernel does not fit
    }
    if (products > 0 && products <= 1e9) {
      EXPECT_LT(workspace_of(text, 1), most_bytes) << text;
    }
  }
}

}  // namespace
}  // namespace faltung
