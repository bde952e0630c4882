// Measured times: taken, kept by many at once, and obeyed by plans.
#include <faltung/faltung.hpp>

#include "unit/refusal.hpp"
#include "unit/scratch_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>
#include <vector>

namespace faltung::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Candidate& candidate(const Report& report, std::string_view algorithm) {
  for (const Candidate& one : report.candidates)
    if (one.algorithm == algorithm) return one;
  throw std::logic_error("no such algorithm");
}

/// Of an algorithm with one way.
Candidate only_way(const std::string& algorithm) {
  Candidate candidate;
  candidate.algorithm = algorithm;
  return candidate;
}

/// As if someone had measured it.
Tuning tuning(const std::string& problem, const std::string& algorithm, double seconds, int threads = 1) {
  Tuning result{this_machine(threads), make_plan(parse_problem(problem)).report(), {}};
  for (Candidate& one : result.report.candidates)
    if (one.algorithm == algorithm) one.measured_seconds = seconds;
  return result;
}

void write_text(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

TEST(Tune, TimesWhatMayRunAndIsNotHopeless) {
  const Problem problem = parse_problem("conv2d ic8 oc8 i30x30 k3x3");
  std::int64_t last = 0;
  const Tuning timed = tune(problem, {}, 0.001, [&](std::int64_t done, std::int64_t all) {
    EXPECT_LE(done, all);
    last = done;
  });
  EXPECT_EQ(last, static_cast<std::int64_t>(algorithms().size()));
  EXPECT_EQ(timed.untuned, make_plan(problem).algorithm());
  EXPECT_EQ(timed.machine, this_machine(1));
  EXPECT_TRUE(candidate(timed.report, "polyphase").measured_seconds);
  EXPECT_FALSE(candidate(timed.report, "sliding_window").measured_seconds) << "predicted to be 100 times slower";
  const double best = *candidate(timed.report, timed.report.chosen).measured_seconds;
  for (const Candidate& one : timed.report.candidates) {
    if (!one.measured_seconds) continue;
    EXPECT_GE(*one.measured_seconds, best) << one.algorithm;
    EXPECT_GT(*one.measured_pack_seconds, 0) << one.algorithm;
  }
}

TEST(Tune, EveryTypeAndUnknown) {
  for (const char* text : {"conv1d i9 k2 f64", "conv1d i9 k2 i64", "convt2d ic2 oc3 i5x4 k3x2 s2",
                           "conv2d-dw i8x8 k3x3", "convt1d-dw i8 k3", "conv3d-dx n2 i4x4x4 k2x2x2", "conv1d n0 i5 k2"})
    EXPECT_FALSE(tune(parse_problem(text), {}, 0).report.chosen.empty()) << text;
}

TEST(Wisdom, APlanChoosesByIt) {
  const char* text = "conv2d ic8 oc8 i30x30 k3x3";
  const Problem problem = parse_problem(text);
  ASSERT_NE(make_plan(problem).algorithm(), "sliding_window");
  const auto wisdom = std::make_shared<Wisdom>();
  wisdom->remember(tuning(text, "sliding_window", 1e-9));
  const Plan plan = make_plan(problem, {.wisdom = wisdom});
  EXPECT_EQ(plan.algorithm(), "sliding_window");
  EXPECT_THAT(to_text(plan.report()), HasSubstr("0.001 µs measured"));
  // only where it was measured
  EXPECT_NE(make_plan(problem, {.threads = 2, .wisdom = wisdom}).algorithm(), "sliding_window");
  EXPECT_NE(make_plan(parse_problem("conv2d ic8 oc8 i31x30 k3x3"), {.wisdom = wisdom}).algorithm(), "sliding_window");
  // and only what may run
  wisdom->remember(tuning(text, "im2col_blas", 1e-12));
  EXPECT_EQ(make_plan(problem, {.wisdom = wisdom}).algorithm(), "im2col_blas");
  EXPECT_EQ(make_plan(problem, {.accuracy = Accuracy::strict, .wisdom = wisdom}).algorithm(), "sliding_window");
}

/// Large tiles that were timed within a loose accuracy say nothing about the small ones of another.
TEST(Wisdom, SpeaksOfTheWayThatWasMeasured) {
  const Problem problem = parse_problem("conv2d ic64 oc64 i28x28 k5x5 p2");
  const Options loose{.algorithm = "winograd", .accuracy = Accuracy::within(1e-3)};
  Tuning tuned{this_machine(1), make_plan(problem, loose).report(), {}};
  for (Candidate& candidate : tuned.report.candidates)
    if (candidate.algorithm == "winograd") candidate.measured_seconds = 1e-9;
  const auto wisdom = std::make_shared<Wisdom>();
  wisdom->remember(tuned);
  const auto measured = [&](Accuracy accuracy) {
    for (const Candidate& candidate : make_plan(problem, {.accuracy = accuracy, .wisdom = wisdom}).report().candidates)
      if (candidate.algorithm == "winograd") return candidate.measured_seconds.has_value();
    return false;
  };
  EXPECT_TRUE(measured(Accuracy::within(1e-3)));
  EXPECT_FALSE(measured(Accuracy::standard));
}

TEST(Wisdom, AFileHoldsAllOfIt) {
  const ScratchFolder folder;
  const std::string path = folder.file("new/folder/wisdom.json");
  Wisdom wisdom;
  wisdom.remember(tuning("conv1d i9 k2", "polyphase", 1.25e-7));
  wisdom.remember(tuning("conv1d i9 k2", "depthwise", 2.5e-7));
  wisdom.remember(tuning("conv1d i9 k2", "depthwise", 3e-7, 2));
  wisdom.remember(tuning("conv1d i10 k2", "depthwise", 1e300));
  wisdom.write(path);
  Wisdom read;
  EXPECT_THAT(read.read(path), IsEmpty());
  EXPECT_EQ(read, wisdom);
  EXPECT_EQ(read.find(this_machine(1), to_string(parse_problem("conv1d i9 k2")), only_way("polyphase"))->run, 1.25e-7);
  wisdom = {};
  wisdom.remember(tuning("conv1d i9 k2", "polyphase", 5e-7));  // measured again
  wisdom.write(path);
  read.read(path);
  EXPECT_EQ(read.find(this_machine(1), to_string(parse_problem("conv1d i9 k2")), only_way("polyphase"))->run, 5e-7);
  EXPECT_EQ(read.find(this_machine(2), to_string(parse_problem("conv1d i9 k2")), only_way("depthwise"))->run, 3e-7);
}

TEST(Wisdom, ConcurrentWritersLoseNothing) {
  const ScratchFolder folder;
  const std::string path = folder.file("wisdom.json");
  constexpr int writers = 4, each = 8;
  const auto problem = [](int i) { return "conv1d k2 i" + std::to_string(10 + i); };
  const auto write = [&](int writer) {
    for (int i = 0; i < each; ++i) {
      Wisdom wisdom;
      wisdom.remember(tuning(problem(writer * each + i), "polyphase", 1e-7));
      wisdom.write(path);
    }
  };
  const pid_t child = ::fork();  // processes and threads
  if (child == 0) {
    write(0);
    ::_exit(0);
  }
  std::vector<std::thread> threads;
  for (int writer = 1; writer < writers; ++writer) threads.emplace_back(write, writer);
  for (std::thread& thread : threads) thread.join();
  int status = 1;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  Wisdom read;
  EXPECT_THAT(read.read(path), IsEmpty());
  for (int i = 0; i < writers * each; ++i)
    EXPECT_TRUE(read.find(this_machine(1), to_string(parse_problem(problem(i))), only_way("polyphase"))) << i;
}

TEST(Wisdom, WhatIsDamagedOrForeignIsSaidAndNotUsed) {
  const ScratchFolder folder;
  const std::string path = folder.file("wisdom.json");
  Wisdom wisdom, whole;
  whole.remember(tuning("conv1d i9 k2", "polyphase", 1e-7));
  whole.write(path);
  EXPECT_THAT(wisdom.read(folder.file("none.json")), IsEmpty());
  EXPECT_THAT(wisdom.read(""), IsEmpty());
  EXPECT_THAT(wisdom.read(folder.file("")), ElementsAre(HasSubstr("no wisdom")));  // a folder
  const std::string text = bytes_of(path);
  for (std::size_t end = 0; end + 1 < text.size(); ++end) {
    write_text(path, text.substr(0, end));
    EXPECT_THAT(wisdom.read(path), ElementsAre(HasSubstr("no wisdom"))) << text.substr(0, end);
  }
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string other = text;
    other.replace(other.find(from), from.size(), to);
    write_text(path, other);
    return wisdom.read(path);
  };
  EXPECT_THAT(changed("wisdom 1", "wisdom 2"), ElementsAre(HasSubstr("another format")));
  EXPECT_THAT(changed("1e-07", "-1"), ElementsAre(HasSubstr("a time of -1 s")));
  EXPECT_THAT(changed("\"threads\": 1", "\"threads\": 0"), ElementsAre(HasSubstr("0 threads")));
  EXPECT_THAT(changed("\"cpu\"", "\"gpu\""), ElementsAre(HasSubstr("a machine without cpu")));
  EXPECT_THAT(changed("{\"format\"", std::string(100000, '[')), ElementsAre(HasSubstr("no wisdom")));
  EXPECT_TRUE(wisdom.empty());
  EXPECT_THAT(changed(FALTUNG_VERSION, "0.0.1"), ElementsAre(HasSubstr("nothing in it was measured on")));
  const auto kept = std::make_shared<Wisdom>(wisdom);
  EXPECT_FALSE(
      candidate(make_plan(parse_problem("conv1d i9 k2"), {.wisdom = kept}).report(), "polyphase").measured_seconds);
  write_text(path, "{");
  whole.write(path);  // takes the place of what was damaged
  EXPECT_THAT(wisdom.read(path), IsEmpty());
}

TEST(Wisdom, WhatCannotBeWrittenIsSaid) {
  EXPECT_THAT(message_of<FileError>([] { Wisdom().write(""); }), HasSubstr("FALTUNG_WISDOM"));
  EXPECT_THAT(message_of<FileError>([] { Wisdom().write("/proc/none/wisdom.json"); }),
              HasSubstr("/proc/none: cannot make it"));
}

}  // namespace
}  // namespace faltung::test
