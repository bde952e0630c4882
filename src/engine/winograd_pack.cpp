// Weights by their transforms, in the order in which the products read them: [group][chunk of result channels][point of
// the output][block of the sum][register tile][depth][row]. Lanes along the rows of a register tile, channel after
// channel.
#include "engine/winograd_inl.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

/// Channels whose weights are transformed before they are written: the points lie a power of two apart, and lines of a
/// cache that are written bit by bit would push each other out.
constexpr std::int64_t channels_at_once = 16;

}  // namespace

/// The rows of one register tile, all depths.
template <class T>
class Winograd<T>::TilePacking {
 public:
  TilePacking(const Winograd& winograd, std::int64_t tile_begin, std::int64_t tile_rows, std::int64_t chunk_rows,
              T* chunk_out)
      : w_(winograd),
        begin_(tile_begin),
        rows_(tile_rows),
        chunk_rows_(chunk_rows),
        run_(round_up(std::min(w_.given_channels_, channels_at_once) * tile_rows, 64 / sizeof(T))),
        out_(chunk_out),
        taps_(at(std::int64_t{w_.y_.taps} * w_.x_.taps * run_)),
        half_(at(std::int64_t{w_.y_.terms} * w_.x_.taps * run_)),
        terms_(at(std::int64_t{w_.y_.terms} * w_.x_.terms * run_)) {}

  /// `taps(row, channel)` are the taps of one kernel; `place[tap]` says which of them is a tap of the scheme.
  template <class Taps>
  void pack(std::int64_t kz, const std::vector<std::int64_t>& place, Taps&& taps) {
    begin_depth(kz);
    const auto& y = w_.kernels_.axis[static_cast<std::size_t>(w_.axes_.y.scheme)];
    const auto& x = w_.kernels_.axis[static_cast<std::size_t>(w_.axes_.x.scheme)];
    for (std::int64_t first = 0; first < w_.given_channels_; first += channels_at_once) {
      const std::int64_t channels = std::min(channels_at_once, w_.given_channels_ - first);
      T* to = taps_.data();
      for (std::int64_t channel = first; channel < first + channels; ++channel)
        for (std::int64_t row = 0; row < rows_; ++row, ++to) {
          const T* from = taps(row, channel);
          T* tap = to;
          for (const std::int64_t p : place) {
            *tap = from[p];
            tap += run_;
          }
        }
      y.weights_first(taps_.data(), w_.x_.taps * run_, half_.data());
      for (std::int64_t i = 0; i < w_.y_.terms; ++i)
        x.weights_last(half_.data() + i * w_.x_.taps * run_, run_, terms_.data() + i * w_.x_.terms * run_);
      for (Target& target : targets_) {
        finite_ = w_.rows_.finite(target.from, channels * rows_) && finite_;
        put(target, channels);
      }
    }
  }

  bool finite() const { return finite_; }

 private:
  /// Where the rows of a term of a point of the output go, channel after channel.
  struct Target {
    const T* from;
    std::size_t point;
    std::int64_t k;     ///< depth
    std::int64_t left;  ///< depths of this block of the sum
    T* to;
  };

  void begin_depth(std::int64_t kz) {
    targets_.clear();
    for (std::size_t point = 0; point < w_.terms_.size(); ++point) {
      const std::vector<Term>& terms = w_.terms_[point];
      for (std::size_t t = 0; t < terms.size(); ++t) {
        const std::int64_t k =
            (kz * static_cast<std::int64_t>(terms.size()) + static_cast<std::int64_t>(t)) * w_.given_channels_;
        targets_.push_back(
            {terms_.data() + (terms[t].weights_y * w_.x_.terms + terms[t].weights_x) * run_, point, k, 0, nullptr});
      }
    }
  }

