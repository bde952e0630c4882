// WAV through libsndfile: whole, or a piece after the other.
#pragma once

#include "io/array.hpp"
#include "io/file.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace faltung::io {

/// What a WAV file is besides its samples.
struct SoundFormat {
  int sample_rate = 0;
  int encoding = 0;         ///< libsndfile's subtype
  bool is_integer = false;  ///< 8 to 32 bits: samples lie in −1 … 1, and others are clipped
  bool is_wide = false;     ///< 32 bits or double: needs double precision
};

/// Samples a file may have before it is refused: 2^28 (a quarter of an hour of stereo at 48 kHz is 2^26).
inline constexpr std::int64_t default_sample_limit = std::int64_t{1} << 28;

/// A WAV file (RIFF, or RF64 for long ones), open for reading in any order. Files that promise more than they hold are
/// refused. Errors: FileError.
class SoundReader {
 public:
  explicit SoundReader(const std::string& path);
  ~SoundReader();
  SoundReader(const SoundReader&) = delete;
  SoundReader& operator=(const SoundReader&) = delete;

  const SoundFormat& format() const;
  std::int64_t channels() const;
  std::int64_t frames() const;
  DType dtype() const { return format().is_wide ? DType::f64 : DType::f32; }
  /// `count` frames from `first` on, channels interleaved; integers are divided by 2^(bits − 1). T: float or double.
  template <class T>
  void read(std::int64_t first, std::int64_t count, T* to);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A WAV file that grows; without `commit` nothing remains. Integer formats are rounded to nearest and clipped. Errors:
/// FileError.
class SoundWriter {
 public:
  /// `frames`: how many will come (files over 4 GiB become RF64).
  SoundWriter(const std::string& path, const SoundFormat& format, std::int64_t channels, std::int64_t frames);
  ~SoundWriter();
  SoundWriter(const SoundWriter&) = delete;
  SoundWriter& operator=(const SoundWriter&) = delete;

  /// Channels interleaved. T: float or double.
  template <class T>
  void write(const T* from, std::int64_t frames);
  std::int64_t clipped() const;  ///< samples that were
  double peak() const;           ///< the largest magnitude before clipping
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Channels apart, [channels, frames], f32 or (32 bits, double) f64. Errors: FileError over `sample_limit` samples.
struct Sound {
  Array samples;
  SoundFormat format;
};
Sound read_sound(const std::string& path, std::int64_t sample_limit = default_sample_limit);

}  // namespace faltung::io
