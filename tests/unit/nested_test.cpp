// Runs inside the pools of a caller, and in a child of fork().
#include <faltung/plan.hpp>

#include "support/arrays.hpp"
#include "support/parallel.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#if defined(FALTUNG_THREADS_TBB)
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#endif

namespace faltung::test {
namespace {

/// Large enough that every algorithm shares it between threads.
class Nested : public testing::Test {
 protected:
  const Problem problem = parse_problem("conv2d n2 ic9 oc33 i40x40 k3x3 p1");
  const Operands<float> operands = whole_operands<float>(problem, 1, true);
  const Plan plan = make_plan(problem, {.threads = 3});
  const std::vector<float> expected = run(plan, operands);

  bool right() const { return run(plan, operands) == expected; }
};

TEST_F(Nested, InThreadsOfACaller) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> pool;
  for (int t = 0; t < 4; ++t) pool.emplace_back([&] { wrong += right() ? 0 : 1; });
  for (std::thread& thread : pool) thread.join();
  EXPECT_EQ(wrong, 0);
}

#if defined(FALTUNG_THREADS_TBB)
TEST_F(Nested, InAnArenaOfOneTBB) {
  std::atomic<int> wrong{0};
  oneapi::tbb::task_arena arena(2);
  arena.execute([&] { oneapi::tbb::parallel_for(0, 8, [&](int) { wrong += right() ? 0 : 1; }); });
  EXPECT_EQ(wrong, 0);
}
#endif

#if defined(_OPENMP)
TEST_F(Nested, InARegionOfOpenMP) {
  std::atomic<int> wrong{0};
#pragma omp parallel for num_threads(4)
  for (int i = 0; i < 8; ++i) wrong += right() ? 0 : 1;
  EXPECT_EQ(wrong, 0);
}
#endif

/// `holds` in a child of fork(), which must end within 60 seconds.
template <class Holds>
bool in_a_child(Holds&& holds) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    ::_exit(holds() ? 0 : 1);
  }
  int status = -1;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(Nested, InAChildOfForkAfterUse) {
  ASSERT_TRUE(right());
  EXPECT_TRUE(in_a_child([&] { return right(); }));
  EXPECT_TRUE(in_a_child([&] { return in_a_child([&] { return right(); }); })) << "a child of a child";
  EXPECT_TRUE(right()) << "and the parent goes on";
}

TEST_F(Nested, InAChildOfForkWhilePlansRun) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP()
      << "a child of fork() keeps the locks of the sanitizer's allocator as they were; the Release build runs it";
#endif
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) run(plan, operands);
  });
  int wrong = 0;
  for (int i = 0; i < 20; ++i) wrong += in_a_child([&] { return right(); }) ? 0 : 1;
  stop = true;
  busy.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(Nested, AChildOfForkDoesTwoThingsAtOnce) {
#if defined(FALTUNG_THREADS_SERIAL)
  GTEST_SKIP() << "built without threads";
#endif
  ASSERT_TRUE(right());
  EXPECT_TRUE(in_a_child([] {
    std::atomic<int> waiting{0};  // ends only when two are inside at once
    internal::parallel_for(2, 2, [&](std::int64_t) {
      ++waiting;
      while (waiting < 2) std::this_thread::yield();
    });
    return true;
  }));
}

}  // namespace
}  // namespace faltung::test
