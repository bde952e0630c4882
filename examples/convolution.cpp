// A 3 × 3 array, slid over by a 2 × 2 kernel.
#include <faltung/faltung.hpp>

#include <cstdio>
#include <vector>

int main() {
  const faltung::Problem problem = faltung::parse_problem("conv2d i3x3 k2x2");
  const std::vector<float> x{1, 2, 3, 4, 5, 6, 7, 8, 9}, w{1, 10, 100, 1000};
  std::vector<float> y(4);

  const faltung::Plan plan = faltung::make_plan(problem);
  const auto packed = plan.pack<float>({w.data(), problem.weights_shape()});  // once per weights
  plan.run<float>({x.data(), problem.given_shape()}, packed, {y.data(), problem.unknown_shape()});

  std::printf("%g %g\n%g %g\n", double{y[0]}, double{y[1]}, double{y[2]}, double{y[3]});
}
// Output:
// 5421 6532
// 8754 9865
