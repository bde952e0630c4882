// Transforms spread what is not finite over a whole tile, and may overflow where the sums themselves do not. Such a
// problem is computed once more without them, so that Inf and NaN reach the sums that they are terms of, and no others.
#pragma once

#include "engine/prepared.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace faltung::internal {

/// As `Prepared`, of finite numbers only.
class Transformed {
 public:
  virtual ~Transformed() = default;
  virtual std::size_t workspace_bytes() const = 0;
  virtual std::size_t packed_bytes() const = 0;
  /// Null where weights, bias or what is made of them are not finite.
  virtual std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const = 0;
  /// False where a result is not finite: what was written is worth nothing.
  virtual bool run(const Arrays& arrays, std::byte* workspace) const = 0;
};

class DirectAgain : public Prepared {
 public:
  /// Both of the same problem.
  DirectAgain(std::unique_ptr<const Transformed> transformed, std::unique_ptr<const Prepared> direct)
      : transformed_(std::move(transformed)), direct_(std::move(direct)) {}

  std::size_t workspace_bytes() const override {
    return std::max(transformed_->workspace_bytes(), direct_->workspace_bytes());
  }
  std::size_t packed_bytes() const override { return transformed_->packed_bytes() + direct_->packed_bytes(); }

  std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const override {
    auto both = std::make_unique<Both>();
    both->direct = direct_->pack(weights, bias);
    both->transformed = transformed_->pack(weights, bias);
    return both;
  }

  void run(const Arrays& arrays, std::byte* workspace) const override {
    const auto& packed = static_cast<const Both&>(*arrays.packed);
    Arrays own = arrays;
    own.packed = packed.transformed.get();
    if (packed.transformed && transformed_->run(own, workspace)) return;
    own.packed = packed.direct.get();
    direct_->run(own, workspace);
  }

 private:
  struct Both : Packed {
    std::unique_ptr<const Packed> transformed, direct;
  };

  std::unique_ptr<const Transformed> transformed_;
  std::unique_ptr<const Prepared> direct_;
};

}  // namespace faltung::internal
