// Idea
// Split the array into phase planes, so that every stride is 1 and every tap a constant offset; multiply by one
// register-tiled kernel that reads through a table of offsets; interleave the phases of the result. One way for every
// stride, dilation, padding, group and direction. Source: this project; polyphase decomposition: Vaidyanathan,
// "Multirate systems and filter banks", 1993; offsets instead of im2col: Dukhan, "The indirect convolution algorithm",
// 2019.
#include "algorithms/algorithm.hpp"
#include "algorithms/with_type.hpp"
#include "engine/dense.hpp"
#include "engine/weight_gradient.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

template <class T>
std::unique_ptr<const Prepared> prepare_typed(const Problem& problem, int threads) {
  if (problem.unknown == Unknown::weights)
    return std::make_unique<WeightGradient<T>>(problem, threads, current_target());
  return std::make_unique<Dense<T>>(problem, threads, current_target());
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
    return std::nullopt;
  }

  // What it costs
  Cost cost(const Problem& problem) const override {
    return {multiply_adds(problem), problem.dtype == DType::f32 ? 0.022e-9 : 0.044e-9, 0};
  }

  std::unique_ptr<const Prepared> prepare(const Problem& problem, int threads) const override {
    return problem.dtype == DType::f32 ? prepare_typed<float>(problem, threads)
                                       : prepare_typed<double>(problem, threads);
  }
};

}  // namespace

const Algorithm& polyphase_algorithm() {
  static const Polyphase algorithm;
  return algorithm;
}

}  // namespace faltung::internal
