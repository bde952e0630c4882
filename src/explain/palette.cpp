#include "explain/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faltung::internal {

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

const std::array<Paint, 15>& palette() {
  // Hues by what they mean: input blue, kernel amber, output green; stamps blue, violet, rose and teal; heat from pale
  // to deep amber.
  static constexpr std::array<Paint, 15> paints{{
      {Tone::plain, "plain", "#ffffff", "#1f2933", "#161b22", "#d7dee6", "0"},
      {Tone::input, "input", "#d6e6ff", "#0b3d91", "#143257", "#cfe3ff", "34"},
      {Tone::kernel, "kernel", "#ffe9b8", "#6b3f00", "#4a3208", "#ffe2a3", "33"},
      {Tone::output, "output", "#d3f3d8", "#0f5123", "#123d20", "#c4f2ce", "32"},
      {Tone::margin, "margin", "#eef1f4", "#5a6572", "#22272e", "#9aa7b4", "2"},
      {Tone::inserted, "inserted", "#f7f8fa", "#66707c", "#1b2027", "#8b98a6", "2"},
      {Tone::stamp1, "stamp1", "#d6e6ff", "#0b3d91", "#143257", "#cfe3ff", "34"},
      {Tone::stamp2, "stamp2", "#eadfff", "#4b1d8f", "#35235c", "#e3d6ff", "35"},
      {Tone::stamp3, "stamp3", "#ffdfe4", "#8a1230", "#551f2c", "#ffd3da", "31"},
      {Tone::stamp4, "stamp4", "#cdf3ee", "#0a4f47", "#0f403b", "#bdf0e9", "36"},
      {Tone::heat1, "heat1", "#fff4d6", "#5c3d00", "#2b2413", "#f3dfae", "33"},
      {Tone::heat2, "heat2", "#ffe3a3", "#573700", "#43330f", "#f8e0a6", "33"},
      {Tone::heat3, "heat3", "#ffc966", "#4a2c00", "#5f430d", "#ffe7b0", "33"},
      {Tone::heat4, "heat4", "#f7a23b", "#331c00", "#80560c", "#fff0cc", "33;1"},
      {Tone::heat5, "heat5", "#e2761b", "#1f1000", "#a06a0a", "#ffffff", "33;1"},
  }};
  return paints;
}

const Paint& paint_of(Tone tone) { return palette()[static_cast<std::size_t>(tone)]; }

std::vector<Token> tokens_of(std::string_view formula) {
  const auto is_digit = [&](std::size_t i) { return i < formula.size() && formula[i] >= '0' && formula[i] <= '9'; };
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  std::vector<Token> tokens;
  std::size_t plain = 0;
  const auto flush = [&](std::size_t end) {
    if (end > plain) tokens.push_back({formula.substr(plain, end - plain), Tone::plain});
  };
  for (std::size_t i = 0; i < formula.size();) {
    const Tone tone = formula[i] == 'I'                        ? Tone::input
                      : formula[i] == 'K'                      ? Tone::kernel
                      : formula[i] == 'O' || formula[i] == 't' ? Tone::output
                                                               : Tone::plain;
    std::size_t end = i + 1;
    if (end < formula.size() && formula[end] == '\'') ++end;
    const bool word_before = i > 0 && is_letter(formula[i - 1]);
    if (tone == Tone::plain || word_before || !is_digit(end)) {
      ++i;
      continue;
    }
    while (is_digit(end) ||
           ((end < formula.size() && (formula[end] == '.' || formula[end] == ',')) && is_digit(end + 1)))
      ++end;
    constexpr std::string_view gradient = "∂";
    const std::size_t begin = i >= gradient.size() && formula.substr(i - gradient.size(), gradient.size()) == gradient
                                  ? i - gradient.size()
                                  : i;
    flush(begin);
    tokens.push_back({formula.substr(begin, end - begin), tone});
    plain = i = end;
  }
  flush(formula.size());
  return tokens;
}

std::vector<std::string> formula_parts(const Formula& formula, bool goes_to) {
  std::vector<std::string> parts{formula.left + (goes_to ? " ← " : " = ") + formula.symbols};
  if (!formula.numbers.empty() && formula.numbers != formula.value) parts.push_back("= " + formula.numbers);
  if (!formula.value.empty() && formula.value != formula.symbols) parts.push_back("= " + formula.value);
  return parts;
}

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string palette_css(bool svg) {
  const auto values = [&](bool dark) {
    std::string css;
    for (const Paint& paint : palette()) {
      const std::string_view fill = dark ? paint.dark_fill : paint.light_fill,
                             text = dark ? paint.dark_text : paint.light_text;
      // pictures are shown by viewers that know no variables
      css += svg ? fmt::format(".{0}{{fill:{1}}}.{0}-text{{fill:{2}}}", paint.name, fill, text)
                 : fmt::format("--{0}:{1};--{0}-text:{2};", paint.name, fill, text);
    }
    return svg ? css : ":root{" + css + "}";
  };
  std::string css = values(false) + "@media(prefers-color-scheme:dark){" + values(true) + "}";
  if (!svg)
    for (const Paint& paint : palette())
      css += fmt::format(".{0}{{background:var(--{0});color:var(--{0}-text)}}.{0}-text{{color:var(--{0}-text)}}",
                         paint.name);
  return css;
}

}  // namespace faltung::internal
