// `check` finds what is wrong with a wrong algorithm, and nothing wrong with the right ones.
#include "check/check.hpp"

#include <faltung/faltung.hpp>

#include "algorithms/registry.hpp"
#include "cli/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace faltung::test {
namespace {

using internal::Algorithm;
using internal::Arrays;
using internal::Packed;
using internal::Prepared;

/// What goes wrong after a right run: (problem, arrays, the result, its number of elements).
using Damage = std::function<void(const Problem&, const Arrays&, float*, std::int64_t)>;

/// A right algorithm with damage.
class Broken : public Algorithm {
 public:
  explicit Broken(Damage damage) : damage_(std::move(damage)) {}

  std::string_view name() const override { return "broken"; }
  std::string_view idea() const override { return ""; }
  std::string_view source() const override { return ""; }
  bool strict() const override { return false; }
  std::optional<std::string> refusal(const Problem&) const override { return std::nullopt; }
  internal::Cost cost(const Problem&) const override { return {}; }
  std::unique_ptr<const Prepared> prepare(const Problem& problem, int threads) const override {
    return std::make_unique<Run>(problem, right().prepare(problem, threads), damage_);
  }

 private:
  static const Algorithm& right() { return *internal::all_algorithms().front(); }

  class Run : public Prepared {
   public:
    Run(const Problem& problem, std::unique_ptr<const Prepared> prepared, Damage damage)
        : problem_(problem), prepared_(std::move(prepared)), damage_(std::move(damage)) {}
    std::size_t workspace_bytes() const override { return prepared_->workspace_bytes(); }
    std::size_t packed_bytes() const override { return prepared_->packed_bytes(); }
    std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const override {
      return prepared_->pack(weights, bias);
    }
    void run(const Arrays& arrays, std::byte* workspace) const override {
      prepared_->run(arrays, workspace);
      void* result = problem_.unknown == Unknown::coarse ? arrays.coarse
                     : problem_.unknown == Unknown::fine ? arrays.fine
                                                         : arrays.weights;
      damage_(problem_, arrays, static_cast<float*>(result), element_count(problem_.unknown_shape()));
    }

   private:
    Problem problem_;
    std::unique_ptr<const Prepared> prepared_;
    Damage damage_;
  };

  Damage damage_;
};

CheckReport check_with(const Damage& damage, const std::string& problem) {
  const Broken broken(damage);
  const std::array<const Algorithm*, 1> list{&broken};
  return internal::check(parse_problem(problem), list, 1, 1);
}

std::set<std::string> failing(const CheckReport& report) {
  std::set<std::string> properties;
  for (const CheckLine& line : report.lines)
    if (!line.holds()) properties.insert(line.property);
  return properties;
}

const char* const problems[] = {"conv2d n2 g2 ic4 oc6 i9x8 k3x2 s2x1 p1",
                                "convt2d ic2 oc3 i5x6 k3x3 s2 p1 breflect",
                                "conv1d-dw n2 ic2 oc3 i20 k3 d2 p2 breplicate",
                                "convt1d-dx ic2 oc2 i9 k4 s3 bcircular",
                                "conv3d i4x5x6 k2x2x3 p1 bsymmetric",
                                "conv1d i4 k3 p9 breflect",
                                "conv1d n0 i4 k3"};

TEST(Check, RightAlgorithmsPass) {
  for (const char* const problem : problems)
    for (const char* const type : {"f32", "f64", "i64"}) {
      const CheckReport report = check(parse_problem(std::string(problem) + " " + type));
      EXPECT_TRUE(report.passed()) << to_text(report);
      EXPECT_GE(report.lines.size(), 10U) << to_text(report);
    }
}

TEST(Check, AHarmlessDamageIsNone) {
  for (const char* const problem : problems) {
    const CheckReport report = check_with([](auto&&...) {}, problem);
    EXPECT_TRUE(report.passed()) << to_text(report);
  }
}

TEST(Check, AWrongCellFailsEveryProperty) {
  for (const char* const problem : problems) {
    if (parse_problem(problem).batch == 0) continue;
    const CheckReport report =
        check_with([](const Problem&, const Arrays&, float* y, std::int64_t n) { y[n - 1] += 0.5F; }, problem);
    EXPECT_THAT(failing(report), testing::IsSupersetOf({"matrix", "adjoint", "linearity", "impulse"}))
        << to_text(report);
  }
}

TEST(Check, ASmallErrorAboveTheBoundFails) {
  const CheckReport report = check_with(
      [](const Problem&, const Arrays&, float* y, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i) y[i] *= 1 + 3e-6F;
      },
      "conv2d i9x8 k3x2");
  EXPECT_THAT(failing(report), testing::Contains("matrix")) << to_text(report);
}

