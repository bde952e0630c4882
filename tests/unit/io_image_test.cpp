// Pictures: what is written comes back, every kind of PNG is read, and whatever is no picture is refused.
#include "io/array.hpp"

#include "unit/picture_files.hpp"
#include "unit/refusal.hpp"
#include "unit/scratch_folder.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace faltung::io {
namespace {

using test::bytes_of;
using test::message_of;
using test::ScratchFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

template <std::size_t N>
std::string_view text(const unsigned char (&bytes)[N]) {
  return {reinterpret_cast<const char*>(bytes), N};
}

const std::vector<float>& values_of(const Image& image) { return std::get<std::vector<float>>(image.pixels.values); }

/// A picture in which every pixel and channel differs from its neighbours.
Image pattern(std::int64_t channels, std::int64_t height, std::int64_t width, bool alpha) {
  Image image;
  image.pixels.shape = {channels, height, width};
  auto& values = image.pixels.values.emplace<std::vector<float>>();
  for (std::int64_t i = 0; i < channels * height * width; ++i)
    values.push_back(static_cast<float>((i * 37 + i / 7) % 256));
  if (alpha)
    for (std::int64_t i = 0; i < height * width; ++i)
      image.alpha.push_back(static_cast<std::uint8_t>((i * 91 + 5) % 256));
  return image;
}

/// A picture without edges, which JPEG keeps well.
Image gradient(std::int64_t channels, std::int64_t height, std::int64_t width) {
  Image image = pattern(channels, height, width, false);
  auto& values = std::get<std::vector<float>>(image.pixels.values);
  for (std::int64_t i = 0; i < channels * height * width; ++i) {
    const std::int64_t x = i % width, y = i / width % height, c = i / (width * height);
    values[static_cast<std::size_t>(i)] = static_cast<float>(40 + 3 * x + 2 * y + 20 * c);
  }
  return image;
}

/// The row that comes back when these numbers are written as one row of grey pixels.
std::vector<float> written_row(
    const std::variant<std::vector<float>, std::vector<double>, std::vector<std::int64_t>>& numbers, PixelRange range) {
  const ScratchFolder folder;
  Image image;
  const auto width = static_cast<std::int64_t>(std::visit([](const auto& list) { return list.size(); }, numbers));
  image.pixels = {{1, 1, width}, numbers};
  write_image(folder.file("a.png"), image, range);
  return values_of(read_image(folder.file("a.png")));
}

std::string refusal(const std::string& path, std::int64_t limit = default_pixel_limit) {
  const std::string message = message_of<FileError>([&] { read_image(path, limit); });
  EXPECT_THAT(message, StartsWith(path + ": "));
  return message;
}

TEST(Image, PngComesBackExactly) {
  const ScratchFolder folder;
  for (const std::int64_t channels : {1, 3})
    for (const bool alpha : {false, true})
      for (const auto& [height, width] : {std::pair<std::int64_t, std::int64_t>{1, 1}, {1, 300}, {300, 1}, {13, 29}}) {
        const Image image = pattern(channels, height, width, alpha);
        const std::string path = folder.file("a.PNG");
        write_image(path, image);
        const Image again = read_image(path);
        EXPECT_EQ(again.pixels.shape, image.pixels.shape);
        EXPECT_EQ(again.pixels.values, image.pixels.values);
        EXPECT_EQ(again.alpha, image.alpha);
        EXPECT_EQ(folder.count(), 1U);
      }
}

TEST(Image, NumbersAreClampedAndRoundedToNearest) {
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(written_row(std::vector<float>{-1, 0, 0.25F, 0.75F, 1.5F, 127.4F, 127.6F, 254.75F, 255, 256, 1e30F, -1e30F},
                        PixelRange::clamp),
            (std::vector<float>{0, 0, 0, 1, 2, 127, 128, 255, 255, 255, 255, 0}));
  EXPECT_EQ(written_row(std::vector<float>{nan, infinity, -infinity, 7}, PixelRange::clamp),
            (std::vector<float>{0, 255, 0, 7}));
  EXPECT_EQ(written_row(std::vector<double>{1e300, -1e300, 99.5001}, PixelRange::clamp),
            (std::vector<float>{255, 0, 100}));
  EXPECT_EQ(written_row(std::vector<std::int64_t>{-5, 17, 255, 1'000'000'000'000}, PixelRange::clamp),
            (std::vector<float>{0, 17, 255, 255}));
}

TEST(Image, NormalizeScalesTheSmallestTo0AndTheLargestTo255) {
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(written_row(std::vector<float>{-2, 0, 2}, PixelRange::normalize), (std::vector<float>{0, 128, 255}));
  EXPECT_EQ(written_row(std::vector<float>{0.5F, 0.25F, 0.75F}, PixelRange::normalize),
            (std::vector<float>{128, 0, 255}));
  EXPECT_EQ(written_row(std::vector<double>{1000, 2000, 1200}, PixelRange::normalize),
            (std::vector<float>{0, 255, 51}));
  EXPECT_EQ(written_row(std::vector<std::int64_t>{-300, 300}, PixelRange::normalize), (std::vector<float>{0, 255}));
  // what is not finite has no part in the scale
  EXPECT_EQ(written_row(std::vector<float>{infinity, 1, nan, 3, -infinity}, PixelRange::normalize),
            (std::vector<float>{255, 0, 0, 255, 0}));
}

TEST(Image, NormalizeOfAConstantIsBlack) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float value : {0.0F, 7.0F, -1e30F, 255.0F, nan, std::numeric_limits<float>::max()})
    EXPECT_EQ(written_row(std::vector<float>(4, value), PixelRange::normalize), std::vector<float>(4, 0.0F)) << value;
}

