// What a plan needs beside its arrays.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace faltung::python {

/// Memory for one run, kept by each thread for its next one: a fresh megabyte costs more than a small problem.
class Workspace {
 public:
  explicit Workspace(std::size_t bytes) : bytes_(bytes) {
    if (bytes > kept_limit) {
      own_ = std::make_unique_for_overwrite<std::byte[]>(bytes);  // fresh pages, which are zeros
    } else if (bytes > kept_bytes) {
      kept = std::make_unique<std::byte[]>(bytes);  // zeros: Plan::run
      kept_bytes = bytes;
    }
  }
  std::span<std::byte> span() { return {own_ ? own_.get() : kept.get(), bytes_}; }

 private:
  /// What a sleeping thread may hold: as much as a large layer's workspace, little beside its arrays.
  static constexpr std::size_t kept_limit = std::size_t{64} << 20;
  static inline thread_local std::unique_ptr<std::byte[]> kept;
  static inline thread_local std::size_t kept_bytes = 0;
  std::size_t bytes_;
  std::unique_ptr<std::byte[]> own_;
};

}  // namespace faltung::python
