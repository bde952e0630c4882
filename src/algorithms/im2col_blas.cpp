// Idea
// Copy every window into a column (im2col) and let a BLAS multiply: one dense product per group. The adjoint multiplies
// first and adds the columns back (col2im); the weight gradient multiplies by the columns. Columns are made in blocks
// that stay in cache. Source: Chellapilla, Puri & Simard, "High performance convolutional neural networks for document
// processing", 2006; Jia et al., "Caffe: convolutional architecture for fast feature embedding", 2014.
#include "algorithms/algorithm.hpp"
#include "algorithms/blas_buffer.hpp"
#include "algorithms/column_map.hpp"
#include "algorithms/with_type.hpp"
#include "support/integers.hpp"
#include "support/parallel.hpp"

#include <cblas.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace faltung::internal {

namespace {

/// Bytes of one block of columns and its largest number of rows: measured on 64→64 3×3 at 56×56,
/// docs/design/cost_model.md.
constexpr std::int64_t column_bytes = std::int64_t{1} << 20;
constexpr std::int64_t column_rows = 1152;

/// Ours are the only threads. Safe because this OpenBLAS is a copy of our own: docs/design/blas.md.
void keep_blas_on_one_thread() {
  [[maybe_unused]] static const bool once = [] {
    openblas_set_num_threads(1);
    return true;
  }();
}

template <class T>
struct BlasWeights : Packed {
  std::vector<T> weights, bias;
};

struct Product {
  CBLAS_TRANSPOSE transpose_a, transpose_b;
  std::int64_t m, n, k;
};

void multiply(Product p, const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c,
              std::int64_t ldc) {
  cblas_sgemm(CblasRowMajor, p.transpose_a, p.transpose_b, static_cast<int>(p.m), static_cast<int>(p.n),
              static_cast<int>(p.k), 1.0F, a, static_cast<int>(lda), b, static_cast<int>(ldb), beta, c,
              static_cast<int>(ldc));
}
void multiply(Product p, const double* a, std::int64_t lda, const double* b, std::int64_t ldb, double beta, double* c,
              std::int64_t ldc) {
  cblas_dgemm(CblasRowMajor, p.transpose_a, p.transpose_b, static_cast<int>(p.m), static_cast<int>(p.n),
              static_cast<int>(p.k), 1.0, a, static_cast<int>(lda), b, static_cast<int>(ldb), beta, c,
              static_cast<int>(ldc));
}

/// Whether the columns are the fine array itself.
bool columns_are_input(const Problem& problem) {
  return std::all_of(problem.axes.begin(), problem.axes.end(), [](const Axis& axis) {
    return axis.kernel == 1 && axis.stride == 1 && axis.pad_before == 0 && axis.pad_after == 0 &&
           axis.fine == axis.coarse;
  });
}

// Prepare
template <class T>
class PreparedIm2col : public Prepared {
 public:
  PreparedIm2col(const Problem& problem, int threads)
      : problem_(problem), map_(problem), threads_(threads), direct_(columns_are_input(problem)) {
    groups_ = problem.groups;
    coarse_channels_ = problem.coarse_channels / groups_;
    fine_channels_ = problem.fine_channels / groups_;
    rows_ = fine_channels_ * map_.taps();
    positions_ = map_.coarse_cells();
    // col2im of two blocks must not meet: blocks of rows are whole channels, unless one channel alone is too long
    const std::int64_t whole_channels = std::max<std::int64_t>(1, column_rows / map_.taps()) * map_.taps();
    row_block_ = std::min(
        rows_, problem.unknown == Unknown::fine ? std::min(whole_channels, map_.taps() * fine_channels_) : column_rows);
    if (direct_) row_block_ = rows_;
    const std::int64_t fitting =
        std::max<std::int64_t>(16, column_bytes / static_cast<std::int64_t>(sizeof(T)) / row_block_);
    position_block_ = direct_ ? positions_ : std::min(positions_, fitting);
    row_blocks_ = (rows_ + row_block_ - 1) / row_block_;
    position_blocks_ = (positions_ + position_block_ - 1) / position_block_;
    switch (problem.unknown) {
      case Unknown::coarse:
        tasks_ = problem.batch * groups_ * position_blocks_;
        break;
      case Unknown::fine:
        tasks_ = problem.batch * groups_ * row_blocks_;
        break;
      case Unknown::weights:
        tasks_ = groups_ * row_blocks_;
        break;
    }
    lanes_ = std::max<std::int64_t>(1, std::min<std::int64_t>(tasks_, threads == 0 ? hardware_threads() : threads));
  }

  std::size_t workspace_bytes() const override {
    return direct_ ? 0 : static_cast<std::size_t>(lanes_ * row_block_ * position_block_) * sizeof(T);
  }
  std::size_t packed_bytes() const override {
    return problem_.unknown == Unknown::weights
               ? 0
               : static_cast<std::size_t>(element_count(problem_.weights_shape()) + problem_.bias_size()) * sizeof(T);
  }

