// What a fuzz target demands: a broken demand ends the program, which libFuzzer reports with the input.
#pragma once

#include <faltung/error.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace faltung::fuzz {

inline void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// One line for a person.
inline void expect_line(std::string_view message) {
  expect(!message.empty() && std::none_of(message.begin(), message.end(), is_control), "an error is one line");
}

}  // namespace faltung::fuzz
