// The overlap map: how many stamps reach each output cell, and whether that makes a checkerboard.
//
// Along an axis, tap k of every stamp lands on padded cells ≡ k·d (mod s). Away from the border a cell of phase r is
// reached by as many taps as have k·d ≡ r: all phases alike means an even map, otherwise it repeats every s cells, and
// in 2-D the axes multiply. Source: Odena, Dumoulin, Olah, "Deconvolution and checkerboard artifacts", Distill 2016.
#include <faltung/error.hpp>
#include <faltung/explain.hpp>

#include "explain/grids.hpp"
#include "problem/axes.hpp"
#include "problem/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace faltung {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

OverlapAxis overlap_of(const Axis& axis) {
  OverlapAxis overlap;
  overlap.count.assign(at(axis.fine), 0);
  const std::vector<std::int64_t> source = internal::source_cells(axis);
  for (std::int64_t c = 0; c < axis.coarse; ++c)
    for (std::int64_t k = 0; k < axis.kernel; ++k)
      if (const std::int64_t f = source[at(c * axis.stride + k * axis.dilation)]; f >= 0) ++overlap.count[at(f)];
  overlap.per_phase.assign(at(axis.stride), 0);
  for (std::int64_t k = 0; k < axis.kernel; ++k) ++overlap.per_phase[at(k * axis.dilation % axis.stride)];
  const auto [low, high] = std::minmax_element(overlap.per_phase.begin(), overlap.per_phase.end());
  overlap.even = *low == *high;
  overlap.holes = *low == 0;
  return overlap;
}

/// Whether kernel, stride and dilation are the same on every axis.
bool axes_alike(const Problem& problem) {
  return std::all_of(problem.axes.begin(), problem.axes.end(), [&](const Axis& axis) {
    const Axis& first = problem.axes.front();
    return axis.kernel == first.kernel && axis.stride == first.stride && axis.dilation == first.dilation;
  });
}

std::vector<std::string> advice_for(const Axis& axis, const std::string& name, bool holes) {
  std::vector<std::string> advice;
  const std::int64_t s = axis.stride, below = axis.kernel / s * s, above = below + s;
  if (std::gcd(s, axis.dilation) > 1)
    advice.push_back(
        fmt::format("{}: dilation {} and stride {} share the factor {}: whatever the kernel, some cells are never "
                    "reached: use dilation 1, or one without a common factor",
                    name, axis.dilation, s, std::gcd(s, axis.dilation)));
  if (axis.kernel % s != 0)
    advice.push_back(
        below > 0
            ? fmt::format("{}: use a kernel that the stride divides: {} or {} for stride {}", name, below, above, s)
            : fmt::format("{}: use a kernel of at least the stride, which it divides: {} for stride {}", name, above,
                          s));
  if (!holes && axis.kernel % s != 0)
    advice.push_back(
        fmt::format("{}: or stride 1, after enlarging by repetition (nearest neighbour) {} times", name, s));
  return advice;
}

}  // namespace

OverlapMap overlap_map(const Problem& problem) {
  validate(problem);
  OverlapMap map;
  for (const Axis& axis : problem.axes) map.extents.push_back(axis.fine);
  const std::int64_t cells = element_count(map.extents);
  if (cells > trace_limit)
    throw ProblemError(fmt::format("the overlap map of `{}` with {} cells", to_string(problem), cells),
                       fmt::format("it has at most {}", trace_limit), "use a smaller input: the pattern repeats");
  for (const Axis& axis : problem.axes) {
    if (axis.stride > trace_limit)
      throw ProblemError(fmt::format("the overlap map of `{}` with {} phases", to_string(problem), axis.stride),
                         fmt::format("it has at most {}", trace_limit), "use a smaller stride");
    map.axes.push_back(overlap_of(axis));
  }
  map.count.assign(at(cells), 1);
  for (std::int64_t i = 0; i < cells; ++i) {
    std::int64_t rest = i;
    for (std::size_t a = map.axes.size(); a-- > 0; rest /= map.extents[a])
      map.count[at(i)] *= map.axes[a].count[at(rest % map.extents[a])];
  }
  std::int64_t low = 1, high = 1;
  bool holes = false;
  const bool alike = axes_alike(problem);
  for (std::size_t a = 0; a < map.axes.size(); ++a) {
    const OverlapAxis& overlap = map.axes[a];
    map.even = map.even && overlap.even;
    holes = holes || overlap.holes;
    const auto [least, most] = std::minmax_element(overlap.per_phase.begin(), overlap.per_phase.end());
    low *= *least;
    high *= *most;
    if (overlap.even || (alike && a > 0)) continue;
    for (std::string& line : advice_for(
             problem.axes[a], alike && map.axes.size() > 1 ? "every axis" : internal::axis_name(a, map.axes.size()),
             overlap.holes))
      map.advice.push_back(std::move(line));
  }
  map.verdict =
      map.even ? fmt::format("even: {} stamp{} on every cell away from the border", high, high == 1 ? "" : "s")
      : holes  ? fmt::format(
                     "checkerboard with holes: from 0 (only the bias) to {} stamps on a cell, repeating with the stride",
                     high)
              : fmt::format("checkerboard: from {} to {} stamps on a cell, repeating with the stride", low, high);
  return map;
}

namespace internal {

Page overlap_page(const Trace& trace) {
  const Problem& problem = trace.problem;
  const OverlapMap map = overlap_map(problem);
  check_page(trace, static_cast<std::int64_t>(map.count.size()), "the overlap map");
  Page page{"How many stamps reach each cell", to_string(problem), {}};
  page.blocks.push_back(Paragraph{map.verdict + "."});
  const bool alike = axes_alike(problem);
  for (std::size_t a = 0; a < (alike ? 1 : map.axes.size()); ++a)
    page.blocks.push_back(Paragraph{
        fmt::format("{}: of {} tap{}{}, {} reach the {} phase{} of stride {}",
                    alike && map.axes.size() > 1 ? "every axis" : axis_name(a, map.axes.size()), problem.axes[a].kernel,
                    problem.axes[a].kernel == 1 ? "" : "s",
                    problem.axes[a].dilation == 1 ? "" : fmt::format(" with dilation {}", problem.axes[a].dilation),
                    fmt::join(map.axes[a].per_phase, " + "), problem.axes[a].stride,
                    problem.axes[a].stride == 1 ? "" : "s", problem.axes[a].stride)});
  TraceArray array = trace.fine;
  array.title = "stamps on each cell of the " + trace.fine.title;
  array.channels = {1};
  array.names.resize(map.count.size());
  const std::int64_t high = std::max<std::int64_t>(1, *std::max_element(map.count.begin(), map.count.end()));
  Row row;
  append(row, planes(array, [&](std::int64_t i) {
           const std::int64_t count = map.count[at(i)];
           const auto heat = static_cast<int>(count == 0 ? -1 : (count * heat_tones - 1) / high);
           return PageCell{"",
                           {std::to_string(count)},
                           {heat < 0 ? Tone::plain : static_cast<Tone>(static_cast<int>(Tone::heat1) + heat)},
                           false};
         }));
  page.blocks.push_back(std::move(row));
  if (!map.advice.empty()) page.blocks.push_back(Heading{"What to change"});
  for (const std::string& line : map.advice) page.blocks.push_back(Paragraph{line + "."});
  return page;
}

}  // namespace internal

}  // namespace faltung
