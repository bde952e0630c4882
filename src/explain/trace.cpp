// The trace: one visit of all terms, kept in the article's order, and the numbers by the reference.
#include <faltung/error.hpp>
#include <faltung/explain.hpp>

#include "explain/cells.hpp"
#include "matrix/entries.hpp"
#include "problem/terms.hpp"
#include "reference/sliding_window.hpp"
#include "reference/symbol.hpp"
#include "support/checked.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

namespace faltung {

namespace {

using internal::Checked;
using internal::Terms;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The number of products, if people can read them.
std::int64_t check_size(const Problem& problem) {
  if (problem.batch != 1)
    throw ProblemError(fmt::format("`{}` has {} samples", to_string(problem), problem.batch),
                       "an explanation is of one", "use n1");
  Checked products = Checked(problem.coarse_channels) * (problem.fine_channels / problem.groups);
  for (const Axis& axis : problem.axes) products = products * axis.kernel * axis.coarse;
  const auto count = products.value();
  if (!count || *count > trace_limit)
    throw ProblemError(
        fmt::format("`{}` with {} products", to_string(problem), count ? std::to_string(*count) : "more than 2^63"),
        fmt::format("explanations are for reading, at most {} of them", trace_limit),
        "use a smaller input, kernel or fewer channels");
  for (const Shape& shape : {problem.padded_shape(), problem.coarse_shape(), problem.weights_shape()})
    if (const std::int64_t cells = element_count(shape); cells > trace_limit)
      throw ProblemError(fmt::format("`{}` with an array of {} cells", to_string(problem), cells),
                         fmt::format("explanations are for reading, at most {} of them", trace_limit),
                         "use a smaller input, stride or padding");
  return *count;
}

TraceArray array(std::string title, const std::string& letter, const Shape& shape, std::size_t channel_axes) {
  const auto split = shape.begin() + static_cast<std::ptrdiff_t>(channel_axes);
  TraceArray result;
  result.title = std::move(title);
  result.channels.assign(shape.begin(), split);
  result.extents.assign(split, shape.end());
  result.true_extents = result.extents;
  result.begin.assign(result.extents.size(), 0);
  const std::int64_t count = element_count(shape);
  result.names.reserve(at(count));
  for (std::int64_t i = 0; i < count; ++i)
    result.names.push_back(internal::cell_name(letter, result.channels, result.extents, i));
  return result;
}

Shape without_batch(Shape shape) {
  shape.erase(shape.begin());
  return shape;
}

void name_arrays(Trace& trace) {
  const Problem& problem = trace.problem;
  const internal::Letters letters = internal::letters(problem);
  const bool conv = problem.layer == Layer::conv;
  const auto title = [](const std::string& letter) {
    const std::string_view plain =
        letter.starts_with("∂") ? std::string_view(letter).substr(std::string_view("∂").size()) : letter;
    return std::string(plain == "I"   ? "input"
                       : plain == "O" ? "output"
                                      : "kernel") +
           (plain.size() < letter.size() ? " gradient" : "");
  };
  const bool temporary = problem.unknown == Unknown::fine;
  trace.fine = array(title(letters.fine), letters.fine, without_batch(problem.fine_shape()), 1);
  trace.coarse = array(title(letters.coarse), letters.coarse, without_batch(problem.coarse_shape()), 1);
  trace.weights = array(title(letters.weights), letters.weights, problem.weights_shape(), 2);
  trace.padded = array((temporary ? "temporary " : "padded ") + trace.fine.title,
                       temporary && !conv ? "t" : letters.fine + "'", without_batch(problem.padded_shape()), 1);
  for (std::size_t a = 0; a < problem.axes.size(); ++a) {
    trace.padded.begin[a] = problem.axes[a].pad_before;
    trace.padded.true_extents[a] = problem.axes[a].fine;
  }
}

std::vector<double> counted(std::vector<double> given, const TraceArray& array) {
  if (given.empty()) {
    given.resize(array.names.size());
    std::iota(given.begin(), given.end(), 1.0);
  } else if (given.size() != array.names.size()) {
    throw ArgumentError(fmt::format("{} numbers for the {}: it has {} cells: give one for each", given.size(),
                                    array.title, array.names.size()));
  }
  return given;
}

/// Fine cell of every padded cell of the sample, or −1.
std::vector<std::int64_t> sources(const Trace& trace) {
  const auto [az, ay, ax] = internal::three_axes(trace.problem);
  const std::vector<std::int64_t> sz = internal::source_cells(az), sy = internal::source_cells(ay),
                                  sx = internal::source_cells(ax);
  std::vector<std::int64_t> cells;
  for (std::int64_t channel = 0; channel < trace.problem.fine_channels; ++channel)
    for (const std::int64_t z : sz)
      for (const std::int64_t y : sy)
        for (const std::int64_t x : sx)
          cells.push_back(z < 0 || y < 0 || x < 0 ? -1 : ((channel * az.fine + z) * ay.fine + y) * ax.fine + x);
  return cells;
}

/// The temporary output, from the bias on.
std::vector<double> temporary_values(const Trace& trace, const Terms& terms) {
  std::vector<double> values(trace.padded.names.size());
  const std::size_t cells = values.size() / at(trace.problem.fine_channels);
  if (!trace.bias.empty())
    for (std::size_t i = 0; i < values.size(); ++i)
      if (internal::starts_from_bias(trace, static_cast<std::int64_t>(i))) values[i] = trace.bias[i / cells];
  terms.by_tap([&](const internal::Term& term) {
    double& sum = values[at(term.padded)];
    sum = std::fma(trace.coarse.values[at(term.coarse)], trace.weights.values[at(term.weight)], sum);
  });
  return values;
}

void compute(Trace& trace, const Terms& terms, const TraceNumbers& numbers) {
  Problem problem = trace.problem;
  problem.dtype = DType::f64;
  const bool conv = problem.layer == Layer::conv;
  TraceArray& input = conv ? trace.fine : trace.coarse;
  TraceArray& output = conv ? trace.coarse : trace.fine;
  const Side unknown = unknown_side(trace);
  const bool forward = unknown == (conv ? Side::coarse : Side::fine);
  if (unknown != (conv ? Side::fine : Side::coarse)) input.values = counted(numbers.input, input);
  if (unknown != Side::weights) trace.weights.values = counted(numbers.weights, trace.weights);
  if (!forward) output.values = counted(numbers.output_gradient, output);
  if (!numbers.bias.empty() && static_cast<std::int64_t>(numbers.bias.size()) != problem.bias_size())
    throw ArgumentError(
        fmt::format("{} numbers for the bias: this problem takes {}: give one for each channel of the {}",
                    numbers.bias.size(), problem.bias_size(), array_of(trace, unknown).title));
  trace.bias = numbers.bias;
  const double* bias = trace.bias.empty() ? nullptr : trace.bias.data();
  switch (problem.unknown) {
    case Unknown::coarse:
      trace.coarse.values.resize(trace.coarse.names.size());
      internal::sliding_window_coarse<double>(problem, terms, trace.fine.values.data(), trace.weights.values.data(),
                                              bias, trace.coarse.values.data());
      break;
    case Unknown::fine: {
      trace.fine.values.resize(trace.fine.names.size());
      std::vector<double> scratch(trace.padded.names.size());
      internal::sliding_window_fine<double>(problem, terms, trace.coarse.values.data(), trace.weights.values.data(),
                                            bias, trace.fine.values.data(), scratch.data());
      trace.padded.values = temporary_values(trace, terms);
      return;
    }
    case Unknown::weights:
      trace.weights.values.resize(trace.weights.names.size());
      internal::sliding_window_weights<double>(problem, terms, trace.fine.values.data(), trace.coarse.values.data(),
                                               trace.weights.values.data());
      break;
  }
  for (const std::int64_t cell : sources(trace))
    trace.padded.values.push_back(cell < 0 ? 0.0 : trace.fine.values[at(cell)]);
}

}  // namespace

namespace internal {

std::vector<bool> true_cells(const TraceArray& array) {
  std::vector<bool> inside(array.names.size());
  for (std::size_t i = 0; i < inside.size(); ++i) {
    std::int64_t rest = static_cast<std::int64_t>(i);
    bool all = true;
    for (std::size_t a = array.extents.size(); a-- > 0; rest /= array.extents[a]) {
      const std::int64_t position = rest % array.extents[a] - array.begin[a];
      all = all && position >= 0 && position < array.true_extents[a];
    }
    inside[i] = all;
  }
  return inside;
}

}  // namespace internal

void check_trace(const Problem& problem) {
  validate(problem);
  check_size(problem);
}

Trace make_trace(const Problem& problem, const TraceNumbers& numbers) {
  validate(problem);
  Trace trace;
  trace.products.reserve(at(check_size(problem)));
  trace.problem = problem;
  name_arrays(trace);
  const Terms terms(problem);
  terms.by_position([&](const internal::Term& term) {
    trace.products.push_back({term.coarse, term.weight, term.padded, term.fine});
  });
  if (!numbers.names_only) compute(trace, terms, numbers);
  return trace;
}

const TraceArray& array_of(const Trace& trace, Side side) {
  switch (side) {
    case Side::fine:
      return trace.fine;
    case Side::padded:
      return trace.padded;
    case Side::coarse:
      return trace.coarse;
    case Side::weights:
      break;
  }
  return trace.weights;
}

Side unknown_side(const Trace& trace) {
  return trace.problem.unknown == Unknown::coarse ? Side::coarse
         : trace.problem.unknown == Unknown::fine ? Side::fine
                                                  : Side::weights;
}

}  // namespace faltung
