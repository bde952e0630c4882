// Reading .npy files: every type that has a meaning here is read, whatever lies or is cut off is refused, and writing
// is all or nothing.
#include "io/array.hpp"

#include "unit/npy_bytes.hpp"
#include "unit/refusal.hpp"
#include "unit/scratch_folder.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

namespace faltung::io {
namespace {

using test::header;
using test::message_of;
using test::npy;
using test::raw;
using test::ScratchFolder;
using test::shape_text;
using test::values_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Positions of the file's numbers in C order, by walking the C order and asking where Fortran put each.
std::vector<std::size_t> order_in_file(const Shape& shape, bool fortran) {
  const auto count = static_cast<std::size_t>(element_count(shape));
  std::vector<std::size_t> order(count);
  for (std::size_t linear = 0; linear < count; ++linear) {
    std::size_t rest = linear, place = 0, stride = count;
    for (std::size_t a = shape.size(); a-- > 0;) {
      const auto extent = static_cast<std::size_t>(shape[a]);
      stride /= extent;
      place += rest % extent * stride;
      rest /= extent;
    }
    order[fortran ? place : linear] = linear;
  }
  return order;
}

std::string refusal(const std::string& path) {
  const std::string message = message_of<FileError>([&] { read_npy(path); });
  EXPECT_THAT(message, StartsWith(path + ": "));
  return message;
}

/// Reads a file of T in every byte order, storage order and shape; values are small and differ in every byte that T
/// has.
template <class T, class Wanted>
void expect_type_is_read(const std::string& type) {
  const ScratchFolder folder;
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{5}, Shape{2, 3}, Shape{2, 3, 4}, Shape{2, 0, 4}})
    for (const char order : {'<', '>', '=', '|'})
      for (const bool fortran : {false, true}) {
        if (order == '|' && sizeof(T) > 1) continue;
        std::vector<T> numbers(static_cast<std::size_t>(element_count(shape)));
        for (std::size_t i = 0; i < numbers.size(); ++i) {
          numbers[i] = static_cast<T>(i * 5 + 1);
          if constexpr (std::is_floating_point_v<T>)
            numbers[i] = numbers[i] * static_cast<T>(-1.2345678) + static_cast<T>(0.125);
          else if (sizeof(T) > 1)
            numbers[i] = static_cast<T>(numbers[i] * 0x11);
          if constexpr (std::is_signed_v<T>)
            if (i % 2 == 1) numbers[i] = static_cast<T>(-numbers[i]);
        }
        std::string data;
        for (const std::size_t i : order_in_file(shape, fortran)) data += raw(numbers[i], order == '>');
        const std::string path = folder.write("a.npy", npy(header(order + type, shape_text(shape), fortran), data));
        const Array array = read_npy(path);
        EXPECT_EQ(array.shape, shape) << order << type;
        EXPECT_EQ(values_of<Wanted>(array), std::vector<Wanted>(numbers.begin(), numbers.end()))
            << order << type << fortran;
      }
}

TEST(Npy, EveryTypeInEveryOrderIsRead) {
  expect_type_is_read<float, float>("f4");
  expect_type_is_read<double, double>("f8");
  expect_type_is_read<std::int8_t, std::int64_t>("i1");
  expect_type_is_read<std::int16_t, std::int64_t>("i2");
  expect_type_is_read<std::int32_t, std::int64_t>("i4");
  expect_type_is_read<std::int64_t, std::int64_t>("i8");
  expect_type_is_read<std::uint8_t, std::int64_t>("u1");
  expect_type_is_read<std::uint16_t, std::int64_t>("u2");
  expect_type_is_read<std::uint32_t, std::int64_t>("u4");
  expect_type_is_read<std::uint64_t, std::int64_t>("u8");
}

template <class T>
std::vector<std::int64_t> extremes(const std::string& type) {
  const ScratchFolder folder;
  const std::string data = raw(std::numeric_limits<T>::min(), true) + raw(std::numeric_limits<T>::max(), true);
  return values_of<std::int64_t>(read_npy(folder.write("a.npy", npy(header(">" + type, "(2,)"), data))));
}

TEST(Npy, ExtremesOfTheIntegersAreKept) {
  using Values = std::vector<std::int64_t>;
  EXPECT_EQ(extremes<std::int8_t>("i1"), (Values{-128, 127}));
  EXPECT_EQ(extremes<std::int16_t>("i2"), (Values{-32768, 32767}));
  EXPECT_EQ(extremes<std::int32_t>("i4"), (Values{-2147483648LL, 2147483647LL}));
  EXPECT_EQ(extremes<std::int64_t>("i8"),
            (Values{std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}));
  EXPECT_EQ(extremes<std::uint8_t>("u1"), (Values{0, 255}));
  EXPECT_EQ(extremes<std::uint16_t>("u2"), (Values{0, 65535}));
  EXPECT_EQ(extremes<std::uint32_t>("u4"), (Values{0, 4294967295LL}));
}

