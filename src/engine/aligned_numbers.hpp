// Memory that is written before it is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace faltung::internal {

/// Numbers that begin at a multiple of 64 bytes; not set to anything.
template <class T>
class AlignedNumbers {
 public:
  AlignedNumbers() = default;
  explicit AlignedNumbers(std::int64_t count)
      : numbers_(std::make_unique_for_overwrite<T[]>(static_cast<std::size_t>(count) + 64 / sizeof(T))) {}
  T* data() const {
    return numbers_.get() + (64 - reinterpret_cast<std::uintptr_t>(numbers_.get()) % 64) % 64 / sizeof(T);
  }

 private:
  std::unique_ptr<T[]> numbers_;
};

}  // namespace faltung::internal