  std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const override {
    auto packed = std::make_unique<BlasWeights<T>>();
    const auto* w = static_cast<const T*>(weights);
    packed->weights.assign(w, w + element_count(problem_.weights_shape()));
    if (const auto* b = static_cast<const T*>(bias)) packed->bias.assign(b, b + problem_.bias_size());
    return packed;
  }

  // Run: each lane has a column buffer of its own and takes every lanes_-th task; tasks write apart from each other.
  void run(const Arrays& arrays, std::byte* workspace) const override {
    parallel_for(lanes_, threads_, [&](std::int64_t lane) {
      const BlasBuffer buffer;
      T* column = direct_ ? nullptr : reinterpret_cast<T*>(workspace) + lane * row_block_ * position_block_;
      for (std::int64_t task = lane; task < tasks_; task += lanes_) switch (problem_.unknown) {
          case Unknown::coarse:
            run_coarse(arrays, task, column);
            break;
          case Unknown::fine:
            run_fine(arrays, task, column);
            break;
          case Unknown::weights:
            run_weights(arrays, task, column);
            break;
        }
    });
  }

 private:
  struct Range {
    std::int64_t begin, end;
    std::int64_t size() const { return end - begin; }
  };
  Range rows(std::int64_t block) const { return {block * row_block_, std::min(rows_, (block + 1) * row_block_)}; }
  Range positions(std::int64_t block) const {
    return {block * position_block_, std::min(positions_, (block + 1) * position_block_)};
  }

  /// One group of one sample: its part of the two arrays, and its weights.
  struct Part {
    T *fine, *coarse;
    const T *weights, *bias;  // bias of the unknown array's channels in this group, or null
  };
  Part part(const Arrays& arrays, std::int64_t sample, std::int64_t group) const {
    const auto* packed = static_cast<const BlasWeights<T>*>(arrays.packed);
    const std::int64_t unknown_channels = problem_.unknown == Unknown::fine ? fine_channels_ : coarse_channels_;
    return {static_cast<T*>(arrays.fine) + (sample * groups_ + group) * fine_channels_ * map_.fine_cells(),
            static_cast<T*>(arrays.coarse) + (sample * groups_ + group) * coarse_channels_ * positions_,
            packed ? packed->weights.data() + group * coarse_channels_ * rows_ : nullptr,
            packed && !packed->bias.empty() ? packed->bias.data() + group * unknown_channels : nullptr};
  }

  /// Columns of a block: made in `column`, or standing in the array already.
  struct Columns {
    const T* data;
    std::int64_t stride;
  };
  Columns columns(const Part& part, Range r, Range p, T* column) const {
    if (direct_) return {part.fine, positions_};
    map_.gather(static_cast<const T*>(part.fine), r.begin, r.end, p.begin, p.end, column);
    return {column, p.size()};
  }

  /// coarse[channel, p] = bias + weights · columns
  void run_coarse(const Arrays& arrays, std::int64_t task, T* column) const {
    const Part at = part(arrays, task / position_blocks_ / groups_, task / position_blocks_ % groups_);
    const Range p = positions(task % position_blocks_);
    if (at.bias)
      for (std::int64_t c = 0; c < coarse_channels_; ++c)
        std::fill_n(at.coarse + c * positions_ + p.begin, p.size(), at.bias[c]);
    for (std::int64_t block = 0; block < row_blocks_; ++block) {
      const Range r = rows(block);
      const Columns in = columns(at, r, p, column);
      multiply({CblasNoTrans, CblasNoTrans, coarse_channels_, p.size(), r.size()}, at.weights + r.begin, rows_, in.data,
               in.stride, block > 0 || at.bias ? T{1} : T{0}, at.coarse + p.begin, positions_);
    }
  }

  /// fine = bias + the sum of all columns, columns = weightsᵀ · coarse
  void run_fine(const Arrays& arrays, std::int64_t task, T* column) const {
    const Part at = part(arrays, task / row_blocks_ / groups_, task / row_blocks_ % groups_);
    const Range r = rows(task % row_blocks_);
    if (!direct_ || at.bias)
      for (std::int64_t c = r.begin / map_.taps(); c < r.end / map_.taps(); ++c)
        std::fill_n(at.fine + c * map_.fine_cells(), map_.fine_cells(), at.bias ? at.bias[c] : T{0});
    for (std::int64_t block = 0; block < position_blocks_; ++block) {
      const Range p = positions(block);
      const Product product{CblasTrans, CblasNoTrans, r.size(), p.size(), coarse_channels_};
      if (direct_) {
        multiply(product, at.weights + r.begin, rows_, at.coarse + p.begin, positions_, at.bias ? T{1} : T{0}, at.fine,
                 positions_);
        continue;
      }
      multiply(product, at.weights + r.begin, rows_, at.coarse + p.begin, positions_, T{0}, column, p.size());
      map_.scatter(static_cast<const T*>(column), r.begin, r.end, p.begin, p.end, at.fine);
    }
  }