TEST(Npy, BoolsAreNumbers) {
  const ScratchFolder folder;
  const Array array = read_npy(folder.write("a.npy", npy(header("|b1", "(3,)"), std::string("\1\0\1", 3))));
  EXPECT_EQ(values_of<std::int64_t>(array), (std::vector<std::int64_t>{1, 0, 1}));
}

TEST(Npy, Uint64OverInt64IsRefused) {
  const ScratchFolder folder;
  const auto file = [&](std::uint64_t number) {
    return folder.write("a.npy", npy(header("<u8", "(2,)"), raw(std::uint64_t{1}, false) + raw(number, false)));
  };
  constexpr std::uint64_t limit = std::uint64_t{1} << 63U;
  EXPECT_EQ(values_of<std::int64_t>(read_npy(file(limit - 1)))[1], std::numeric_limits<std::int64_t>::max());
  EXPECT_THAT(refusal(file(limit)), HasSubstr("2^63"));
  EXPECT_THAT(refusal(file(~std::uint64_t{0})), HasSubstr("2^63"));
}

TEST(Npy, EveryHalfIsExact) {
  const ScratchFolder folder;
  for (const bool big_endian : {false, true}) {
    std::string data;
    for (std::uint32_t half = 0; half < 65536; ++half) data += raw(static_cast<std::uint16_t>(half), big_endian);
    const Array array = read_npy(folder.write("a.npy", npy(header(big_endian ? ">f2" : "<f2", "(65536,)"), data)));
    const std::vector<float>& values = values_of<float>(array);
    for (std::uint32_t half = 0; half < 65536; ++half) {
      const int exponent = static_cast<int>(half >> 10U & 31U), fraction = static_cast<int>(half & 1023U);
      const bool negative = half >= 32768;
      ASSERT_EQ(std::signbit(values[half]), negative) << half;
      if (exponent == 31 && fraction != 0) {
        ASSERT_TRUE(std::isnan(values[half])) << half;
        continue;
      }
      // IEEE 754 binary16: subnormals are multiples of 2^-24
      const double magnitude = exponent == 31  ? std::numeric_limits<double>::infinity()
                               : exponent == 0 ? std::ldexp(fraction, -24)
                                               : std::ldexp(1024 + fraction, exponent - 25);
      ASSERT_EQ(static_cast<double>(values[half]), negative ? -magnitude : magnitude) << half;
    }
  }
}

TEST(Npy, VersionsOneToThreeAreRead) {
  const ScratchFolder folder;
  for (const int version : {1, 2, 3}) {
    const Array array =
        read_npy(folder.write("a.npy", npy(header("<f4", "(1, 2)"), raw(1.5F, false) + raw(-2.0F, false), version)));
    EXPECT_EQ(array.shape, (Shape{1, 2}));
    EXPECT_EQ(array.dtype(), DType::f32);
    EXPECT_EQ(values_of<float>(array), (std::vector<float>{1.5F, -2.0F}));
  }
  for (const int version : {0, 4, 255})
    EXPECT_THAT(refusal(folder.write("a.npy", npy(header("<f4", "(0,)"), "", version))),
                HasSubstr(std::to_string(version)));
}

TEST(Npy, FortranOrderWorksOverManyBuffers) {
  const ScratchFolder folder;
  const Shape shape{301, 7, 97};  // more than the 2^16 numbers that are read at once
  std::string data;
  for (const std::size_t i : order_in_file(shape, true)) data += raw(static_cast<std::int32_t>(i), false);
  const Array array = read_npy(folder.write("a.npy", npy(header("<i4", shape_text(shape), true), data)));
  std::vector<std::int64_t> expected(301 * 7 * 97);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(values_of<std::int64_t>(array), expected);
}

TEST(Npy, TypesWithoutAMeaningHereAreNamed) {
  const ScratchFolder folder;
  const auto of_header = [&](const std::string& text, const std::string& data = "") {
    return refusal(folder.write("a.npy", npy(text, data)));
  };
  EXPECT_THAT(of_header(header("|O", "(1,)"), "pickle"), AllOf(HasSubstr("objects"), HasSubstr("pickle")));
  EXPECT_THAT(of_header("{'descr': [('x', '<f4'), ('y', '<f4')], 'fortran_order': False, 'shape': (1,), }", "12345678"),
              HasSubstr("records"));
  for (const std::string type :
       {"<c8", "<c16", "<M8[ns]", "|S5", "<U5", "|V8", "<f16", "<f3", "<i16", "<u3", "f", "", "<", "<f", "<f44", "b8"})
    EXPECT_THAT(of_header(header(type, "(0,)")), HasSubstr("type is " + type));
}

