// The algebra of a problem, tested on that very problem: what `faltung check` prints.
//
//     matrix       result = A · given + bias, A the exact matrix
//     adjoint      ⟨A x, y⟩ = ⟨x, Aᵀ y⟩ = ⟨w, gradient of the weights by x and y⟩
//     linearity    A (α x + β x') = α A x + β A x'
//     impulse      A eᵢ = column i of A
//     shift        moving the fine array by a stride moves the coarse one by a cell
//
// After Ergün, "Testing multivariate linear functions: overcoming the generator bottleneck", 1995, as FFTW's self-test
// does.
#pragma once

#include <faltung/problem.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace faltung {

/// One property of one algorithm.
struct CheckLine {
  std::string algorithm;
  std::string property;               ///< empty when the algorithm refuses the whole problem
  std::optional<std::string> reason;  ///< why nothing was measured
  /// The largest, in units of the cell's Σ|w||x| (+ |bias|), of whole numbers: of 1. Where an algorithm does not add up
  /// those terms (`Candidate::error`): in units of its own bound's, which all cells may share.
  double error = 0;
  double bound = 0;  ///< γₙ of the type for the n operations of a cell; of whole numbers 0
  bool holds() const { return reason || error <= bound; }  ///< not a number does not hold
};

struct CheckReport {
  std::string problem;
  std::vector<CheckLine> lines;
  bool passed() const;
};

/// Runs every algorithm on numbers made from `seed`. Errors: ProblemError (invalid, or arrays that do not fit into
/// memory are the caller's std::bad_alloc). Cost: about ten runs of every algorithm, and the matrix, an output channel
/// at a time.
CheckReport check(const Problem& problem, std::uint32_t seed = 1, int threads = 1);

/// One line each.
std::string to_text(const CheckReport& report);

}  // namespace faltung
