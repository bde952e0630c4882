#include "support/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#if defined(FALTUNG_THREADS_TBB) || defined(FALTUNG_THREADS_STD)
#include <exception>
#include <mutex>
#include <vector>
#endif
#if defined(FALTUNG_THREADS_TBB)
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <pthread.h>
#endif

namespace faltung::internal {

int hardware_threads() {
  static const int threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));  // asks the kernel
  return threads;
}

namespace {

#if defined(FALTUNG_THREADS_TBB) || defined(FALTUNG_THREADS_STD)

/// Threads of this call's own.
void run_on_threads(std::int64_t count, int threads, IndexBody body) {
  std::atomic<std::int64_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_guard;
  const auto work = [&] {
    for (std::int64_t i = next++; i < count; i = next++) {
      try {
        body(i);
      } catch (...) {
        const std::lock_guard lock(failure_guard);
        if (!failure) failure = std::current_exception();
        next = count;
      }
    }
  };
  {
    std::vector<std::jthread> pool;
    for (std::int64_t t = 1; t < std::min<std::int64_t>(threads, count); ++t) pool.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

#endif

#if defined(FALTUNG_THREADS_TBB)

/// Set in a child of fork(): oneTBB's workers stayed in the parent, and its locks may have been held by them.
bool forked = false;

// Lanes that take the next index limit the threads without an arena: making one costs more than a small problem, and
// sharing one would hold back other callers.
void run_on(std::int64_t count, int threads, IndexBody body) {
  [[maybe_unused]] static const int watched = pthread_atfork(nullptr, nullptr, [] { forked = true; });
  if (forked) return run_on_threads(count, threads, body);
  std::atomic<std::int64_t> next{0};
  const std::int64_t lanes = std::min<std::int64_t>(threads, count);
  oneapi::tbb::parallel_for(
      oneapi::tbb::blocked_range<std::int64_t>(0, lanes, 1),
      [&](const auto&) {
        for (std::int64_t i = next++; i < count; i = next++) body(i);
      },
      oneapi::tbb::simple_partitioner());
}

#elif defined(FALTUNG_THREADS_STD)

void run_on(std::int64_t count, int threads, IndexBody body) { run_on_threads(count, threads, body); }

#else

void run_on(std::int64_t count, int, IndexBody body) {
  for (std::int64_t i = 0; i < count; ++i) body(i);
}

#endif

}  // namespace

void parallel_for(std::int64_t count, int threads, IndexBody body) {
  if (threads == 0) threads = hardware_threads();
  if (threads > 1 && count > 1) {
    run_on(count, threads, body);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) body(i);
}

}  // namespace faltung::internal
