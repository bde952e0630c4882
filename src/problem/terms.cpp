#include "problem/terms.hpp"

namespace faltung::internal {

Terms::Terms(const Problem& problem)
    : axes_(three_axes(problem)),
      coarse_channels_(problem.coarse_channels),
      fine_channels_(problem.fine_channels),
      groups_(problem.groups),
      flip_(problem.flip) {}

}  // namespace faltung::internal
