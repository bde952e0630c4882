// Taps that meet nothing but zeros of the margin are skipped, tiles of few rows are wide, many phases are put together,
// and no bit changes.
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

void expect_bits_of_sliding_window(const std::string& text, float weight, const Activation& activation = {}) {
  const Problem problem = parse_problem(text);
  Operands<float> operands = make_operands<float>(problem, 1, true, fractions<float>);
  operands.weights[7] = weight;
  const std::vector<float> wanted =
      run(make_plan(problem, {.algorithm = "sliding_window", .activation = activation}), operands);
  const std::vector<float> made =
      run(make_plan(problem, {.algorithm = "polyphase", .activation = activation}), operands);
  EXPECT_TRUE(same_numbers(made, wanted)) << text << " on " << chosen_target();
}

void expect_bits_on_every_target(std::initializer_list<const char*> problems) {
  for (const std::string& target : available_targets()) {
    ::setenv("FALTUNG_TARGET", target.c_str(), 1);
    if (internal::tile_kernels<float>(internal::current_target()).fused)
      for (const char* problem : problems) {
        expect_bits_of_sliding_window(problem, 0.5F);
        expect_bits_of_sliding_window(problem, std::numeric_limits<float>::infinity());
        // what is finished twice is not what is finished once
        expect_bits_of_sliding_window(problem, 0.5F, {.kind = Activation::Kind::leaky_relu, .slope = 0.5});
      }
  }
  ::unsetenv("FALTUNG_TARGET");
}

TEST(Panels, SkipTapsThatStandInTheMargin) {
  expect_bits_on_every_target({
      "conv2d ic5 oc104 i11x33 k3x3 d4 p4",        // the first, the last taps
      "conv2d ic3 oc103 i6x40 k5x3 d2 p4x3",       // rows that only the middle taps meet
      "conv2d ic2 oc100 i3x35 k3x3 d1x2 p4:3x2",   // rows that no tap meets
      "conv2d ic40 oc101 i9x33 k3x3 s2x1 d3 p3",   // phase planes, several blocks of the sum
      "conv3d ic2 oc102 i4x5x20 k3x3x3 d2 p2",     // depth too
      "conv2d ic4 oc100 i8x32 k3x3 d2 p3:1x2 n2",  // samples, margins that differ
      "convt2d ic11 oc105 i5x7 k9x9",              // all of a small image
      "convt3d ic3 oc100 i4x4x4 k5x5x5 p0x0x2",    // lines and layers
      "convt2d ic9 oc64 i4x5 k7x7 s2 p1",          // phases whose taps differ in number
      "convt3d ic2 oc210 i3x4x4 k3x3x3 s3 p1x0x1"  // more results than may wait at once
  });
}

TEST(Tiles, InOneRowSkipTapsThatStandInTheMargin) {
  expect_bits_on_every_target({
      "convt2d ic38 oc7 i6x6 k7x7 p3", "convt3d ic5 oc7 i6x6x6 k5x5x5 p2x0x2", "convt2d ic20 oc9 i7x6 k9x9 s2 p1x0",
      "conv3d ic6 oc6 i10x9x8 k4x4x4 d3 p4",
      "conv2d ic9 oc3 i8x12 k19x17 p9x8",  // more taps than a block of the sum
      "conv2d ic9 oc3 i3x9 k3x3 p5x1 n2",  // rows that no tap meets
  });
}

TEST(Tiles, LeaveOutTapsThatMeetNothingAnywhere) {
  expect_bits_on_every_target({
      "conv2d ic16 oc5 i7x7 k15x15 s3 d3 p21", "conv2d ic4 oc3 i5x9 k11x13 p9x10", "conv1d ic8 oc110 i3 k9 s2 p8",
      "conv1d ic8 oc2 i4 k2 d100 p55", "conv1d ic8 oc2 i4 k3 s2 d49 p51", "convt2d ic6 oc4 i3x3 k9x9 s2 p5",
      "convt1d ic5 oc3 i2 k20 s3 p9",
      "conv1d ic4 oc3 i2 k2 d40 p20",  // no tap meets anything
  });
  const auto packed_bytes = [](const char* problem) {
    std::size_t bytes = 0;
    for (const Candidate& candidate : make_plan(parse_problem(problem), {.algorithm = "polyphase"}).report().candidates)
      bytes += candidate.packed_bytes;
    return bytes;
  };
  EXPECT_EQ(packed_bytes("conv2d ic166 oc32 i7x7 k15x15 s3 d3 p21"),
            packed_bytes("conv2d ic166 oc32 i7x7 k5x5 s3 d3 p6"));
}

TEST(Tiles, OfFewRowsAreWide) {
  expect_bits_on_every_target({
      "conv2d ic9 oc1 i5x150 k3x3 p1",
      "conv2d ic40 oc2 i9x131 k3x2",
      "convt2d ic19 oc3 i32x32 k4x4 s2 p1",
      "convt2d g3 ic27 oc15 i17x40 k5x4 s2 p1",
      "conv1d ic61 oc2 i1021 k9 p4",
      "convt2d ic30 oc1 i50x50 k2x2 s2",
  });
}

