// Any words, one a line, as a call of the command in a folder of its own: exit status 0 and nothing on stderr, 1 of
// `check`, or 2 and one line. Not `serve`, which would wait for callers.
#include "cli/command.hpp"
#include "fuzz/expect.hpp"
#include "fuzz/memory_file.hpp"
#include "fuzz/scratch.hpp"
#include "support/allocations.hpp"

#include <sanitizer/common_interface_defs.h>

#include <fcntl.h>

#include <random>
#include <string>
#include <vector>

using namespace faltung;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t largest);

namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words = {"faltung"};
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return words;
}

/// Four to seven digits: large enough to take long, too small to be refused. More are refused, and tried.
bool is_slow(std::string_view word) {
  std::size_t digits = 0;
  for (std::size_t i = 0; i <= word.size(); ++i) {
    if (i < word.size() && word[i] >= '0' && word[i] <= '9') {
      ++digits;
      continue;
    }
    if (digits >= 4 && digits <= 7) return true;
    digits = 0;
  }
  return false;
}

bool is_left_out(const std::vector<std::string>& words) {
  if (words.size() < 2 || words[1] == "serve" || words[1] == "bench" || words[1] == "tune")
    return true;  // the last two run for their --seconds
  return std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word.find_first_of(std::string_view("/\0", 2)) != std::string::npos || is_slow(word);
  });
}

/// Exit status, and what went to stderr.
struct Answer {
  int status = 0;
  std::string error;
};

Answer call(std::vector<std::string> words) {
  static fuzz::MemoryFile error;
  static const int ours = ::dup(STDERR_FILENO);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  __sanitizer_set_report_fd(reinterpret_cast<void*>(static_cast<std::intptr_t>(ours)));
  error.put(nullptr, 0);
  ::lseek(error.descriptor(), 0, SEEK_SET);
  ::dup2(error.descriptor(), STDERR_FILENO);
  Answer answer;
  answer.status = cli::run_command(static_cast<int>(words.size()), argv.data());
  std::fflush(stdout);
  ::dup2(ours, STDERR_FILENO);
  char text[4096];
  const ssize_t count = ::pread(error.descriptor(), text, sizeof(text), 0);
  answer.error.assign(text, static_cast<std::size_t>(std::max<ssize_t>(0, count)));
  return answer;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
  ::setenv("FALTUNG_WISDOM", "", 1);
  return 0;
}

/// Half of the mutations put something between two words (an option of the dictionary, most often), a quarter change
/// one word, and a quarter any bytes: blind ones rarely hit the end of a word.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t largest,
                                               unsigned seed) {
  std::minstd_rand random(seed);
  const auto kind = random() % 4;
  if (kind == 0 || size == 0 || size == largest) return LLVMFuzzerMutate(data, size, largest);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n', random() % size), size);  // of a word
  const std::size_t begin = kind == 1 && end > 0 ? text.rfind('\n', end - 1) + 1 : end;
  const std::string after(text.substr(end));
  const std::size_t changed = LLVMFuzzerMutate(data + begin, end - begin, largest - begin - after.size());
  std::copy(after.begin(), after.end(), data + begin + changed);
  return begin + changed + after.size();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::Scratch scratch;
  const std::vector<std::string> words = words_of({reinterpret_cast<const char*>(data), size});
  if (is_left_out(words)) return 0;
  constexpr std::int64_t memory = std::int64_t{8} << 20;  // more is refused as out of memory, and would take long
  scratch.enter();
  test::limit_memory(memory);
  const Answer answer = call(words);
  test::limit_memory(0);
  const bool passed = answer.status == 0 || (answer.status == 1 && words[1] == "check");
  if (passed) {
    fuzz::expect(answer.error.empty(), "success says nothing on stderr");
  } else {
    fuzz::expect(answer.status == 2, "the exit status is 0, 1 of check, or 2");
    fuzz::expect(answer.error.starts_with("faltung: ") && answer.error.ends_with('\n'), "an error is a line");
    fuzz::expect_line(std::string_view(answer.error).substr(0, answer.error.size() - 1));
  }
  scratch.tidy(passed);
  scratch.leave();
  return 0;
}