TEST(Image, NormalizeSpansTheWholeRangeOfDouble) {
  constexpr double largest = std::numeric_limits<double>::max(), tiny = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(written_row(std::vector<double>{-largest, largest, 0}, PixelRange::normalize),
            (std::vector<float>{0, 255, 128}));
  EXPECT_EQ(written_row(std::vector<double>{0, tiny}, PixelRange::normalize), (std::vector<float>{0, 255}));
}

TEST(Image, NormalizeIsOneScaleForAllChannels) {
  const ScratchFolder folder;
  Image image;
  image.pixels = {{3, 1, 2}, std::vector<float>{0, 10, 20, 30, 40, 51}};
  image.alpha = {3, 200};
  write_image(folder.file("a.png"), image, PixelRange::normalize);
  const Image again = read_image(folder.file("a.png"));
  EXPECT_EQ(values_of(again), (std::vector<float>{0, 50, 100, 150, 200, 255}));
  EXPECT_EQ(again.alpha, image.alpha);  // not scaled
}

TEST(Image, JpegComesBackNearly) {
  const ScratchFolder folder;
  for (const char* name : {"a.jpg", "a.JPEG"})
    for (const std::int64_t channels : {1, 3}) {
      const Image image = gradient(channels, 21, 35);
      write_image(folder.file(name), image);
      const Image again = read_image(folder.file(name));
      ASSERT_EQ(again.pixels.shape, image.pixels.shape);
      EXPECT_TRUE(again.alpha.empty());
      float worst = 0;
      for (std::size_t i = 0; i < values_of(image).size(); ++i)
        worst = std::max(worst, std::abs(values_of(image)[i] - values_of(again)[i]));
      EXPECT_LE(worst, channels == 1 ? 3.0F : 6.0F);
    }
}

