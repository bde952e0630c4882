// What the parts of Winograd share; included by its source files only.
#pragma once

#include "engine/aligned_numbers.hpp"
#include "engine/winograd.hpp"
#include "support/integers.hpp"

#include <cstdint>
#include <vector>

namespace faltung::internal {

template <class T>
struct WinogradWeights : Packed {
  AlignedNumbers<T> weights;  ///< [group][chunk][point of the output][block of the sum][tile of rows][depth][row]
  std::vector<T> bias;        ///< [group][channel]
};

}  // namespace faltung::internal
