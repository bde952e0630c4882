// The whole command, apart from `main`, so that a test can run it with another check.
#pragma once

#include <faltung/check.hpp>

#include <cstdint>
#include <functional>

namespace faltung::cli {

/// What `faltung check` asks: (problem, seed, threads).
using CheckFunction = std::function<CheckReport(const Problem&, std::uint32_t, int)>;

/// The exit status: 0; 1 when `check` finds a failure; 2 with one line on stderr.
int run_command(
    int argc, char** argv, const CheckFunction& check = [](const Problem& problem, std::uint32_t seed, int threads) {
      return faltung::check(problem, seed, threads);
    });

}  // namespace faltung::cli
