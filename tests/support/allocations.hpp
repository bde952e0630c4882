// Counts allocations of the whole program.
#pragma once

#include <cstdint>

namespace faltung::test {

/// Calls of `operator new` so far; the ones with an alignment are not replaced and not counted.
std::int64_t allocations();

}  // namespace faltung::test
