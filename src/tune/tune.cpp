// Every algorithm that may run, timed.
#include <faltung/tune.hpp>

#include <algorithm>

namespace faltung {

namespace {

/// Predictions err by less than this: what is expected to be slower by more is not worth its time.
constexpr double hopeless = 10;

}  // namespace

Tuning tune(const Problem& problem, const Options& options, double seconds, const TuneProgress& progress) {
  Options untuned = options;
  untuned.algorithm = "auto";
  untuned.wisdom = nullptr;
  Tuning tuning{this_machine(options.threads), make_plan(problem, untuned).report(), {}};
  Report& report = tuning.report;
  tuning.untuned = report.chosen;
  const auto predicted = [&](const Candidate& candidate) {
    return candidate.predicted_seconds + (options.pack_each_run ? candidate.predicted_pack_seconds : 0);
  };
  double best_predicted = 0, best = 0;
  for (const Candidate& candidate : report.candidates)
    if (candidate.algorithm == tuning.untuned) best_predicted = predicted(candidate);
  std::int64_t done = 0;
  const auto all = static_cast<std::int64_t>(report.candidates.size());
  for (Candidate& candidate : report.candidates) {
    if (progress) progress(done++, all);
    if (candidate.refusal || predicted(candidate) > hopeless * best_predicted) continue;
    Options one = untuned;
    one.algorithm = candidate.algorithm;
    const Plan plan = make_plan(problem, one);
    const Measured measured = measure(plan, seconds);
    candidate.measured_seconds = measured.run;
    candidate.measured_pack_seconds = measured.pack;
    const double total = measured.run + (options.pack_each_run ? measured.pack : 0);
    if (best == 0 || total < best) {
      best = total;
      report.chosen = candidate.algorithm;
    }
    const Report& own = plan.report();
    const auto itself = std::find_if(own.candidates.begin(), own.candidates.end(),
                                     [&](const Candidate& c) { return c.algorithm == candidate.algorithm; });
    candidate.workspace_bytes = itself->workspace_bytes;
    candidate.packed_bytes = itself->packed_bytes;
  }
  if (progress) progress(all, all);
  return tuning;
}

}  // namespace faltung
