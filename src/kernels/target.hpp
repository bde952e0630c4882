// The instruction set that a plan's kernels are taken from: chosen once per plan, never inside a loop.
#pragma once

#include <cstdint>
#include <string>

namespace faltung::internal {

/// One bit of Highway's HWY_… targets.
struct Target {
  std::int64_t bit = 0;
  bool operator==(const Target&) const = default;
};

/// FALTUNG_TARGET, or the best one of this machine. Errors: ProblemError.
Target current_target();
std::string name_of(Target target);

}  // namespace faltung::internal
