#include "property/generate.hpp"

#include "property/any_problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace faltung::test {

namespace {

using std::int64_t;

int64_t between(int64_t low, int64_t high) { return *rc::gen::resize(100, rc::gen::inRange(low, high + 1)); }

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

rc::Gen<Problem> problems() {
  return rc::gen::exec([] { return any_problem(between); });
}

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