  void put(Target& target, std::int64_t channels) {
    const T* from = target.from;
    while (channels > 0) {
      if (target.left == 0) begin_block(target);
      const std::int64_t count = std::min(channels, target.left);
      target.to = std::copy_n(from, count * rows_, target.to);
      from += count * rows_;
      target.k += count;
      target.left -= count;
      channels -= count;
    }
  }

  void begin_block(Target& target) const {
    const std::int64_t k0 = target.k / w_.sum_block_ * w_.sum_block_;
    const std::int64_t block = std::min(w_.sum_block_, w_.depth_of(target.point) - k0);
    target.left = k0 + block - target.k;
    target.to = out_ + chunk_rows_ * (w_.offsets_begin_[target.point] + k0) + begin_ * block + (target.k - k0) * rows_;
  }

  const Winograd& w_;
  std::int64_t begin_, rows_, chunk_rows_;
  std::int64_t run_;  ///< rows of some channels, [channel][row], in whole vectors
  T* out_;
  bool finite_ = true;
  std::vector<T> taps_;       ///< [tap along y][tap along x][run]
  std::vector<double> half_;  ///< [term along y][tap along x][run]
  std::vector<T> terms_;      ///< [term along y][term along x][run]
  std::vector<Target> targets_;
};

template <class T>
std::unique_ptr<const Packed> Winograd<T>::pack(const void* weights, const void* bias) const {
  auto packed = std::make_unique<WinogradWeights<T>>();
  const auto* w = static_cast<const T*>(weights);
  if (const auto* b = static_cast<const T*>(bias))
    packed->bias.assign(b, b + problem_.bias_size());
  else
    packed->bias.resize(at(problem_.bias_size()));
  packed->weights = AlignedNumbers<T>(problem_.groups * result_channels_ * offsets_begin_.back() + tiles_.lanes);
  if (!rows_.finite(packed->bias.data(), static_cast<std::int64_t>(packed->bias.size()))) return nullptr;
  const bool gather = problem_.unknown == Unknown::coarse;
  const std::int64_t plane_taps = std::int64_t{y_.taps} * x_.taps, taps = axes_.z.taps * plane_taps;
  const std::int64_t coarse = problem_.coarse_channels / problem_.groups,
                     fine = problem_.fine_channels / problem_.groups;
  T* out = packed->weights.data();
  std::vector<std::int64_t> place(at(plane_taps));
  for (std::int64_t group = 0; group < problem_.groups; ++group)
    for (std::int64_t chunk = 0; chunk < chunks_.parts; ++chunk) {
      const std::int64_t rows = chunks_.size(chunk);
      const EvenParts row_tiles(rows, tile_.rows);
      for (std::int64_t tile = 0; tile < row_tiles.parts; ++tile) {
        const std::int64_t first = chunks_.begin(chunk) + row_tiles.begin(tile);
        TilePacking packing(*this, row_tiles.begin(tile), row_tiles.size(tile), rows, out);
        for (std::int64_t kz = 0; kz < axes_.z.taps; ++kz) {
          for (int ky = 0; ky < y_.taps; ++ky)
            for (int kx = 0; kx < x_.taps; ++kx) {
              const std::int64_t tap = axes_.z.tap(kz) * plane_taps + axes_.y.tap(ky) * x_.taps + axes_.x.tap(kx);
              place[at(std::int64_t{ky} * x_.taps + kx)] = problem_.flip ? taps - 1 - tap : tap;
            }
          packing.pack(kz, place, [&](std::int64_t row, std::int64_t channel) {
            const std::int64_t result = first + row;
            return w + taps * (gather ? (group * coarse + result) * fine + channel
                                      : (group * coarse + channel) * fine + result);
          });
        }
        if (!packing.finite()) return nullptr;
      }
      out += rows * offsets_begin_.back();
    }
  return packed;
}

template std::unique_ptr<const Packed> Winograd<float>::pack(const void*, const void*) const;
template std::unique_ptr<const Packed> Winograd<double>::pack(const void*, const void*) const;

}  // namespace faltung::internal
