// The .npy format: a magic, a version, a header that is a Python dictionary, and the numbers. What whole arrays and
// rows share. Source: NumPy, "numpy.lib.format", NEP 1.
#pragma once

#include "io/file.hpp"

#include <faltung/problem.hpp>

#include <cstdint>
#include <string>

namespace faltung::io {

/// What the dictionary says.
struct NpyType {
  char byte_order = '=';  // '<', '>', '|'
  char kind = 0;          // f i u b
  int bytes = 0;
  bool fortran_order = false;
  Shape shape;
};

/// A header whose promise fits the file's size.
struct NpyHeader : NpyType {
  std::uint64_t start = 0;  ///< where the numbers begin
  std::int64_t count = 0;   ///< how many there are

  DType dtype() const { return kind != 'f' ? DType::i64 : bytes == 8 ? DType::f64 : DType::f32; }
};

/// Reads and checks the header; nothing is allocated by what it claims. Errors: FileError.
NpyHeader read_npy_header(InputFile& file, const std::string& path);

/// Magic, version 1.0 and the padded dictionary. `type` as NumPy writes it: `<f4`. Errors: FileError for a shape that
/// is too long.
std::string npy_header(const std::string& path, const std::string& type, const Shape& shape);

/// `<f4`, `<f8`, `<i8`.
std::string npy_type(DType dtype);

}  // namespace faltung::io
