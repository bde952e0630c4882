// A progress bar on stderr: only when it is a terminal, and only on work over a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace faltung::cli {

class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress();  ///< removes the bar
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::int64_t done, std::int64_t total);

 private:
  std::string what_;
  bool terminal_, shown_ = false;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace faltung::cli
