// What the machine tells about its caches.
#pragma once

#include <cstdint>

namespace faltung::internal {

/// Bytes of the second-level cache of one core; 512 KB where the machine does not tell.
std::int64_t second_cache_bytes();

/// Bytes of weights that the cost model takes for near, on every machine: docs/design/cost_model.md.
inline constexpr double near_weights = 1 << 20;

}  // namespace faltung::internal
