// Choosing an algorithm, and the door through which arrays come in.
#include <faltung/error.hpp>
#include <faltung/plan.hpp>
#include <faltung/tune.hpp>

#include "algorithms/registry.hpp"
#include "plan/cost_model.hpp"
#include "plan/layout.hpp"
#include "plan/passes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <new>

namespace faltung {

using internal::Algorithm;

struct Plan::State {
  Problem problem;
  Report report;
  std::string_view algorithm;
  std::shared_ptr<const internal::Prepared> prepared;
  Shape fine, coarse, weights;  // kept, so that runs can compare without allocating
  Shape fine_strides, coarse_strides;
  std::size_t workspace_bytes = 0;
};

namespace {

/// Workspaces are aligned inside the caller's bytes, so they are asked to be this much larger.
constexpr std::size_t alignment = 64;

std::string names_of_algorithms() {
  std::vector<std::string_view> names;
  for (const Algorithm* algorithm : internal::all_algorithms()) names.push_back(algorithm->name());
  return fmt::format("{}", fmt::join(names, ", "));
}

/// By default no algorithm is refused for what direct sums have too, however long they are.
double allowed_error(const Problem& problem, Accuracy accuracy) {
  const double error = accuracy.error();
  return accuracy == Accuracy::standard ? std::max(error, internal::error_of_direct_sums(problem)) : error;
}

/// Why an algorithm does not take the problem, or nothing, and what it costs and how exact it is.
Candidate candidate_of(const Algorithm& algorithm, const Problem& problem, const Options& options) {
  Candidate candidate;
  candidate.algorithm = algorithm.name();
  if (options.accuracy == Accuracy::strict && !algorithm.strict())
    candidate.refusal = "its sums are not in strict order";
  else
    candidate.refusal = algorithm.refusal(problem);
  if (candidate.refusal) return candidate;
  candidate.error = algorithm.error(problem);
  candidate.way = algorithm.way(problem);
  const double allowed = allowed_error(problem, options.accuracy);
  if (options.accuracy != Accuracy::strict && candidate.error > allowed) {
    candidate.refusal =
        fmt::format("its error of {:.2g} of the result's root mean square is above {:.2g}", candidate.error, allowed);
    return candidate;
  }
  const internal::Cost cost = algorithm.cost(problem);
  candidate.predicted_seconds = internal::predicted_seconds(cost, options.threads);
  candidate.predicted_pack_seconds = cost.pack_seconds;
  return candidate;
}

void check_activation(const Problem& problem, const Options& options) {
  const Activation& activation = options.activation;
  if (activation.kind == Activation::Kind::none && !options.sum_into_output) return;
  const Unknown forward = problem.layer == Layer::conv ? Unknown::coarse : Unknown::fine;
  if (problem.unknown != forward)
    throw ProblemError(fmt::format("an activation or a sum into the output for `{}`", to_string(problem)),
                       "they belong to forward products",
                       "multiply the output gradient by the activation's derivative, and plan the gradient without");
  const bool whole = problem.dtype == DType::i64;
  if (activation.kind == Activation::Kind::leaky_relu) {
    if (whole) throw ProblemError("leaky_relu of i64", "integers are exact here, a slope is not", "use f64, or relu");
    if (!std::isfinite(activation.slope))
      throw ProblemError(fmt::format("a slope of {}", activation.slope), "slopes are finite", "use one such as 0.01");
  }
  if (activation.kind != Activation::Kind::clamp) return;
  const auto [low, high] = std::pair(activation.low, activation.high);
  if (!(low <= high))
    throw ProblemError(fmt::format("clamp from {} to {}", low, high), "the low bound is not above the high one",
                       "swap them");
  const auto fits = [](double bound) { return std::isinf(bound) || bound == std::trunc(bound); };
  if (whole && !(fits(low) && fits(high)))
    throw ProblemError(fmt::format("clamp from {} to {} of i64", low, high), "bounds of integers are whole or infinite",
                       "round them");
}

template <class A, class B>
bool overlap(const TensorView<A>& a, const TensorView<B>& b) {
  if (element_count(a.shape) == 0 || element_count(b.shape) == 0) return false;
  const std::less<const void*> before;
  const auto reach_a = internal::reach_of(a.shape, a.strides), reach_b = internal::reach_of(b.shape, b.strides);
  return before(a.data + reach_a.first, b.data + reach_b.second + 1) &&
         before(b.data + reach_b.first, a.data + reach_a.second + 1);
}

/// Allocates nothing when the array is right.
template <class T>
void check_array(std::string_view what, const TensorView<T>& view, const Shape& shape, DType dtype,
                 const Shape& strides = {}) {
  if (dtype_of<T> != dtype)
    throw ArgumentError(fmt::format("{} of type {}: the problem's type is {}: convert it, or plan with that type", what,
                                    to_string(dtype_of<T>), to_string(dtype)));
  if (view.shape != shape)
    throw ArgumentError(fmt::format("{} of shape [{}]: the problem has [{}]: reshape it, or plan for its shape", what,
                                    fmt::join(view.shape, ", "), fmt::join(shape, ", ")));
  if ((!view.strides.empty() && view.strides.size() != shape.size()) ||
      !internal::same_layout(shape, view.strides, strides))
    throw ArgumentError(
        fmt::format("{} with {}: it is taken with {}: copy it, or plan for its strides", what,
                    view.strides.empty() ? "dense rows" : fmt::format("strides [{}]", fmt::join(view.strides, ", ")),
                    strides.empty() ? "dense rows" : fmt::format("strides [{}]", fmt::join(strides, ", "))));
  if (view.data == nullptr && element_count(shape) > 0)
    throw ArgumentError(
        fmt::format("{} is a null pointer: it must hold {} numbers: pass its data", what, element_count(shape)));
}

std::byte* aligned(std::span<std::byte> workspace) {
  void* pointer = workspace.data();
  std::size_t space = workspace.size();
  return static_cast<std::byte*>(std::align(alignment, 1, pointer, space));
}

template <class T>
void* untyped(const TensorView<const T>& view) {
  return const_cast<T*>(view.data);  // algorithms only read what is not their unknown
}

}  // namespace

Plan make_plan(const Problem& problem, const Options& options) {
  validate(problem);
  if (options.threads < 0 || options.threads > 4096)
    throw ProblemError(fmt::format("{} threads", options.threads), "threads are 0 (all of the machine) to 4096",
                       "use 1 for one thread");
  check_activation(problem, options);
  auto state = std::make_shared<Plan::State>();
  state->problem = problem;
  state->fine = problem.fine_shape();
  state->coarse = problem.coarse_shape();
  state->weights = problem.weights_shape();
  state->report.problem = to_string(problem);
  const Algorithm* best = nullptr;
  double best_seconds = 0;
  bool known = options.algorithm == "auto";
  std::optional<Machine> machine;
  if (options.wisdom && !options.wisdom->empty()) machine = this_machine(options.threads);
  std::vector<std::unique_ptr<const Algorithm>> kept;
  for (const Algorithm* algorithm : internal::all_algorithms()) {
    if (auto own = algorithm->within(allowed_error(problem, options.accuracy)))
      algorithm = kept.emplace_back(std::move(own)).get();
    Candidate candidate = candidate_of(*algorithm, problem, options);
    const bool asked = options.algorithm == algorithm->name();
    known = known || asked;
    if (asked && candidate.refusal)
      throw ProblemError(fmt::format("algorithm {} for `{}`", options.algorithm, state->report.problem),
                         *candidate.refusal, "use auto, or another algorithm");
    if (!candidate.refusal) {
      if (const auto found =
              machine ? options.wisdom->find(*machine, state->report.problem, candidate) : std::nullopt) {
        candidate.measured_seconds = found->run;
        candidate.measured_pack_seconds = found->pack;
      }
      double seconds = candidate.measured_seconds.value_or(candidate.predicted_seconds);
      if (options.pack_each_run) seconds += candidate.measured_pack_seconds.value_or(candidate.predicted_pack_seconds);
      if (asked || (options.algorithm == "auto" && (!best || seconds < best_seconds))) {
        best = algorithm;
        best_seconds = seconds;
      }
    }
    state->report.candidates.push_back(std::move(candidate));
  }
  if (!known)
    throw ProblemError(fmt::format("algorithm {}", shortened(options.algorithm)),
                       fmt::format("algorithms are auto, {}", names_of_algorithms()), "use one of them");
  if (!best)  // sliding_window refuses nothing else
    throw ProblemError(
        fmt::format("an accuracy of {:.2g} for `{}`", options.accuracy.error(), state->report.problem),
        fmt::format("direct sums of {} have {:.2g}", to_string(problem.dtype), internal::error_of_direct_sums(problem)),
        problem.dtype == DType::f32 ? "allow a larger error, or use f64" : "allow a larger error");
  state->algorithm = best->name();
  state->report.chosen = best->name();
  const internal::Ends ends{
      options.activation, options.sum_into_output,
      internal::layout_of("the fine array", state->fine, options.fine_strides, problem.unknown == Unknown::fine),
      internal::layout_of("the coarse array", state->coarse, options.coarse_strides,
                          problem.unknown == Unknown::coarse)};
  state->fine_strides = options.fine_strides;
  state->coarse_strides = options.coarse_strides;
  if (!ends.plain()) state->prepared = best->prepare_with(problem, options.threads, ends);
  if (!state->prepared) {
    auto prepared = best->prepare(problem, options.threads);
    state->prepared =
        ends.plain() ? std::move(prepared) : with_passes(std::move(prepared), problem, options.threads, ends);
  }
  const std::size_t bytes = state->prepared->workspace_bytes();
  state->workspace_bytes = bytes == 0 ? 0 : bytes + alignment;
  for (Candidate& candidate : state->report.candidates)
    if (candidate.algorithm == state->report.chosen) {
      candidate.workspace_bytes = state->workspace_bytes;
      candidate.packed_bytes = state->prepared->packed_bytes();
    }
  Plan plan;
  plan.state_ = std::move(state);
  return plan;
}

const Problem& Plan::problem() const& { return state_->problem; }
const Report& Plan::report() const& { return state_->report; }
Report Plan::report() && { return state_->report; }
std::string_view Plan::algorithm() const { return state_->algorithm; }
std::size_t Plan::workspace_bytes() const { return state_->workspace_bytes; }

template <class T>
PackedWeights Plan::pack(const TensorView<const T>& weights, std::span<const T> bias) const {
  const Problem& problem = state_->problem;
  if (problem.unknown == Unknown::weights)
    throw ArgumentError(
        fmt::format("weights for `{}`: they are its unknown: use run_weight_gradient", state_->report.problem));
  check_array("weights", weights, state_->weights, problem.dtype);
  if (!bias.empty() && static_cast<std::int64_t>(bias.size()) != problem.bias_size())
    throw ArgumentError(fmt::format("a bias of {} numbers: the result has {} channels: give one each, or none",
                                    bias.size(), problem.bias_size()));
  PackedWeights packed;
  packed.packed_ = state_->prepared->pack(weights.data, bias.empty() ? nullptr : bias.data());
  packed.owner_ = state_->prepared;
  return packed;
}

namespace {

void check_workspace(std::span<std::byte> workspace, std::size_t needed) {
  if (workspace.size() < needed)
    throw ArgumentError(fmt::format("a workspace of {} bytes: the plan needs {}: allocate workspace_bytes()",
                                    workspace.size(), needed));
}

}  // namespace

template <class T>
void Plan::run(const TensorView<const T>& given, const PackedWeights& packed, const TensorView<T>& result,
               std::span<std::byte> workspace) const {
  const Problem& problem = state_->problem;
  if (problem.unknown == Unknown::weights)
    throw ArgumentError(
        fmt::format("run of `{}`: its weights are the unknown: use run_weight_gradient", state_->report.problem));
  const bool gather = problem.unknown == Unknown::coarse;
  const Shape &fine_strides = state_->fine_strides, &coarse_strides = state_->coarse_strides;
  check_array("the given array", given, gather ? state_->fine : state_->coarse, problem.dtype,
              gather ? fine_strides : coarse_strides);
  check_array("the result", result, gather ? state_->coarse : state_->fine, problem.dtype,
              gather ? coarse_strides : fine_strides);
  if (packed.owner_ != state_->prepared)
    throw ArgumentError("packed weights of another plan: each plan has a form of its own: pack them with this plan");
  if (overlap(given, result))
    throw ArgumentError("the result overlaps the given array: a sum would read what it wrote: use another array");
  check_workspace(workspace, state_->workspace_bytes);
  if (problem.batch == 0) return;
  state_->prepared->run({.fine = gather ? untyped(given) : result.data,
                         .coarse = gather ? result.data : untyped(given),
                         .weights = nullptr,
                         .packed = packed.packed_.get()},
                        aligned(workspace));
}

template <class T>
void Plan::run(const TensorView<const T>& given, const PackedWeights& packed, const TensorView<T>& result) const {
  std::vector<std::byte> workspace(state_->workspace_bytes);  // zeros: docs/design/engine.md, Lanes that are nobody's
  run(given, packed, result, std::span<std::byte>(workspace));
}

template <class T>
void Plan::run_weight_gradient(const TensorView<const T>& input, const TensorView<const T>& output_gradient,
                               const TensorView<T>& weight_gradient, std::span<std::byte> workspace) const {
  const Problem& problem = state_->problem;
  if (problem.unknown != Unknown::weights)
    throw ArgumentError(fmt::format(
        "a weight gradient of `{}`: its weights are given: plan for weight_gradient(problem)", state_->report.problem));
  const bool conv = problem.layer == Layer::conv;
  const Shape &fine_strides = state_->fine_strides, &coarse_strides = state_->coarse_strides;
  check_array("the input", input, conv ? state_->fine : state_->coarse, problem.dtype,
              conv ? fine_strides : coarse_strides);
  check_array("the output gradient", output_gradient, conv ? state_->coarse : state_->fine, problem.dtype,
              conv ? coarse_strides : fine_strides);
  check_array("the weight gradient", weight_gradient, state_->weights, problem.dtype);
  if (overlap(input, weight_gradient) || overlap(output_gradient, weight_gradient))
    throw ArgumentError("the weight gradient overlaps an input: a sum would read what it wrote: use another array");
  check_workspace(workspace, state_->workspace_bytes);
  if (problem.batch == 0) {  // an empty sum
    std::fill_n(weight_gradient.data, element_count(weight_gradient.shape), T{});
    return;
  }
  state_->prepared->run({.fine = untyped(conv ? input : output_gradient),
                         .coarse = untyped(conv ? output_gradient : input),
                         .weights = weight_gradient.data,
                         .packed = nullptr},
                        aligned(workspace));
}

template <class T>
void Plan::run_weight_gradient(const TensorView<const T>& input, const TensorView<const T>& output_gradient,
                               const TensorView<T>& weight_gradient) const {
  std::vector<std::byte> workspace(state_->workspace_bytes);  // zeros: docs/design/engine.md, Lanes that are nobody's
  run_weight_gradient(input, output_gradient, weight_gradient, std::span<std::byte>(workspace));
}

#define FALTUNG_INSTANTIATE(T)                                                                           \
  template PackedWeights Plan::pack(const TensorView<const T>&, std::span<const T>) const;               \
  template void Plan::run(const TensorView<const T>&, const PackedWeights&, const TensorView<T>&,        \
                          std::span<std::byte>) const;                                                   \
  template void Plan::run(const TensorView<const T>&, const PackedWeights&, const TensorView<T>&) const; \
  template void Plan::run_weight_gradient(const TensorView<const T>&, const TensorView<const T>&,        \
                                          const TensorView<T>&, std::span<std::byte>) const;             \
  template void Plan::run_weight_gradient(const TensorView<const T>&, const TensorView<const T>&,        \
                                          const TensorView<T>&) const;
FALTUNG_INSTANTIATE(float)
FALTUNG_INSTANTIATE(double)
FALTUNG_INSTANTIATE(std::int64_t)
#undef FALTUNG_INSTANTIATE

std::vector<AlgorithmInfo> algorithms() {
  std::vector<AlgorithmInfo> list;
  for (const Algorithm* algorithm : internal::all_algorithms())
    list.push_back({algorithm->name(), algorithm->idea(), algorithm->source()});
  return list;
}

}  // namespace faltung
