// The .npy format: a magic, a version, a header that is a Python dictionary, and the numbers.
// Source: NumPy, "numpy.lib.format", NEP 1.
#include "io/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

namespace faltung::io {

namespace {

constexpr std::uint32_t header_limit = 1U
                                       << 16;  // NumPy itself refuses headers over 10,000 bytes unless told otherwise
constexpr std::size_t axes_limit = 32;

struct Header {
  char byte_order = '=';  // '<', '>', '|'
  char kind = 0;          // f i u b
  int bytes = 0;
  bool fortran_order = false;
  Shape shape;
};

/// Reads the dictionary as the literal it is; nothing is evaluated.
class HeaderParser {
 public:
  HeaderParser(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  Header parse() {
    Header header;
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
  void parse_type(Header& header) {
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

float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16U, exponent = (half >> 10U) & 0x1FU, fraction = half & 0x3FFU;
  if (exponent == 0) {
    const float value = std::ldexp(static_cast<float>(fraction), -24);
    return sign ? -value : value;
  }
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000U | fraction << 13U);
  return std::bit_cast<float>(sign | (exponent + 112) << 23U | fraction << 13U);
}

template <class T>
T load(const unsigned char* bytes, bool swap) {
  unsigned char raw[sizeof(T)];
  std::memcpy(raw, bytes, sizeof(T));
  if (swap) std::reverse(raw, raw + sizeof(T));
  return std::bit_cast<T>(raw);
}

/// Calls put(i, bytes of element i in C order) while reading in file order.
template <class Put>
void for_each_element(InputFile& file, const Header& header, std::int64_t count, Put&& put) {
  const auto bytes = static_cast<std::size_t>(header.bytes);
  std::vector<unsigned char> buffer(bytes * static_cast<std::size_t>(std::min<std::int64_t>(count, 1 << 16)));
  Shape position(header.shape.size(), 0);
  std::int64_t linear = 0;  // in C order
  for (std::int64_t done = 0; done < count;) {
    const std::int64_t now = std::min<std::int64_t>(count - done, 1 << 16);
    file.read(buffer.data(), static_cast<std::size_t>(now) * bytes);
    for (std::int64_t i = 0; i < now; ++i) {
      put(static_cast<std::size_t>(linear), buffer.data() + static_cast<std::size_t>(i) * bytes);
      if (!header.fortran_order) {
        ++linear;
        continue;
      }
      std::int64_t stride = count;  // Fortran: the first axis runs fastest
      for (std::size_t a = 0; a < position.size(); ++a) {
        stride /= header.shape[a];
        linear += stride;
        if (++position[a] < header.shape[a]) break;
        linear -= stride * header.shape[a];
        position[a] = 0;
      }
    }
    done += now;
  }
}

}  // namespace

Array read_npy(const std::string& path) {
  InputFile file(path);
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
  const Header header = HeaderParser(path, text).parse();

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

  Array array;
  array.shape = header.shape;
  const bool swap = header.byte_order == '>' && header.bytes > 1;
  const auto size = static_cast<std::size_t>(count);
  const auto fill = [&](auto& values, auto&& convert) {
    values.resize(size);
    for_each_element(file, header, count,
                     [&](std::size_t i, const unsigned char* bytes) { values[i] = convert(bytes); });
  };
  if (header.kind == 'f' && header.bytes == 8) {
    fill(array.values.emplace<std::vector<double>>(), [&](const unsigned char* b) { return load<double>(b, swap); });
  } else if (header.kind == 'f') {
    fill(array.values.emplace<std::vector<float>>(), [&](const unsigned char* b) {
      return header.bytes == 4 ? load<float>(b, swap) : half_to_float(load<std::uint16_t>(b, swap));
    });
  } else {
    const bool is_signed = header.kind == 'i';
    fill(array.values.emplace<std::vector<std::int64_t>>(), [&](const unsigned char* b) -> std::int64_t {
      switch (header.bytes) {
        case 1:
          return is_signed ? static_cast<std::int64_t>(load<std::int8_t>(b, false)) : header.kind == 'b' ? *b != 0 : *b;
        case 2:
          return is_signed ? static_cast<std::int64_t>(load<std::int16_t>(b, swap)) : load<std::uint16_t>(b, swap);
        case 4:
          return is_signed ? static_cast<std::int64_t>(load<std::int32_t>(b, swap)) : load<std::uint32_t>(b, swap);
        default:
          break;
      }
      if (!is_signed &&
          load<std::uint64_t>(b, swap) > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        fail(path, "it holds a uint64 over 2^63 - 1", "use float64, or smaller numbers");
      return load<std::int64_t>(b, swap);
    });
  }
  return array;
}

void write_npy(const std::string& path, const Array& array) {
  static constexpr const char* types[] = {"<f4", "<f8", "<i8"};
  std::string shape;
  for (const std::int64_t extent : array.shape) shape += fmt::format("{}, ", extent);
  if (array.shape.size() > 1) shape.resize(shape.size() - 2);
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", types[array.values.index()], shape);
  if (array.shape.size() == 1)
    header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({},), }}", types[array.values.index()],
                         array.shape.front());
  const std::size_t padded = (10 + header.size() + 1 + 63) / 64 * 64;
  header.append(padded - 10 - header.size() - 1, ' ');
  header += '\n';
  if (header.size() > 65535) fail(path, "its shape is too long for a .npy header", "use fewer axes");

  OutputFile file(path);
  file.write("\x93NUMPY\x01\x00", 8);
  const unsigned char length[2] = {static_cast<unsigned char>(header.size() & 0xFFU),
                                   static_cast<unsigned char>(header.size() >> 8U)};
  file.write(length, 2);
  file.write(header.data(), header.size());
  static_assert(std::endian::native == std::endian::little, "write_npy writes the machine's bytes as little-endian");
  std::visit([&](const auto& values) { file.write(values.data(), values.size() * sizeof(values[0])); }, array.values);
  file.commit();
}

}  // namespace faltung::io
