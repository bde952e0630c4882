// JPEG through libjpeg-turbo.
#include "io/file.hpp"
#include "io/image.hpp"

#include <fmt/format.h>
#include <turbojpeg.h>

#include <memory>
#include <new>

namespace faltung::io {

namespace {

constexpr int quality = 92;  // visually lossless for photographs, a third of the size of 100
constexpr std::uint64_t file_limit = std::uint64_t{1}
                                     << 31U;  // libjpeg-turbo counts in unsigned long; larger files are no photographs

struct Destroy {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Handle = std::unique_ptr<void, Destroy>;

}  // namespace

Image read_jpeg(const std::string& path, std::int64_t pixel_limit) {
  const std::vector<unsigned char> bytes = read_all(path, file_limit);
  const Handle handle(tjInitDecompress());
  if (!handle) throw std::bad_alloc();
  const auto refuse = [&] {
    fail(path, fmt::format("libjpeg says {}", tjGetErrorStr2(handle.get())), "it is damaged: make it again");
  };
  int width = 0, height = 0, subsampling = 0, color_space = 0;
  if (tjDecompressHeader3(handle.get(), bytes.data(), bytes.size(), &width, &height, &subsampling, &color_space) != 0)
    refuse();
  check_pixel_count(path, width, height, pixel_limit);
  if (color_space == TJCS_CMYK || color_space == TJCS_YCCK) fail(path, "its colours are CMYK", "convert it to RGB");
  const bool grey = color_space == TJCS_GRAY;
  const std::size_t channels = grey ? 1 : 3, cells = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  std::vector<unsigned char> pixels(channels * cells);
  // the accurate transform: a fast one differs by a grey level
  if (tjDecompress2(handle.get(), bytes.data(), bytes.size(), pixels.data(), width, 0, height,
                    grey ? TJPF_GRAY : TJPF_RGB, TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS) != 0)
    refuse();
  Image image;
  image.pixels.shape = {static_cast<std::int64_t>(channels), height, width};
  auto& values = image.pixels.values.emplace<std::vector<float>>(channels * cells);
  for (std::size_t i = 0; i < cells; ++i)
    for (std::size_t c = 0; c < channels; ++c) values[c * cells + i] = pixels[i * channels + c];
  return image;
}

void write_jpeg(const std::string& path, const Pixels& pixels) {
  if (pixels.width > 65535 || pixels.height > 65535)
    fail(path, fmt::format("a picture of {} × {}", pixels.width, pixels.height),
         "JPEG has at most 65535 pixels a side: write .png instead");
  const Handle handle(tjInitCompress());
  if (!handle) throw std::bad_alloc();
  unsigned char* compressed = nullptr;
  unsigned long size = 0;
  const bool grey = pixels.channels == 1;
  const int status = tjCompress2(handle.get(), pixels.bytes.data(), static_cast<int>(pixels.width), 0,
                                 static_cast<int>(pixels.height), grey ? TJPF_GRAY : TJPF_RGB, &compressed, &size,
                                 grey ? TJSAMP_GRAY : TJSAMP_444, quality, TJFLAG_ACCURATEDCT);
  const std::unique_ptr<unsigned char, decltype(&tjFree)> owner(compressed, tjFree);
  if (status != 0) fail(path, fmt::format("libjpeg says {}", tjGetErrorStr2(handle.get())), "write .png instead");
  OutputFile file(path);
  file.write(compressed, size);
  file.commit();
}

}  // namespace faltung::io
