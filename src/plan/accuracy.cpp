// Accuracies as numbers and words.
#include <faltung/error.hpp>
#include <faltung/plan.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace faltung {

Accuracy Accuracy::within(double error) {
  if (!(error > 0) || std::isinf(error))
    throw ProblemError(fmt::format("an accuracy of {}", error), "it is an error above 0", "use one such as 1e-5");
  return Accuracy(error);
}

Accuracy parse_accuracy(std::string_view text, std::string_view name) {
  if (text == "default") return Accuracy::standard;
  if (text == "strict") return Accuracy::strict;
  double error = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), error);
  if (trouble == std::errc() && end == text.data() + text.size() && error > 0 && std::isfinite(error))
    return Accuracy::within(error);
  throw ProblemError(fmt::format("{} is {}", name, quote(text)),
                     "accuracies are default, strict, and errors above 0 such as 1e-5", "use one of them");
}

std::string to_string(Accuracy accuracy) {
  if (accuracy == Accuracy::strict) return "strict";
  return accuracy == Accuracy::standard ? "default" : fmt::format("{}", accuracy.error());
}

}  // namespace faltung
