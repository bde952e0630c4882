// Idea
// A few results of a small kernel need fewer products than taps: transform tiles of the given array, multiply point by
// point, which is one matrix product over the channels per point, and transform back. F(4, 3) along both axes has 36
// products where the sum has 144.
//
// Source: Winograd, "Arithmetic complexity of computations", 1980; Lavin & Gray, "Fast algorithms for convolutional
// neural networks", 2016; points: Barabasz, Anderson, Soodhalter & Gregg, "Error analysis and improving the accuracy of
// Winograd convolution for deep neural networks", 2020.
#include "engine/winograd.hpp"
#include "algorithms/algorithm.hpp"
#include "algorithms/directly.hpp"
#include "algorithms/with_type.hpp"

#include <faltung/plan.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace faltung::internal {

namespace {

class WinogradAlgorithm : public Algorithm {
 public:
  explicit WinogradAlgorithm(double most_error) : most_error_(most_error) {}

  std::string_view name() const override { return "winograd"; }
  std::string_view idea() const override { return "tiles by transforms with fewer products than taps"; }
  std::string_view source() const override {
    return "Winograd, Arithmetic complexity of computations, 1980; Lavin & Gray, Fast algorithms for convolutional "
           "neural "
           "networks, 2016";
  }
  bool strict() const override { return false; }
  std::unique_ptr<const Algorithm> within(double most_error) const override {
    return std::make_unique<WinogradAlgorithm>(most_error);
  }

  // Where it applies
  std::optional<std::string> refusal(const Problem& problem) const override {
    const auto chosen = choose_winograd(problem, most_error_);
    if (const auto* reason = std::get_if<std::string>(&chosen)) return *reason;
    return std::nullopt;
  }

  // What it costs
  Cost cost(const Problem& problem) const override {
    const WinogradAxes chosen = axes(problem);
    const double direct = seconds_to_order_weights(problem, 1.2e-9);  // packed too, for numbers that are not finite
    return {chosen.seconds + seconds_of_arrays(problem), chosen.pack_seconds + direct, 2e-6};
  }

  std::string way(const Problem& problem) const override {
    const WinogradAxes chosen = axes(problem);
    return fmt::format("{} along y, {} along x", name_of(chosen.y.scheme), name_of(chosen.x.scheme));
  }
  double error(const Problem& problem) const override { return axes(problem).error; }
  double growth(const Problem& problem) const override { return axes(problem).growth; }

  std::unique_ptr<const Prepared> prepare(const Problem& problem, int threads) const override {
    std::unique_ptr<const Transformed> tiles;
    if (problem.dtype == DType::f32)
      tiles = std::make_unique<Winograd<float>>(problem, axes(problem), threads, current_target());
    else
      tiles = std::make_unique<Winograd<double>>(problem, axes(problem), threads, current_target());
    return std::make_unique<DirectAgain>(std::move(tiles), prepare_directly(problem, threads));
  }

 private:
  WinogradAxes axes(const Problem& problem) const {
    return std::get<WinogradAxes>(choose_winograd(problem, most_error_));
  }

  double most_error_;
};

}  // namespace

const Algorithm& winograd_algorithm() {
  static const WinogradAlgorithm algorithm(Accuracy::standard.error());
  return algorithm;
}

}  // namespace faltung::internal
