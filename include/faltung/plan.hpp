// The plan: what will run for a problem, what was refused, and why. Made once, shared by any number of threads.
//
//     Plan plan = make_plan(problem, options);
//     PackedWeights packed = plan.pack(weights, bias);          // once per weights
//     plan.run(x, packed, y, workspace);                        // allocates nothing on one thread
#pragma once

#include <faltung/problem.hpp>
#include <faltung/tensor.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faltung {

/// Which rounding is allowed. An algorithm's error is the largest one of a result's numbers that is expected where
/// input and weights are N(0, 1), over the root mean square of the result (`Candidate::error`;
/// docs/design/accuracy.md).
class Accuracy {
 public:
  /// Bias first, then (input channel, taps) ascending, fused multiply-add: the same bits as `sliding_window` for any
  /// thread count.
  static const Accuracy strict;
  /// Direct sums in any order, and what stays within 2e-5.
  static const Accuracy standard;
  /// What stays within this error; f32's direct sums of n products have 1.2e-7·√n. Errors: ProblemError where it is not
  /// a number above 0.
  static Accuracy within(double error);

  double error() const { return error_; }  ///< 0: strict
  bool operator==(const Accuracy&) const = default;

 private:
  constexpr explicit Accuracy(double error) : error_(error) {}
  double error_;
};
inline constexpr Accuracy Accuracy::strict{0};
inline constexpr Accuracy Accuracy::standard{2e-5};

/// "strict", "default" or a number, both ways. `name`: what messages call it. Errors: ProblemError.
Accuracy parse_accuracy(std::string_view text, std::string_view name = "accuracy");
std::string to_string(Accuracy accuracy);

/// What is done to every number y of a forward product, last. NaN stays NaN; −0.0 is not below 0 and stays −0.0.
/// Bounds and slope are rounded to the problem's dtype.
struct Activation {
  enum class Kind {
    none,
    relu,        ///< 0 where y < 0
    leaky_relu,  ///< slope·y where y < 0; not of integers
    clamp,       ///< low where y < low, high where y > high; may be infinite, for integers whole
  };
  Kind kind = Kind::none;
  double low = 0, high = 0;  ///< clamp
  double slope = 0;          ///< leaky_relu
};

class Wisdom;
struct Measured;

struct Options {
  std::string algorithm = "auto";  ///< a name of `algorithms()`, or "auto"
  Accuracy accuracy = Accuracy::standard;
  int threads = 1;  ///< at most this many; 0 = as many as the machine has
  /// The weights are packed for each run, as in a call that has them once: auto counts what packing takes.
  bool pack_each_run = false;
  /// Times that `tune` measured: where an algorithm has them, they count instead of predicted ones.
  std::shared_ptr<const Wisdom> wisdom = {};
  /// Forward products only: a gradient wants the activation's derivative, which belongs to its output gradient.
  Activation activation = {};
  /// y = activation(y + (A x + b)), a residual: the whole sum of the product first, then one addition to what stands in
  /// the result. Forward products only.
  bool sum_into_output = false;
  /// Strides (in elements, one per axis, as `TensorView::strides`) of the two arrays of `Problem::fine_shape()` and
  /// `coarse_shape()`; empty: dense, row-major. NHWC is {H·W·C, 1, W·C, C}. Weights are always dense.
  Shape fine_strides = {};
  Shape coarse_strides = {};
};

/// What one algorithm said of a problem.
struct Candidate {
  std::string algorithm;
  std::optional<std::string> refusal;                             ///< set when it cannot or may not run: the reason
  std::string way;                                                ///< which of its ways it goes, if it has several
  double predicted_seconds = 0;                                   ///< of one run; only without refusal
  double predicted_pack_seconds = 0;                              ///< of `pack`; only without refusal
  std::optional<double> measured_seconds, measured_pack_seconds;  ///< where wisdom has them
  double error = 0;                                               ///< as `Accuracy` counts it; only without refusal
  std::size_t workspace_bytes = 0;                                ///< only of the chosen one
  std::size_t packed_bytes = 0;                                   ///< what `pack` keeps; only of the chosen one
};

/// Chosen and refused, in the order of `algorithms()`.
struct Report {
  std::string problem;
  std::string chosen;
  std::vector<Candidate> candidates;
};

/// A table for people: chosen first, then the others by predicted time, then the refused with their reasons.
std::string to_text(const Report& report);

/// Name, one sentence, and source of every algorithm in the library, in the order of the list.
struct AlgorithmInfo {
  std::string_view name;
  std::string_view idea;
  std::string_view source;
};
std::vector<AlgorithmInfo> algorithms();

namespace internal {
class Algorithm;
class Prepared;
class Packed;
}  // namespace internal

/// Weights (and bias) in the form that one plan's algorithm wants. Immutable; belongs to the plan that made it and its
/// copies.
class PackedWeights {
 public:
  PackedWeights() = default;

 private:
  friend class Plan;
  std::shared_ptr<const internal::Packed> packed_;
  std::shared_ptr<const internal::Prepared> owner_;
};

/// Immutable and cheap to copy; one plan may run in many threads at once, each with its own workspace.
class Plan {
 public:
  const Problem& problem() const&;
  const Report& report() const&;
  Report report() &&;  ///< so that `for (… : make_plan(p).report().candidates)` is safe
  std::string_view algorithm() const;
  std::size_t workspace_bytes() const;

  /// `weights`: `problem().weights_shape()`, row-major. `bias`: `problem().bias_size()` numbers or empty.
  /// The arrays are copied where needed and may go away. Not for problems whose weights are unknown.
  /// Errors: ArgumentError (shape, type, empty).
  template <class T>
  PackedWeights pack(const TensorView<const T>& weights, std::span<const T> bias = {}) const;

  /// y = A x + b (or x = Aᵀ y + b): `given` has `problem().given_shape()`, `result` `problem().unknown_shape()`; both
  /// with the strides of the options, not overlapping; then the options' activation. `workspace`: at least
  /// `workspace_bytes()`, any alignment, kept from run to run or zeros: what is in it changes no result, but lanes that
  /// are nobody's are multiplied too, and denormals there take a hundred times as long. T is the problem's dtype.
  /// Errors: ArgumentError; OverflowError for int64 sums.
  template <class T>
  void run(const TensorView<const T>& given, const PackedWeights& packed, const TensorView<T>& result,
           std::span<std::byte> workspace) const;

  /// As above with a workspace of its own, allocated in the call.
  template <class T>
  void run(const TensorView<const T>& given, const PackedWeights& packed, const TensorView<T>& result) const;

  /// Weight gradient: `input` and `output_gradient` of the layer → `weight_gradient` (`problem().weights_shape()`).
  template <class T>
  void run_weight_gradient(const TensorView<const T>& input, const TensorView<const T>& output_gradient,
                           const TensorView<T>& weight_gradient, std::span<std::byte> workspace) const;

  /// As above with a workspace of its own, allocated in the call.
  template <class T>
  void run_weight_gradient(const TensorView<const T>& input, const TensorView<const T>& output_gradient,
                           const TensorView<T>& weight_gradient) const;

 private:
  friend Plan make_plan(const Problem& problem, const Options& options);
  struct State;
  std::shared_ptr<const State> state_;
};

/// Validates, asks every algorithm, and chooses the one with the lowest predicted time (or the one asked for).
/// Errors: ProblemError (problem, activation, strides, or an unknown algorithm, or the asked one refuses: its reason).
Plan make_plan(const Problem& problem, const Options& options = {});

}  // namespace faltung
