// Every algorithm of the library, in the order of algorithms.def.
#pragma once

#include "algorithms/algorithm.hpp"

#include <span>

namespace faltung::internal {

std::span<const Algorithm* const> all_algorithms();

}  // namespace faltung::internal
