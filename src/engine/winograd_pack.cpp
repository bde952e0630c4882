// Weights by their transforms, in the order in which the products read them: [group][chunk of result channels][point of
// the output][block of the sum][register tile][depth][row]. The rows of a register tile side by side are what the loops
// go along.
#include "engine/winograd_inl.hpp"

#include <algorithm>

namespace faltung::internal {

namespace {

/// Channels whose weights are transformed before they are written: the points lie a power of two apart, and lines of a
/// cache that are written bit by bit would push each other out.
constexpr std::int64_t channels_at_once = 16;

/// A transform's entries that are not 0, row by row.
class SparseTransform {
 public:
  explicit SparseTransform(const FractionMatrix& matrix) {
    for (int i = 0; i < matrix.rows; ++i) {
      for (int j = 0; j < matrix.columns; ++j)
        if (matrix.at(i, j) != 0) entries_.push_back({j, matrix.at(i, j).value()});
      ends_.push_back(entries_.size());
    }
  }
  /// out[i][r] = Σ_j matrix[i][j] · in[j][r], r < run.
  void apply(std::int64_t run, const double* in, double* out) const {
    const Entry* entry = entries_.data();
    for (const std::size_t end : ends_) {
      std::fill_n(out, run, 0.0);
      for (; entry != entries_.data() + end; ++entry) {
        const double* from = in + entry->column * run;
        for (std::int64_t r = 0; r < run; ++r) out[r] += entry->factor * from[r];
      }
      out += run;
    }
  }

 private:
  struct Entry {
    std::int64_t column;
    double factor;
  };
  std::vector<Entry> entries_;
  std::vector<std::size_t> ends_;
};

}  // namespace

/// The rows of one register tile, all depths.
template <class T>
class Winograd<T>::TilePacking {
 public:
  TilePacking(const Winograd& winograd, std::int64_t tile_begin, std::int64_t tile_rows, std::int64_t chunk_rows,
              T* chunk_out)
      : w_(winograd),
        y_(winograd.y_.weights),
        x_(winograd.x_.weights),
        begin_(tile_begin),
        rows_(tile_rows),
        chunk_rows_(chunk_rows),
        out_(chunk_out),
        buffer_(at(std::int64_t{winograd.y_.terms} * winograd.x_.terms * channels_at_once * tile_rows)) {}

  /// `taps(row, channel)` are the taps of one kernel; `place[tap]` says which of them is a tap of the scheme.
  template <class Taps>
  void pack(std::int64_t kz, const std::vector<std::int64_t>& place, Taps&& taps) {
    begin_depth(kz);
    const auto count = static_cast<std::int64_t>(place.size());
    for (std::int64_t channel = 0; channel < w_.given_channels_; ++channel) {
      const std::int64_t slot = channel % channels_at_once;
      for (std::int64_t row = 0; row < rows_; ++row) {
        const T* from = taps(row, channel);
        for (std::int64_t tap = 0; tap < count; ++tap)
          plane_[tap * rows_ + row] = static_cast<double>(from[place[at(tap)]]);
      }
      y_.apply(w_.x_.taps * rows_, plane_, half_);
      for (std::int64_t i = 0; i < w_.y_.terms; ++i) {
        x_.apply(rows_, half_ + i * w_.x_.taps * rows_, transformed_);
        for (std::int64_t j = 0; j < w_.x_.terms; ++j) {
          T* to = buffer_.data() + ((i * w_.x_.terms + j) * channels_at_once + slot) * rows_;
          for (std::int64_t row = 0; row < rows_; ++row) to[row] = static_cast<T>(transformed_[j * rows_ + row]);
        }
      }
      if (slot + 1 == channels_at_once || channel + 1 == w_.given_channels_)
        for (Target& to : targets_) {
          finite_ = w_.rows_.finite(to.from, (slot + 1) * rows_) && finite_;
          put(to, slot + 1);
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
            {buffer_.data() + (terms[t].weights_y * w_.x_.terms + terms[t].weights_x) * channels_at_once * rows_, point,
             k, 0, nullptr});
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
  SparseTransform y_, x_;
  std::int64_t begin_, rows_, chunk_rows_;
  T* out_;
  bool finite_ = true;
  std::vector<T> buffer_;  ///< [term along y][term along x][channel][row]
  std::vector<Target> targets_;
  double plane_[most_points * most_points * most_tile_rows], half_[most_points * most_points * most_tile_rows],
      transformed_[most_points * most_tile_rows];
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
