// How a dense problem is shared between threads: boxes that are cut further, and result channels that are split.
//
// A task is a box and a part of the result channels. Tasks that share a box pack it again, and make its panels again;
// smaller boxes pack more for two of them, and read the weights again; and all threads should finish together.
#pragma once

#include "engine/dense_form.hpp"

#include <cstdint>

namespace faltung::internal {

/// Cuts boxes and chunks so that `threads` are predicted to finish soonest. Returns the number of tasks of each box,
/// which have equally many chunks.
std::int64_t share(const Problem& problem, const TileLimits& tiles, std::int64_t threads, DenseForm& form);

}  // namespace faltung::internal
