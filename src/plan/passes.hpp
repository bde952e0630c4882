// What an algorithm leaves undone, in passes of the plan's own around its run.
#pragma once

#include "engine/ends.hpp"
#include "engine/prepared.hpp"

#include <memory>

namespace faltung::internal {

/// `inner`, and then what `ends` ask for. A sum into the output costs a workspace as large as the result.
std::unique_ptr<const Prepared> with_passes(std::unique_ptr<const Prepared> inner, const Problem& problem, int threads,
                                            const Ends& ends);

}  // namespace faltung::internal