TEST(Image, EveryDepthAndColourTypeOfPngIsRead) {
  const ScratchFolder folder;
  const auto read = [&](std::string_view bytes) { return read_image(folder.write("a.png", bytes)); };
  Image image = read(text(test::grey_16));
  EXPECT_EQ(image.pixels.shape, (Shape{1, 1, 4}));
  EXPECT_EQ(values_of(image), (std::vector<float>{0, 255, 100, 1 / 257.0F}));
  image = read(text(test::rgba_16));
  EXPECT_EQ(image.pixels.shape, (Shape{3, 1, 2}));
  EXPECT_EQ(values_of(image), (std::vector<float>{1, 0, 2, 128, 255, 128 / 257.0F}));
  EXPECT_EQ(image.alpha, (std::vector<std::uint8_t>{255, 128}));
  image = read(text(test::palette));
  EXPECT_EQ(image.pixels.shape, (Shape{3, 2, 3}));
  EXPECT_EQ(values_of(image), (std::vector<float>{255, 0, 0, 9, 255, 0, 0, 255, 0, 8, 0, 255, 0, 0, 255, 7, 0, 0}));
  EXPECT_TRUE(image.alpha.empty());
  image = read(text(test::palette_alpha));
  EXPECT_EQ(values_of(image), (std::vector<float>{255, 0, 0, 0, 255, 0, 0, 0, 255}));
  EXPECT_EQ(image.alpha, (std::vector<std::uint8_t>{0, 128, 255}));
  EXPECT_EQ(values_of(read(text(test::grey_1))), (std::vector<float>{255, 0, 255, 255, 0, 0, 0, 255, 255, 0}));
  EXPECT_EQ(values_of(read(text(test::grey_4))), (std::vector<float>{0, 119, 255}));
  image = read(text(test::rgb_key));
  EXPECT_EQ(values_of(image), (std::vector<float>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(image.alpha, (std::vector<std::uint8_t>{0, 255}));
  EXPECT_EQ(values_of(read(text(test::grey_gamma))), (std::vector<float>{10, 128, 250}));
  image = read(text(test::interlaced));
  EXPECT_EQ(image.pixels.shape, (Shape{1, 5, 5}));
  for (std::size_t i = 0; i < 25; ++i) EXPECT_EQ(values_of(image)[i], static_cast<float>(i / 5 * 10 + i % 5));
}

TEST(Image, TheContentDecidesNotTheName) {
  const ScratchFolder folder;
  const Image image = gradient(3, 9, 9);
  write_image(folder.file("a.png"), image);
  write_image(folder.file("a.jpg"), image);
  EXPECT_EQ(read_image(folder.write("b.jpg", bytes_of(folder.file("a.png")))).pixels.values, image.pixels.values);
  EXPECT_EQ(read_image(folder.write("b.png", bytes_of(folder.file("a.jpg")))).pixels.shape, image.pixels.shape);
  EXPECT_EQ(read_image(folder.write("no suffix", bytes_of(folder.file("a.png")))).pixels.values, image.pixels.values);
}

TEST(Image, WhatIsNoPictureIsRefused) {
  const ScratchFolder folder;
  for (const std::string& bytes : {std::string(), std::string("x"), std::string("\x89PN"),
                                   std::string("GIF89a1234567890"), std::string("BM1234567890"), std::string(100, '\0'),
                                   std::string("\xff\xd7\xff"), std::string("\x93NUMPY\x01\0v\0{}", 12)})
    EXPECT_THAT(refusal(folder.write("a.png", bytes)), HasSubstr("neither a PNG nor a JPEG"));
  EXPECT_NE(refusal(folder.write("a.png", "\x89PNG")), "");
  EXPECT_NE(refusal(folder.write("a.png", "\x89PNG\r\n\x1a\n and then nothing that libpng knows")), "");
  EXPECT_NE(refusal(folder.write("a.jpg", "\xff\xd8")), "");
  EXPECT_NE(refusal(folder.write("a.jpg", "\xff\xd8\xff\xd9")), "");
  EXPECT_THAT(refusal(folder.write("a.jpg", text(test::jpeg_cmyk))), AllOf(HasSubstr("CMYK"), HasSubstr("RGB")));
  EXPECT_THAT(refusal(folder.file("missing.png")), HasSubstr("path"));
  EXPECT_THAT(refusal(folder.file("")), HasSubstr("regular file"));
}

TEST(Image, PicturesCutOffAnywhereAreRefused) {
  const ScratchFolder folder;
  for (const char* name : {"a.png", "a.jpg"}) {
    write_image(folder.file(name), gradient(3, 10, 12));
    const std::string whole = bytes_of(folder.file(name));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_NE(refusal(folder.write("b", whole.substr(0, size))), "")
          << name << ", first " << size << " of " << whole.size();
    }
  }
}

TEST(Image, DamagedPicturesAreReadOrRefused) {
  const ScratchFolder folder;
  std::mt19937 random(3);
  for (const char* name : {"a.png", "a.jpg"}) {
    write_image(folder.file(name), gradient(3, 10, 12));
    const std::string whole = bytes_of(folder.file(name));
    for (int turn = 0; turn < 1000; ++turn) {
      std::string bytes = whole;
      bytes[random() % bytes.size()] = static_cast<char>(random());
      try {
        EXPECT_EQ(read_image(folder.write("b", bytes), 1 << 16).pixels.shape.size(), 3U);
      } catch (const FileError&) {  // anything else ends the test
      }
    }
  }
}

TEST(Image, TheChecksumOfAPngCounts) {
  const ScratchFolder folder;
  std::string bytes(text(test::grey_16));
  bytes[29] = static_cast<char>(bytes[29] ^ 1);  // of IHDR
  EXPECT_THAT(refusal(folder.write("a.png", bytes)), HasSubstr("libpng"));
}

/// Address space that this process ever had, in kilobytes.
std::int64_t peak_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmPeak:", 0) == 0) return std::stoll(line.substr(7));
  return 0;
}

