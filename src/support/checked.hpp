// Arithmetic of 64 bits that notices when it leaves them.
#pragma once

#include <cstdint>
#include <optional>

namespace faltung::internal {

/// A number that may have left 64 bits on its way; once lost, it stays lost.
class Checked {
 public:
  constexpr Checked(std::int64_t value) : value_(value) {}  // NOLINT(google-explicit-constructor): a number is a number

  friend constexpr Checked operator+(Checked a, Checked b) {
    std::int64_t result = 0;
    if (!a.value_ || !b.value_ || __builtin_add_overflow(*a.value_, *b.value_, &result)) return lost();
    return result;
  }
  friend constexpr Checked operator-(Checked a, Checked b) {
    std::int64_t result = 0;
    if (!a.value_ || !b.value_ || __builtin_sub_overflow(*a.value_, *b.value_, &result)) return lost();
    return result;
  }
  friend constexpr Checked operator*(Checked a, Checked b) {
    std::int64_t result = 0;
    if (!a.value_ || !b.value_ || __builtin_mul_overflow(*a.value_, *b.value_, &result)) return lost();
    return result;
  }

  constexpr std::optional<std::int64_t> value() const { return value_; }

 private:
  static constexpr Checked lost() {
    Checked none(0);
    none.value_.reset();
    return none;
  }
  std::optional<std::int64_t> value_;
};

}  // namespace faltung::internal
