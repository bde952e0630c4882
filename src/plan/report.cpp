// The report as a table for people.
#include <faltung/plan.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace faltung {

namespace {

std::string duration(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.3g} µs", seconds * 1e6);
  return seconds < 1 ? fmt::format("{:.3g} ms", seconds * 1e3) : fmt::format("{:.3g} s", seconds);
}

}  // namespace

std::string to_text(const Report& report) {
  std::vector<const Candidate*> order;
  for (const Candidate& candidate : report.candidates) order.push_back(&candidate);
  const auto rank = [&](const Candidate& candidate) {
    return candidate.algorithm == report.chosen ? 0 : candidate.refusal ? 2 : 1;
  };
  const auto seconds = [](const Candidate& candidate) {
    return candidate.measured_seconds.value_or(candidate.predicted_seconds);
  };
  std::stable_sort(order.begin(), order.end(), [&](const Candidate* a, const Candidate* b) {
    if (rank(*a) != rank(*b)) return rank(*a) < rank(*b);
    return !a->refusal && seconds(*a) < seconds(*b);
  });
  std::string text = report.problem + "\n";
  for (const Candidate* candidate : order) {
    if (candidate->refusal) {
      text += fmt::format("  refused  {:<16}{}\n", candidate->algorithm, *candidate->refusal);
      continue;
    }
    const bool chosen = candidate->algorithm == report.chosen;
    text += fmt::format("  {:<9}{:<16}{} predicted", chosen ? "chosen" : "", candidate->algorithm,
                        duration(candidate->predicted_seconds));
    if (candidate->measured_seconds) text += fmt::format(", {} measured", duration(*candidate->measured_seconds));
    if (!candidate->way.empty()) text += ", " + candidate->way;
    if (chosen)
      text += fmt::format(", workspace {} bytes, packed weights {} bytes, error {:.2g}", candidate->workspace_bytes,
                          candidate->packed_bytes, candidate->error);
    text += "\n";
  }
  return text;
}

}  // namespace faltung
