// Something made ready for one problem: what packs weights and runs. Algorithms make one, plans keep it.
#pragma once

#include <cstddef>
#include <memory>

namespace faltung::internal {

/// Weights and bias as one algorithm wants them.
class Packed {
 public:
  virtual ~Packed() = default;
};

/// The arrays of one run, row-major. The unknown one is written, the others are only read; weights come packed, except
/// when they are the unknown.
struct Arrays {
  void* fine = nullptr;
  void* coarse = nullptr;
  void* weights = nullptr;         ///< written when the weights are unknown, else null
  const Packed* packed = nullptr;  ///< null when the weights are unknown
};

/// An algorithm made ready for one problem. Immutable: many threads may run it, each with a workspace of its own.
class Prepared {
 public:
  virtual ~Prepared() = default;
  virtual std::size_t workspace_bytes() const = 0;  ///< needed by run; the caller aligns it to 64 bytes
  virtual std::size_t packed_bytes() const = 0;     ///< kept by pack
  /// `bias` is null or problem.bias_size() numbers. Not called when the weights are unknown.
  virtual std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const = 0;
  virtual void run(const Arrays& arrays, std::byte* workspace) const = 0;
};

}  // namespace faltung::internal
