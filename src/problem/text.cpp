// The problem string: `conv2d n1 g1 ic3 oc8 i224x224 k3x3 s2 d1 p1 f32`. One grammar for command line, tests, benchmark
// corpora and bug reports.
#include <faltung/error.hpp>
#include <faltung/problem.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>

namespace faltung {

namespace {

constexpr std::string_view example = "write it like `conv2d n1 g1 ic3 oc8 i224x224 k3x3 s2 d1 p1 f32`";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::int64_t parse_number(std::string_view text, std::string_view whole, std::string_view what) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range)
    throw ProblemError(fmt::format("{} is {}", what, quote(whole)), "the number does not fit into 64 bits",
                       "use a smaller one");
  if (error != std::errc{} || end != text.data() + text.size())
    throw ProblemError(fmt::format("{} is {}", what, quote(whole)), "it must be a whole number, or one per axis",
                       "write it like 3 or 3x3");
  return value;
}

Boundary parse_one_boundary(std::string_view text, std::string_view what) {
  for (const Boundary boundary :
       {Boundary::zeros, Boundary::reflect, Boundary::symmetric, Boundary::replicate, Boundary::circular})
    if (text == to_string(boundary)) return boundary;
  throw ProblemError(fmt::format("{} is {}", what, quote(text)),
                     "boundaries are zeros, reflect, symmetric, replicate and circular",
                     "use one of them, or one per axis like reflectxzeros");
}

template <class T>
bool all_equal(const std::vector<T>& list) {
  return std::adjacent_find(list.begin(), list.end(), std::not_equal_to<>()) == list.end();
}

std::string joined(const Shape& list) { return fmt::format("{}", fmt::join(list, "x")); }
std::string joined_once(const Shape& list) { return all_equal(list) ? std::to_string(list.front()) : joined(list); }

/// The axes' values of one kind.
Shape values(const Problem& problem, const std::function<std::int64_t(const Axis&)>& of) {
  Shape list;
  for (const Axis& axis : problem.axes) list.push_back(of(axis));
  return list;
}

std::string padding_text(const Problem& problem) {
  std::vector<std::string> sides;
  for (const Axis& axis : problem.axes)
    sides.push_back(axis.pad_before == axis.pad_after ? std::to_string(axis.pad_before)
                                                      : fmt::format("{}:{}", axis.pad_before, axis.pad_after));
  return all_equal(sides) ? sides.front() : fmt::format("{}", fmt::join(sides, "x"));
}

/// Whether the extent that a reader would compute is the one that stands in the axis.
bool other_extent_is_default(const Problem& problem) {
  return std::all_of(problem.axes.begin(), problem.axes.end(), [&](const Axis& axis) {
    return problem.layer == Layer::conv ? axis.surplus() < axis.stride : axis.surplus() == 0;
  });
}

struct Name {
  Layer layer = Layer::conv;
  std::size_t rank = 0;
  std::string_view gradient;  // "", "dx" or "dw"
};

Name parse_name(std::string_view word) {
  const auto refuse = [&] {
    throw ProblemError(fmt::format("{} as the name of a problem", quote(word)),
                       "names are conv1d to conv3d and convt1d to convt3d, with -dx or -dw for a gradient",
                       std::string(example));
  };
  Name name;
  std::string_view rest = word;
  if (const std::size_t dash = rest.find('-'); dash != std::string_view::npos) {
    name.gradient = rest.substr(dash + 1);
    rest = rest.substr(0, dash);
    if (name.gradient != "dx" && name.gradient != "dw") refuse();
  }
  if (!rest.starts_with("conv")) refuse();
  rest.remove_prefix(4);
  if (rest.starts_with('t')) {
    name.layer = Layer::conv_transpose;
    rest.remove_prefix(1);
  }
  if (rest.size() != 2 || rest[0] < '1' || rest[0] > '3' || rest[1] != 'd') refuse();
  name.rank = static_cast<std::size_t>(rest[0] - '0');
  return name;
}

}  // namespace

Shape parse_extents(std::string_view text, std::string_view what) {
  Shape extents;
  for (const std::string_view part : split(text, 'x')) extents.push_back(parse_number(part, text, what));
  return extents;
}

Padding parse_padding(std::string_view text, std::string_view what) {
  using Word = Padding::Word;
  for (const auto& [word, value] :
       {std::pair{"valid", Word::valid}, {"full", Word::full}, {"same", Word::same}, {"same_lower", Word::same_lower}})
    if (text == word) return {value, {}};
  if (!text.empty() && text.find_first_not_of("-0123456789x:") != std::string_view::npos)
    throw ProblemError(fmt::format("{} is {}", what, quote(text)),
                       "padding is valid, full, same, same_lower, or numbers per axis and side",
                       "write it like 1, 1x2, 1:2x0:1, or one of the words");
  Padding padding;
  for (const std::string_view part : split(text, 'x')) {
    const std::vector<std::string_view> sides = split(part, ':');
    if (sides.size() > 2)
      throw ProblemError(fmt::format("{} is {}", what, quote(text)), "an axis has two sides", "write it like 1:2x0:1");
    const std::int64_t before = parse_number(sides.front(), text, what);
    padding.sides.emplace_back(before, sides.size() == 2 ? parse_number(sides.back(), text, what) : before);
  }
  return padding;
}

std::vector<Boundary> parse_boundary(std::string_view text, std::string_view what) {
  std::vector<Boundary> boundaries;
  // no boundary has an x in its name
  for (const std::string_view part : split(text, 'x')) boundaries.push_back(parse_one_boundary(part, what));
  return boundaries;
}

