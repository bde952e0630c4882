// Panels of many rows of results: taps that meet nothing but zeros of the margin are skipped, and no bit changes.
#include <faltung/cpu.hpp>
#include <faltung/plan.hpp>

#include "kernels/kernels.hpp"
#include "kernels/target.hpp"
#include "support/arrays.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

namespace faltung::test {
namespace {

void expect_bits_of_sliding_window(const std::string& text, float weight) {
  const Problem problem = parse_problem(text);
  Operands<float> operands = make_operands<float>(problem, 1, true, fractions<float>);
  operands.weights[7] = weight;
  const std::vector<float> wanted = run(make_plan(problem, {.algorithm = "sliding_window"}), operands);
  const std::vector<float> made = run(make_plan(problem, {.algorithm = "polyphase"}), operands);
  EXPECT_TRUE(same_numbers(made, wanted)) << text << " on " << chosen_target();
}

TEST(Panels, SkipTapsThatStandInTheMargin) {
  const char* problems[] = {
      "conv2d ic5 oc104 i11x33 k3x3 d4 p4",        // the first, the last taps
      "conv2d ic3 oc103 i6x40 k5x3 d2 p4x3",       // rows that only the middle taps meet
      "conv2d ic2 oc100 i3x35 k3x3 d1x2 p4:3x2",   // rows that no tap meets
      "conv2d ic40 oc101 i9x33 k3x3 s2x1 d3 p3",   // phase planes, several blocks of the sum
      "conv3d ic2 oc102 i4x5x20 k3x3x3 d2 p2",     // depth too
      "conv2d ic4 oc100 i8x32 k3x3 d2 p3:1x2 n2",  // samples, margins that differ
  };
  for (const std::string& target : available_targets()) {
    ::setenv("FALTUNG_TARGET", target.c_str(), 1);
    if (internal::tile_kernels<float>(internal::current_target()).fused)
      for (const char* problem : problems) {
        expect_bits_of_sliding_window(problem, 0.5F);
        expect_bits_of_sliding_window(problem, std::numeric_limits<float>::infinity());
      }
  }
  ::unsetenv("FALTUNG_TARGET");
}

}  // namespace
}  // namespace faltung::test
