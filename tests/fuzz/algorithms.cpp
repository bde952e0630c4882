// Any bytes as a valid problem and an algorithm that takes it: it equals the sliding window, exactly, on whole numbers.
#include "fuzz/expect.hpp"
#include "property/any_problem.hpp"
#include "support/arrays.hpp"

#include <fuzzer/FuzzedDataProvider.h>

using namespace faltung;

namespace {

template <class T>
void compare(const Problem& problem, std::uint8_t choice, std::uint8_t seed) {
  const auto operands = test::whole_operands<T>(problem, seed, seed % 2 == 0 && problem.unknown != Unknown::weights);
  const Plan reference = make_plan(problem, {.algorithm = "sliding_window"});
  std::vector<std::string> others;
  for (const Candidate& candidate : reference.report().candidates)
    if (!candidate.refusal && candidate.algorithm != reference.algorithm()) others.push_back(candidate.algorithm);
  const std::string& other = others[choice % others.size()];
  std::vector<T> result = test::run(make_plan(problem, {.algorithm = other}), operands);
  const std::vector<std::string> rounding = test::rounding(problem);
  if constexpr (std::is_floating_point_v<T>)
    if (std::find(rounding.begin(), rounding.end(), other) != rounding.end())
      for (T& value : result) value = std::round(value);
  if (result == test::run(reference, operands)) return;
  std::fprintf(stderr, "%s on `%s`, seed %u\n", other.c_str(), to_string(problem).c_str(), seed);
  fuzz::expect(false, "every algorithm equals the sliding window");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider bytes(data, size);
  const auto choice = bytes.ConsumeIntegral<std::uint8_t>(), seed = bytes.ConsumeIntegral<std::uint8_t>();
  const Problem problem = test::any_problem(
      [&](std::int64_t low, std::int64_t high) { return bytes.ConsumeIntegralInRange<std::int64_t>(low, high); });
  switch (problem.dtype) {
    case DType::f32:
      compare<float>(problem, choice, seed);
      break;
    case DType::f64:
      compare<double>(problem, choice, seed);
      break;
    case DType::i64:
      compare<std::int64_t>(problem, choice, seed);
      break;
  }
  return 0;
}
