#include "property/generate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

namespace faltung::test {

namespace {

using std::int64_t;

/// Largest kernel and coarse extents by rank: the matrices of all ranks cost about the same.
constexpr std::array<int64_t, 3> largest_kernel = {6, 4, 3};
constexpr std::array<int64_t, 3> largest_coarse = {9, 5, 3};

int64_t between(int64_t low, int64_t high) { return *rc::gen::resize(100, rc::gen::inRange(low, high + 1)); }

Axis any_axis(std::size_t rank) {
  Axis axis;
  axis.kernel = between(1, largest_kernel[rank - 1]);
  axis.stride = between(1, 4);
  axis.dilation = between(1, 3);
  axis.coarse = between(1, largest_coarse[rank - 1]);
  const int64_t surplus = between(0, std::max(axis.stride, axis.dilation) - 1);
  const int64_t padded = (axis.coarse - 1) * axis.stride + axis.span() + surplus;
  int64_t pads = 0;
  switch (between(0, 2)) {
    case 0:  // none
      break;
    case 1:  // anything: margins may be far larger than the array
      pads = between(0, padded - 1);
      axis.pad_before = between(0, pads);
      break;
    default:  // what layers use: the same on both sides, at most one span
      pads = 2 * between(0, std::min((padded - 1) / 2, axis.span()));
      axis.pad_before = pads / 2;
  }
  axis.pad_after = pads - axis.pad_before;
  axis.fine = padded - pads;
  axis.boundary = static_cast<Boundary>(between(0, 4));
  return axis;
}

Problem any_problem() {
  Problem problem;
  const auto rank = static_cast<std::size_t>(between(1, 3));
  for (std::size_t a = 0; a < rank; ++a) problem.axes.push_back(any_axis(rank));
  problem.layer = static_cast<Layer>(between(0, 1));
  problem.unknown = static_cast<Unknown>(between(0, 2));
  problem.dtype = static_cast<DType>(between(0, 2));
  problem.flip = between(0, 3) == 0;
  problem.batch = between(0, 20) == 0 ? 0 : between(1, 3);
  problem.groups = between(1, 3);
  problem.fine_channels = problem.groups * between(1, 3);
  problem.coarse_channels = problem.groups * between(1, 3);
  validate(problem);
  return problem;
}

struct Feature {
  std::string_view name;
  std::string_view excludes;  // features with the same word never occur together
  bool (*holds)(const Problem&);
};

bool any_of(const Problem& problem, bool (*holds)(const Axis&)) {
  return std::any_of(problem.axes.begin(), problem.axes.end(), holds);
}
template <Boundary boundary>
bool has_boundary(const Problem& problem) {
  return any_of(problem,
                [](const Axis& axis) { return axis.boundary == boundary && axis.pad_before + axis.pad_after > 0; });
}
template <std::size_t rank>
bool has_rank(const Problem& problem) {
  return problem.axes.size() == rank;
}
template <Unknown unknown>
bool has_unknown(const Problem& problem) {
  return problem.unknown == unknown;
}
template <Layer layer>
bool has_layer(const Problem& problem) {
  return problem.layer == layer;
}

constexpr Feature features[] = {
    {"1 axis", "axes", has_rank<1>},
    {"2 axes", "axes", has_rank<2>},
    {"3 axes", "axes", has_rank<3>},
    {"stride", "", [](const Problem& p) { return any_of(p, [](const Axis& axis) { return axis.stride > 1; }); }},
    {"dilation", "",
     [](const Problem& p) { return any_of(p, [](const Axis& axis) { return axis.dilation > 1 && axis.kernel > 1; }); }},
    {"uneven pads", "",
     [](const Problem& p) { return any_of(p, [](const Axis& axis) { return axis.pad_before != axis.pad_after; }); }},
    {"huge pads", "",
     [](const Problem& p) {
       return any_of(p, [](const Axis& a) { return std::max(a.pad_before, a.pad_after) > a.fine; });
     }},
    {"groups", "", [](const Problem& p) { return p.groups > 1; }},
    {"zeros", "", has_boundary<Boundary::zeros>},
    {"reflect", "", has_boundary<Boundary::reflect>},
    {"symmetric", "", has_boundary<Boundary::symmetric>},
    {"replicate", "", has_boundary<Boundary::replicate>},
    {"circular", "", has_boundary<Boundary::circular>},
    {"output padding", "",
     [](const Problem& p) { return any_of(p, [](const Axis& axis) { return axis.surplus() > 0; }); }},
    {"conv", "layer", has_layer<Layer::conv>},
    {"convt", "layer", has_layer<Layer::conv_transpose>},
    {"coarse", "unknown", has_unknown<Unknown::coarse>},
    {"fine", "unknown", has_unknown<Unknown::fine>},
    {"weights", "unknown", has_unknown<Unknown::weights>},
    {"flip", "", [](const Problem& p) { return p.flip; }},
    {"odd channels", "", [](const Problem& p) { return p.fine_channels % 2 == 1 && p.coarse_channels % 2 == 1; }},
    {"empty batch", "batch", [](const Problem& p) { return p.batch == 0; }},
    {"batch", "batch", [](const Problem& p) { return p.batch > 1; }},
};
constexpr std::size_t feature_count = std::size(features);

bool can_meet(std::size_t a, std::size_t b) {
  return features[a].excludes.empty() || features[a].excludes != features[b].excludes;
}

}  // namespace

rc::Gen<Problem> problems() { return rc::gen::exec(any_problem); }

void Coverage::add(const Problem& problem) {
  ++problems_;
  std::vector<std::size_t> held;
  for (std::size_t i = 0; i < feature_count; ++i)
    if (features[i].holds(problem)) held.push_back(i);
  for (const std::size_t a : held)
    for (const std::size_t b : held)
      if (a <= b) ++pairs_[{a, b}];
}

std::string Coverage::table() const {
  std::string text = fmt::format("{} problems; how many have both features:\n{:>16}", problems_, "");
  for (std::size_t b = 0; b < feature_count; ++b) text += fmt::format("{:>7.6}", features[b].name);
  for (std::size_t a = 0; a < feature_count; ++a) {
    text += fmt::format("\n{:<16}", features[a].name);
    for (std::size_t b = 0; b <= a; ++b) {
      const auto found = pairs_.find({b, a});
      text += can_meet(a, b) || a == b ? fmt::format("{:>7}", found == pairs_.end() ? 0 : found->second)
                                       : fmt::format("{:>7}", "-");
    }
  }
  return text + "\n";
}

std::vector<std::string> Coverage::rare_pairs(int64_t least) const {
  std::vector<std::string> rare;
  for (std::size_t a = 0; a < feature_count; ++a)
    for (std::size_t b = a; b < feature_count; ++b) {
      const auto found = pairs_.find({a, b});
      const int64_t count = found == pairs_.end() ? 0 : found->second;
      if ((a == b || can_meet(a, b)) && count < least)
        rare.push_back(fmt::format("{} with {}: {}", features[a].name, features[b].name, count));
    }
  return rare;
}

}  // namespace faltung::test