TEST(Npy, BrokenHeadersAreRefused) {
  const ScratchFolder folder;
  const std::string type = "'descr': '<f4'", order = "'fortran_order': False", shape = "'shape': (0,)";
  EXPECT_NO_THROW(
      read_npy(folder.write("a.npy", npy("{" + shape + ", " + order + "," + type + "}", ""))));  // any order of keys
  EXPECT_NO_THROW(read_npy(folder.write("a.npy", npy("{\"descr\":\"<f4\"," + order + "," + shape + "}", ""))));
  const std::string good = type + ", " + order + ", ";
  const std::string bad[] = {"",
                             "{",
                             "}",
                             "{}",
                             "[]",
                             "garbage",
                             "{" + type + ", " + order + "}",
                             "{" + type + ", " + shape + "}",
                             "{" + order + ", " + shape + "}",
                             "{" + good + shape + ", 'extra': 1}",
                             "{" + good + shape + ", " + shape + "}",
                             "{" + good + shape + "} more",
                             "{" + good + shape,
                             "{" + good + "'shape': (0,",
                             "{" + good + "'shape': (0",
                             "{" + good + "'shape': 0}",
                             "{" + good + "'shape': [0]}",
                             "{" + good + "'shape': (-1,)}",
                             "{" + good + "'shape': (0.0,)}",
                             "{" + good + "'shape': (a,)}",
                             "{" + good + "'shape': (,)}",
                             "{" + good + "'shape': (99999999999999999999,)}",
                             "{" + good + "'shape': (0x1,)}",
                             "{" + good + "'shape' (0,)}",
                             "{" + type + " " + order + ", " + shape + "}",
                             "{" + type + ", 'fortran_order': false, " + shape + "}",
                             "{" + type + ", 'fortran_order': 0, " + shape + "}",
                             "{'descr': <f4, " + order + ", " + shape + "}",
                             "{'descr: '<f4', " + order + "}",
                             "{descr: '<f4'}",
                             "{'descr': '<f4",
                             std::string(60, '\0'),
                             std::string(60, '{'),
                             "{" + good + "'shape': " + std::string(5000, '(') + "}"};
  for (const std::string& text : bad) EXPECT_NE(refusal(folder.write("a.npy", npy(text, ""))), "") << text;
  std::string many = "(";
  for (int i = 0; i < 33; ++i) many += "1,";
  EXPECT_THAT(refusal(folder.write("a.npy", npy("{" + good + "'shape': " + many + ")}", "1234"))),
              HasSubstr("32 axes"));
}

TEST(Npy, ControlCharactersOfTheFileDoNotReachTheMessage) {
  const ScratchFolder folder;
  EXPECT_NE(refusal(folder.write("a.npy", npy("{'descr': '<f\n\x1b[31m', 'fortran_order': False, 'shape': (0,)}", ""))),
            "");
  EXPECT_NE(
      refusal(folder.write("a.npy", npy("{'de\nscr\x1b[31m': '<f4', 'fortran_order': False, 'shape': (0,)}", ""))), "");
}

TEST(Npy, FilesCutOffAnywhereAreRefused) {
  const ScratchFolder folder;
  for (const int version : {1, 2, 3}) {
    const std::string whole = npy(header("<f8", "(2, 3)"), std::string(48, 'n'), version);
    EXPECT_NO_THROW(read_npy(folder.write("a.npy", whole)));
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_NE(refusal(folder.write("a.npy", whole.substr(0, size))), "") << size;
    EXPECT_NE(refusal(folder.write("a.npy", whole + "x")), "");
  }
}

TEST(Npy, HeadersThatLieAreRefusedBeforeAnythingIsAllocated) {
  const ScratchFolder folder;
  const auto of_shape = [&](const std::string& shape) {
    return refusal(folder.write("a.npy", npy(header("<f8", shape), "12345678")));
  };
  EXPECT_THAT(of_shape("(1099511627776, 1024)"),
              HasSubstr("8 bytes follow"));  // 2^53 bytes: the sanitizer would stop the allocation
  EXPECT_THAT(of_shape("(2, 1)"), HasSubstr("8 bytes follow"));
  EXPECT_THAT(of_shape("(0,)"), HasSubstr("8 bytes follow"));
  EXPECT_THAT(of_shape("(4611686018427387904, 4)"), AllOf(HasSubstr("8 bytes follow"), Not(HasSubstr("promises -1"))));
  EXPECT_THAT(of_shape("(2305843009213693952,)"), HasSubstr("8 bytes follow"));  // 2^64 bytes
  EXPECT_THAT(of_shape("(2305843009213693953,)"), HasSubstr("8 bytes follow"));  // 8 bytes, modulo 2^64
  std::string file = npy(header("<f8", "(1,)"), "12345678", 2);
  file.replace(8, 4, "\xff\xff\xff\xff");
  EXPECT_THAT(refusal(folder.write("a.npy", file)), HasSubstr("4294967295"));
  file = npy(header("<f8", "(1,)"), "12345678");
  file.replace(8, 2, "\xff\xff");
  EXPECT_THAT(refusal(folder.write("a.npy", file)), HasSubstr("65535"));
}

TEST(Npy, OtherThingsThanFilesAreRefused) {
  const ScratchFolder folder;
  EXPECT_THAT(refusal(folder.file("missing.npy")), HasSubstr("path"));
  EXPECT_THAT(refusal(folder.file("")), HasSubstr("regular file"));
  EXPECT_THAT(refusal("/dev/zero"), HasSubstr("regular file"));
  EXPECT_THAT(refusal(folder.write("a.npy", "PK\x03\x04 an archive of arrays")), HasSubstr(".npy"));
}

}  // namespace
}  // namespace faltung::io