TEST(Tiles, OfSeveralRowsHaveVectorsApart) {
  expect_bits_on_every_target(
      {"conv2d ic5 oc9 i7x13 k3x9 p1x4",     // one vector of each row and a part of one, or less than one
       "conv2d ic5 oc9 i7x20 k3x9 p1x4",     // the last vector of a row repeats results
       "conv2d ic64 oc12 i5x16 k3x3 p1",     // several blocks of the sum
       "convt2d ic9 oc11 i6x17 k4x4 s2 p1",  // results that wait
       "conv2d ic3 oc4 i9x18 k5x5 d2 p4",    // taps of the margin
       "conv3d ic3 oc13 i3x4x16 k3x3x3 p1 n2"});
}

TEST(Tiles, OfBoxesShorterThanAVectorStayInTheBox) {
  expect_bits_on_every_target({"conv1d ic140 oc1 i11088 k2 p1"});  // AVX2: the last of 22 boxes is one position
  for (const char* text : {"conv1d-dx n2 ic5 oc5 i49 k3 p1:2", "conv1d ic3 oc7 i51 k4 d2 p1"}) {
    const Problem problem = parse_problem(text);
    const Operands<float> operands = make_operands<float>(problem, 1, true, fractions<float>);
    const std::vector<float> wanted = run(problem, "polyphase", operands);
    for (const int threads : {2, 3, 4, 7})
      EXPECT_TRUE(same_numbers(run(problem, "polyphase", operands, threads), wanted))
          << text << ", threads " << threads;
  }
}

TEST(Planes, ThatNoCacheHoldsArePackedInParts) {
  expect_bits_on_every_target({
      "conv3d ic80 oc3 i17x17x20 k5x5x5 s4 d3 p6x0x0",    // whole channels in a block of the sum
      "conv3d ic80 oc101 i17x17x20 k5x5x5 s4 d3 p0x6x0",  // panels
      "conv3d ic60 oc2 i22x16x22 k9x9x9 s4 p0x4x0",       // blocks that end within a channel
      "convt3d ic200 oc2 i5x5x5 k3x3x3 s2 d9 p0x3x1",     // several phase groups, each packs
  });
}

TEST(Boxes, OfSomeRowsAndLayersAreReadInPlace) {
  expect_bits_on_every_target({"conv3d ic8 oc11 i14x62x44 k3x1x2", "convt3d g3 ic87 oc3 i5x43x61 k1x1x1 s4"});
}

TEST(Planes, OfShortRowsAreWrittenByWholeVectors) {
  expect_bits_on_every_target({
      "conv2d ic9 oc5 i11x7 k3x3 p1",
      "conv2d ic1 oc2 i5x3 k3x3 p2 n2",    // no channel before or behind
      "conv2d ic20 oc3 i9x10 k5x5 s4 p2",  // all phases
      "conv2d ic13 oc4 i40x5 k4x4 s3 p1",
      "conv2d ic7 oc5 i19x19 k3x3 s4 p1",  // a phase that no tap reads
      "conv2d g3 ic9 oc6 i12x29 k3x5 s2 p2x4",
      "conv3d ic8 oc6 i7x9x6 k3x3x3 s2 p1",
      "conv3d ic3 oc2 i10x10x10 k5x5x5 s4 p2x0x3",
      "conv2d ic4 oc3 i2x2 k5x5 s2 d3 p9x8",  // margins larger than the array
      "conv1d ic33 oc4 i41 k6 s2 p5",
      "convt3d ic6 oc3 i5x4x7 k3x3x3 s2 p1",
  });
}

TEST(Result, OfManyPhasesIsPutTogether) {
  expect_bits_on_every_target({
      "convt1d ic9 oc1 i21 k260 s130",
      "convt1d ic5 oc2 i20 k150 s70 p13",
      "convt1d ic4 oc3 i3 k130 s65 p40",
      "convt2d ic4 oc2 i5x9 k4x14 s2x7 p1x3",
      "convt2d ic4 oc2 i5x9 k4x16 s2x8 p1x4",
      "convt2d ic3 oc2 i3x5 k5x22 s5x11",
      "convt1d ic3 oc5 i19 k36 s18",
  });
}

TEST(Result, OfRowsThatAreCutIsPutTogetherInPlace) {
  expect_bits_on_every_target({
      "convt2d ic5 oc3 i7x11 k3x3 s2 p1",
      "convt2d ic4 oc2 i5x9 k4x4 s3 p2x1",
      "convt2d ic4 oc2 i5x70 k5x6 s4 p3x5",
      "convt1d ic4 oc3 i2 k5 s4 p3",  // no position has all of its phases
      "convt1d ic3 oc2 i300 k7 s6 p4",
      "convt3d ic7 oc6 i5x5x5 k2x2x2 s3",
  });
}

}  // namespace
}  // namespace faltung::test
