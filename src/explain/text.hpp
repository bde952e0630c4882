// What the renderers share: widths, colours of names, the palette.
#pragma once

#include "explain/page.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace faltung::internal {

/// Columns of a terminal: code points, because every letter used here is one column wide.
std::size_t columns_of(std::string_view text);

/// A piece of a formula: a name of one array (`K11`, `∂I2.13`, `t22`) with its tone, or what stands between.
struct Token {
  std::string_view text;
  Tone tone = Tone::plain;
};
std::vector<Token> tokens_of(std::string_view formula);

/// Colours of a tone: background and text, on a light and on a dark page. Every pair has a contrast of at least 4.5
/// (WCAG 2 AA; a test checks it).
struct Paint {
  Tone tone;
  std::string_view name;  ///< class in SVG and HTML, word in JSON
  std::string_view light_fill, light_text, dark_fill, dark_text;
  std::string_view terminal;  ///< SGR code
};
const std::array<Paint, 15>& palette();
const Paint& paint_of(Tone tone);

/// `left = symbols = numbers = value`, or `left ← symbols = value`.
std::vector<std::string> formula_parts(const Formula& formula, bool goes_to);

/// & < > " for SVG and HTML.
std::string escaped(std::string_view text);

/// The rules that SVG and HTML have in common: one pair of classes for each tone, light and dark.
std::string palette_css(bool svg);

}  // namespace faltung::internal
