#include "io/image.hpp"

#include "io/file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace faltung::io {

void check_pixel_count(const std::string& path, std::int64_t width, std::int64_t height, std::int64_t pixel_limit) {
  if (width < 1 || height < 1)
    fail(path, fmt::format("it is {} × {} pixels", width, height), "give a picture with pixels");
  pixel_limit = std::min(pixel_limit, std::int64_t{1} << 40);  // products with bytes and channels stay in 64 bits
  if (height > pixel_limit / width)
    fail(path, fmt::format("it has {} × {} pixels, at most {} are read", width, height, pixel_limit),
         "raise the pixel limit if you trust it");
}

Image read_image(const std::string& path, std::int64_t pixel_limit) {
  unsigned char start[8] = {};
  {
    InputFile file(path);
    file.read(start, std::min<std::size_t>(8, file.size()));
  }
  // the content decides, not the name
  if (start[0] == 0x89 && start[1] == 'P' && start[2] == 'N' && start[3] == 'G') return read_png(path, pixel_limit);
  if (start[0] == 0xFF && start[1] == 0xD8) return read_jpeg(path, pixel_limit);
  fail(path, "it is neither a PNG nor a JPEG picture", "convert it to one of them");
}

void write_image(const std::string& path, const Image& image, PixelRange range) {
  const Shape& shape = image.pixels.shape;
  if (shape.size() != 3 || (shape[0] != 1 && shape[0] != 3) || shape[1] < 1 || shape[2] < 1)
    fail(path, fmt::format("an array of [{}] is not a picture", fmt::join(shape, ", ")),
         "pictures are [1 or 3, height, width]: write .npy instead");
  const FileKind kind = kind_of(path);
  if (kind != FileKind::png && kind != FileKind::jpeg)
    fail(path, "its name ends in no picture format", "use .png, .jpg or .npy");
  if (kind == FileKind::jpeg && !image.alpha.empty()) fail(path, "JPEG has no alpha", "write .png instead");
  const auto cells = static_cast<std::size_t>(shape[1] * shape[2]);
  if (!image.alpha.empty() && image.alpha.size() != cells)
    fail(path, fmt::format("alpha of {} pixels for {}", image.alpha.size(), cells), "give one alpha for each pixel");

  const auto value = [&](std::size_t i) {
    return std::visit([i](const auto& values) { return static_cast<double>(values[i]); }, image.pixels.values);
  };
  double low = std::numeric_limits<double>::infinity(), high = -low;
  if (range == PixelRange::normalize)
    for (std::size_t i = 0; i < cells * static_cast<std::size_t>(shape[0]); ++i)
      if (const double v = value(i); std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  const double unit = std::isfinite(high - low) ? 1 : 0.5;  // the distance may leave double, its half does not
  const auto level = [&](double v) {
    if (range == PixelRange::clamp) return v;
    return high > low ? (v * unit - low * unit) / (high * unit - low * unit) * 255 : 0;  // one value everywhere: 0
  };
  Pixels pixels{shape[1], shape[2], shape[0] + (image.alpha.empty() ? 0 : 1), {}};
  const auto color_channels = static_cast<std::size_t>(shape[0]), channels = static_cast<std::size_t>(pixels.channels);
  pixels.bytes.resize(cells * channels);
  for (std::size_t i = 0; i < cells; ++i) {
    for (std::size_t c = 0; c < color_channels; ++c) {
      const double v = level(value(c * cells + i));
      pixels.bytes[i * channels + c] =
          static_cast<unsigned char>(std::isnan(v) ? 0 : std::lround(std::clamp(v, 0.0, 255.0)));
    }
    if (!image.alpha.empty()) pixels.bytes[i * channels + channels - 1] = image.alpha[i];
  }
  kind == FileKind::png ? write_png(path, pixels) : write_jpeg(path, pixels);
}

}  // namespace faltung::io
