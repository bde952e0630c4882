// How dense problems are shared between threads: they finish together, and little is packed or copied again.
#include "engine/sharing.hpp"

#include <faltung/problem.hpp>

#include <gtest/gtest.h>

#include <cstdint>

namespace {

using faltung::internal::ceil_divide;
using faltung::internal::DenseForm;

struct Shared {
  double busy;          ///< share of the time in which a thread has something to do
  std::int64_t splits;  ///< tasks of a box: each packs it and makes its panels again
  bool even;            ///< the tasks of a box have equally many chunks
  bool smaller;         ///< boxes and chunks fit where those of one thread do
};

/// Eight lanes, the tiles of AVX2.
Shared shared(const char* text, std::int64_t threads) {
  const faltung::Problem problem = faltung::parse_problem(text);
  constexpr int widest[faltung::internal::most_tile_rows + 1] = {0, 8, 6, 4, 3};
  const faltung::internal::TileLimits tiles = {8, 4, 3, 6, 2, widest};
  DenseForm form = faltung::internal::dense_form(problem, tiles, 4);
  const faltung::internal::Blocking whole = form.blocking;
  const std::int64_t splits = faltung::internal::share(problem, tiles, threads, form);
  std::int64_t tasks = problem.batch * problem.groups * splits;
  bool smaller = form.blocking.chunk <= whole.chunk;
  for (std::size_t a = 0; a < 3; ++a) {
    tasks *= ceil_divide(form.axes[a].positions, form.blocking.box[a]);
    smaller = smaller && form.blocking.box[a] <= whole.box[a];
  }
  return {static_cast<double>(tasks) / static_cast<double>(threads * ceil_divide(tasks, threads)), splits,
          ceil_divide(form.shape.result_channels, form.blocking.chunk) % splits == 0, smaller};
}

TEST(Sharing, ThreadsFinishTogether) {
  for (const char* text :
       {"conv2d ic256 oc256 i33x33 k3x3 d6 p6",  // was nine tasks
        "conv2d ic128 oc128 i56x56 k3x3 s2 p1", "conv2d ic512 oc512 i7x7 k3x3 p1", "conv2d ic1024 oc256 i14x14 k1x1",
        "convt2d ic512 oc256 i4x4 k4x4 s2 p1", "convt2d ic1024 oc512 i28x28 k2x2 s2", "conv1d ic512 oc512 i100 k7 p3"})
    for (const std::int64_t threads : {2, 3, 4, 8}) {
      const Shared of = shared(text, threads);
      EXPECT_GE(of.busy, 0.85) << text << ", threads " << threads;
      EXPECT_TRUE(of.even && of.smaller) << text << ", threads " << threads;
    }
}

TEST(Sharing, BoxesAreCutWhereTheyCanBe) {
  EXPECT_EQ(shared("conv2d ic128 oc128 i28x28 k3x3 p1", 2).splits, 1);
  EXPECT_EQ(shared("conv2d ic128 oc128 i28x28 k3x3 p1", 4).splits, 1);
  EXPECT_LE(shared("conv2d ic256 oc256 i33x33 k3x3 d6 p6", 2).splits, 2);
}

TEST(Sharing, OneThreadChangesNothing) {
  const Shared of = shared("conv2d ic256 oc256 i33x33 k3x3 d6 p6", 1);
  EXPECT_EQ(of.splits, 1);
  EXPECT_TRUE(of.smaller);
}

}  // namespace
