// Measured times in memory: who measured, of what, how long.
#include <faltung/cpu.hpp>
#include <faltung/faltung.hpp>
#include <faltung/tune.hpp>

#include "support/parallel.hpp"

namespace faltung {

Machine this_machine(int threads) {
  return {cpu_name(), chosen_target(), FALTUNG_VERSION, threads == 0 ? internal::hardware_threads() : threads};
}

namespace {

std::string key_of(const Candidate& candidate) {
  return candidate.way.empty() ? candidate.algorithm : candidate.algorithm + ": " + candidate.way;
}

}  // namespace

void Wisdom::remember(const Tuning& tuning) {
  Algorithms& known = times_[tuning.machine][tuning.report.problem];
  for (const Candidate& candidate : tuning.report.candidates)
    if (candidate.measured_seconds)
      known[key_of(candidate)] = {*candidate.measured_seconds, candidate.measured_pack_seconds.value_or(0)};
}

std::optional<Measured> Wisdom::find(const Machine& machine, std::string_view problem,
                                     const Candidate& candidate) const {
  const auto measured = times_.find(machine);
  if (measured == times_.end()) return std::nullopt;
  const auto algorithms = measured->second.find(problem);
  if (algorithms == measured->second.end()) return std::nullopt;
  const auto time = algorithms->second.find(key_of(candidate));
  return time == algorithms->second.end() ? std::nullopt : std::optional(time->second);
}

}  // namespace faltung
