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
  std::stable_sort(order.begin(), order.end(), [&](const Candidate* a, const Candidate* b) {
    if (rank(*a) != rank(*b)) return rank(*a) < rank(*b);
    return !a->refusal && a->predicted_seconds < b->predicted_seconds;
  });
  std::string text = report.problem + "\n";
  for (const Candidate* candidate : order) {
    if (candidate->refusal)
      text += fmt::format("  refused  {:<16}{}\n", candidate->algorithm, *candidate->refusal);
    else if (candidate->algorithm == report.chosen)
      text += fmt::format("  chosen   {:<16}{} predicted, workspace {} bytes, packed weights {} bytes, error {:.2g}\n",
                          candidate->algorithm, duration(candidate->predicted_seconds), candidate->workspace_bytes,
                          candidate->packed_bytes, candidate->error);
    else
      text +=
          fmt::format("           {:<16}{} predicted\n", candidate->algorithm, duration(candidate->predicted_seconds));
  }
  return text;
}

}  // namespace faltung
