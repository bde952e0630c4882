// Arrays that lie in memory otherwise than dense and row-major, for tests.
#pragma once

#include "support/arrays.hpp"

#include <numeric>

namespace faltung::test {

/// Axes in any order (channels last more often), some backwards, with gaps: [0] is the outermost in memory.
struct Layout {
  Shape strides;
  std::int64_t first = 0;  ///< place of element 0
  std::int64_t places = 1;
};

inline Layout draw_layout(const Shape& shape, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::size_t> order(shape.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (random() % 2 == 0)
    std::rotate(order.begin() + 1, order.begin() + 2, order.end());  // NHWC
  else
    std::shuffle(order.begin(), order.end(), random);
  Layout layout{Shape(shape.size())};
  for (std::size_t i = order.size(); i-- > 0;) {
    const std::size_t axis = order[i];
    layout.strides[axis] = layout.places;
    layout.places *= shape[axis] + (random() % 4 == 0 ? 1 + static_cast<std::int64_t>(random() % 3) : 0);
    if (random() % 5 == 0) {
      layout.first += (shape[axis] - 1) * layout.strides[axis];
      layout.strides[axis] *= -1;
    }
  }
  return layout;
}

/// visit(place in the layout, place in the dense array)
template <class Visit>
void for_each_place(const Shape& shape, const Layout& layout, Visit&& visit) {
  for (std::int64_t dense = 0; dense < element_count(shape); ++dense) {
    std::int64_t rest = dense, place = layout.first;
    for (std::size_t a = shape.size(); a-- > 0; rest /= shape[a]) place += rest % shape[a] * layout.strides[a];
    visit(static_cast<std::size_t>(place), static_cast<std::size_t>(dense));
  }
}

/// The array in its layout; what lies between is poison. Exactly as much memory as there are places.
template <class T>
std::vector<T> laid_out(const Shape& shape, const Layout& layout, const std::vector<T>& dense) {
  std::vector<T> places(static_cast<std::size_t>(layout.places), poison<T>());
  if (!dense.empty())
    for_each_place(shape, layout, [&](std::size_t to, std::size_t from) { places[to] = dense[from]; });
  return places;
}

/// The unknown array by a plan with these options, both other arrays in layouts drawn from the seed. Throws where a
/// place between the elements of the result is written.
template <class T>
std::vector<T> run_laid_out(const Problem& problem, Options options, const Operands<T>& operands, std::uint32_t seed,
                            const std::vector<T>& before = {}) {
  const Shape fine_shape = problem.fine_shape(), coarse_shape = problem.coarse_shape();
  const Layout fine_layout = draw_layout(fine_shape, seed), coarse_layout = draw_layout(coarse_shape, seed + 1);
  options.fine_strides = fine_layout.strides;
  options.coarse_strides = coarse_layout.strides;
  const Plan plan = make_plan(problem, options);
  std::vector<T> fine = laid_out(fine_shape, fine_layout, problem.unknown == Unknown::fine ? before : operands.fine);
  std::vector<T> coarse =
      laid_out(coarse_shape, coarse_layout, problem.unknown == Unknown::coarse ? before : operands.coarse);
  const TensorView<T> fine_view{fine.data() + fine_layout.first, fine_shape, fine_layout.strides},
      coarse_view{coarse.data() + coarse_layout.first, coarse_shape, coarse_layout.strides};
  std::vector<std::byte> workspace(plan.workspace_bytes(), std::byte{0xFF});
  std::vector<T> result(cells(problem.unknown_shape()));
  if (problem.unknown == Unknown::weights) {
    const bool conv = problem.layer == Layer::conv;
    plan.run_weight_gradient<T>(conv ? fine_view : coarse_view, conv ? coarse_view : fine_view,
                                {result.data(), problem.weights_shape()}, workspace);
    return result;
  }
  const bool gather = problem.unknown == Unknown::coarse;
  const PackedWeights packed = plan.pack<T>({operands.weights.data(), problem.weights_shape()}, operands.bias);
  plan.run<T>(gather ? fine_view : coarse_view, packed, gather ? coarse_view : fine_view, workspace);
  std::vector<T>& written = gather ? coarse : fine;
  for_each_place(gather ? coarse_shape : fine_shape, gather ? coarse_layout : fine_layout,
                 [&](std::size_t from, std::size_t to) { result[to] = std::exchange(written[from], poison<T>()); });
  const T unwritten = poison<T>();
  if (std::any_of(written.begin(), written.end(),
                  [&](const T& value) { return std::memcmp(&value, &unwritten, sizeof(T)) != 0; }))
    throw std::logic_error(fmt::format("{} writes between the elements of its result", plan.algorithm()));
  return result;
}

}  // namespace faltung::test
