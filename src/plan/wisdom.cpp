// Measured times in memory: who measured, of what, how long.
#include <faltung/cpu.hpp>
#include <faltung/faltung.hpp>
#include <faltung/tune.hpp>

#include "support/parallel.hpp"

namespace faltung {

Machine this_machine(int threads) {
  return {cpu_name(), chosen_target(), FALTUNG_VERSION, threads == 0 ? internal::hardware_threads() : threads};
}

void Wisdom::remember(const Tuning& tuning) {
  Algorithms& known = times_[tuning.machine][tuning.report.problem];
  for (const Candidate& candidate : tuning.report.candidates)
    if (candidate.measured_seconds)
      known[candidate.algorithm] = {*candidate.measured_seconds, candidate.measured_pack_seconds.value_or(0)};
}

std::optional<Measured> Wisdom::find(const Machine& machine, std::string_view problem,
                                     std::string_view algorithm) const {
  const auto measured = times_.find(machine);
  if (measured == times_.end()) return std::nullopt;
  const auto algorithms = measured->second.find(problem);
  if (algorithms == measured->second.end()) return std::nullopt;
  const auto time = algorithms->second.find(algorithm);
  return time == algorithms->second.end() ? std::nullopt : std::optional(time->second);
}

}  // namespace faltung
