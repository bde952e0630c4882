// Measuring instead of predicting: `tune` times the algorithms of a problem on this machine, `Wisdom` keeps the times,
// and a plan that is given them (`Options::wisdom`) chooses by them.
//
//     auto wisdom = std::make_shared<Wisdom>();
//     for (const std::string& warning : wisdom->read(Wisdom::default_path())) …
//     wisdom->remember(tune(problem));
//     wisdom->write(Wisdom::default_path());
//     Plan plan = make_plan(problem, {.wisdom = wisdom});
//
// Source: Frigo & Johnson, "The design and implementation of FFTW3", 2005, section 5 (planner, wisdom).
#pragma once

#include <faltung/plan.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace faltung {

/// Where times were measured, and by what: others say nothing about a plan here.
struct Machine {
  std::string cpu;      ///< as the machine calls it
  std::string target;   ///< the instruction set of the kernels: `chosen_target()`
  std::string version;  ///< of the library
  int threads = 1;      ///< never 0
  bool operator==(const Machine&) const = default;
  bool operator<(const Machine& other) const {
    return std::tie(cpu, target, version, threads) < std::tie(other.cpu, other.target, other.version, other.threads);
  }
};

/// This machine with `Options::threads`. Errors: ProblemError (FALTUNG_TARGET).
Machine this_machine(int threads);

/// Seconds of one algorithm on one problem, each the least of several.
struct Measured {
  double run = 0, pack = 0;
  bool operator==(const Measured&) const = default;
};

/// What was measured of one problem.
struct Tuning {
  Machine machine;
  /// With `Candidate::measured` of each algorithm that was timed; `chosen` is the fastest of them.
  Report report;
  std::string untuned;  ///< what a plan without wisdom chooses
};

/// Called with the number of algorithms done, and of all.
using TuneProgress = std::function<void(std::int64_t, std::int64_t)>;

/// Times every algorithm that the options allow (their `algorithm` and `wisdom` count for nothing), on numbers of its
/// own, for about `seconds` each: at least three runs after a first one. Left out is what is predicted to take ten
/// times as long as the best. Memory: the problem's arrays and the algorithm's own. Errors: as `make_plan`.
Tuning tune(const Problem& problem, const Options& options = {}, double seconds = 0.2,
            const TuneProgress& progress = {});

/// Seconds of one run of a plan (and of packing), the least of as many as fit into `seconds`, at least three after a
/// first one.
Measured measure(const Plan& plan, double seconds);

/// Times of many problems on many machines; in memory until it is written. A plan only reads it, from any thread.
class Wisdom {
 public:
  /// FALTUNG_WISDOM; else faltung/wisdom.json in XDG_CACHE_HOME, or in ~/.cache. Empty (no file) where FALTUNG_WISDOM
  /// is, or no home is known.
  static std::string default_path();

  /// Adds what a file holds. A file that is not there holds nothing. What is no wisdom, is damaged, or was measured
  /// only on other machines or by another version is not used: that is returned, one line each, never thrown.
  std::vector<std::string> read(const std::string& path);

  /// Adds everything to a file, for which a lock (`<path>.lock`) is held: what others wrote meanwhile stays, except
  /// where the same was measured. A temporary file, renamed. Makes the folder. Errors: FileError.
  void write(const std::string& path) const;

  void remember(const Tuning& tuning);
  /// Of the way that the candidate goes.
  std::optional<Measured> find(const Machine& machine, std::string_view problem, const Candidate& candidate) const;

  bool empty() const { return times_.empty(); }
  bool operator==(const Wisdom&) const = default;

 private:
  friend struct WisdomFile;
  /// By `algorithm`, or "algorithm: way".
  using Algorithms = std::map<std::string, Measured, std::less<>>;
  using Problems = std::map<std::string, Algorithms, std::less<>>;
  std::map<Machine, Problems> times_;
};

}  // namespace faltung
