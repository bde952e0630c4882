// Any bytes as a .wav: samples, the same whole and from the middle, or one line.
#include "io/sound.hpp"
#include "fuzz/expect.hpp"
#include "fuzz/memory_file.hpp"

#include <cstring>

using namespace faltung;

namespace {

/// The second half, read from an open file, against the whole.
template <class T>
void compare(io::SoundReader& reader, const std::vector<T>& apart) {
  const std::int64_t channels = reader.channels(), frames = reader.frames(), first = frames / 2;
  std::vector<T> half(static_cast<std::size_t>((frames - first) * channels));
  reader.read(first, frames - first, half.data());
  for (std::int64_t frame = first; frame < frames; ++frame)
    for (std::int64_t channel = 0; channel < channels; ++channel)
      fuzz::expect(std::memcmp(&half[static_cast<std::size_t>((frame - first) * channels + channel)],
                               &apart[static_cast<std::size_t>(channel * frames + frame)], sizeof(T)) == 0,
                   "a piece equals its place in the whole");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  constexpr std::int64_t sample_limit = 4096;  // so that none takes long
  file.put(data, size);
  try {
    const io::Sound sound = io::read_sound(file.path(), sample_limit);
    io::SoundReader reader(file.path());
    fuzz::expect(sound.samples.shape == Shape{reader.channels(), reader.frames()}, "a sound has its samples");
    if (reader.dtype() == DType::f32)
      compare(reader, std::get<std::vector<float>>(sound.samples.values));
    else
      compare(reader, std::get<std::vector<double>>(sound.samples.values));
  } catch (const FileError& error) {
    fuzz::expect_line(error.what());
  }
  return 0;
}
