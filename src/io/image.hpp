// What PNG and JPEG share: interleaved 8-bit pixels.
#pragma once

#include "io/array.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace faltung::io {

/// Row-major, channels interleaved; 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA.
struct Pixels {
  std::int64_t height = 0, width = 0, channels = 0;
  std::vector<unsigned char> bytes;
};

Image read_png(const std::string& path, std::int64_t pixel_limit);
Image read_jpeg(const std::string& path, std::int64_t pixel_limit);
void write_png(const std::string& path, const Pixels& pixels);
void write_jpeg(const std::string& path, const Pixels& pixels);

/// Refuses pictures over the limit. Errors: FileError.
void check_pixel_count(const std::string& path, std::int64_t width, std::int64_t height, std::int64_t pixel_limit);

}  // namespace faltung::io
