// Memory that runs out, at every allocation: std::bad_alloc, nothing left behind, and the same call works afterwards.
#include <faltung/faltung.hpp>

#include "cli/command.hpp"
#include "io/array.hpp"
#include "io/matrix.hpp"
#include "io/npy_rows.hpp"
#include "io/sound.hpp"
#include "support/allocations.hpp"
#include "support/arrays.hpp"
#include "unit/scratch_folder.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace faltung::test {
namespace {

/// Calls `action` with its first allocation failing, then with its second (`step` = 1), … until it needs no more.
void fail_everywhere(const std::string& what, const std::function<bool()>& action, std::int64_t step = 1) {
  SCOPED_TRACE(what);
  ASSERT_TRUE(action());  // and makes what is made once
  std::int64_t failures = 0;
  for (std::int64_t nth = 1;; nth += step) {
    const std::int64_t before = live_bytes();
    bool passed = false, told = false;
    fail_allocation(nth);
    try {
      passed = action();
    } catch (const std::bad_alloc&) {
      told = true;
    }
    const bool reached = fail_allocation(0);
    ASSERT_EQ(live_bytes(), before) << "allocation " << nth;
    if (!reached) {
      EXPECT_TRUE(passed) << "without a failure";
      break;
    }
    // a function may do without (std::stable_sort does): then it has done all that it does
    ASSERT_TRUE(passed || told) << "allocation " << nth;
    failures += told ? 1 : 0;
  }
  EXPECT_GT(failures, 0);
  EXPECT_TRUE(action());
}

template <class T>
void fail_runs(Problem problem, int threads) {
  problem.dtype = dtype_of<T>;
  const auto operands = whole_operands<T>(problem, 1, problem.unknown != Unknown::weights);
  const std::vector<T> expected = run(problem, "sliding_window", operands);
  for (const std::string& algorithm : willing(problem))
    fail_everywhere(algorithm + " on `" + to_string(problem) + "`",
                    [&] { return run(problem, algorithm, operands, threads) == expected; });
  if constexpr (std::is_floating_point_v<T>)
    for (const std::string& algorithm : rounding(problem))
      fail_everywhere(algorithm + " on `" + to_string(problem) + "`", [&] {
        std::vector<T> result = run(problem, algorithm, operands, threads);
        for (T& value : result) value = std::round(value);
        return result == expected;
      });
}

TEST(AllocationFailure, OfEveryAlgorithmAndUnknown) {
  for (const char* text :
       {"conv2d n2 g2 ic4 oc2 i7x6 k3x2 s2x1 p1 breflect", "convt2d n2 ic2 oc3 i4x3 k3x4 s2 d1x2 p1 bcircular",
        "conv1d ic3 oc4 i9 k4 flip", "conv3d i4x3x5 k2x3x2 p1"}) {
    const Problem forward = parse_problem(text);
    for (const Problem& problem : {forward, input_gradient(forward), weight_gradient(forward)})
      for (const int threads : {1, 2}) {
        fail_runs<float>(problem, threads);
        fail_runs<double>(problem, threads);
        fail_runs<std::int64_t>(problem, threads);
      }
  }
}

TEST(AllocationFailure, OfStringsAndRefusals) {
  fail_everywhere("a problem", [] {
    return to_string(parse_problem("conv2d-dx n2 g2 ic4 oc2 i7x6 k3x2 s2x1 p1:2x0 breflectxzeros i64")).size() > 9;
  });
  for (const char* text : {"conv2d i9 k3", "conv9d", "conv1d i3 k4", "conv1d i3 k2 bmirror", "convt1d i3 k2 o99"})
    fail_everywhere(text, [&] {
      try {
        parse_problem(text);
      } catch (const ProblemError&) {
        return true;
      }
      return false;
    });
  const Problem problem = parse_problem("convt2d ic2 oc3 i4x3 k3x4 s2 p1");
  fail_everywhere("frameworks", [&] { return !to_text(framework_words(problem)).empty(); });
  fail_everywhere("a plan", [&] { return !to_text(make_plan(problem).report()).empty(); });
}

TEST(AllocationFailure, OfMatrices) {
  const Problem problem = parse_problem("conv2d ic2 oc2 i3x2 k2x2 s1 p1 breflect");
  const std::vector<double> weights = whole_numbers<double>(cells(problem.weights_shape()), 1);
  const auto rows = row_names(problem, Form::folded), columns = column_names(problem, Form::folded);
  const auto matrix = sparse_matrix<double>(problem, weights);
  for (const Form form : {Form::folded, Form::padded}) {
    fail_everywhere("sparse", [&] { return to_dense(sparse_matrix<double>(problem, weights, form)).rows > 0; });
    fail_everywhere(
        "symbolic", [&] { return symbolic_matrix(problem, form).rows > 0; }, 7);
    fail_everywhere("names", [&] { return !row_names(problem, form).empty() && !column_names(problem, form).empty(); });
  }
  fail_everywhere("text", [&] { return !to_text(matrix, rows, columns).empty(); });
  fail_everywhere("Markdown", [&] { return !to_markdown(matrix, rows, columns).empty(); });
  fail_everywhere("LaTeX", [&] { return !to_latex(matrix, rows, columns).empty(); });
  fail_everywhere("HTML", [&] { return !to_html(matrix, rows, columns, "title").empty(); });
}

TEST(AllocationFailure, OfExplanations) {
  const Problem forward = parse_problem("convt1d i3 k2 s2");
  const Trace trace = make_trace(forward);
  fail_everywhere("a trace", [&] { return make_trace(weight_gradient(forward)).products.size() > 1; });
  fail_everywhere("a cell", [&] { return explain_cell(trace, find_cell(trace, "O2")).formulas.size() > 0; });
  for (const View view : {View::steps, View::cell, View::matrix, View::three_views, View::temporary, View::overlap})
    for (const PageFormat format :
         {PageFormat::text, PageFormat::colour_text, PageFormat::svg, PageFormat::html, PageFormat::json}) {
      const Question question{.view = view,
                              .cell = view == View::cell ? std::optional(find_cell(trace, "O2")) : std::nullopt};
      fail_everywhere(
          "a page", [&] { return !explain(trace, question, format).empty(); }, 13);
    }
}

TEST(AllocationFailure, OfTheCheckAndOfBlocks) {
  const Problem problem = parse_problem("conv1d ic2 i5 k2 p1 bcircular");
  fail_everywhere(
      "check", [&] { return check(problem).passed(); }, 17);
  const auto operands = whole_operands<float>(problem, 1, true);
  const std::vector<float> expected = run(problem, "sliding_window", operands);
  std::vector<float> result(expected.size());
  fail_everywhere("blocks", [&] {
    run_by_rows<float>(
        problem, operands.weights, operands.bias,
        [&](std::int64_t, std::int64_t channel, Rows rows, float* to) {
          std::copy_n(operands.fine.begin() + channel * 5 + rows.begin, rows.count(), to);
        },
        [&](std::int64_t, std::int64_t, Rows rows, const float* from) {
          std::copy_n(from, rows.count(), result.begin() + rows.begin);
        },
        {.memory = 1});
    return result == expected;
  });
}

/// Also: no file is left of a call that failed.
void fail_file(const ScratchFolder& folder, const std::string& what, const std::function<bool()>& action) {
  ASSERT_TRUE(action());
  const std::size_t files = folder.count();
  fail_everywhere(what, [&] {
    try {
      return action();
    } catch (...) {
      EXPECT_EQ(folder.count(), files);
      throw;
    }
  });
}

TEST(AllocationFailure, OfFiles) {
  const ScratchFolder folder;
  const auto file = [&](const char* name) { return folder.file(name); };
  const io::Array array{{3, 4, 5}, whole_numbers<float>(60, 1)};
  const io::Image image{{{3, 4, 5}, std::vector<float>(60, 99)}, {}};
  const io::SoundFormat format{8000, 2, true, false};  // 2: libsndfile's 16 bits
  const auto matrix = sparse_matrix<double>(parse_problem("conv1d i5 k2"), std::vector<double>{1, 2});

  const std::string npy = file("a.npy"), png = file("a.png"), jpg = file("a.jpg"), wav = file("a.wav"),
                    npz = file("a.npz"), mtx = file("a.mtx"), txt = file("a.txt");
  fail_file(folder, "write .npy", [&] { return io::write_npy(npy, array), true; });
  fail_file(folder, "read .npy", [&] { return io::read_npy(npy).shape == array.shape; });
  fail_file(folder, "read .npy by rows", [&] {
    std::vector<float> values(60);
    io::NpyRows(npy).read(0, 60, values.data());
    return values == std::get<std::vector<float>>(array.values);
  });
  fail_file(folder, "write .npy by rows", [&] {
    io::NpyRowWriter writer(npy, DType::f32, array.shape);
    writer.write(0, 60, std::get<std::vector<float>>(array.values).data());
    return writer.commit(), true;
  });
  fail_file(folder, "write PNG", [&] { return io::write_image(png, image), true; });
  fail_file(folder, "read PNG", [&] { return io::read_image(png).pixels.shape == image.pixels.shape; });
  fail_file(folder, "write JPEG", [&] { return io::write_image(jpg, image), true; });
  fail_file(folder, "read JPEG", [&] { return io::read_image(jpg).pixels.shape == image.pixels.shape; });
  fail_file(folder, "write WAV", [&] {
    io::SoundWriter writer(wav, format, 2, 3);
    writer.write(std::vector<float>(6, 0.5F).data(), 3);
    return writer.commit(), true;
  });
  fail_file(folder, "read WAV", [&] { return io::read_sound(wav).samples.shape == Shape{2, 3}; });
  fail_file(folder, "write Matrix Market", [&] { return io::write_matrix_market(mtx, matrix, "comment"), true; });
  fail_file(folder, "write .npz", [&] { return io::write_npz(npz, matrix), true; });
  fail_file(folder, "write text", [&] { return io::write_text(txt, "text"), true; });
}

/// Standard output goes nowhere, and what goes to standard error can be read; without allocations.
class Captured {
 public:
  Captured() {
    std::fflush(stdout);
    ::dup2(::fileno(nowhere_), STDOUT_FILENO);
    ::dup2(::fileno(text_), STDERR_FILENO);
  }
  ~Captured() {
    std::fflush(stdout);
    ::dup2(out_, STDOUT_FILENO);
    ::dup2(error_, STDERR_FILENO);
    for (std::FILE* file : {nowhere_, text_}) std::fclose(file);
    for (const int descriptor : {out_, error_}) ::close(descriptor);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  std::string_view error() const {
    const ssize_t count = ::pread(::fileno(text_), line_.data(), line_.size(), 0);
    return {line_.data(), static_cast<std::size_t>(std::max<ssize_t>(0, count))};
  }

 private:
  int out_ = ::dup(STDOUT_FILENO), error_ = ::dup(STDERR_FILENO);
  std::FILE *nowhere_ = std::fopen("/dev/null", "wb"), *text_ = std::tmpfile();
  mutable std::array<char, 4096> line_{};
};

/// Exit status 2 and the one line, or the whole result.
TEST(AllocationFailure, OfTheCommand) {
  const ScratchFolder folder;
  io::write_npy(folder.file("x.npy"), {{1, 2, 5, 4}, whole_numbers<float>(40, 1)});
  io::write_npy(folder.file("w.npy"), {{1, 2, 3, 2}, whole_numbers<float>(12, 1)});
  const std::string x = folder.file("x.npy"), w = folder.file("w.npy"), y = folder.file("y.npy");
  struct Call {
    std::vector<std::string> words;
    std::int64_t step = 61;  // of a thousand and more allocations, most are CLI11's
  };
  const Call calls[] = {{{"conv", x, "--weight", w, "-o", y}},
                        {{"conv", x, "--weight", w, "--stream", "-o", y}},
                        {{"shape", "--input", "3", "--kernel-size", "2"}},
                        {{"shape", "conv1d i3 k2", "--json"}, 1},
                        {{"plan", "conv1d i3 k2"}},
                        {{"matrix", "--problem", "conv1d i3 k2"}},
                        {{"explain", "--problem", "conv1d i3 k2"}},
                        {{"explain", "--problem", "conv1d i3 k2", "--format", "json"}, 1},
                        {{"nonsense"}}};
  for (const Call& call : calls) {
    const std::vector<std::string>& words = call.words;
    const int right = words.front() == "nonsense" ? 2 : 0;
    fail_everywhere(
        words.front(),
        [&] {
          std::vector<std::string> copy = {"faltung"};
          copy.insert(copy.end(), words.begin(), words.end());
          std::vector<char*> argv;
          for (std::string& word : copy) argv.push_back(word.data());
          const Captured captured;
          const int status = cli::run_command(static_cast<int>(argv.size()), argv.data());
          const std::string_view error = captured.error();
          if (status == 2 && error.starts_with("faltung: out of memory: ")) {
            EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 1);
            throw std::bad_alloc();
          }
          return status == right;
        },
        call.step);
    EXPECT_LE(folder.count(), 3U);
  }
}

}  // namespace
}  // namespace faltung::test
