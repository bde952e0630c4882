// Any bytes as a picture: PNG or JPEG, or one line. Checksums of PNG chunks are made right, or none would be looked
// into.
#include "fuzz/expect.hpp"
#include "fuzz/memory_file.hpp"
#include "io/array.hpp"

#include <zlib.h>

#include <cmath>
#include <cstring>

using namespace faltung;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t largest);

namespace {

std::uint32_t big(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24U | std::uint32_t{bytes[1]} << 16U | std::uint32_t{bytes[2]} << 8U | bytes[3];
}

void mend_checksums(std::uint8_t* data, std::size_t size) {
  constexpr std::size_t signature = 8, around = 12;  // of a chunk: length, name, checksum
  if (size < signature || std::memcmp(data, "\x89PNG", 4) != 0) return;
  for (std::size_t chunk = signature; chunk + around <= size;) {
    const std::size_t length = big(data + chunk);
    if (length > size - chunk - around) return;
    const auto sum = static_cast<std::uint32_t>(::crc32(0, data + chunk + 4, static_cast<unsigned>(length + 4)));
    for (unsigned byte = 0; byte < 4; ++byte)
      data[chunk + 8 + length + byte] = static_cast<std::uint8_t>(sum >> (24U - 8U * byte));
    chunk += around + length;
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t largest, unsigned) {
  const std::size_t mutated = LLVMFuzzerMutate(data, size, largest);
  mend_checksums(data, mutated);
  return mutated;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  constexpr std::int64_t pixel_limit = 4096;  // so that none takes long
  file.put(data, size);
  try {
    const io::Image image = io::read_image(file.path(), pixel_limit);
    const auto& values = std::get<std::vector<float>>(image.pixels.values);
    const Shape& shape = image.pixels.shape;
    fuzz::expect(shape.size() == 3 && (shape[0] == 1 || shape[0] == 3), "a picture is grey or coloured");
    fuzz::expect(static_cast<std::int64_t>(values.size()) == element_count(shape), "a picture has its pixels");
    fuzz::expect(image.alpha.empty() || static_cast<std::int64_t>(image.alpha.size()) == shape[1] * shape[2],
                 "alpha is whole or absent");
    fuzz::expect(std::all_of(values.begin(), values.end(), [](float v) { return v >= 0 && v <= 255; }),
                 "pixels are 0 to 255");
  } catch (const FileError& error) {
    fuzz::expect_line(error.what());
  }
  return 0;
}
