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
    Checked result(0);
    result.lost_ = __builtin_add_overflow(a.value_, b.value_, &result.value_) || a.lost_ || b.lost_;
    return result;
  }
  friend constexpr Checked operator-(Checked a, Checked b) {
    Checked result(0);
    result.lost_ = __builtin_sub_overflow(a.value_, b.value_, &result.value_) || a.lost_ || b.lost_;
    return result;
  }
  friend constexpr Checked operator*(Checked a, Checked b) {
    Checked result(0);
    result.lost_ = __builtin_mul_overflow(a.value_, b.value_, &result.value_) || a.lost_ || b.lost_;
    return result;
  }

  constexpr std::optional<std::int64_t> value() const { return lost_ ? std::nullopt : std::optional(value_); }

 private:
  std::int64_t value_;
  bool lost_ = false;
};

}  // namespace faltung::internal
