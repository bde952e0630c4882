#include "support/json.hpp"

#include <fmt/format.h>

namespace faltung::internal {

JsonText& JsonText::key(std::string_view name) {
  place();
  quoted(name);
  text_ += ": ";
  after_key_ = true;
  return *this;
}

void JsonText::string(std::string_view text) {
  place();
  quoted(text);
}

void JsonText::number(std::int64_t value) {
  place();
  text_ += std::to_string(value);
}

void JsonText::boolean(bool value) {
  place();
  text_ += value ? "true" : "false";
}

void JsonText::strings(const std::vector<std::string>& list) {
  array([&] {
    for (const std::string& text : list) string(text);
  });
}

void JsonText::numbers(const std::vector<std::int64_t>& list) {
  array([&] {
    for (const std::int64_t value : list) number(value);
  });
}

void JsonText::begin(char bracket) {
  place();
  text_ += bracket;
  ++depth_;
  first_ = true;
}

void JsonText::end(char bracket) {
  --depth_;
  if (!first_) line();
  text_ += bracket;
  first_ = false;
}

/// Where the next value goes: behind its key, or on a line of its own.
void JsonText::place() {
  if (!std::exchange(after_key_, false) && depth_ > 0) {
    if (!first_) text_ += ',';
    line();
  }
  first_ = false;
}

void JsonText::line() {
  text_ += '\n';
  text_.append(depth_, ' ');
}

void JsonText::quoted(std::string_view text) {
  text_ += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\')
      (text_ += '\\') += c;
    else if (c == '\n')
      text_ += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20)
      text_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      text_ += c;
  }
  text_ += '"';
}

}  // namespace faltung::internal
