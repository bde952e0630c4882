// PNG through libpng. Errors of libpng jump; the functions that hold the jump have nothing to destroy.
#include "io/file.hpp"
#include "io/image.hpp"

#include <fmt/format.h>
#include <png.h>

#include <array>
#include <csetjmp>
#include <cstring>
#include <new>

namespace faltung::io {

namespace {

struct Failure {
  std::array<char, 200> message{};
};

void on_error(png_structp png, png_const_charp message) {
  auto* failure = static_cast<Failure*>(png_get_error_ptr(png));
  std::strncpy(failure->message.data(), message, failure->message.size() - 1);
  std::longjmp(png_jmpbuf(png), 1);  // NOLINT(cert-err52-cpp): libpng's way
}
void on_warning(png_structp, png_const_charp) {}

struct ReadState {
  png_structp png = nullptr;
  png_infop info = nullptr;
  Failure failure;
  std::int64_t width = 0, height = 0, channels = 0, depth = 0;
  std::size_t packed_row_bytes = 0;  // in the file, before anything is expanded
};

bool read_header(ReadState& state, std::FILE* file) {
  if (setjmp(png_jmpbuf(state.png)) != 0) return false;
  png_init_io(state.png, file);
  png_set_user_limits(state.png, 0x7FFFFFFF, 0x7FFFFFFF);  // the pixel limit is checked by the caller
  // texts, profiles, gamma: not used, and one that says that it has 2 GB would get them
  png_set_keep_unknown_chunks(state.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_read_info(state.png, state.info);
  state.width = png_get_image_width(state.png, state.info);
  state.height = png_get_image_height(state.png, state.info);
  state.packed_row_bytes = png_get_rowbytes(state.png, state.info);
  return true;
}

/// What libpng allocates rows for, so only after the size was checked.
bool expand(ReadState& state) {
  if (setjmp(png_jmpbuf(state.png)) != 0) return false;
  png_set_expand(state.png);  // palettes to RGB, few bits to 8, tRNS to alpha; no gamma
  png_set_interlace_handling(state.png);
  png_read_update_info(state.png, state.info);
  state.channels = png_get_channels(state.png, state.info);
  state.depth = png_get_bit_depth(state.png, state.info);
  return true;
}

bool read_rows(ReadState& state, png_bytepp rows) {
  if (setjmp(png_jmpbuf(state.png)) != 0) return false;
  png_read_image(state.png, rows);
  png_read_end(state.png, nullptr);
  return true;
}

struct WriteState {
  png_structp png = nullptr;
  png_infop info = nullptr;
  Failure failure;
  std::vector<unsigned char> bytes;
  bool out_of_memory = false;
};

void on_write(png_structp png, png_bytep data, size_t count) {
  auto& state = *static_cast<WriteState*>(png_get_io_ptr(png));
  try {
    state.bytes.insert(state.bytes.end(), data, data + count);
  } catch (...) {  // an exception must not pass through C
    state.out_of_memory = true;
  }
  if (state.out_of_memory) png_error(png, "out of memory");
}
void on_flush(png_structp) {}

bool write_rows(WriteState& state, const Pixels& pixels, png_bytepp rows) {
  static constexpr std::array<int, 5> color_types = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                                     PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
  if (setjmp(png_jmpbuf(state.png)) != 0) return false;
  png_set_write_fn(state.png, &state, on_write, on_flush);
  png_set_IHDR(state.png, state.info, static_cast<png_uint_32>(pixels.width), static_cast<png_uint_32>(pixels.height),
               8, color_types[static_cast<std::size_t>(pixels.channels)], PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(state.png, state.info);
  png_write_image(state.png, rows);
  png_write_end(state.png, nullptr);
  return true;
}

[[noreturn]] void refuse(const std::string& path, const Failure& failure) {
  fail(path, fmt::format("libpng says {}", failure.message.data()), "it is damaged: make it again");
}

}  // namespace

Image read_png(const std::string& path, std::int64_t pixel_limit) {
  InputFile file(path);
  ReadState state;
  state.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state.failure, on_error, on_warning);
  if (!state.png) throw std::bad_alloc();
  struct Closer {
    ReadState& state;
    ~Closer() { png_destroy_read_struct(&state.png, &state.info, nullptr); }
  } closer{state};
  state.info = png_create_info_struct(state.png);
  if (!state.info) throw std::bad_alloc();
  if (!read_header(state, file.get())) refuse(path, state.failure);
  check_pixel_count(path, state.width, state.height, pixel_limit);
  constexpr std::uint64_t largest_ratio = 1032;  // of deflate: zlib's documentation, "Maximum Compression Factor"
  if (state.packed_row_bytes * static_cast<std::uint64_t>(state.height) / largest_ratio > file.size())
    fail(path,
         fmt::format("it promises {} × {} pixels, its {} bytes cannot hold them", state.width, state.height,
                     file.size()),
         "make it again: it is cut off or damaged");
  if (!expand(state)) refuse(path, state.failure);

  const auto width = static_cast<std::size_t>(state.width), height = static_cast<std::size_t>(state.height);
  const auto channels = static_cast<std::size_t>(state.channels), bytes = static_cast<std::size_t>(state.depth / 8);
  const std::size_t row_bytes = width * channels * bytes;
  std::vector<unsigned char> data(row_bytes * height);
  std::vector<png_bytep> rows(height);
  for (std::size_t y = 0; y < height; ++y) rows[y] = data.data() + y * row_bytes;
  if (!read_rows(state, rows.data())) refuse(path, state.failure);

  const std::size_t colors = channels == 2 || channels == 4 ? channels - 1 : channels;
  Image image;
  image.pixels.shape = {static_cast<std::int64_t>(colors), state.height, state.width};
  auto& values = image.pixels.values.emplace<std::vector<float>>(colors * width * height);
  if (colors != channels) image.alpha.resize(width * height);
  for (std::size_t i = 0; i < width * height; ++i)
    for (std::size_t c = 0; c < channels; ++c) {
      const unsigned char* sample = data.data() + (i * channels + c) * bytes;
      if (c == colors)
        image.alpha[i] = sample[0];
      else  // 16 bit: 65535 is 255
        values[c * width * height + i] =
            bytes == 2 ? static_cast<float>(sample[0] * 256 + sample[1]) / 257.0F : static_cast<float>(sample[0]);
    }
  return image;
}

void write_png(const std::string& path, const Pixels& pixels) {
  WriteState state;
  state.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state.failure, on_error, on_warning);
  if (!state.png) throw std::bad_alloc();
  struct Closer {
    WriteState& state;
    ~Closer() { png_destroy_write_struct(&state.png, &state.info); }
  } closer{state};
  state.info = png_create_info_struct(state.png);
  if (!state.info) throw std::bad_alloc();
  std::vector<png_bytep> rows;
  for (std::int64_t y = 0; y < pixels.height; ++y)
    rows.push_back(const_cast<png_bytep>(pixels.bytes.data() + y * pixels.width * pixels.channels));
  const bool written = write_rows(state, pixels, rows.data());
  if (state.out_of_memory) throw std::bad_alloc();
  if (!written) fail(path, fmt::format("libpng says {}", state.failure.message.data()), "use a smaller picture");
  OutputFile file(path);
  file.write(state.bytes.data(), state.bytes.size());
  file.commit();
}

}  // namespace faltung::io
