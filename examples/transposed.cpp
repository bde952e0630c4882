// A transposed convolution is the adjoint of its convolution, ⟨A x, y⟩ = ⟨x, Aᵀ y⟩: exactly, on whole numbers, whatever
// the stride, padding and boundary.
#include <faltung/faltung.hpp>

#include <cstdint>
#include <cstdio>
#include <numeric>
#include <vector>

using Numbers = std::vector<std::int64_t>;

Numbers count_up(std::int64_t size, std::int64_t modulus) {
  Numbers numbers(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i) * 5 % modulus - 3;
  return numbers;
}

/// A x where the coarse array is unknown, Aᵀ y where the fine one is.
Numbers apply(const faltung::Problem& problem, const Numbers& weights, const Numbers& given) {
  const faltung::Plan plan = faltung::make_plan(problem);
  const auto packed = plan.pack<std::int64_t>({weights.data(), problem.weights_shape()});
  Numbers result(static_cast<std::size_t>(faltung::element_count(problem.unknown_shape())));
  plan.run<std::int64_t>({given.data(), problem.given_shape()}, packed, {result.data(), problem.unknown_shape()});
  return result;
}

int main() {
  const faltung::Problem forward = faltung::parse_problem("conv2d ic2 oc3 i9x8 k3x3 s2x1 p1 breflect i64");
  const faltung::Problem back = faltung::input_gradient(forward);  // the same axes, the other unknown
  const Numbers x = count_up(faltung::element_count(forward.given_shape()), 7);
  const Numbers y = count_up(faltung::element_count(back.given_shape()), 11);
  const Numbers w = count_up(faltung::element_count(forward.weights_shape()), 13);

  const Numbers ax = apply(forward, w, x), aty = apply(back, w, y);
  const auto dot = [](const Numbers& a, const Numbers& b) {
    return static_cast<long long>(std::inner_product(a.begin(), a.end(), b.begin(), std::int64_t{0}));
  };
  std::printf("%s\n<Ax, y> = %lld\n<x, A'y> = %lld\n", faltung::to_string(back).c_str(), dot(ax, y), dot(x, aty));
}
// Output:
// conv2d-dx n1 g1 ic2 oc3 i9x8 k3x3 s2x1 d1 p1 breflect i64
// <Ax, y> = -1216
// <x, A'y> = -1216