// found by fuzzing: 2 GB were allocated for it
TEST(Image, ATextOfTwoGigabytesInAPngGetsNone) {
  const ScratchFolder folder;
  const std::string header(text(test::grey_16).substr(0, 33));  // signature and IHDR
  const std::string chunk("\x7f\xff\xde\xdftEXtP", 9);
  const std::string path = folder.write("a.png", header + chunk);
  const std::int64_t before = peak_kilobytes();
  EXPECT_THAT(refusal(path), HasSubstr("libpng"));
  EXPECT_LT(peak_kilobytes() - before, 1 << 20);
  ASSERT_GT(before, 0);
}

TEST(Image, PicturesOverTheLimitAreRefusedBeforeDecoding) {
  const ScratchFolder folder;
  for (const char* name : {"a.png", "a.jpg"}) {
    write_image(folder.file(name), gradient(1, 3, 5));
    EXPECT_NO_THROW(read_image(folder.file(name), 15));
    EXPECT_THAT(refusal(folder.file(name), 14), AllOf(HasSubstr("5 × 3"), HasSubstr("14"), HasSubstr("limit")));
    EXPECT_NE(refusal(folder.file(name), 0), "");
    EXPECT_NE(refusal(folder.file(name), -1), "");
  }
  EXPECT_THAT(refusal(folder.write("b.png", text(test::huge))), AllOf(HasSubstr("65536 × 65536"), HasSubstr("limit")));
  EXPECT_THAT(refusal(folder.write("b.jpg", text(test::jpeg_huge))),
              AllOf(HasSubstr("65500 × 65500"), HasSubstr("limit")));
}

TEST(Image, WritingRefusesWhatIsNoPicture) {
  const ScratchFolder folder;
  const auto refused = [&](const std::string& name, const Image& image) {
    const std::string path = folder.file(name);
    const std::string message = message_of<FileError>([&] { write_image(path, image); });
    EXPECT_THAT(message, StartsWith(path + ": "));
    return message;
  };
  for (const std::string name : {"a", "a.npy", "a.bmp", "a.", "png", "a.png.txt"})
    EXPECT_THAT(refused(name, gradient(1, 2, 2)), HasSubstr(".png")) << name;
  for (const Shape& shape : {Shape{}, Shape{4}, Shape{2, 2}, Shape{2, 1, 2}, Shape{4, 1, 1}, Shape{1, 1, 1, 4},
                             Shape{1, 0, 4}, Shape{1, 4, 0}}) {
    Image image;
    image.pixels = {shape, std::vector<float>(4)};
    EXPECT_THAT(refused("a.png", image), HasSubstr("picture"));
  }
  EXPECT_THAT(refused("a.jpg", pattern(3, 2, 2, true)), AllOf(HasSubstr("alpha"), HasSubstr(".png")));
  Image wrong_alpha = pattern(3, 2, 2, true);
  wrong_alpha.alpha.pop_back();
  EXPECT_THAT(refused("a.png", wrong_alpha), AllOf(HasSubstr("3"), HasSubstr("4")));
  EXPECT_THAT(refused("a.jpg", gradient(1, 1, 65536)), AllOf(HasSubstr("65536"), HasSubstr("65535")));
  EXPECT_NE(refused("missing/a.png", gradient(1, 2, 2)), "");
  EXPECT_NE(refused("missing/a.jpg", gradient(1, 2, 2)), "");
  EXPECT_EQ(folder.count(), 0U);
}

TEST(Image, TheSuffixSaysTheKindOfFile) {
  EXPECT_EQ(kind_of("a.npy"), FileKind::npy);
  EXPECT_EQ(kind_of("dir.png/a.NPY"), FileKind::npy);
  EXPECT_EQ(kind_of("a.b.PnG"), FileKind::png);
  EXPECT_EQ(kind_of("a.jpg"), FileKind::jpeg);
  EXPECT_EQ(kind_of("a.JPEG"), FileKind::jpeg);
  for (const char* path : {"", ".", "a", "png", "a.", "dir.png/a", "a.png/", "a.png.gz", "a. png"})
    EXPECT_EQ(kind_of(path), FileKind::unknown) << path;
}

}  // namespace
}  // namespace faltung::io
