// How long a plan takes, on numbers of its own.
#include <faltung/tune.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace faltung {

namespace {

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The least of as many as fit into `budget`, at least three after a first one, in which memory and caches are met.
double least(double budget, const std::function<void()>& work) {
  double best = std::numeric_limits<double>::infinity(), total = seconds_of(work);
  for (int run = 0; run < 3 || total < budget; ++run) {
    const double seconds = seconds_of(work);
    best = std::min(best, seconds);
    total += seconds;
  }
  return best;
}

template <class T>
Measured measure_typed(const Plan& plan, double budget) {
  const Problem& problem = plan.problem();
  const auto filled = [](const Shape& shape) {
    std::vector<T> values(static_cast<std::size_t>(element_count(shape)));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(static_cast<int>(i % 7) - 3);
    return values;
  };
  const bool gradient = problem.unknown == Unknown::weights;
  const Shape given_shape = problem.given_shape(), result_shape = problem.unknown_shape();
  Shape other_shape = problem.weights_shape();
  if (gradient) other_shape = problem.layer == Layer::conv ? problem.coarse_shape() : problem.fine_shape();
  const std::vector<T> given = filled(given_shape), other = filled(other_shape);
  std::vector<T> result(static_cast<std::size_t>(element_count(result_shape)));
  std::vector<std::byte> workspace(plan.workspace_bytes());
  const TensorView<const T> from{given.data(), given_shape}, with{other.data(), other_shape};
  const TensorView<T> to{result.data(), result_shape};
  if (gradient) return {least(budget, [&] { plan.run_weight_gradient<T>(from, with, to, workspace); }), 0};
  PackedWeights packed;
  const double pack = least(budget / 8, [&] { packed = plan.pack<T>(with); });
  return {least(budget, [&] { plan.run<T>(from, packed, to, workspace); }), pack};
}

}  // namespace

Measured measure(const Plan& plan, double seconds) {
  switch (plan.problem().dtype) {
    case DType::f32:
      return measure_typed<float>(plan, seconds);
    case DType::f64:
      return measure_typed<double>(plan, seconds);
    case DType::i64:
      break;
  }
  return measure_typed<std::int64_t>(plan, seconds);
}

}  // namespace faltung