TEST(Check, NotANumberFails) {
  const CheckReport report = check_with(
      [](const Problem&, const Arrays&, float* y, std::int64_t) { y[0] = std::numeric_limits<float>::quiet_NaN(); },
      "conv2d i9x8 k3x2");
  EXPECT_THAT(failing(report), testing::IsSupersetOf({"matrix", "adjoint", "linearity", "impulse", "shift"}))
      << to_text(report);
}

TEST(Check, OneDirectionThatDisagreesFailsTheAdjointOnly) {
  const CheckReport report = check_with(
      [](const Problem& problem, const Arrays&, float* y, std::int64_t n) {
        for (std::int64_t i = 0; problem.unknown == Unknown::fine && i < n; ++i) y[i] *= 2;
      },
      "conv2d i9x8 k3x2");
  EXPECT_EQ(failing(report), std::set<std::string>{"adjoint"}) << to_text(report);
}

TEST(Check, SquaresFailLinearity) {
  const CheckReport report = check_with(
      [](const Problem&, const Arrays&, float* y, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i) y[i] *= y[i];
      },
      "conv2d i9x8 k3x2");
  EXPECT_THAT(failing(report), testing::Contains("linearity")) << to_text(report);
}

TEST(Check, AnOperatorThatChangesFromPlaceToPlaceFailsShift) {
  for (const char* const problem : {"conv2d i9x8 k3x2 s2x1", "convt2d i9x8 k3x2 s2x1"}) {
    const CheckReport report = check_with(
        [](const Problem&, const Arrays&, float* y, std::int64_t n) {
          for (std::int64_t i = 0; i < n; ++i) y[i] *= static_cast<float>(1 + i % 5);
        },
        problem);
    EXPECT_THAT(failing(report), testing::Contains("shift")) << to_text(report);
  }
}

TEST(Check, ARefusalIsAReasonAndNotAFailure) {
  const CheckReport report = check(parse_problem("conv1d i9 k3 i64"));
  const auto line = std::find_if(report.lines.begin(), report.lines.end(),
                                 [](const CheckLine& l) { return l.algorithm == "im2col_blas"; });
  ASSERT_NE(line, report.lines.end());
  EXPECT_TRUE(line->reason.has_value());
  EXPECT_TRUE(report.passed());
}

int status_of(std::vector<std::string> words, const cli::CheckFunction& check) {
  words.insert(words.begin(), "faltung");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  return cli::run_command(static_cast<int>(pointers.size()), pointers.data(), check);
}

TEST(Check, TheCommandEndsWithOneWhenAPropertyFails) {
  const Broken broken([](const Problem&, const Arrays&, float* y, std::int64_t) { y[0] += 1; });
  const auto check_broken = [&](const Problem& problem, std::uint32_t seed, int threads) {
    std::vector<const Algorithm*> list(internal::all_algorithms().begin(), internal::all_algorithms().end());
    list.push_back(&broken);
    return internal::check(problem, list, seed, threads);
  };
  EXPECT_EQ(status_of({"check", "conv1d i9 k3"}, check_broken), 1);
  EXPECT_EQ(status_of({"check", "conv1d i9 k3"}, [](auto&&... a) { return check(a...); }), 0);
  EXPECT_EQ(status_of({"check", "conv1d i9 k30"}, check_broken), 2);
}

}  // namespace
}  // namespace faltung::test
