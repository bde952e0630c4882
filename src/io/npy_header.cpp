#include "io/npy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace faltung::io {

namespace {

constexpr std::uint32_t header_limit = 1U
                                       << 16;  // NumPy itself refuses headers over 10,000 bytes unless told otherwise
constexpr std::size_t axes_limit = 32;

/// Reads the dictionary as the literal it is; nothing is evaluated.
class HeaderParser {
 public:
  HeaderParser(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  NpyType parse() {
    NpyType header;
    bool has_type = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted_word();
      expect(':');
      if (key == "descr" && !has_type) {
        has_type = true;
        parse_type(header);
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        header.fortran_order = boolean();
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        header.shape = tuple();
      } else {
        refuse("an unexpected key " + quote(key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (position_ != text_.size()) refuse("text behind the dictionary");
    if (!has_type || !has_order || !has_shape) refuse("no descr, fortran_order or shape");
    return header;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) {
    fail(path_, "its .npy header has " + what, "save it again with numpy.save");
  }
  void skip_space() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n')) ++position_;
  }
  bool accept(char c) {
    skip_space();
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) refuse(fmt::format("no `{}` where one must be", c));
  }
  std::string quoted_word() {
    skip_space();
    const char quote = position_ < text_.size() ? text_[position_] : '\0';
    if (quote != '\'' && quote != '"') refuse("no quoted word where one must be");
    const std::size_t end = text_.find(quote, position_ + 1);
    if (end == std::string_view::npos) refuse("an open quote");
    std::string word(text_.substr(position_ + 1, end - position_ - 1));
    position_ = end + 1;
    return word;
  }
  bool boolean() {
    skip_space();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}})
      if (text_.substr(position_).starts_with(word)) {
        position_ += word.size();
        return value;
      }
    refuse("no True or False for fortran_order");
  }
  Shape tuple() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      skip_space();
      std::int64_t extent = 0;
      std::size_t digits = 0;
      for (; position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9'; ++position_, ++digits)
        if (digits > 18 || __builtin_mul_overflow(extent, std::int64_t{10}, &extent) ||
            __builtin_add_overflow(extent, std::int64_t{text_[position_] - '0'}, &extent))
          refuse("an extent over 64 bits");
      if (digits == 0) refuse("a shape that is not a tuple of numbers");
      shape.push_back(extent);
      if (shape.size() > axes_limit) refuse(fmt::format("more than {} axes", axes_limit));
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }
  void parse_type(NpyType& header) {
    skip_space();
    if (position_ < text_.size() && text_[position_] == '[')
      fail(path_, "it holds records", "save one field of them, as a plain array of numbers");
    const std::string type = quoted_word();
    std::string_view rest = type;
    if (!rest.empty() && std::string_view("<>|=").find(rest.front()) != std::string_view::npos) {
      header.byte_order = rest.front();
      rest.remove_prefix(1);
    }
    if (!rest.empty() && rest.front() == 'O')
      fail(path_, "it holds Python objects (a pickle)", "save a plain array of numbers");
    static constexpr std::string_view known[] = {"f2", "f4", "f8", "i1", "i2", "i4",
                                                 "i8", "u1", "u2", "u4", "u8", "b1"};
    if (std::find(std::begin(known), std::end(known), rest) == std::end(known))
      fail(path_, fmt::format("its type is {}", shortened(type)), "save real floats, integers or bool (astype)");
    header.kind = rest[0];
    header.bytes = rest[1] - '0';
  }

  const std::string& path_;
  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace

NpyHeader read_npy_header(InputFile& file, const std::string& path) {
  unsigned char start[8];
  if (file.size() < 10) fail(path, "it is too short for a .npy file", "save it with numpy.save");
  file.read(start, 8);
  if (std::memcmp(start, "\x93NUMPY", 6) != 0)
    fail(path, "it does not begin like a .npy file", "save it with numpy.save");
  const int version = start[6];
  if (version < 1 || version > 3)
    fail(path, fmt::format("its .npy version is {}", version), "save it as version 1, 2 or 3");
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  unsigned char length_field[4] = {};
  file.read(length_field, length_bytes);
  std::uint32_t length = 0;
  for (std::size_t i = length_bytes; i-- > 0;) length = length << 8U | length_field[i];
  const std::uint64_t before = 8 + length_bytes;
  if (length > header_limit || length > file.size() - before)
    fail(path, fmt::format("its .npy header claims {} bytes", length), "save it again with numpy.save");
  std::string text(length, '\0');
  file.read(text.data(), length);
  NpyHeader header;
  static_cast<NpyType&>(header) = HeaderParser(path, text).parse();
  header.start = before + length;

  std::int64_t count = 1;
  bool overflow = false;
  for (const std::int64_t extent : header.shape) overflow = overflow || __builtin_mul_overflow(count, extent, &count);
  if (std::find(header.shape.begin(), header.shape.end(), 0) != header.shape.end()) count = 0, overflow = false;
  std::int64_t expected = 0;
  if (overflow || __builtin_mul_overflow(count, std::int64_t{header.bytes}, &expected) ||
      static_cast<std::uint64_t>(expected) != file.size() - before - length)
    fail(path,
         fmt::format("its header promises {} numbers of {} bytes, {} bytes follow",
                     overflow ? "2^63 or more" : std::to_string(count), header.bytes, file.size() - before - length),
         "save it again: it is cut off or damaged");
  header.count = count;
  return header;
}

std::string npy_type(DType dtype) { return dtype == DType::f32 ? "<f4" : dtype == DType::f64 ? "<f8" : "<i8"; }

std::string npy_header(const std::string& path, const std::string& type, const Shape& shape) {
  std::string extents;
  for (const std::int64_t extent : shape) extents += fmt::format("{}, ", extent);
  if (shape.size() > 1) extents.resize(extents.size() - 2);
  if (shape.size() == 1) extents.pop_back();
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, extents);
  const std::size_t padded = (10 + text.size() + 1 + 63) / 64 * 64;
  text.append(padded - 10 - text.size() - 1, ' ');
  text += '\n';
  if (text.size() > 65535) fail(path, "its shape is too long for a .npy header", "use fewer axes");
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xFFU);
  header += static_cast<char>(text.size() >> 8U);
  return header + text;
}

}  // namespace faltung::io
