// Problems that have tiles, which few of all problems do: every scheme within its bound, the same bits by any number of
// threads.
#include "property/properties.hpp"
#include "support/winograd_runs.hpp"

namespace faltung::test {
namespace {

using std::int64_t;

int64_t between(int64_t low, int64_t high) { return *rc::gen::inRange<int64_t>(low, high + 1); }

/// An axis that is transformed: one that some scheme has tiles for.
Axis tiled_axis(bool transposed) {
  Axis axis;
  constexpr int64_t kernels[] = {1, 3, 3, 3, 5, 7};
  axis.kernel = kernels[between(0, 5)];
  axis.dilation = between(0, 2) == 0 ? between(2, 4) : 1;
  if (between(0, 3) == 0) {
    axis.stride = 2;
    axis.dilation = 1;
    axis.kernel = transposed ? between(3, 4) : 3;
  }
  axis.coarse = between(1, between(0, 3) == 0 ? 40 : 14);
  const int64_t padded =
      (axis.coarse - 1) * axis.stride + axis.span() + between(0, std::max(axis.stride, axis.dilation) - 1);
  const int64_t pads = between(0, std::min(padded - 1, 2 * axis.span()));
  axis.pad_before = between(0, pads);
  axis.pad_after = pads - axis.pad_before;
  axis.fine = padded - pads;
  if (!transposed && between(0, 2) == 0) axis.boundary = static_cast<Boundary>(between(0, 4));
  return axis;
}

Problem tiled_problem() {
  Problem problem;
  problem.unknown = static_cast<Unknown>(between(0, 1));
  const bool transposed = problem.unknown == Unknown::fine;
  const int64_t rank = between(1, 3);
  if (rank == 3) {
    Axis depth;
    depth.kernel = between(1, 3);
    depth.stride = transposed ? 1 : between(1, 2);
    depth.dilation = between(1, 2);
    depth.coarse = between(1, 4);
    const int64_t padded = (depth.coarse - 1) * depth.stride + depth.span();
    depth.pad_before = between(0, std::min<int64_t>(2, padded - 1));
    depth.fine = padded - depth.pad_before;
    problem.axes.push_back(depth);
  }
  for (int64_t a = std::max<int64_t>(0, rank - 2); a < rank; ++a) problem.axes.push_back(tiled_axis(transposed));
  problem.layer = static_cast<Layer>(between(0, 1));
  problem.flip = between(0, 3) == 0;
  problem.batch = between(1, 2);
  problem.groups = between(1, 2);
  problem.fine_channels = problem.groups * between(1, between(0, 4) == 0 ? 30 : 6);
  problem.coarse_channels = problem.groups * between(1, between(0, 4) == 0 ? 30 : 6);
  return problem;
}

template <class T>
void check_tiles(Problem problem, std::uint32_t seed) {
  problem.dtype = dtype_of<T>;
  const auto all = all_winograd(problem);
  RC_PRE(!all.empty());
  const auto& axes = all[seed % all.size()];
  const auto operands = make_operands<T>(problem, seed, seed % 2 == 0, fractions<T>);
  const auto wide = [](const std::vector<T>& values) { return std::vector<double>(values.begin(), values.end()); };
  const Operands<double> exact{wide(operands.fine), wide(operands.coarse), wide(operands.weights), wide(operands.bias)};
  const std::vector<double> expected = run(problem, "sliding_window", exact);
  const std::vector<T> result = run_winograd(problem, axes, operands);
  const double bound = winograd_bound(problem, axes, operands) + (std::is_same_v<T, double> ? 1e-13 : 0);
  RC_LOG() << "schemes " << static_cast<int>(axes.y.scheme) << " and " << static_cast<int>(axes.x.scheme) << '\n';
  for (std::size_t i = 0; i < result.size(); ++i)
    RC_ASSERT(std::abs(static_cast<double>(result[i]) - expected[i]) <= bound);
  for (const int threads : {2, 5}) RC_ASSERT(same_bits(run_winograd(problem, axes, operands, threads), result));
}

TEST(Winograd, EverySchemeIsWithinItsBoundOnEveryProblemWithTiles) {
  const bool passed = rc::check([] {
    const Problem problem = tiled_problem();
    const auto seed = *rc::gen::noShrink(rc::gen::arbitrary<std::uint32_t>());
    RC_LOG() << to_string(problem) << ", seed " << seed << '\n';
    validate(problem);
    seed % 4 == 0 ? check_tiles<double>(problem, seed) : check_tiles<float>(problem, seed);
  });
  ASSERT_TRUE(passed);
}

}  // namespace
}  // namespace faltung::test
