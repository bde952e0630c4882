// From a target to its row in the tables that HWY_EXPORT makes; included by kernel files only, after highway.h.
#pragma once

#include "kernels/target.hpp"

#include <hwy/highway.h>

#include <cstddef>

namespace faltung::internal {

inline std::size_t dispatch_index(Target target) {
  hwy::ChosenTarget chosen;
  chosen.Update(target.bit);
  return chosen.GetIndex();
}

}  // namespace faltung::internal

/// The value of a function exported with HWY_EXPORT, for one target.
#define FALTUNG_DISPATCH(function, target) (*HWY_DISPATCH_TABLE(function)[::faltung::internal::dispatch_index(target)])
