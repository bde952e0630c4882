// The one seam to threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace faltung::internal {

/// A reference to a callable; does not own, never allocates.
class IndexBody {
 public:
  template <class F, class = std::enable_if_t<!std::is_same_v<std::remove_cvref_t<F>, IndexBody>>>
  IndexBody(F&& body)  // NOLINT(google-explicit-constructor): stands for a function
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(body)))),
        call_([](void* object, std::int64_t i) { (*static_cast<std::remove_reference_t<F>*>(object))(i); }) {}
  void operator()(std::int64_t i) const { call_(object_, i); }

 private:
  void* object_;
  void (*call_)(void*, std::int64_t);
};

/// Calls body(0) … body(count − 1), on at most `threads` threads (0: as many as the machine has), and returns when all
/// are done. One thread: in order, on the caller, without allocation. The first exception of a body is thrown to the
/// caller. Calls may be nested, and stand inside a caller's own oneTBB tasks, threads or OpenMP regions. A child of
/// fork() starts threads anew in every call: oneTBB's do not live there.
void parallel_for(std::int64_t count, int threads, IndexBody body);

/// Tasks 0 … count − 1 on `lanes` lanes, each of which takes the next one: open(lane) makes what runs a task by its
/// number.
template <class Open>
void parallel_tasks(std::int64_t lanes, std::int64_t count, int threads, Open&& open) {
  std::atomic<std::int64_t> next{0};
  parallel_for(lanes, threads, [&](std::int64_t lane) {
    auto run = open(lane);
    for (std::int64_t task = next++; task < count; task = next++) run(task);
  });
}

/// Threads that the machine runs at once, at least 1.
int hardware_threads();

}  // namespace faltung::internal
