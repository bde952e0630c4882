#include "cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace faltung::cli {

namespace {

using std::chrono::steady_clock;
constexpr std::chrono::seconds patience{1};
constexpr std::chrono::milliseconds interval{100};
constexpr std::int64_t width = 40;

}  // namespace

Progress::Progress(std::string what)
    : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) != 0), start_(steady_clock::now()), last_(start_) {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void Progress::show(std::int64_t done, std::int64_t total) {
  const auto now = steady_clock::now();
  if (!terminal_ || now - start_ < patience || (shown_ && now - last_ < interval)) return;
  last_ = now;
  shown_ = true;
  const double part = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1;
  const auto filled = std::clamp<std::int64_t>(std::llround(part * width), 0, width);
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double left = part > 0 ? elapsed * (1 - part) / part : 0;
  fmt::print(stderr, "\r{} [{:<{}}] {:3}%  {:.0f} s left\033[K", what_,
             std::string(static_cast<std::size_t>(filled), '#'), width, std::lround(part * 100), left);
  std::fflush(stderr);
}

}  // namespace faltung::cli
