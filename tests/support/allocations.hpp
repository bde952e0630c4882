// Counts allocations of the whole program.
#pragma once

#include <cstdint>

namespace faltung::test {

/// Calls of `operator new` so far; the ones with an alignment are not replaced and not counted.
std::int64_t allocations();

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
