#include <faltung/error.hpp>

#include <algorithm>

namespace faltung {

namespace {

constexpr std::size_t longest = 60;  // half a terminal line: the rule and the fix want the rest

/// Bytes of the character that `text` begins with; 0 where it is none, or a control character.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned lead = byte(0), second = byte(1);
  if (lead < 0x80) return lead < 0x20 || lead == 0x7f ? 0 : 1;
  const std::size_t bytes = lead >= 0xC2 && lead < 0xE0   ? 2
                            : lead >= 0xE0 && lead < 0xF0 ? 3
                            : lead >= 0xF0 && lead < 0xF5 ? 4
                                                          : 0;
  for (std::size_t i = 1; i < bytes; ++i)
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  // RFC 3629, section 4: no overlong forms, no surrogates, nothing over U+10FFFF; U+0080 to U+009F are controls
  const bool outside = (lead == 0xC2 && second < 0xA0) || (lead == 0xE0 && second < 0xA0) ||
                       (lead == 0xED && second >= 0xA0) || (lead == 0xF0 && second < 0x90) ||
                       (lead == 0xF4 && second >= 0x90);
  return outside ? 0 : bytes;
}

}  // namespace

ProblemError::ProblemError(std::string_view given, std::string_view rule, std::string_view fix)
    : Error(std::string(given).append(": ").append(rule).append(": ").append(fix)) {}

std::string shortened(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text), taken = std::max<std::size_t>(1, bytes);
    if (safe.size() + taken > longest) return safe + "…";
    if (bytes == 0)
      safe += '?';
    else
      safe += text.substr(0, bytes);
    text.remove_prefix(taken);
  }
  return safe;
}

std::string quote(std::string_view text) { return std::string("`").append(shortened(text)).append("`"); }

}  // namespace faltung
