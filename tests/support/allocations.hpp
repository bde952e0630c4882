// Counts allocations of the whole program, and lets them fail.
#pragma once

#include <cstdint>

namespace faltung::test {

/// Calls of `operator new` so far; the ones with an alignment are not replaced and not counted.
std::int64_t allocations();

/// Bytes that live now.
std::int64_t live_bytes();

/// The n-th allocation from now on fails, and those after it succeed again; 0: none fails. Returns whether the one
/// asked for before has failed.
bool fail_allocation(std::int64_t nth);

/// Allocations fail that would let more bytes live than these and those that live now; 0: no limit.
void limit_memory(std::int64_t bytes);

/// The most bytes that lived at once while `action` ran, beyond those that lived before.
template <class Action>
std::int64_t peak_bytes(Action&& action);

namespace detail {
std::int64_t start_peak();
std::int64_t peak();
}  // namespace detail

template <class Action>
std::int64_t peak_bytes(Action&& action) {
  const std::int64_t before = detail::start_peak();
  action();
  return detail::peak() - before;
}

}  // namespace faltung::test
