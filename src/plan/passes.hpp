// What an algorithm leaves undone, in passes of the plan's own around its run.
#pragma once

#include "engine/ends.hpp"
#include "engine/prepared.hpp"

#include <memory>

namespace faltung::internal {

/// `inner`, which takes dense arrays, with arrays that lie as `ends` say, and then what they ask for. The workspace
/// grows by a dense copy of every array that lies otherwise, and for a sum into the output by one of the result.
std::unique_ptr<const Prepared> with_passes(std::unique_ptr<const Prepared> inner, const Problem& problem, int threads,
                                            const Ends& ends);

}  // namespace faltung::internal
