// Idea
// Where there are few positions, vectors of positions stay empty: let the vectors lie along the result channels
// instead, the weights in the order in which they are read. One position is a fully connected layer: a matrix times a
// vector, as fast as its weights are read. Each position takes the taps that it meets, so that large kernels on small
// images leave out the others.
//
// Source: Goto & van de Geijn, "Anatomy of high-performance matrix multiplication", 2008; kernels as large as their
// array: Long, Shelhamer & Darrell, "Fully convolutional networks for semantic segmentation", 2015.
#include "algorithms/algorithm.hpp"
#include "algorithms/with_type.hpp"
#include "engine/few_positions.hpp"
#include "engine/fold.hpp"
#include "support/integers.hpp"

#include <fmt/format.h>

#include <limits>

namespace faltung::internal {

namespace {

/// Of the table of which result meets which tap in which cell: it is made while planning, for small images.
constexpr double most_cells = double{1 << 17};

template <class T>
FewPositionsForm form_of(const Problem& problem) {
  const Target target = current_target();
  return few_positions_form(problem, tile_kernels<T>(target).lanes, most_rows_of(few_positions_kernels<T>(target)));
}

class FullyConnected : public Algorithm {
 public:
  std::string_view name() const override { return "fully_connected"; }
  std::string_view idea() const override { return "few positions: vectors lie along the result channels"; }
  std::string_view source() const override {
    return "Goto & van de Geijn, Anatomy of high-performance matrix multiplication, 2008; Long, Shelhamer & Darrell, "
           "Fully convolutional networks for semantic segmentation, 2015";
  }
  bool strict() const override { return tile_kernels<float>(current_target()).fused; }

  // Where it applies
  std::optional<std::string> refusal(const Problem& problem) const override {
    if (problem.dtype == DType::i64) return "its kernels are for floating point";
    if (problem.unknown == Unknown::weights) return "a weight gradient sums over positions: few are a short sum";
    if (folds_result(problem)) return "it writes each cell once, where others are added onto it";
    if (const double cells = few_positions_table(problem); cells > most_cells)
      return fmt::format("its table would have {:.0f} cells, more than {:.0f}", cells, most_cells);
    std::int64_t given = 1;
    for (const Axis& axis : problem.axes) given *= problem.unknown == Unknown::coarse ? axis.fine : axis.coarse;
    if (given > std::numeric_limits<std::int32_t>::max())
      return fmt::format("a channel has {} cells, more than its table can count", given);
    return std::nullopt;
  }

  // What it costs: measured, docs/design/cost_model.md
  Cost cost(const Problem& problem) const override {
    const FewPositionsForm form = problem.dtype == DType::f32 ? form_of<float>(problem) : form_of<double>(problem);
    return {form.seconds + seconds_of_arrays(problem), seconds_to_order_weights(problem, 2e-9), 0.5e-6};
  }

  // Prepare and run
  std::unique_ptr<const Prepared> prepare(const Problem& problem, int threads) const override {
    return prepare_with(problem, threads, {});
  }
  std::unique_ptr<const Prepared> prepare_with(const Problem& problem, int threads, const Ends& ends) const override {
    if (ends.sum_into_output || ends.fine || ends.coarse) return nullptr;
    if (problem.dtype == DType::f32)
      return std::make_unique<FewPositions<float>>(problem, threads, current_target(), ends);
    return std::make_unique<FewPositions<double>>(problem, threads, current_target(), ends);
  }
};

}  // namespace

const Algorithm& fully_connected_algorithm() {
  static const FullyConnected algorithm;
  return algorithm;
}

}  // namespace faltung::internal
