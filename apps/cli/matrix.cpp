// `faltung matrix`: the exact matrix, in names or numbers.
#include "cli/arguments.hpp"
#include "io/array.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

namespace faltung::cli {

namespace {

struct MatrixArguments {
  LayerArguments layer;
  std::string weight, form = "folded", output;
  bool symbolic = false;
};

template <class T>
std::string table(const SparseMatrix<T>& matrix, const Problem& problem, Form form) {
  static constexpr const char* kinds[] = {"output = matrix · input", "input gradient = matrix · output gradient",
                                          "weight gradient = matrix · coarse array"};
  const bool forward = (problem.unknown == Unknown::coarse) == (problem.layer == Layer::conv);
  return fmt::format("{} × {}, {} entries: {}\n\n", matrix.rows, matrix.columns, matrix.value.size(),
                     kinds[problem.unknown == Unknown::weights ? 2
                           : forward                           ? 0
                                                               : 1]) +
         to_text(matrix, row_names(problem, form), column_names(problem, form));
}

template <class T>
void write(const std::string& path, const SparseMatrix<T>& matrix, const std::string& text) {
  if (io::kind_of(path) == io::FileKind::npy) {
    if constexpr (std::is_same_v<T, std::string>) {
      throw ProblemError(fmt::format("-o {} of a symbolic matrix", path), ".npy holds numbers",
                         "use .txt, or give --weight W.npy");
    } else {
      DenseMatrix<T> dense = to_dense(matrix);
      io::write_npy(path, {{dense.rows, dense.columns}, std::move(dense.value)});
    }
  } else if (path.ends_with(".txt")) {
    io::write_text(path, text);
  } else {
    throw ProblemError(fmt::format("-o {}", path), "a matrix is written as .txt or .npy (dense)",
                       "use one of these endings");
  }
}

template <class T>
void finish(const MatrixArguments& arguments, const SparseMatrix<T>& matrix, const Problem& problem, Form form) {
  if (arguments.output.empty()) {
    print(table(matrix, problem, form));
    return;
  }
  write(arguments.output, matrix,
        io::kind_of(arguments.output) == io::FileKind::npy ? "" : table(matrix, problem, form));
  print(fmt::format("{}: {} × {}, {} entries\n", arguments.output, matrix.rows, matrix.columns, matrix.value.size()));
}

Problem problem_with_weight(const MatrixArguments& arguments, const io::Array& weight) {
  if (!arguments.layer.problem.empty()) return problem_of(arguments.layer);
  LayerArguments layer = arguments.layer;
  if (!layer.kernel_size.empty())
    throw ProblemError("both --weight and --kernel-size", "the weight's shape says the kernel's size",
                       "leave --kernel-size out");
  Shape shape = weight.shape;
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

void add_matrix_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("matrix", "the exact matrix of a convolution or its transpose, in names or numbers");
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
  command->add_option("-o,--output", arguments->output, "write a .txt table, or a dense .npy")->group(group);
  command->footer(
      "Examples:\n  faltung matrix --symbolic --kernel-size 2x2 --input 3x3\n"
      "  faltung matrix --symbolic --kernel-size 2x2 --input 2x2 --transposed\n"
      "  faltung matrix --symbolic --kernel-size 2x2 --input 3x3 --stride 2 --padding 1 --form padded");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace faltung::cli
