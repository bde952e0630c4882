// The article's first example through the installed package, by every algorithm.
#include <faltung/faltung.hpp>

#include <cmath>
#include <cstdio>
#include <vector>

int main() {
  const auto problem = faltung::parse_problem("conv2d i3x3 k2x2");
  const std::vector<float> x{1, 2, 3, 4, 5, 6, 7, 8, 9}, w{1, 10, 100, 1000}, expected{5421, 6532, 8754, 9865};
  int algorithms = 0;
  for (const auto& candidate : faltung::make_plan(problem).report().candidates) {
    if (candidate.refusal) continue;
    std::vector<float> y(4);
    const auto plan = faltung::make_plan(problem, {.algorithm = candidate.algorithm});
    const auto packed = plan.pack<float>({w.data(), problem.weights_shape()});
    plan.run<float>({x.data(), problem.given_shape()}, packed, {y.data(), problem.unknown_shape()});
    std::printf("%s: %g %g %g %g\n", plan.report().chosen.c_str(), double{y[0]}, double{y[1]}, double{y[2]},
                double{y[3]});
    for (int i = 0; i < 4; ++i)
      if (std::abs(y[i] - expected[i]) > 1e-5F * expected[i]) return 1;
    ++algorithms;
  }
  return algorithms < 5 ? 1 : 0;
}
