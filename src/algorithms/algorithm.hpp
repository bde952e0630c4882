// What an algorithm is: it says where it applies and what it costs, prepares, packs and runs. It never chooses.
//
// Adding one is one file in this folder, `<name>.cpp`, that defines `const Algorithm& <name>_algorithm()`, and one line
// in algorithms.def; the registry, the tests, the benchmarks, the docs and CMake read that list.
#pragma once

#include <faltung/problem.hpp>

#include "algorithms/rounding.hpp"
#include "engine/ends.hpp"
#include "engine/prepared.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace faltung::internal {

/// Of one core; algorithms count what they do and multiply by rates of their own: docs/design/cost_model.md.
struct Cost {
  double seconds = 0;       ///< of all samples, shared by the cores
  double pack_seconds = 0;  ///< to pack the weights
  double call_seconds = 0;  ///< of each run, however small and on however many cores
};

class Algorithm {
 public:
  virtual ~Algorithm() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view idea() const = 0;    ///< one sentence
  virtual std::string_view source() const = 0;  ///< author, title, year
  virtual bool strict() const = 0;              ///< equals sliding_window bit for bit
  /// The same with the choices that an error of `most_error` leaves (else it keeps to the default accuracy). Null: it
  /// has none to make.
  virtual std::unique_ptr<const Algorithm> within(double /*most_error*/) const { return nullptr; }
  virtual std::optional<std::string> refusal(const Problem& problem) const = 0;  ///< the reason, or nothing
  virtual Cost cost(const Problem& problem) const = 0;
  /// Which of several ways it goes, for the report and for what was measured of it; empty: it has one.
  virtual std::string way(const Problem& /*problem*/) const { return {}; }
  /// As `Accuracy` counts it: of direct sums, where an algorithm says nothing else.
  virtual double error(const Problem& problem) const { return error_of_direct_sums(problem); }
  /// For any data: |error| ≤ γₙ·(growth · summed channels · max|weights| · max|given| + |bias|) where an algorithm does
  /// not add up the terms of a cell themselves; 0 where it does: γₙ·(|bias| + Σ|w||x|). Only asked without refusal.
  virtual double growth(const Problem& /*problem*/) const { return 0; }
  virtual std::unique_ptr<const Prepared> prepare(const Problem& problem, int threads) const = 0;
  /// As above, with `ends` done in the same passes over the arrays. Null: the plan does them around the run.
  virtual std::unique_ptr<const Prepared> prepare_with(const Problem& /*problem*/, int /*threads*/,
                                                       const Ends& /*ends*/) const {
    return nullptr;
  }
};

}  // namespace faltung::internal
