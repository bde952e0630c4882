#include "plan/passes.hpp"

#include "algorithms/with_type.hpp"
#include "reference/scalar.hpp"
#include "support/integers.hpp"
#include "support/parallel.hpp"

#include <algorithm>
#include <utility>

namespace faltung::internal {

namespace {

/// Channels and cells of a row that are visited together: whatever axis is the contiguous one, lines of 64 bytes are
/// used whole.
constexpr std::int64_t tile = 16;

/// An array of the problem: where it lies, and its dense copy.
struct Side {
  Strides extents, strides, dense;
  bool copied = false;
  std::int64_t count() const { return extents[0] * extents[1] * extents[2] * extents[3] * extents[4]; }
};

Side side_of(const Shape& shape, const std::optional<Strides>& strides) {
  Side side{{shape[0], shape[1], 1, 1, 1}, {}, {}};
  std::copy(shape.begin() + 2, shape.end(), side.extents.end() - static_cast<std::ptrdiff_t>(shape.size() - 2));
  side.dense = dense_strides(shape[1], side.extents[2], side.extents[3], side.extents[4]);
  side.strides = strides.value_or(side.dense);
  side.copied = strides.has_value();
  return side;
}

/// visit(place where it lies, place in the dense copy) for every element.
template <class Visit>
void for_each_element(const Side& side, int threads, Visit&& visit) {
  const Strides& extents = side.extents;
  const std::int64_t blocks = ceil_divide(extents[1], tile);
  parallel_for(extents[0] * extents[2] * extents[3] * blocks, threads, [&](std::int64_t task) {
    const std::int64_t first = task % blocks * tile, last = std::min(extents[1], first + tile);
    task /= blocks;
    const std::int64_t y = task % extents[3], z = task / extents[3] % extents[2], n = task / (extents[3] * extents[2]);
    const auto row = [&](const Strides& strides) { return n * strides[0] + z * strides[2] + y * strides[3]; };
    const std::int64_t lies = row(side.strides), dense = row(side.dense);
    for (std::int64_t begin = 0; begin < extents[4]; begin += tile)
      for (std::int64_t c = first; c < last; ++c)
        for (std::int64_t x = begin; x < std::min(extents[4], begin + tile); ++x)
          visit(lies + c * side.strides[1] + x * side.strides[4], dense + c * side.dense[1] + x);
  });
}

template <class T>
class Passes : public Prepared {
 public:
  Passes(std::unique_ptr<const Prepared> inner, const Problem& problem, int threads, const Ends& ends)
      : inner_(std::move(inner)),
        unknown_(problem.unknown),
        threads_(threads),
        fine_(side_of(problem.fine_shape(), ends.fine)),
        coarse_(side_of(problem.coarse_shape(), ends.coarse)),
        finish_(finish_of<T>(ends)) {
    if (finish_.adds) (unknown_ == Unknown::fine ? fine_ : coarse_).copied = true;
  }

  std::size_t workspace_bytes() const override {
    return copy_bytes(fine_) + copy_bytes(coarse_) + inner_->workspace_bytes();
  }
  std::size_t packed_bytes() const override { return inner_->packed_bytes(); }
  std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const override {
    return inner_->pack(weights, bias);
  }

  void run(const Arrays& arrays, std::byte* workspace) const override {
    Arrays inner = arrays;
    inner.fine = copy_in(fine_, unknown_ != Unknown::fine, arrays.fine, workspace);
    workspace += copy_bytes(fine_);
    inner.coarse = copy_in(coarse_, unknown_ != Unknown::coarse, arrays.coarse, workspace);
    inner_->run(inner, workspace + copy_bytes(coarse_));
    if (unknown_ == Unknown::fine) finish(fine_, static_cast<const T*>(inner.fine), static_cast<T*>(arrays.fine));
    if (unknown_ == Unknown::coarse)
      finish(coarse_, static_cast<const T*>(inner.coarse), static_cast<T*>(arrays.coarse));
  }

 private:
  static std::size_t copy_bytes(const Side& side) {
    return side.copied ? at(round_up(side.count() * static_cast<std::int64_t>(sizeof(T)), 64)) : 0;
  }

  void* copy_in(const Side& side, bool given, void* array, std::byte* workspace) const {
    if (!side.copied) return array;
    if (given) {
      const T* from = static_cast<const T*>(array);
      T* to = reinterpret_cast<T*>(workspace);
      for_each_element(side, threads_, [&](std::int64_t lies, std::int64_t dense) { to[dense] = from[lies]; });
    }
    return workspace;
  }

  void finish(const Side& side, const T* sums, T* out) const {
    if (!side.copied && finish_.nothing()) return;
    for_each_element(side, threads_, [&](std::int64_t lies, std::int64_t dense) {
      T y = sums[dense];
      if (finish_.adds) {
        y = out[lies];
        add_to(y, sums[dense]);
      }
      out[lies] = finish_(y);
    });
  }

  std::unique_ptr<const Prepared> inner_;
  Unknown unknown_;
  int threads_;
  Side fine_, coarse_;
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
