// What an error says, read as a person reads it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <string>
#include <typeinfo>
#include <utility>

namespace faltung::test {

/// Whether every character of UTF-8 is whole: a message that is cut inside one cannot become a Python string.
inline bool is_whole_utf8(const std::string& text) {
  std::size_t missing = 0;
  for (const char character : text) {
    const auto c = static_cast<unsigned char>(character);
    const bool continues = (c & 0xC0U) == 0x80U;
    if (continues != (missing > 0)) return false;
    missing = continues ? missing - 1 : c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
  }
  return missing == 0;
}

/// The message of the error that `action` raises; it must be an `Expected` itself and say, in one short line without
/// control characters, what was given, which rule, how to fix it. Empty, with a recorded failure, when nothing is
/// raised.
template <class Expected, class Action>
std::string message_of(Action&& action) {
  try {
    std::forward<Action>(action)();
  } catch (const std::exception& error) {
    std::string message = error.what();
    EXPECT_STREQ(typeid(error).name(), typeid(Expected).name()) << message;
    EXPECT_TRUE(std::none_of(message.begin(), message.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
        << "more than one line: " << message;
    EXPECT_TRUE(is_whole_utf8(message)) << "cut inside a character: " << message;
    EXPECT_LT(message.size(), 500U) << "too long to read: " << message.substr(0, 500);
    std::size_t parts = 1, begin = 0;
    for (std::size_t end = 0; (end = message.find(": ", begin)) != std::string::npos; begin = end + 2, ++parts)
      EXPECT_GT(end, begin) << "an empty part: " << message;
    EXPECT_GE(parts, 3U) << "given, rule or fix is missing: " << message;
    EXPECT_LT(begin, message.size()) << "an empty part: " << message;
    return message;
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

}  // namespace faltung::test
