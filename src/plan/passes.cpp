#include "plan/passes.hpp"

#include "algorithms/with_type.hpp"
#include "reference/scalar.hpp"
#include "support/integers.hpp"
#include "support/parallel.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

/// Numbers that one task of a pass takes: two such pieces stay in a second-level cache.
constexpr std::int64_t piece = std::int64_t{1} << 14U;

template <class T>
class Passes : public Prepared {
 public:
  Passes(std::unique_ptr<const Prepared> inner, const Problem& problem, int threads, const Ends& ends)
      : inner_(std::move(inner)),
        fine_unknown_(problem.unknown == Unknown::fine),
        threads_(threads),
        count_(element_count(problem.unknown_shape())),
        finish_(finish_of<T>(ends)) {}

  std::size_t workspace_bytes() const override { return own_bytes() + inner_->workspace_bytes(); }
  std::size_t packed_bytes() const override { return inner_->packed_bytes(); }
  std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const override {
    return inner_->pack(weights, bias);
  }

  void run(const Arrays& arrays, std::byte* workspace) const override {
    Arrays inner = arrays;
    void*& result = fine_unknown_ ? inner.fine : inner.coarse;
    T* out = static_cast<T*>(result);
    if (finish_.adds) result = workspace;
    const T* sums = static_cast<const T*>(result);
    inner_->run(inner, workspace + own_bytes());
    parallel_for(ceil_divide(count_, piece), threads_, [&](std::int64_t i) {
      for (std::int64_t at = i * piece; at < std::min(count_, (i + 1) * piece); ++at) {
        T y = sums[at];
        if (finish_.adds) {
          y = out[at];
          add_to(y, sums[at]);
        }
        out[at] = finish_(y);
      }
    });
  }

 private:
  std::size_t own_bytes() const {
    return finish_.adds ? at(round_up(count_ * static_cast<std::int64_t>(sizeof(T)), 64)) : 0;
  }

  std::unique_ptr<const Prepared> inner_;
  bool fine_unknown_;
  int threads_;
  std::int64_t count_;
  Finish<T> finish_;
};

}  // namespace

std::unique_ptr<const Prepared> with_passes(std::unique_ptr<const Prepared> inner, const Problem& problem, int threads,
                                            const Ends& ends) {
  return with_type(problem.dtype, [&]<class T>() -> std::unique_ptr<const Prepared> {
    return std::make_unique<Passes<T>>(std::move(inner), problem, threads, ends);
  });
}

}  // namespace faltung::internal