DType parse_dtype(std::string_view text, std::string_view what) {
  for (const DType dtype : {DType::f32, DType::f64, DType::i64})
    if (text == to_string(dtype)) return dtype;
  throw ProblemError(fmt::format("{} is {}", what, quote(text)), "types are f32, f64 and i64", "use one of them");
}

std::string to_string(const Problem& problem) {
  const bool conv = problem.layer == Layer::conv;
  const std::string_view gradient = problem.unknown == Unknown::weights            ? "-dw"
                                    : (problem.unknown == Unknown::coarse) == conv ? ""
                                                                                   : "-dx";
  const Shape fine = values(problem, [](const Axis& axis) { return axis.fine; });
  const Shape coarse = values(problem, [](const Axis& axis) { return axis.coarse; });
  std::string text =
      fmt::format("conv{}{}d{} n{} g{} ic{} oc{} i{} k{}", conv ? "" : "t", problem.axes.size(), gradient,
                  problem.batch, problem.groups, problem.input_channels(), problem.output_channels(),
                  joined(conv ? fine : coarse), joined(values(problem, [](const Axis& axis) { return axis.kernel; })));
  if (!other_extent_is_default(problem)) text += " o" + joined(conv ? coarse : fine);
  text += " s" + joined_once(values(problem, [](const Axis& axis) { return axis.stride; }));
  text += " d" + joined_once(values(problem, [](const Axis& axis) { return axis.dilation; }));
  text += " p" + padding_text(problem);
  std::vector<std::string_view> boundaries;
  for (const Axis& axis : problem.axes) boundaries.push_back(to_string(axis.boundary));
  if (!all_equal(boundaries))
    text += fmt::format(" b{}", fmt::join(boundaries, "x"));
  else if (problem.axes.front().boundary != Boundary::zeros)
    text += fmt::format(" b{}", boundaries.front());
  text += fmt::format(" {}", to_string(problem.dtype));
  if (problem.flip) text += " flip";
  return text;
}

Problem parse_problem(std::string_view text) {
  if (text.size() > 4096)
    throw ProblemError(fmt::format("a problem string of {} characters", text.size()), "it has at most 4096",
                       std::string(example));
  std::vector<std::string_view> words;
  for (const std::string_view word : split(text, ' '))
    if (!word.empty()) words.push_back(word);
  if (words.empty()) throw ProblemError("an empty problem string", "it begins with a name", std::string(example));
  const Name name = parse_name(words.front());

  LayerSpec spec;
  spec.layer = name.layer;
  std::set<std::string, std::less<>> seen;
  // longest prefix first: ic before i
  const std::vector<std::pair<std::string_view, std::function<void(std::string_view)>>> tokens = {
      {"ic", [&](std::string_view v) { spec.input_channels = parse_number(v, v, "ic"); }},
      {"oc", [&](std::string_view v) { spec.output_channels = parse_number(v, v, "oc"); }},
      {"n", [&](std::string_view v) { spec.batch = parse_number(v, v, "n"); }},
      {"g", [&](std::string_view v) { spec.groups = parse_number(v, v, "g"); }},
      {"i", [&](std::string_view v) { spec.input = parse_extents(v, "i"); }},
      {"k", [&](std::string_view v) { spec.kernel = parse_extents(v, "k"); }},
      {"o", [&](std::string_view v) { spec.output_size = parse_extents(v, "o"); }},
      {"s", [&](std::string_view v) { spec.stride = parse_extents(v, "s"); }},
      {"d", [&](std::string_view v) { spec.dilation = parse_extents(v, "d"); }},
      {"p", [&](std::string_view v) { spec.padding = parse_padding(v, "p"); }},
      {"b", [&](std::string_view v) { spec.boundary = parse_boundary(v, "b"); }},
  };
  // `i64` is a type, but in one dimension also an extent: there it is the type only beside another `i…`
  const auto is_extent = [](std::string_view word) {
    return word.size() > 1 && word[0] == 'i' && word[1] >= '0' && word[1] <= '9';
  };
  const bool other_extent =
      std::any_of(words.begin(), words.end(), [&](auto word) { return is_extent(word) && word != "i64"; });
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const bool names_type =
        word == "f32" || word == "f64" || (word == "i64" && (name.rank > 1 || other_extent || seen.contains("i")));
    std::string kind;
    if (word == "flip") {
      kind = "flip";
      spec.flip = true;
    } else if (names_type) {
      kind = "type";
      spec.dtype = parse_dtype(word, "type");
    } else {
      const auto token =
          std::find_if(tokens.begin(), tokens.end(), [&](const auto& t) { return word.starts_with(t.first); });
      if (token == tokens.end())
        throw ProblemError(fmt::format("token {}", quote(word)),
                           "tokens are n g ic oc i k o s d p b with a value, f32, f64, i64 and flip",
                           std::string(example));
      kind = token->first;
      token->second(word.substr(token->first.size()));
    }
    if (!seen.insert(kind).second)
      throw ProblemError(fmt::format("token {}", quote(word)), "each kind of token comes once",
                         "leave one of the two out");
  }
  for (const auto& [extents, what] : {std::pair{&spec.input, "i"}, {&spec.kernel, "k"}}) {
    if (extents->empty())
      throw ProblemError(fmt::format("{} without {}", quote(text), what), "input i and kernel k must be given",
                         std::string(example));
    if (extents->size() != name.rank)
      throw ProblemError(fmt::format("{}{} in a {}-D problem", what, shortened(joined(*extents)), name.rank),
                         "i and k have one extent per axis", fmt::format("give {}", name.rank));
  }
  Problem problem = make_problem(spec);
  if (name.gradient == "dx") problem = input_gradient(problem);
  if (name.gradient == "dw") problem = weight_gradient(problem);
  return problem;
}

}  // namespace faltung
