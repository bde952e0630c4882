// Idea
// Rearrange the kernel into the sparse matrix of the convolution (or its transpose) and multiply: y = b + A·x. With
// unknown weights the matrix holds the fine array instead; its pattern is built once, its values are looked up in each
// run. Source: the article, items 4 to 8; Dumoulin & Visin, "A guide to convolution arithmetic for deep learning",
// 2016, section 4.1.
#include <faltung/matrix.hpp>

#include "algorithms/algorithm.hpp"
#include "algorithms/with_type.hpp"
#include "reference/scalar.hpp"
#include "support/cache.hpp"
#include "support/parallel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace faltung::internal {

namespace {

/// A larger matrix is refused: this algorithm shows the matrix, it is not worth all memory. 128 million entries of 16
/// bytes.
constexpr std::int64_t entry_limit = std::int64_t{1} << 27;
/// With unknown weights the pattern is built while planning: 16 million entries take half a second and 256 MiB.
constexpr std::int64_t pattern_limit = std::int64_t{1} << 24;
/// Rows that one task multiplies: long enough to hide the cost of a task, short enough to share 8×8 images.
constexpr std::int64_t rows_per_task = 4096;

template <class T>
struct MatrixWeights : Packed {
  SparseMatrix<T> matrix;
  std::vector<T> bias;
};

// Prepare
template <class T>
class PreparedKernelMatrix : public Prepared {
 public:
  PreparedKernelMatrix(const Problem& problem, int threads)
      : problem_(problem), threads_(threads), size_(matrix_size(problem, Form::folded)) {
    if (problem.unknown != Unknown::weights) return;
    std::vector<std::int64_t> index(static_cast<std::size_t>(element_count(problem.fine_shape())));
    std::iota(index.begin(), index.end(), 0);
    pattern_ = sparse_matrix<std::int64_t>(problem, index);
  }

  std::size_t workspace_bytes() const override { return 0; }
  std::size_t packed_bytes() const override {
    return static_cast<std::size_t>(size_.entries) * (sizeof(std::int64_t) + sizeof(T)) +
           static_cast<std::size_t>(size_.rows + 1) * sizeof(std::int64_t);
  }

  std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const override {
    auto packed = std::make_unique<MatrixWeights<T>>();
    const auto count = static_cast<std::size_t>(element_count(problem_.weights_shape()));
    packed->matrix = sparse_matrix<T>(problem_, std::span(static_cast<const T*>(weights), count));
    if (const auto* b = static_cast<const T*>(bias)) packed->bias.assign(b, b + problem_.bias_size());
    return packed;
  }

  // Run: rows are independent, so threads share them.
  void run(const Arrays& arrays, std::byte*) const override {
    if (problem_.unknown == Unknown::weights) {
      const auto* fine = static_cast<const T*>(arrays.fine);
      multiply(
          pattern_, [fine](std::int64_t cell) { return fine[cell]; }, static_cast<const T*>(arrays.coarse),
          static_cast<T*>(arrays.weights), nullptr);
      return;
    }
    const auto& packed = *static_cast<const MatrixWeights<T>*>(arrays.packed);
    const bool gather = problem_.unknown == Unknown::coarse;
    const auto* x = static_cast<const T*>(gather ? arrays.fine : arrays.coarse);
    auto* y = static_cast<T*>(gather ? arrays.coarse : arrays.fine);
    for (std::int64_t n = 0; n < problem_.batch; ++n)
      multiply(
          packed.matrix, [](T value) { return value; }, x + n * size_.columns, y + n * size_.rows,
          packed.bias.empty() ? nullptr : packed.bias.data());
  }

 private:
  template <class Entry, class Value>
  void multiply(const SparseMatrix<Entry>& matrix, Value&& value, const T* x, T* y, const T* bias) const {
    const std::int64_t cells_per_channel = bias ? matrix.rows / problem_.bias_size() : 1;
    parallel_for((matrix.rows + rows_per_task - 1) / rows_per_task, threads_, [&](std::int64_t task) {
      const std::int64_t end = std::min(matrix.rows, (task + 1) * rows_per_task);
      for (std::int64_t row = task * rows_per_task; row < end; ++row) {
        T sum = bias ? bias[row / cells_per_channel] : T{};
        const std::int64_t last = matrix.row_start[static_cast<std::size_t>(row) + 1];
        for (std::int64_t i = matrix.row_start[static_cast<std::size_t>(row)]; i < last; ++i) {
          const T a = value(matrix.value[static_cast<std::size_t>(i)]);
          const T b = x[matrix.column[static_cast<std::size_t>(i)]];
          if constexpr (std::is_same_v<T, std::int64_t>)
            multiply_add(sum, a, b);
          else
            sum += a * b;  // two roundings: this algorithm is not strict
        }
        y[row] = sum;
      }
    });
  }

  Problem problem_;
  int threads_;
  MatrixSize size_;
  SparseMatrix<std::int64_t> pattern_;  // weights unknown: which fine cell each entry is
};

class KernelMatrix : public Algorithm {
 public:
  std::string_view name() const override { return "kernel_matrix"; }
  std::string_view idea() const override {
    return "the kernel rearranged into a sparse matrix, times the input vector";
  }
  std::string_view source() const override {
    return "Dumoulin & Visin, A guide to convolution arithmetic for deep learning, 2016, section 4.1";
  }
  bool strict() const override { return false; }

  // Where it applies
  std::optional<std::string> refusal(const Problem& problem) const override {
    const bool pattern = problem.unknown == Unknown::weights;
    const std::int64_t limit = pattern ? pattern_limit : entry_limit;
    const MatrixSize size = matrix_size(problem, Form::folded);
    if (size.entries > limit || size.rows > limit)
      return fmt::format("its matrix would have {} rows and {} entries, more than {}", size.rows, size.entries, limit);
    if (const std::int64_t cells = element_count(problem.fine_shape()); pattern && cells > limit)
      return fmt::format("its matrix would hold an array of {} cells, more than {}", cells, limit);
    return std::nullopt;
  }

  // What it costs
  Cost cost(const Problem& problem) const override {
    const MatrixSize size = matrix_size(problem, Form::folded);
    const double entries = static_cast<double>(size.entries);
    const double samples = problem.unknown == Unknown::weights ? 1.0 : static_cast<double>(problem.batch);
    // an entry is a column and a value, or with unknown weights the place of one
    const std::size_t value = problem.unknown == Unknown::weights ? sizeof(std::int64_t) : size_of(problem.dtype);
    // measured: docs/design/cost_model.md
    const double bytes = entries * static_cast<double>(sizeof(std::int64_t) + value);
    return {samples * (0.8e-9 * entries + 0.1e-9 * std::max(0.0, bytes - near_weights)),
            problem.unknown == Unknown::weights ? 0 : 30e-9 * entries};
  }

  std::unique_ptr<const Prepared> prepare(const Problem& problem, int threads) const override {
    return with_type(problem.dtype, [&]<class T>() -> std::unique_ptr<const Prepared> {
      return std::make_unique<PreparedKernelMatrix<T>>(problem, threads);
    });
  }
};

}  // namespace

const Algorithm& kernel_matrix_algorithm() {
  static const KernelMatrix algorithm;
  return algorithm;
}

}  // namespace faltung::internal
