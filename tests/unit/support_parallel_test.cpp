#include "support/parallel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <thread>
#include <vector>

namespace faltung::internal {
namespace {

TEST(ParallelFor, VisitsEveryIndexOnce) {
  for (const int threads : {0, 1, 2, 3, 7, 64})
    for (const std::int64_t count : {0, 1, 2, 5, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
      parallel_for(count, threads, [&](std::int64_t i) { ++visits[static_cast<std::size_t>(i)]; });
      EXPECT_TRUE(std::all_of(visits.begin(), visits.end(), [](const auto& n) { return n == 1; }))
          << threads << " threads, " << count;
    }
}

TEST(ParallelFor, OneThreadKeepsTheOrderAndTheThread) {
  std::vector<std::int64_t> order;
  const auto caller = std::this_thread::get_id();
  parallel_for(5, 1, [&](std::int64_t i) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    order.push_back(i);
  });
  EXPECT_EQ(order, (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
}

TEST(ParallelFor, RunsAtMostAsManyAtOnce) {
  for (const int threads : {1, 2, 3}) {
    std::atomic<int> now{0}, most{0};
    parallel_for(64, threads, [&](std::int64_t) {
      const int running = ++now;
      for (int seen = most; seen < running && !most.compare_exchange_weak(seen, running);) {
      }
      std::this_thread::yield();
      --now;
    });
    EXPECT_LE(most, threads);
  }
}

TEST(ParallelFor, ThrowsAnExceptionOfABodyToTheCaller) {
  for (const int threads : {1, 2, 5})
    EXPECT_THROW(parallel_for(100, threads,
                              [](std::int64_t i) {
                                if (i == 17) throw std::runtime_error("17");
                              }),
                 std::runtime_error);
}

TEST(ParallelFor, Nests) {
  std::atomic<int> sum{0};
  parallel_for(4, 2, [&](std::int64_t) { parallel_for(25, 2, [&](std::int64_t) { ++sum; }); });
  EXPECT_EQ(sum, 100);
}

}  // namespace
}  // namespace faltung::internal
