// `faltung matrix`: the exact matrix, in names or numbers.
#include "io/matrix.hpp"
#include "cli/arguments.hpp"
#include "cli/arrays.hpp"
#include "io/array.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

namespace faltung::cli {

namespace {

struct MatrixArguments {
  LayerArguments layer;
  std::string weight, form = "folded", output;
  bool symbolic = false;
};

std::string title(const Problem& problem, std::int64_t rows, std::int64_t columns, std::size_t entries) {
  const bool forward = (problem.unknown == Unknown::coarse) == (problem.layer == Layer::conv);
  const char* kind = problem.unknown == Unknown::weights ? "weight gradient = matrix · coarse array"
                     : forward                           ? "output = matrix · input"
                                                         : "input gradient = matrix · output gradient";
  return fmt::format("{} × {}, {} entries: {}", rows, columns, entries, kind);
}

/// Tables for people by the file's ending: `.txt`, `.md`, `.tex`, `.html`; nothing for the others.
template <class T>
std::optional<std::string> table(std::string_view ending, const SparseMatrix<T>& matrix, const Problem& problem,
                                 Form form) {
  const auto names = [&](auto&& to_table) { return to_table(row_names(problem, form), column_names(problem, form)); };
  const std::string head = title(problem, matrix.rows, matrix.columns, matrix.value.size());
  if (ending == ".txt")
    return names([&](const auto& r, const auto& c) { return head + "\n\n" + to_text(matrix, r, c); });
  if (ending == ".md")
    return names([&](const auto& r, const auto& c) { return head + "\n\n" + to_markdown(matrix, r, c); });
  if (ending == ".tex")
    return names([&](const auto& r, const auto& c) { return "% " + head + "\n" + to_latex(matrix, r, c); });
  if (ending == ".html") return names([&](const auto& r, const auto& c) { return to_html(matrix, r, c, head); });
  return std::nullopt;
}

constexpr std::string_view endings = ".txt, .md, .tex or .html (tables), .mtx, .npz (sparse) or .npy (dense)";

std::string ending_of(const std::string& path) {
  const std::size_t dot = path.find_last_of("./");
  std::string ending = dot == std::string::npos || path[dot] != '.' ? "" : path.substr(dot);
  for (const std::string_view known : {".txt", ".md", ".tex", ".html", ".mtx", ".npz", ".npy"})
    if (ending == known) return ending;
  throw ProblemError(fmt::format("-o {}", path), fmt::format("a matrix is written as {}", endings),
                     "use one of these endings");
}

template <class T>
void write(const std::string& path, const SparseMatrix<T>& matrix, const Problem& problem, Form form) {
  const std::string ending = ending_of(path);
  if (const auto text = table(ending, matrix, problem, form)) return io::write_text(path, *text);
  if constexpr (std::is_same_v<T, std::string>) {
    throw ProblemError(fmt::format("-o {} of a symbolic matrix", path), fmt::format("{} holds numbers", ending),
                       "use .txt, .md, .tex or .html, or give --weight W.npy");
  } else if (ending == ".mtx") {
    io::write_matrix_market(path, matrix, to_string(problem));
  } else if (ending == ".npz") {
    io::write_npz(path, matrix);
  } else {
    DenseMatrix<T> dense = to_dense(matrix);
    io::write_npy(path, {{dense.rows, dense.columns}, std::move(dense.value)});
  }
}

template <class T>
void finish(const MatrixArguments& arguments, const SparseMatrix<T>& matrix, const Problem& problem, Form form) {
  if (arguments.output.empty()) {
    print(*table(".txt", matrix, problem, form));
    return;
  }
  write(arguments.output, matrix, problem, form);
  print(fmt::format("{}: {} × {}, {} entries\n", arguments.output, matrix.rows, matrix.columns, matrix.value.size()));
}

Problem problem_with_weight(const MatrixArguments& arguments, const io::Array& weight) {
  if (!arguments.layer.problem.empty()) return problem_of(arguments.layer);
  LayerArguments layer = arguments.layer;
  if (!layer.kernel_size.empty())
    throw ProblemError("both --weight and --kernel-size", "the weight's shape says the kernel's size",
                       "leave --kernel-size out");
  Shape shape = weight.shape;
  if (!layer.problem.empty()) {
    const Problem problem = problem_of(layer);
    const Shape wanted = problem.weights_shape();
    const bool one_channel = wanted[0] == 1 && wanted[1] == 1 && problem.groups == 1;
    if (shape != wanted && !(one_channel && std::equal(shape.begin(), shape.end(), wanted.begin() + 2, wanted.end())))
      throw ProblemError(fmt::format("a weight of [{}] for `{}`", fmt::join(shape, ", "), to_string(problem)),
                         fmt::format("its weights are [{}]", fmt::join(wanted, ", ")), "give an array of that shape");
    return problem;
  }
  if (shape.empty() || shape.size() > 5)
    throw ProblemError(fmt::format("{} with {} axes", arguments.weight, shape.size()),
                       "a weight is [k…], or [channels, channels, k…]", "give an array of 1 to 5 axes");
  const std::size_t rank = layer.input.empty() ? 0 : parse_extents(layer.input, "--input").size();
  if (shape.size() == rank) shape.insert(shape.begin(), {1, 1});
  if (rank == 0 || shape.size() != rank + 2)
    throw ProblemError(fmt::format("a weight of [{}] for --input {}", fmt::join(weight.shape, ", "),
                                   layer.input.empty() ? "(none)" : layer.input),
                       "a weight is [k…], or [channels, channels, k…] with as many k as the input has axes",
                       "give --input with that many axes");
  LayerSpec spec = layer_spec(layer);
  spec.kernel = Shape(shape.begin() + 2, shape.end());
  spec.input_channels = layer.transposed ? shape[0] : shape[1] * layer.groups;
  spec.output_channels = layer.transposed ? shape[1] * layer.groups : shape[0];
  return make_problem(spec);
}

void run(const MatrixArguments& arguments) {
  const Form form = parse_form(arguments.form);
  if (!arguments.output.empty()) {
    static_cast<void>(ending_of(arguments.output));
    refuse_overwriting(arguments.output, {arguments.weight});
  }
  if (arguments.weight.empty()) {
    const Problem problem = problem_of(arguments.layer);
    finish(arguments, symbolic_matrix(problem, form), problem, form);
    return;
  }
  const io::Array weight = io::read_npy(arguments.weight);
  const Problem problem = problem_with_weight(arguments, weight);
  if (problem.unknown == Unknown::weights)
    throw ProblemError("--weight with unknown weights", "the matrix of a weight gradient holds the input",
                       "leave --weight out to see its names");
  if (arguments.symbolic) {
    finish(arguments, symbolic_matrix(problem, form), problem, form);
    return;
  }
  std::visit(
      [&]<class T>(const std::vector<T>& values) {
        finish(arguments, sparse_matrix<T>(problem, std::span<const T>(values), form), problem, form);
      },
      weight.values);
}

}  // namespace

void set_up_matrix(CLI::App* command) {
  const auto arguments = std::make_shared<MatrixArguments>();
  add_shape_options(*command, arguments->layer);
  const std::string group = "Matrix";
  command
      ->add_option("--weight", arguments->weight,
                   "numbers instead of names: a .npy of [k…] or [channels, channels, k…]")
      ->group(group);
  command->add_flag("--symbolic", arguments->symbolic, "entries as names, K12; without --weight there are only names")
      ->group(group);
  command
      ->add_option("--form", arguments->form,
                   "folded: over the true cells; padded: over the padded input or temporary output")
      ->group(group);
  command->add_option("-o,--output", arguments->output, fmt::format("where it goes: {}", endings))->group(group);
  command->footer(
      "Examples:\n  faltung matrix --symbolic --kernel-size 2x2 --input 3x3\n"
      "  faltung matrix --symbolic --kernel-size 2x2 --input 2x2 --transposed\n"
      "  faltung matrix --symbolic --kernel-size 2x2 --input 3x3 --stride 2 --padding 1 --form padded");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace faltung::cli
