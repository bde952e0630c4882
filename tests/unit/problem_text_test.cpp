// The problem string: what it says, that it comes back, and that anything else is refused by name.
#include <faltung/error.hpp>
#include <faltung/problem.hpp>

#include "unit/layers.hpp"
#include "unit/refusal.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faltung {
namespace {

using test::conv;
using test::message_of;
using test::transposed;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Sides = std::pair<std::int64_t, std::int64_t>;
using Word = Padding::Word;

std::string refusal(std::string_view text) {
  return message_of<ProblemError>([&] { parse_problem(text); });
}

void expect_round_trip(const Problem& problem) {
  const std::string text = to_string(problem);
  try {
    EXPECT_EQ(parse_problem(text), problem) << text;
    EXPECT_EQ(to_string(parse_problem(text)), text);
  } catch (const Error& error) {
    ADD_FAILURE() << text << "\n  " << error.what();
  }
}

TEST(Text, TheExamplesOfTheDesign) {
  const std::string example = "conv2d n1 g1 ic3 oc8 i224x224 k3x3 s2 d1 p1 f32";
  const Problem problem = parse_problem(example);
  LayerSpec spec = conv({224, 224}, {3, 3});
  spec.input_channels = 3;
  spec.output_channels = 8;
  spec.stride = {2};
  spec.padding.sides = {{1, 1}};
  EXPECT_EQ(problem, make_problem(spec));
  EXPECT_EQ(problem.unknown_shape(), (Shape{1, 8, 112, 112}));
  EXPECT_EQ(to_string(problem), example);

  const Problem vocoder = parse_problem("convt1d n1 g1 ic512 oc256 i100 k16 s8 p4 f32");
  EXPECT_EQ(vocoder.given_shape(), (Shape{1, 512, 100}));
  EXPECT_EQ(vocoder.unknown_shape(), (Shape{1, 256, 800}));
  EXPECT_EQ(vocoder.unknown, Unknown::fine);
  EXPECT_EQ(to_string(vocoder), "convt1d n1 g1 ic512 oc256 i100 k16 s8 d1 p4 f32");

  const Problem asymmetric = parse_problem("conv2d i5x6 k3x3 p1:2x0:1 breflect");
  EXPECT_EQ(Sides(asymmetric.axes[0].pad_before, asymmetric.axes[0].pad_after), Sides(1, 2));
  EXPECT_EQ(Sides(asymmetric.axes[1].pad_before, asymmetric.axes[1].pad_after), Sides(0, 1));
  EXPECT_EQ(asymmetric.axes[0].boundary, Boundary::reflect);
  EXPECT_EQ(asymmetric.axes[1].boundary, Boundary::reflect);
  EXPECT_EQ(to_string(asymmetric), "conv2d n1 g1 ic1 oc1 i5x6 k3x3 s1 d1 p1:2x0:1 breflect f32");
}

TEST(Text, DefaultsMayBeLeftOutAndTokensComeInAnyOrder) {
  EXPECT_EQ(parse_problem("conv1d i5 k3"), parse_problem("conv1d n1 g1 ic1 oc1 i5 k3 s1 d1 p0 f32"));
  EXPECT_EQ(parse_problem("conv1d i5 k3"), make_problem(conv({5}, {3})));
  EXPECT_EQ(parse_problem("convt3d k2x2x2 i3x3x3"), make_problem(transposed({3, 3, 3}, {2, 2, 2})));
  EXPECT_EQ(parse_problem("  conv1d   k3  i5 "), parse_problem("conv1d i5 k3"));
  std::vector<std::string> tokens = {
      "n2", "g2", "ic4", "oc6", "i9x8", "k3x2", "s2x1", "d1x2", "p1:0x2", "bzerosxcircular", "f64", "flip"};
  const auto joined = [&] {
    std::string text = "conv2d";
    for (const std::string& token : tokens) text += " " + token;
    return text;
  };
  const Problem expected = parse_problem(joined());
  EXPECT_EQ(expected.batch, 2);
  EXPECT_EQ(expected.groups, 2);
  EXPECT_TRUE(expected.flip);
  std::mt19937 random(1);
  for (int turn = 0; turn < 50; ++turn) {
    std::shuffle(tokens.begin(), tokens.end(), random);
    EXPECT_EQ(parse_problem(joined()), expected) << joined();
  }
}

TEST(Text, CommonValuesAreWrittenOnceAndOthersPerAxis) {
  LayerSpec spec = conv({9, 9, 9}, {3, 3, 3});
  EXPECT_EQ(to_string(make_problem(spec)), "conv3d n1 g1 ic1 oc1 i9x9x9 k3x3x3 s1 d1 p0 f32");
  spec.stride = {1, 2, 3};
  spec.dilation = {2, 2, 1};
  spec.padding.sides = {{1, 1}, {1, 1}, {0, 1}};
  spec.boundary = {Boundary::symmetric, Boundary::replicate, Boundary::zeros};
  spec.flip = true;
  spec.dtype = DType::i64;
  EXPECT_EQ(to_string(make_problem(spec)),
            "conv3d n1 g1 ic1 oc1 i9x9x9 k3x3x3 s1x2x3 d2x2x1 p1x1x0:1 bsymmetricxreplicatexzeros i64 flip");
}

TEST(Text, TheOtherExtentStandsThereWhenItIsNotTheDefault) {
  LayerSpec spec = transposed({4, 4}, {3, 3});
  spec.stride = {2};
  spec.padding.sides = {{1, 1}};
  EXPECT_EQ(to_string(make_problem(spec)), "convt2d n1 g1 ic1 oc1 i4x4 k3x3 s2 d1 p1 f32");
  spec.output_padding = {0, 1};
  EXPECT_EQ(to_string(make_problem(spec)), "convt2d n1 g1 ic1 oc1 i4x4 k3x3 o7x8 s2 d1 p1 f32");
  EXPECT_EQ(parse_problem("convt2d i4x4 k3x3 o7x8 s2 p1"), make_problem(spec));
  // a dilation over the stride leaves room for fewer windows than fit
  const Problem fewer = parse_problem("conv1d i10 k2 d3 o5");
  EXPECT_EQ(fewer.axes[0].coarse, 5);
  EXPECT_EQ(to_string(fewer), "conv1d n1 g1 ic1 oc1 i10 k2 o5 s1 d3 p0 f32");
  EXPECT_EQ(to_string(parse_problem("conv1d i10 k3 o8")), "conv1d n1 g1 ic1 oc1 i10 k3 s1 d1 p0 f32");
}

TEST(Text, PaddingWordsBecomeNumbers) {
  EXPECT_EQ(to_string(parse_problem("conv1d i7 k4 psame")), "conv1d n1 g1 ic1 oc1 i7 k4 s1 d1 p1:2 f32");
  EXPECT_EQ(to_string(parse_problem("conv1d i7 k4 psame_lower")), "conv1d n1 g1 ic1 oc1 i7 k4 s1 d1 p2:1 f32");
  EXPECT_EQ(to_string(parse_problem("conv1d i7 k4 pfull")), "conv1d n1 g1 ic1 oc1 i7 k4 s1 d1 p3 f32");
  EXPECT_EQ(to_string(parse_problem("conv1d i7 k4 pvalid")), "conv1d n1 g1 ic1 oc1 i7 k4 s1 d1 p0 f32");
}

TEST(Text, GradientsAreTheForwardProblemsString) {
  for (const std::string layer : {"conv2d", "convt2d"}) {
    const std::string tokens = " n1 g1 ic2 oc3 i5x5 k3x3 s2 d1 p1 f64";
    const Problem forward = parse_problem(layer + tokens);
    EXPECT_EQ(parse_problem(layer + "-dx" + tokens), input_gradient(forward));
    EXPECT_EQ(parse_problem(layer + "-dw" + tokens), weight_gradient(forward));
    EXPECT_EQ(to_string(input_gradient(forward)), layer + "-dx" + tokens);
    EXPECT_EQ(to_string(weight_gradient(forward)), layer + "-dw" + tokens);
  }
}

TEST(Text, I64IsATypeBesideAnExtentAndAnExtentElsewhere) {
  const auto is = [](std::string_view text, std::int64_t input, DType dtype) {
    const Problem problem = parse_problem(text);
    EXPECT_EQ(problem.axes[0].fine, input) << text;
    EXPECT_EQ(problem.dtype, dtype) << text;
    expect_round_trip(problem);
  };
  is("conv1d i64 k3", 64, DType::f32);
  is("conv1d k3 i64 f64", 64, DType::f64);
  is("conv1d i64 i5 k3", 5, DType::i64);
  is("conv1d i5 k3 i64", 5, DType::i64);
  is("conv1d i64 k3 i64", 64, DType::i64);
  is("conv1d ic1 i64 k3 s2 i64", 64, DType::i64);
  EXPECT_EQ(parse_problem("conv2d i64 i64x64 k3x3"), parse_problem("conv2d i64x64 k3x3 i64"));
  EXPECT_THAT(refusal("conv1d i64 i64 k3 i64"), AllOf(HasSubstr("i64"), HasSubstr("once")));
  EXPECT_THAT(refusal("conv1d i64 i64 k3 f32"), AllOf(HasSubstr("f32"), HasSubstr("once")));
  EXPECT_THAT(refusal("conv2d i64 k3x3"), HasSubstr("i"));
}

TEST(Text, EveryProblemComesBack) {
  int count = 0;
  for (const Layer layer : {Layer::conv, Layer::conv_transpose})
    for (const std::size_t rank : {1U, 2U, 3U})
      for (std::int64_t stride = 1; stride <= 3; ++stride)
        for (std::int64_t dilation = 1; dilation <= 4; ++dilation)
          for (std::int64_t pad = 0; pad <= 2; ++pad)
            for (std::int64_t less = 0; less < std::max(stride, dilation); ++less) {
              LayerSpec spec = conv(Shape(rank, 9 + pad), Shape(rank, 2));
              spec.layer = layer;
              spec.batch = less % 3;
              spec.groups = 1 + pad;
              spec.input_channels = spec.groups * 2;
              spec.output_channels = spec.groups * stride;
              spec.stride = Shape(rank, 1);
              spec.stride.back() = stride;
              spec.dilation = {dilation};
              spec.padding.sides.assign(rank, {pad, pad});
              spec.padding.sides.front().second = pad / 2;
              spec.boundary.assign(rank, static_cast<Boundary>((pad + stride) % 5));
              spec.boundary.back() = static_cast<Boundary>(less % 5);
              spec.dtype = static_cast<DType>((pad + less) % 3);
              spec.flip = less % 2 == 1;
              Problem problem = make_problem(spec);
              // the surplus of the last axis runs through all that is allowed
              Axis& axis = problem.axes.back();
              if (layer == Layer::conv_transpose)
                axis.fine += less;
              else if (axis.surplus() + stride * less < std::max(stride, dilation) && axis.coarse > less)
                axis.coarse -= less;
              validate(problem);
              for (const Problem& one : {problem, input_gradient(problem), weight_gradient(problem)}) {
                expect_round_trip(one);
                ++count;
              }
            }
  EXPECT_GT(count, 900);
}

TEST(Text, BadNamesAreRefused) {
  for (const std::string name :
       {"conv",         "conv0d",     "conv4d",    "conv22d", "convd",   "Conv2d",  "conv2",
        "convt",        "convtt2d",   "convt4d",   "tconv2d", "i5",      "conv2d-", "conv2d-db",
        "conv2d-dx-dw", "conv2d-dxx", "conv-dx2d", "-dx",     "conv2d,", "конв2d"})
    EXPECT_THAT(refusal(name + " i5x5 k3x3"), AllOf(HasSubstr("`" + name + "`"), HasSubstr("convt1d to convt3d")));
  EXPECT_THAT(refusal(""), HasSubstr("empty"));
  EXPECT_THAT(refusal("    "), HasSubstr("empty"));
}

TEST(Text, BadTokensAreNamed) {
  const std::pair<const char*, const char*> tokens[] = {
      {"q5", "`q5`"},         {"c5", "`c5`"},          {"f16", "`f16`"},    {"f", "`f`"},
      {"Flip", "`Flip`"},     {"flipp", "`flipp`"},    {"3", "`3`"},        {"-", "`-`"},
      {"conv1d", "`conv1d`"}, {"f32f32", "`f32f32`"},  {"n", "n is"},       {"nan", "`an`"},
      {"n1.5", "`1.5`"},      {"n+1", "`+1`"},         {"n0x1", "`0x1`"},   {"n1x1", "`1x1`"},
      {"g", "g is"},          {"g1,", "`1,`"},         {"ic", "ic is"},     {"ic3k", "`3k`"},
      {"ocx", "`x`"},         {"s", "s is"},           {"s2x", "`2x`"},     {"sx2", "`x2`"},
      {"s2xx2", "`2xx2`"},    {"s2X2", "`2X2`"},       {"d1e3", "`1e3`"},   {"d--1", "`--1`"},
      {"p", "p is"},          {"p1:", "`1:`"},         {"p:1", "`:1`"},     {"p1:2:3", "`1:2:3`"},
      {"p1x", "`1x`"},        {"psome", "`some`"},     {"pSAME", "`SAME`"}, {"psame1", "`same1`"},
      {"b", "b is"},          {"breflec", "`reflec`"}, {"bzerosx", "b is"}, {"bwrap", "`wrap`"},
      {"o", "o is"},          {"o3x", "`3x`"},         {"b0", "`0`"},       {"d1\t", "`1?`"},
      {"n\x7f", "`?`"}};
  for (const auto& [token, named] : tokens)
    EXPECT_THAT(refusal(std::string("conv1d i5 k3 ") + token), HasSubstr(named)) << token;
  EXPECT_THAT(refusal("conv1d i k3"), HasSubstr("i is"));
  EXPECT_THAT(refusal("conv1d i5 k3x"), HasSubstr("`3x`"));
  EXPECT_THAT(refusal("conv1d"), HasSubstr("i"));
  EXPECT_THAT(refusal("conv1d i5"), AllOf(HasSubstr("without k"), HasSubstr("must be given")));
  EXPECT_THAT(refusal("conv1d k3"), AllOf(HasSubstr("without i"), HasSubstr("must be given")));
}

TEST(Text, DuplicateTokensAreNamed) {
  for (const std::string twice : {"n1", "g1", "ic1", "oc1", "s1", "d1", "p0", "o3", "bzeros", "flip", "f32"})
    EXPECT_THAT(refusal("conv1d i5 k3 " + twice + " " + twice), AllOf(HasSubstr("`" + twice + "`"), HasSubstr("once")));
  EXPECT_THAT(refusal("conv1d i5 k3 i6"), AllOf(HasSubstr("`i6`"), HasSubstr("once")));
  EXPECT_THAT(refusal("conv1d i5 k3 k3"), AllOf(HasSubstr("`k3`"), HasSubstr("once")));
  EXPECT_THAT(refusal("conv1d i5 k3 f32 f64"), AllOf(HasSubstr("`f64`"), HasSubstr("once")));
}

TEST(Text, NumbersOver64BitsAreNamed) {
  const std::string number = "99999999999999999999";
  for (const std::string token : {"n", "g", "ic", "oc", "s", "d", "p", "o", "p1:", "p-"})
    EXPECT_THAT(refusal("conv1d i5 k3 " + token + number), AllOf(HasSubstr(number), HasSubstr("64 bits"))) << token;
  EXPECT_THAT(refusal("conv1d i" + number + " k3"), AllOf(HasSubstr("i is `" + number), HasSubstr("64 bits")));
  EXPECT_THAT(refusal("conv1d i5 k" + number), AllOf(HasSubstr("k is `" + number), HasSubstr("64 bits")));
  EXPECT_THAT(refusal("conv1d i5 k3 n9223372036854775808"), HasSubstr("64 bits"));
  for (const std::string token : {"n", "g", "ic", "oc", "s", "d", "p", "o"})  // fits, but no problem can have it
    for (const std::string extreme : {"9223372036854775807", "-9223372036854775808"}) {
      if (token == "s" && extreme[0] == '9') continue;  // one window, and that is legal
      EXPECT_NE(refusal("conv1d i5 k3 " + token + extreme), "") << token;
    }
}

TEST(Text, WrongNumbersOfAxesAreNamed) {
  EXPECT_THAT(refusal("conv2d i5 k3x3"), AllOf(HasSubstr("i5"), HasSubstr("2-D")));
  EXPECT_THAT(refusal("conv2d i5x5 k3"), AllOf(HasSubstr("k3"), HasSubstr("2-D")));
  EXPECT_THAT(refusal("conv1d i5x5 k3x3"), AllOf(HasSubstr("i5x5"), HasSubstr("1-D")));
  EXPECT_THAT(refusal("conv2d i5x5 k3x3 s1x1x1"), AllOf(HasSubstr("stride"), HasSubstr("3"), HasSubstr("2 axes")));
  EXPECT_THAT(refusal("conv3d i5x5x5 k3x3x3 d1x1"), AllOf(HasSubstr("dilation"), HasSubstr("2"), HasSubstr("3 axes")));
  EXPECT_THAT(refusal("conv2d i5x5 k3x3 p1x1x1"), AllOf(HasSubstr("padding"), HasSubstr("3"), HasSubstr("2 axes")));
  EXPECT_THAT(refusal("conv1d i5 k3 bzerosxzeros"), AllOf(HasSubstr("boundary"), HasSubstr("2"), HasSubstr("1 axes")));
  EXPECT_THAT(refusal("conv2d i5x5 k3x3 o3"), AllOf(HasSubstr("output size 3"), HasSubstr("2 axes")));
}

TEST(Text, MessagesStayShortForLongInput) {
  EXPECT_THAT(refusal(std::string(1 << 20, 'x')), HasSubstr("1048576"));
  EXPECT_THAT(refusal("conv1d i5 k3 " + std::string(4000, 'x')), HasSubstr("xxx"));
  EXPECT_THAT(refusal("conv1d i5 k3 s" + std::string(4000, '1')), HasSubstr("111"));
  EXPECT_NE(refusal(std::string(4096, ' ')), "");
  std::string many = "1";
  for (int i = 0; i < 1000; ++i) many += "x1";
  EXPECT_THAT(refusal("conv1d i5 k3 s" + many), HasSubstr("1001"));
  EXPECT_THAT(refusal("conv2d k3x3 i" + many), HasSubstr("i1"));
  EXPECT_THAT(refusal("conv2d i5x5 k3x3 o" + many), HasSubstr("1x1"));
}

TEST(Text, LongInputIsCutBetweenCharacters) {
  for (std::size_t offset = 0; offset < 4; ++offset) {
    std::string word(offset, 'q');
    for (int i = 0; i < 40; ++i) word += "ä€";
    EXPECT_THAT(refusal("conv1d i5 k3 q" + word), HasSubstr("ä€"));
    EXPECT_THAT(refusal("conv1d i5 k3 s" + word), HasSubstr("ä€"));
  }
}

TEST(Text, ControlCharactersDoNotReachTheMessage) {
  for (int code = 0; code < 32; ++code) {
    const std::string control(1, static_cast<char>(code));
    EXPECT_NE(refusal("conv1d" + control + " i5 k3"), "");
    EXPECT_NE(refusal("conv1d i5 k3 q" + control), "");
    EXPECT_NE(refusal("conv1d i5 k3 s" + control + "1"), "");
    EXPECT_NE(refusal("conv1d i5 k3 p1" + control), "");
    EXPECT_NE(refusal("conv1d i5 k3 bz" + control), "");
  }
}

TEST(Text, DamagedStringsAreProblemsOrProblemErrors) {
  const std::string good = "convt2d-dw n2 g2 ic4 oc6 i9x8 k3x2 o19x10 s2x1 d1x2 p1:0x0 breflectxzeros f64 flip";
  const std::string letters = "0123456789x:-ngicokdspbtfw \x01\xff";
  ASSERT_NO_THROW(parse_problem(good));
  std::mt19937 random(2);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  for (int turn = 0; turn < 5000; ++turn) {
    std::string text = good;
    for (std::size_t edits = 1 + below(4); edits > 0; --edits) {
      const std::size_t at = below(text.size()), kind = below(3);
      if (kind == 0) text.erase(at, 1 + below(3));
      if (kind == 1) text.insert(at, 1, letters[below(letters.size())]);
      if (kind == 2) text[at] = letters[below(letters.size())];
    }
    try {
      expect_round_trip(parse_problem(text));
    } catch (const ProblemError&) {  // anything else ends the test
    }
  }
}

TEST(Text, Extents) {
  EXPECT_EQ(parse_extents("3", "k"), Shape{3});
  EXPECT_EQ(parse_extents("3x4x5x6", "k"), (Shape{3, 4, 5, 6}));
  EXPECT_EQ(parse_extents("-3x0", "k"), (Shape{-3, 0}));  // the sign is judged where the meaning is known
  EXPECT_EQ(parse_extents("007", "k"), Shape{7});
  for (const std::string bad :
       {"", "x", "3x", "x3", "3xx3", " 3", "3 ", "3,4", "3.0", "three", "+3", "3:3", "9223372036854775808"})
    EXPECT_THAT(message_of<ProblemError>([&] { parse_extents(bad, "--stride"); }),
                AllOf(HasSubstr("--stride"), HasSubstr("`" + bad + "`")));
}

TEST(Text, PaddingOfEverySpelling) {
  EXPECT_EQ(parse_padding("1", "p"), (Padding{Word::numbers, {{1, 1}}}));
  EXPECT_EQ(parse_padding("1x2", "p"), (Padding{Word::numbers, {{1, 1}, {2, 2}}}));
  EXPECT_EQ(parse_padding("1:2x0:1", "p"), (Padding{Word::numbers, {{1, 2}, {0, 1}}}));
  EXPECT_EQ(parse_padding("0:7x3x-1:0", "p"), (Padding{Word::numbers, {{0, 7}, {3, 3}, {-1, 0}}}));
  EXPECT_EQ(parse_padding("valid", "p"), (Padding{Word::valid, {}}));
  EXPECT_EQ(parse_padding("full", "p"), (Padding{Word::full, {}}));
  EXPECT_EQ(parse_padding("same", "p"), (Padding{Word::same, {}}));
  EXPECT_EQ(parse_padding("same_lower", "p"), (Padding{Word::same_lower, {}}));
  for (const std::string bad : {"", ":", "x", "1:", ":1", "1:2:3", "1x", "1:x2", "same_upper", "Valid", "1 ", "1;2",
                                "-", "99999999999999999999"})
    EXPECT_THAT(message_of<ProblemError>([&] { parse_padding(bad, "--padding"); }),
                AllOf(HasSubstr("--padding"), HasSubstr("`" + bad + "`")));
}

TEST(Text, BoundariesAndTypes) {
  for (const Boundary boundary :
       {Boundary::zeros, Boundary::reflect, Boundary::symmetric, Boundary::replicate, Boundary::circular})
    EXPECT_EQ(parse_boundary(to_string(boundary), "b"), std::vector{boundary});
  EXPECT_EQ(to_string(Boundary::circular), "circular");
  EXPECT_EQ(parse_boundary("reflectxzeros", "b"), (std::vector{Boundary::reflect, Boundary::zeros}));
  for (const std::string bad : {"", "Zeros", "wrap", "zero", "reflect,zeros"})
    EXPECT_THAT(message_of<ProblemError>([&] { parse_boundary(bad, "--boundary"); }),
                AllOf(HasSubstr("--boundary"), HasSubstr("`" + bad + "`")));
  for (const DType dtype : {DType::f32, DType::f64, DType::i64})
    EXPECT_EQ(parse_dtype(to_string(dtype), "type"), dtype);
  EXPECT_EQ(to_string(DType::i64), "i64");
  EXPECT_EQ(size_of(DType::f32), 4U);
  EXPECT_EQ(size_of(DType::f64), 8U);
  EXPECT_EQ(size_of(DType::i64), 8U);
  for (const std::string bad : {"", "F32", "f16", "i32", "float", "f32 "})
    EXPECT_THAT(message_of<ProblemError>([&] { parse_dtype(bad, "--type"); }),
                AllOf(HasSubstr("--type"), HasSubstr("`" + bad + "`")));
}

}  // namespace
}  // namespace faltung
