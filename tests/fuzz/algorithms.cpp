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
  const std::vector<Candidate>& candidates = reference.report().candidates;
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (!candidates[i].refusal && candidates[i].algorithm != reference.algorithm()) others.push_back(i);
  const std::size_t other = others[choice % others.size()];
  const std::string& name = candidates[other].algorithm;
  std::vector<T> result = test::run(make_plan(problem, {.algorithm = name}), operands);
  if constexpr (std::is_floating_point_v<T>)
    if (internal::all_algorithms()[other]->growth(problem) > 0)
      for (T& value : result) value = std::round(value);
  if (result == test::run(reference, operands)) return;
  std::fprintf(stderr, "%s on `%s`, seed %u\n", name.c_str(), to_string(problem).c_str(), seed);
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
