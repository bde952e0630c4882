// Idea
// A kernel of k taps is k kernels of one tap, shifted: multiply all of them with the cells where they are, as one
// matrix product with a row for every result channel and tap, and add its rows up where they belong. For few result
// channels of many given ones, where reading the given array takes the time.
//
// Source: Vasudevan, Anderson & Gregg, "Parallel multi channel convolution using general matrix multiplication", 2017
// (kn2row). Of a transposed convolution it is the product and col2im of im2col_blas, in strips that stay near.
#include "algorithms/algorithm.hpp"
#include "algorithms/with_type.hpp"
#include "engine/tap_products.hpp"
#include "support/integers.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

template <class T>
TapProductsForm form_of(const Problem& problem) {
  return tap_products_form(problem, limits_of(tile_kernels<T>(current_target())), sizeof(T));
}

class Kn2row : public Algorithm {
 public:
  std::string_view name() const override { return "kn2row"; }
  std::string_view idea() const override {
    return "one product over the given cells, a row for every result channel and tap, its rows added where they belong";
  }
  std::string_view source() const override {
    return "Vasudevan, Anderson & Gregg, Parallel multi channel convolution using general matrix multiplication, 2017";
  }
  bool strict() const override { return false; }

  // Where it applies
  std::optional<std::string> refusal(const Problem& problem) const override {
    if (problem.dtype == DType::i64) return "its kernels are for floating point";
    return tap_products_refusal(problem);
  }

  // What it costs: measured, docs/design/cost_model.md
  Cost cost(const Problem& problem) const override {
    const bool f32 = problem.dtype == DType::f32;
    const TapProductsForm form = f32 ? form_of<float>(problem) : form_of<double>(problem);
    const bool wide = tile_kernels<float>(current_target()).lanes >= 16;
    const bool strided = problem.unknown == Unknown::fine && problem.axes.back().stride > 1;
    const double wider = f32 ? 1 : 2;
    const double seconds = wider * ((wide ? 0.0102e-9 : 0.0187e-9) * form.multiply_adds + 0.075e-9 * form.sums +
                                    (strided ? 0.58e-9 : 0.07e-9) * form.added) +
                           2.5e-9 * form.added_runs;
    return {seconds + seconds_of_arrays(problem), seconds_to_order_weights(problem, 2e-9), 1e-6};
  }

  std::unique_ptr<const Prepared> prepare(const Problem& problem, int threads) const override {
    if (problem.dtype == DType::f32) return std::make_unique<TapProducts<float>>(problem, threads, current_target());
    return std::make_unique<TapProducts<double>>(problem, threads, current_target());
  }
};

}  // namespace

const Algorithm& kn2row_algorithm() {
  static const Kn2row algorithm;
  return algorithm;
}

}  // namespace faltung::internal
