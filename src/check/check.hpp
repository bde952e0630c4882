// `check` with a list of algorithms of the caller's choice: the library's, or in the tests a broken one.
#pragma once

#include <faltung/check.hpp>

#include "algorithms/algorithm.hpp"

#include <span>

namespace faltung::internal {

CheckReport check(const Problem& problem, std::span<const Algorithm* const> algorithms, std::uint32_t seed,
                  int threads);

}  // namespace faltung::internal
