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
#include "engine/weight_gradient.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faltung::internal {

namespace {

/// Tables are made while planning, and are for layers: no network or filter comes near these.
constexpr std::int64_t most_phases = std::int64_t{1} << 16U;
constexpr std::int64_t most_offsets = std::int64_t{1} << 21U;
/// Of a weight gradient, whose boxes are looked through while planning; arrays of so many hold 256 GiB a channel.
constexpr double most_positions = 68719476736.0;

template <class T>
std::unique_ptr<const Prepared> prepare_typed(const Problem& problem, int threads, const Ends& ends) {
  if (problem.unknown == Unknown::weights)
    return std::make_unique<WeightGradient<T>>(problem, threads, current_target(), ends);
  return std::make_unique<Dense<T>>(problem, threads, current_target(), ends);
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
    double positions = 1;
    for (const Axis& axis : problem.axes) positions *= static_cast<double>(axis.coarse);
    if (problem.unknown == Unknown::weights && positions > most_positions)
      return fmt::format("it would sum over {:.3g} positions, more than {:.3g}", positions, most_positions);
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

  // What it costs
  Cost cost(const Problem& problem) const override {
    // measured: docs/design/cost_model.md. Few rows (or lanes) leave multiply-adds waiting for each other; planes are
    // written and read; phases of the result are interleaved.
    const std::int64_t coarse = problem.coarse_channels / problem.groups, fine = problem.fine_channels / problem.groups;
    double rows = static_cast<double>(problem.unknown == Unknown::fine ? fine : coarse);
    double cells = 2 * static_cast<double>(element_count(problem.fine_shape()) + element_count(problem.coarse_shape()));
    if (problem.unknown == Unknown::fine) {
      double phases = 1;
      for (const Axis& axis : problem.axes) phases *= static_cast<double>(axis.stride);
      rows *= phases;
      if (phases > 1) cells += static_cast<double>(element_count(problem.fine_shape()));
    }
    // 40 GB/s of arrays, 12 of weights, which are met again in every block of positions
    if (problem.unknown != Unknown::weights) cells += 3.3 * static_cast<double>(element_count(problem.weights_shape()));
    const bool wide = tile_kernels<float>(current_target()).lanes >= 16;
    const double waiting = problem.unknown == Unknown::weights ? 16 / rows : (wide ? 5 : 3.3) / rows;
    const double product = wide ? 0.0143e-9 : 0.020e-9;
    // rows lie one after the other with half a kernel's span of zeros between them, which is computed too
    double gaps = 1;
    if (problem.unknown != Unknown::weights) {
      const Axis& x = problem.axes.back();
      const std::int64_t row = problem.unknown == Unknown::coarse ? x.coarse : (x.fine + x.stride - 1) / x.stride;
      gaps += static_cast<double>((x.span() - 1) / x.stride) / (2 * static_cast<double>(row));
    }
    return {gathered_multiply_adds(problem),
            gaps * product * (problem.dtype == DType::f32 ? 1 : 2.05) * std::max(1.0, waiting),
            cells * static_cast<double>(size_of(problem.dtype)), seconds_to_order_weights(problem, 1.8e-9), 1.5e-6};
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
