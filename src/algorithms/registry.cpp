#include "algorithms/registry.hpp"

#include <array>

namespace faltung::internal {

#define FALTUNG_ALGORITHM(name) const Algorithm& name##_algorithm();
#include "algorithms/algorithms.def"
#undef FALTUNG_ALGORITHM

std::span<const Algorithm* const> all_algorithms() {
  static const std::array list = {
#define FALTUNG_ALGORITHM(name) &name##_algorithm(),
#include "algorithms/algorithms.def"
#undef FALTUNG_ALGORITHM
  };
  return list;
}

}  // namespace faltung::internal
