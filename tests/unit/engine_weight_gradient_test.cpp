// Weight gradients: of one tap, one array is read in place, the other transposed; of one block of positions, coarse
// numbers are transposed once for all chunks; and no bit changes.
#include <faltung/cpu.hpp>
#include <faltung/plan.hpp>

#include "kernels/kernels.hpp"
#include "kernels/target.hpp"
#include "support/arrays.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

namespace faltung::test {
namespace {

void expect_bits_on_every_target(std::initializer_list<const char*> problems) {
  for (const std::string& target : available_targets()) {
    ::setenv("FALTUNG_TARGET", target.c_str(), 1);
    if (!internal::tile_kernels<float>(internal::current_target()).fused) continue;
    for (const char* text : problems) {
      const Problem problem = parse_problem(text);
      Operands<float> operands = make_operands<float>(problem, 1, true, fractions<float>);
      for (const bool finite : {true, false}) {
        if (!finite) operands.fine[5] = operands.coarse[7] = std::numeric_limits<float>::infinity();
        const std::vector<float> wanted = run(problem, "sliding_window", operands);
        for (const int threads : {1, 3})
          EXPECT_TRUE(same_numbers(run(problem, "polyphase", operands, threads), wanted)) << text << " on " << target;
      }
    }
  }
  ::unsetenv("FALTUNG_TARGET");
}

TEST(WeightGradient, OfOneTapReadsInPlace) {
  expect_bits_on_every_target({"conv2d-dw n2 ic32 oc45 i9x31 k1x1", "conv2d-dw ic45 oc32 i9x31 k1x1",
                               "conv2d-dw g2 ic64 oc70 i20x20 k1x1", "conv3d-dw ic48 oc300 i3x5x7 k1x1x1",
                               "convt2d-dw ic32 oc64 i8x9 k1x1", "convt2d-dw ic64 oc32 i8x9 k1x1",
                               "conv1d-dw ic32 oc33 i600 k1 flip"});
}

TEST(WeightGradient, OfOneBlockTransposesCoarseNumbersOnce) {
  expect_bits_on_every_target({"convt2d-dw g2 ic38 oc64 i8x8 k4x4 s2 p1", "conv2d-dw g3 ic96 oc30 i9x9 k3x3 p1",
                               "conv2d-dw g2 n2 ic64 oc22 i7x7 k3x3 p1"});
}

}  // namespace
}  // namespace faltung::test
