// Idea
// Split the array into phase planes, so that every stride is 1 and every tap a constant offset; multiply by one
// register-tiled kernel that reads through a table of offsets; interleave the phases of the result. One way for every
// stride, dilation, padding, group and direction.
//
// Source: this project; polyphase decomposition: Vaidyanathan, "Multirate systems and filter banks", 1993; offsets
// instead of im2col: Dukhan, "The indirect convolution algorithm", 2019.
#include "algorithms/algorithm.hpp"
#include "algorithms/with_type.hpp"
#include "engine/dense.hpp"
#include "engine/dense_form.hpp"
#include "engine/weight_gradient.hpp"
#include "support/cache.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faltung::internal {

namespace {

/// Tables are made while planning, and are for layers: no network or filter comes near these.
constexpr std::int64_t most_phases = std::int64_t{1} << 16U;
constexpr std::int64_t most_offsets = std::int64_t{1} << 21U;

template <class T>
std::unique_ptr<const Prepared> prepare_typed(const Problem& problem, int threads, const Ends& ends) {
  if (problem.unknown == Unknown::weights)
    return std::make_unique<WeightGradient<T>>(problem, threads, current_target(), ends);
  return std::make_unique<Dense<T>>(problem, threads, current_target(), ends);
}

template <class T>
double seconds_of(const Problem& problem) {
  const TileLimits limits = limits_of(tile_kernels<T>(current_target()));
  const DenseForm form = dense_form(problem, limits, sizeof(T));
  return dense_seconds(dense_work(problem, form, limits), form, limits);
}

Cost cost_of_gradient(const Problem& problem) {
  const auto coarse = static_cast<double>(problem.coarse_channels / problem.groups);
  const bool wide = tile_kernels<float>(current_target()).lanes >= 16;
  const double wider = problem.dtype == DType::f32 ? 1 : 2.05;
  const auto cells = static_cast<double>(element_count(problem.fine_shape()) + element_count(problem.coarse_shape()));
  // few lanes leave multiply-adds waiting for each other
  return {wider * ((wide ? 0.0143e-9 : 0.020e-9) * std::max(1.0, 16 / coarse) * multiply_adds(problem) +
                   0.2e-9 * cells + 0.5e-9 * static_cast<double>(element_count(problem.weights_shape()))),
          0, 1.5e-6};
}

class Polyphase : public Algorithm {
 public:
  std::string_view name() const override { return "polyphase"; }
  std::string_view idea() const override {
    return "phase planes, a table of offsets, one register-tiled kernel, phases interleaved";
  }
  std::string_view source() const override {
    return "Vaidyanathan, Multirate systems and filter banks, 1993; Dukhan, The indirect convolution algorithm, 2019";
  }
  bool strict() const override { return tile_kernels<float>(current_target()).fused; }

  // Where it applies
  std::optional<std::string> refusal(const Problem& problem) const override {
    if (problem.dtype == DType::i64) return "its kernels are for floating point";
    double phases = 1, taps = static_cast<double>(problem.fine_channels / problem.groups);
    if (problem.unknown == Unknown::fine) taps = static_cast<double>(problem.coarse_channels / problem.groups);
    for (const Axis& axis : problem.axes) {
      phases *= static_cast<double>(axis.stride);
      taps *= static_cast<double>(axis.kernel);
    }
    if (phases > static_cast<double>(most_phases))
      return fmt::format("it would have {:.0f} phases, more than {}", phases, most_phases);
    if (taps > static_cast<double>(most_offsets))
      return fmt::format("its table would have {:.0f} offsets, more than {}", taps, most_offsets);
    return std::nullopt;
  }

  // What it costs: measured, docs/design/cost_model.md
  Cost cost(const Problem& problem) const override {
    if (problem.unknown == Unknown::weights) return cost_of_gradient(problem);
    const double seconds = problem.dtype == DType::f32 ? seconds_of<float>(problem) : seconds_of<double>(problem);
    return {seconds + seconds_of_arrays(problem), seconds_to_order_weights(problem, 1.2e-9), 1.5e-6};
  }

  std::unique_ptr<const Prepared> prepare(const Problem& problem, int threads) const override {
    return prepare_with(problem, threads, {});
  }
  std::unique_ptr<const Prepared> prepare_with(const Problem& problem, int threads, const Ends& ends) const override {
    return problem.dtype == DType::f32 ? prepare_typed<float>(problem, threads, ends)
                                       : prepare_typed<double>(problem, threads, ends);
  }
};

}  // namespace

const Algorithm& polyphase_algorithm() {
  static const Polyphase algorithm;
  return algorithm;
}

}  // namespace faltung::internal