  /// weights[channel, r] = Σ over samples and positions of coarse · columnsᵀ
  void run_weights(const Arrays& arrays, std::int64_t task, T* column) const {
    const std::int64_t group = task / row_blocks_;
    const Range r = rows(task % row_blocks_);
    T* out = static_cast<T*>(arrays.weights) + group * coarse_channels_ * rows_ + r.begin;
    for (std::int64_t c = 0; c < coarse_channels_; ++c) std::fill_n(out + c * rows_, r.size(), T{0});
    for (std::int64_t sample = 0; sample < problem_.batch; ++sample) {
      const Part at = part(arrays, sample, group);
      for (std::int64_t block = 0; block < position_blocks_; ++block) {
        const Range p = positions(block);
        const Columns in = columns(at, r, p, column);
        multiply({CblasNoTrans, CblasTrans, coarse_channels_, r.size(), p.size()}, at.coarse + p.begin, positions_,
                 in.data, in.stride, T{1}, out, rows_);
      }
    }
  }

  Problem problem_;
  ColumnMap map_;
  int threads_;
  bool direct_;
  std::int64_t groups_, coarse_channels_, fine_channels_;  // channels of one group
  std::int64_t rows_, positions_;                          // of the column matrix of one group and sample
  std::int64_t row_block_, position_block_, row_blocks_, position_blocks_, tasks_ = 0, lanes_;
};

/// OpenBLAS knows processors by their numbers, and takes kernels of 2004 on an x86 that is younger than it: 3.3 times
/// as long as those for AVX2 (docs/design/cost_model.md).
double slowness_of_blas() {
#if defined(__x86_64__)
  const std::string_view core = openblas_get_corename();
  for (const std::string_view known : {"Haswell", "Zen", "SkylakeX", "Cooperlake", "Sapphirerapids"})
    if (core == known) return 1;
  return 3.3;
#else
  return 1;
#endif
}

class Im2colBlas : public Algorithm {
 public:
  std::string_view name() const override { return "im2col_blas"; }
  std::string_view idea() const override { return "windows copied into columns, then a BLAS matrix product"; }
  std::string_view source() const override {
    return "Chellapilla, Puri & Simard, High performance convolutional neural networks for document processing, 2006";
  }
  bool strict() const override { return false; }

  // Where it applies
  std::optional<std::string> refusal(const Problem& problem) const override {
    if (problem.dtype == DType::i64) return "a BLAS has no product of integers";
    constexpr std::int64_t largest = std::numeric_limits<int>::max();
    Problem one_channel = problem;
    one_channel.batch = one_channel.fine_channels = one_channel.coarse_channels = one_channel.groups = 1;
    for (const std::int64_t extent :
         {element_count(one_channel.coarse_shape()), element_count(one_channel.fine_shape()),
          element_count(problem.weights_shape()) / problem.coarse_channels, problem.coarse_channels})
      if (extent > largest) return fmt::format("a matrix side of {} does not fit into a BLAS int", extent);
    return std::nullopt;
  }

  // What it costs
  Cost cost(const Problem& problem) const override {
    // measured: docs/design/cost_model.md. Sums of few terms and products of few rows wait for memory; the BLAS packs
    // the weights of every product; columns are written and read, row by row, and a stride over x leaves vectors.
    const bool scatter = problem.unknown == Unknown::fine, gradient = problem.unknown == Unknown::weights;
    double taps = 1, positions = 1;
    for (const Axis& axis : problem.axes) taps *= real(axis.kernel), positions *= real(axis.coarse);
    const double fine = real(problem.fine_channels / problem.groups),
                 coarse = real(problem.coarse_channels / problem.groups);
    const double rows = scatter ? fine * taps : coarse;
    const double terms = gradient ? positions : scatter ? coarse : fine * taps;
    const double wider = problem.dtype == DType::f32 ? 1 : 2;
    double seconds = wider * slowness_of_blas() * multiply_adds(problem) *
                     (0.0206e-9 + 0.03e-9 / std::max(1.0, terms) + 0.08e-9 / std::max(1.0, rows));
    seconds += 0.23e-9 * wider * real(problem.batch) * real(element_count(problem.weights_shape()));
    if (!columns_are_input(problem)) {
      const double columns = real(problem.batch * problem.fine_channels) * taps * positions;
      const bool strided = problem.axes.back().stride > 1;
      seconds += columns * (wider * (scatter ? 0.33e-9 : 0.28e-9) + (strided ? (scatter ? 0.33e-9 : 0.22e-9) : 0) +
                            11e-9 / std::max(1.0, real(problem.axes.back().coarse)));
    }
    return {seconds + seconds_of_arrays(problem), seconds_to_order_weights(problem, 0.4e-9)};
  }

  std::unique_ptr<const Prepared> prepare(const Problem& problem, int threads) const override {
    keep_blas_on_one_thread();
    if (problem.dtype == DType::f32) return std::make_unique<PreparedIm2col<float>>(problem, threads);
    return std::make_unique<PreparedIm2col<double>>(problem, threads);
  }
};

}  // namespace

const Algorithm& im2col_blas_algorithm() {
  static const Im2colBlas algorithm;
  return algorithm;
}

}  // namespace faltung::internal
