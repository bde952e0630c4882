#include "io/sound.hpp"

#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace faltung::io {

namespace {

std::uint32_t little(const unsigned char* bytes) {
  return bytes[0] | std::uint32_t{bytes[1]} << 8U | std::uint32_t{bytes[2]} << 16U | std::uint32_t{bytes[3]} << 24U;
}

/// libsndfile reads what is there of a file that was cut off; here it is refused. Walks the chunks of a RIFF file to
/// its data.
void refuse_cut_off(const std::string& path) {
  InputFile file(path);
  unsigned char head[12] = {};
  if (file.size() < sizeof(head)) fail(path, "it is too short for a WAV file", "export it again");
  file.read(head, sizeof(head));
  if (std::memcmp(head + 8, "WAVE", 4) != 0 || (std::memcmp(head, "RIFF", 4) != 0 && std::memcmp(head, "RF64", 4) != 0))
    fail(path, "it does not begin like a WAV file", "export it as WAV");
  if (std::memcmp(head, "RF64", 4) == 0) return;  // its sizes stand elsewhere, and libsndfile checks them
  for (std::uint64_t position = sizeof(head); position + 8 <= file.size();) {
    unsigned char chunk[8];
    file.read_at(position, chunk, sizeof(chunk));
    const std::uint64_t size = little(chunk + 4);
    if (std::memcmp(chunk, "data", 4) == 0) {
      if (size != 0xFFFFFFFFU && position + 8 + size > file.size())  // all ones: made by a pipe that did not know it
        fail(path, fmt::format("it promises {} bytes of samples, {} follow", size, file.size() - position - 8),
             "export it again: it is cut off");
      return;
    }
    position += 8 + size + size % 2;
  }
  fail(path, "it has no samples", "export it again");
}

/// Of an integer encoding; 0 of the others.
int bits_of(int encoding) {
  switch (encoding) {
    case SF_FORMAT_PCM_U8:
      return 8;
    case SF_FORMAT_PCM_16:
      return 16;
    case SF_FORMAT_PCM_24:
      return 24;
    case SF_FORMAT_PCM_32:
      return 32;
    default:
      return 0;
  }
}

}  // namespace

struct SoundReader::State {
  std::string path;
  SF_INFO information{};
  SNDFILE* file = nullptr;
  SoundFormat format;
};

SoundReader::SoundReader(const std::string& path) : state_(std::make_unique<State>()) {
  refuse_cut_off(path);
  State& state = *state_;
  state.path = path;
  state.file = sf_open(path.c_str(), SFM_READ, &state.information);
  if (!state.file) fail(path, fmt::format("libsndfile says {}", sf_strerror(nullptr)), "export it again as WAV");
  const int encoding = state.information.format & SF_FORMAT_SUBMASK;
  state.format = {state.information.samplerate, encoding, bits_of(encoding) > 0,
                  encoding == SF_FORMAT_PCM_32 || encoding == SF_FORMAT_DOUBLE};
  if (state.format.is_integer || encoding == SF_FORMAT_FLOAT || encoding == SF_FORMAT_DOUBLE) return;
  sf_close(state.file);
  fail(path, "its samples are compressed", "export it with 8 to 32 bits, float or double");
}

SoundReader::~SoundReader() { sf_close(state_->file); }

const SoundFormat& SoundReader::format() const { return state_->format; }
std::int64_t SoundReader::channels() const { return state_->information.channels; }
std::int64_t SoundReader::frames() const { return state_->information.frames; }

template <class T>
void SoundReader::read(std::int64_t first, std::int64_t count, T* to) {
  State& state = *state_;
  sf_count_t read = -1;
  if (sf_seek(state.file, first, SEEK_SET) == first) {
    if constexpr (std::is_same_v<T, float>)
      read = sf_readf_float(state.file, to, count);
    else
      read = sf_readf_double(state.file, to, count);
  }
  if (read != count)
    fail(state.path, fmt::format("frames {} to {} cannot be read", first, first + count),
         "export it again: it is cut off or damaged");
}
template void SoundReader::read(std::int64_t, std::int64_t, float*);
template void SoundReader::read(std::int64_t, std::int64_t, double*);

struct SoundWriter::State {
  State(const std::string& to, const SoundFormat& like) : path(to), output(to), format(like) {}
  std::string path;
  OutputFile output;
  SoundFormat format;
  SNDFILE* file = nullptr;
  std::int64_t channels = 0, clipped = 0;
  double peak = 0;
};

