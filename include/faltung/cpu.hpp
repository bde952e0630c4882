// Which instruction sets the kernels were compiled for, and which one a plan takes.
#pragma once

#include <string>
#include <vector>

namespace faltung {

/// Names of the instruction sets (Highway's targets: "AVX3", "AVX2", "SSE4", "NEON", …) that are compiled in and that
/// this machine runs, the best one first.
std::vector<std::string> available_targets();

/// What `make_plan` takes: the best one, or the one that the environment variable FALTUNG_TARGET names (any case).
/// Errors: ProblemError when FALTUNG_TARGET names one that is not available.
std::string chosen_target();

/// What the machine calls its processor, in one line; "unknown" where it does not say.
std::string cpu_name();

}  // namespace faltung
