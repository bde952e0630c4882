// The benchmark corpora: problem strings that people and bench/peers read.
#include <faltung/problem.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

namespace {

using faltung::Problem;
using faltung::Shape;

/// Name → problem. Every line is `name problem`; `#` begins a comment.
std::map<std::string, Problem> corpus(const std::string& name) {
  std::ifstream file(std::string(FALTUNG_CORPORA) + "/" + name);
  EXPECT_TRUE(file) << name;
  std::map<std::string, Problem> problems;
  for (std::string line; std::getline(file, line);) {
    line.resize(std::min(line.find('#'), line.size()));
    if (line.find_first_not_of(' ') == std::string::npos) continue;
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) {
      ADD_FAILURE() << "no problem in: " << line;
      continue;
    }
    const auto [_, unique] = problems.emplace(line.substr(0, space), faltung::parse_problem(line.substr(space)));
    EXPECT_TRUE(unique) << "twice: " << line;
  }
  return problems;
}

TEST(BenchCorpora, NetworksHoldTheEighteenConvolutionsAndFifteenTransposedRows) {
  const auto problems = corpus("networks.txt");
  EXPECT_EQ(problems.size(), 33U);
  for (int i = 1; i <= 18; ++i) {
    ASSERT_TRUE(problems.contains("c" + std::to_string(i))) << i;
    EXPECT_EQ(problems.at("c" + std::to_string(i)).unknown, faltung::Unknown::coarse) << i;
  }
  for (int i = 1; i <= 15; ++i) {
    ASSERT_TRUE(problems.contains("t" + std::to_string(i))) << i;
    EXPECT_EQ(problems.at("t" + std::to_string(i)).unknown, faltung::Unknown::fine) << i;
  }
  // output paddings that are easy to lose
  EXPECT_EQ(problems.at("t8").unknown_shape(), (Shape{1, 1, 384, 384}));
  EXPECT_EQ(problems.at("t9").unknown_shape(), (Shape{1, 64, 256, 512}));
  EXPECT_EQ(problems.at("c18").unknown_shape(), (Shape{1, 1, 1000000 - 4096 + 1}));
}

TEST(BenchCorpora, ExtraRowsCoverEveryUnknownInBothLayers) {
  std::map<std::pair<faltung::Layer, faltung::Unknown>, int> seen;
  for (const auto& [name, problem] : corpus("extra.txt")) ++seen[{problem.layer, problem.unknown}];
  EXPECT_EQ(seen.size(), 6U);
}

}  // namespace
