// Arrays of files on their way into a problem and out to a person.
#pragma once

#include "io/array.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace faltung::cli {

using Values = decltype(io::Array::values);

/// Refuses to write over a file that is read.
void refuse_overwriting(const std::string& output, const std::vector<std::string>& inputs);

/// Whole numbers stay exact, floats stay floats; else doubles.
DType common_dtype(DType a, DType b);

/// A screen of numbers, or what they are like when there are more.
std::string describe(const io::Array& array);

/// Throws the error that `what` holds `value`, which is no whole number of 64 bits.
[[noreturn]] void refuse_fraction(const std::string& what, double value);

/// The numbers as T; nothing is copied where they are T already. Errors: ProblemError for a fraction that should become
/// a whole number.
template <class T>
std::vector<T> convert(Values values, const std::string& what) {
  if (auto* same = std::get_if<std::vector<T>>(&values)) return std::move(*same);
  return std::visit(
      [&]<class S>(const std::vector<S>& from) {
        std::vector<T> to;
        to.reserve(from.size());
        for (const S value : from) {
          if constexpr (std::is_same_v<T, std::int64_t>)
            if (const auto wide = static_cast<double>(value); !(wide == std::floor(wide) && std::abs(wide) < 0x1p63))
              refuse_fraction(what, wide);
          to.push_back(static_cast<T>(value));
        }
        return to;
      },
      values);
}

}  // namespace faltung::cli
