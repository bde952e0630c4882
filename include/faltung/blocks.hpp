// A block of rows of a problem is a problem: arrays larger than memory, one block after the other, with the same bits.
//
// Rows are cells of the outermost spatial axis. From f = c·s + k·d − p, with both ends of a range inclusive:
//
//     convolution             rows c₀ … c₁ of the output read rows c₀·s − p … c₁·s + (k − 1)·d − p of the input
//     transposed convolution  rows f₀ … f₁ of the output read rows ⌈(f₀ + p − (k − 1)·d) / s⌉ … ⌊(f₁ + p) / s⌋ of the
//     input
#pragma once

#include <faltung/plan.hpp>
#include <faltung/problem.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace faltung {

/// The rows begin … end − 1.
struct Rows {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t count() const { return end - begin; }
  bool operator==(const Rows&) const = default;
};

/// How some rows of the unknown array come from rows of the given one.
struct Block {
  Rows rows;
  Problem problem;  ///< computes them, with the whole problem's weights and bias
  std::vector<Rows>
      given;  ///< its given array: these rows of the whole one, one range after the other; several, and rows that come
              ///< twice, where a boundary copies them. Empty: no row is read, every cell is its bias (or 0)
  std::vector<Rows> folded;  ///< transposed, boundary not zeros: rows of `padded_problem` that are then added by
                             ///< `add_folded`, in this order
};

/// The block that computes `rows` (at least one, inside the unknown array). In strict accuracy its cells have the bits
/// of the whole. Errors: ProblemError; a weight gradient has no blocks, it sums over all rows. Cost: the margin's rows
/// at most.
Block block_of_rows(const Problem& problem, Rows rows);

/// A transposed problem with its whole temporary output as the result: nothing is cut or folded. To be run without
/// bias.
Problem padded_problem(const Problem& problem);

/// Adds the margin cells in `padded_rows` of the temporary output ([batch, channels, those rows, …]) onto the cells
/// that they copy in `result`
/// ([batch, channels, rows, …]).
template <class T>
void add_folded(const Problem& problem, Rows rows, T* result, Rows padded_rows, const T* padded);

/// One channel of one sample: `count` rows into or out of dense memory.
template <class T>
using ReadRows = std::function<void(std::int64_t sample, std::int64_t channel, Rows rows, T* to)>;
template <class T>
using WriteRows = std::function<void(std::int64_t sample, std::int64_t channel, Rows rows, const T* from)>;

struct BlockOptions {
  Options plan{.algorithm = "auto", .accuracy = Accuracy::strict, .threads = 1};  ///< without activation and strides
  std::size_t memory =
      std::size_t{64} << 20U;     ///< bytes for one block's arrays and workspace; one row and its halo may need more
  bool samples_together = false;  ///< every block has all samples (as interleaved channels need it)
  std::function<void(std::int64_t done, std::int64_t total)> progress =
      {};  ///< after every block, in rows of all samples
};

/// The whole problem, block by block. `read` and `write` are called for every sample and channel of a range before the
/// next range; what is written comes once, in ascending rows of a sample. Errors: ProblemError, and what the callbacks
/// throw.
template <class T>
void run_by_rows(const Problem& problem, std::span<const T> weights, std::span<const T> bias, const ReadRows<T>& read,
                 const WriteRows<T>& write, const BlockOptions& options = {});

}  // namespace faltung
