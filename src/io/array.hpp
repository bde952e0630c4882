// An array read from or written to a file, with the type it had there.
#pragma once

#include <faltung/error.hpp>
#include <faltung/problem.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace faltung::io {

/// Row-major numbers in one of the three types that problems have.
struct Array {
  Shape shape;
  std::variant<std::vector<float>, std::vector<double>, std::vector<std::int64_t>> values;

  DType dtype() const { return static_cast<DType>(values.index()); }
};

/// A picture: channels apart, values 0…255 as numbers: shape [channels, height, width], channels 1 (grey) or 3 (RGB).
struct Image {
  Array pixels;                     ///< float
  std::vector<std::uint8_t> alpha;  ///< height · width, or empty where the file has none
};

/// How numbers become pixels: clamped to 0…255 and rounded to nearest, or scaled so that the smallest is 0 and the
/// largest 255.
enum class PixelRange { clamp, normalize };

/// `.npy` versions 1 to 3: float16/32/64, bool and all integers, C and Fortran order, both endiannesses. float16 and
/// float32 become f32, float64 f64, integers i64 (uint64 above 2^63 − 1 refused). Object arrays (pickles) are refused;
/// a header that lies about the file's size is refused before anything is allocated. Errors: FileError.
Array read_npy(const std::string& path);

/// Version 1.0, little-endian, C order; written to a temporary name in the same folder, then renamed. Errors:
/// FileError.
void write_npy(const std::string& path, const Array& array);

/// PNG (any depth and colour type; 16 bit is scaled to 0…255 with fractions) by libpng, JPEG by libjpeg-turbo. Pictures
/// over `pixel_limit` pixels are refused before decoding. Errors: FileError.
inline constexpr std::int64_t default_pixel_limit = std::int64_t{1} << 28;
Image read_image(const std::string& path, std::int64_t pixel_limit = default_pixel_limit);

/// By the suffix: .png (8 bit grey, RGB, with alpha where there is one), .jpg/.jpeg (quality 92; alpha refused).
/// Temporary name, then renamed. Errors: FileError.
void write_image(const std::string& path, const Image& image, PixelRange range = PixelRange::clamp);

/// Text into a file, by a temporary name and a rename. Errors: FileError.
void write_text(const std::string& path, const std::string& text);

enum class FileKind { npy, png, jpeg, wav, unknown };
/// By the suffix, in any case.
FileKind kind_of(const std::string& path);

}  // namespace faltung::io
