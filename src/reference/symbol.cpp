#include "reference/symbol.hpp"

#include <algorithm>
#include <cstddef>

namespace faltung::internal {

std::string Symbol::to_string() const {
  if (terms_.empty()) return "0";
  std::string text;
  for (const std::string& term : terms_) {
    if (!text.empty()) text += " + ";
    text += term;
  }
  return text;
}

Symbol& Symbol::operator+=(const Symbol& other) {
  terms_.insert(terms_.end(), other.terms_.begin(), other.terms_.end());
  return *this;
}

Symbol operator*(const Symbol& a, const Symbol& b) {
  Symbol product;
  for (const std::string& left : a.terms_)
    for (const std::string& right : b.terms_) product.terms_.push_back(std::string(left).append("·").append(right));
  return product;
}

std::string cell_name(std::string_view letter, const std::vector<std::int64_t>& channels,
                      const std::vector<std::int64_t>& extents, std::int64_t index) {
  const auto split = [&index](const std::vector<std::int64_t>& sizes) {  // innermost last; index keeps the rest
    std::vector<std::int64_t> position(sizes.size());
    for (std::size_t a = sizes.size(); a-- > 0;) {
      position[a] = index % sizes[a] + 1;
      index /= sizes[a];
    }
    return position;
  };
  const auto join = [](const std::vector<std::int64_t>& position, std::string_view separator) {
    std::string text;
    for (std::size_t a = 0; a < position.size(); ++a) {
      if (a > 0) text += separator;
      text += std::to_string(position[a]);
    }
    return text;
  };
  const std::vector<std::int64_t> cell = split(extents);
  const std::vector<std::int64_t> channel = split(channels);
  std::string name(letter);
  if (std::any_of(channels.begin(), channels.end(), [](std::int64_t size) { return size > 1; }))
    name += join(channel, ".") + ".";
  const bool digits_run = std::all_of(extents.begin(), extents.end(), [](std::int64_t size) { return size <= 9; });
  return name + join(cell, digits_run ? "" : ",");
}

}  // namespace faltung::internal