SoundWriter::SoundWriter(const std::string& path, const SoundFormat& format, std::int64_t channels, std::int64_t frames)
    : state_(std::make_unique<State>(path, format)) {
  if (channels < 1 || channels > 1024)  // libsndfile's own limit
    fail(path, fmt::format("a sound of {} channels", channels), "WAV has 1 to 1024: write .npy instead");
  constexpr double most_bytes = 4e9;  // a RIFF size field has 32 bits, the head needs a few
  const double bytes = static_cast<double>(frames) * static_cast<double>(channels) * 8;
  SF_INFO information{};
  information.samplerate = format.sample_rate;
  information.channels = static_cast<int>(channels);
  information.format = (bytes > most_bytes ? SF_FORMAT_RF64 : SF_FORMAT_WAV) | format.encoding;
  state_->channels = channels;
  state_->file = sf_open_fd(state_->output.descriptor(), SFM_WRITE, &information, SF_FALSE);
  if (!state_->file) fail(path, fmt::format("libsndfile says {}", sf_strerror(nullptr)), "write .npy instead");
  sf_command(state_->file, SFC_SET_ADD_PEAK_CHUNK, nullptr,
             SF_FALSE);  // it holds the time of day: the same samples, the same bytes
}

SoundWriter::~SoundWriter() {
  if (state_->file) sf_close(state_->file);
}

template <class T>
void SoundWriter::write(const T* from, std::int64_t frames) {
  State& state = *state_;
  const std::int64_t count = frames * state.channels;
  for (std::int64_t i = 0; i < count; ++i) {
    if (std::isnan(from[i])) fail(state.path, "a sample is not a number", "write .npy to keep it");
    state.peak = std::max(state.peak, std::abs(double{from[i]}));
  }
  sf_count_t written = 0;
  if (const int bits = bits_of(state.format.encoding); bits > 0) {
    // libsndfile scales what it writes by one step less than what it reads: its own rounding would not give samples
    // back
    const double scale = std::ldexp(1.0, bits - 1);
    std::vector<int> steps(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) {
      const double wanted = std::nearbyint(double{from[i]} * scale), kept = std::clamp(wanted, -scale, scale - 1);
      if (kept != wanted) ++state.clipped;
      steps[static_cast<std::size_t>(i)] =
          static_cast<int>(static_cast<std::int64_t>(kept) * (std::int64_t{1} << (32 - bits)));
    }
    written = sf_writef_int(state.file, steps.data(), frames);
  } else if constexpr (std::is_same_v<T, float>) {
    written = sf_writef_float(state.file, from, frames);
  } else {
    written = sf_writef_double(state.file, from, frames);
  }
  if (written != frames)
    fail(state.path, fmt::format("cannot write it, libsndfile says {}", sf_strerror(state.file)), "free some space");
}
template void SoundWriter::write(const float*, std::int64_t);
template void SoundWriter::write(const double*, std::int64_t);

std::int64_t SoundWriter::clipped() const { return state_->clipped; }
double SoundWriter::peak() const { return state_->peak; }

void SoundWriter::commit() {
  SNDFILE* const file = state_->file;
  state_->file = nullptr;
  if (sf_close(file) != 0) fail(state_->path, "cannot write it, libsndfile cannot finish it", "free some space");
  state_->output.commit();
}

Sound read_sound(const std::string& path, std::int64_t sample_limit) {
  SoundReader reader(path);
  const std::int64_t channels = reader.channels(), frames = reader.frames();
  if (frames > sample_limit / channels)
    fail(path, fmt::format("it has {} × {} samples, at most {} are read", channels, frames, sample_limit),
         "use --stream, or raise --sample-limit");
  Sound sound{{{channels, frames}, {}}, reader.format()};
  const auto read = [&]<class T>() {
    std::vector<T> interleaved(static_cast<std::size_t>(channels * frames)), apart(interleaved.size());
    reader.read(0, frames, interleaved.data());
    for (std::int64_t i = 0; i < channels * frames; ++i)
      apart[static_cast<std::size_t>(i % channels * frames + i / channels)] = interleaved[static_cast<std::size_t>(i)];
    sound.samples.values = std::move(apart);
  };
  reader.dtype() == DType::f32 ? read.operator()<float>() : read.operator()<double>();
  return sound;
}

}  // namespace faltung::io
