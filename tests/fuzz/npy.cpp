// Any bytes as a .npy: an array, the same whole and by rows, or one line.
#include "fuzz/expect.hpp"
#include "fuzz/memory_file.hpp"
#include "io/array.hpp"
#include "io/npy_rows.hpp"

#include <cstring>
#include <optional>

using namespace faltung;

namespace {

template <class Action>
auto try_to(Action&& action) -> std::optional<decltype(action())> {
  try {
    return action();
  } catch (const FileError& error) {
    fuzz::expect_line(error.what());
    return std::nullopt;
  }
}

io::Array by_rows(const std::string& path) {
  const io::NpyRows rows(path);
  io::Array array{rows.shape(), {}};
  const auto read = [&]<class T>() {
    auto& values = array.values.emplace<std::vector<T>>(static_cast<std::size_t>(element_count(rows.shape())));
    rows.read(0, static_cast<std::int64_t>(values.size()), values.data());
  };
  switch (rows.dtype()) {
    case DType::f32:
      read.operator()<float>();
      break;
    case DType::f64:
      read.operator()<double>();
      break;
    case DType::i64:
      read.operator()<std::int64_t>();
      break;
  }
  return array;
}

bool same(const io::Array& a, const io::Array& b) {
  return a.shape == b.shape && a.dtype() == b.dtype() &&
         std::visit(
             [&]<class T>(const std::vector<T>& values) {
               const auto& others = std::get<std::vector<T>>(b.values);
               return values.empty() || std::memcmp(values.data(), others.data(), values.size() * sizeof(T)) == 0;
             },
             a.values);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  file.put(data, size);
  const auto whole = try_to([] { return io::read_npy(file.path()); });
  const auto rows = try_to([] { return by_rows(file.path()); });
  if (rows) fuzz::expect(whole && same(*whole, *rows), "the whole equals its rows");
  return 0;
}
