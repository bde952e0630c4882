// The exact matrix, and the explanation.
#include "arrays.hpp"
#include "module.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nb = nanobind;
using namespace nb::literals;

namespace faltung::python {

namespace {

/// The vector's memory as an array that owns it.
template <class T>
nb::ndarray<nb::numpy, T, nb::ndim<1>> array_of(std::vector<T> numbers) {
  auto kept = std::make_unique<std::vector<T>>(std::move(numbers));
  std::vector<T>* vector = kept.get();
  const nb::capsule owner(kept.release(), [](void* pointer) noexcept { delete static_cast<std::vector<T>*>(pointer); });
  return nb::ndarray<nb::numpy, T, nb::ndim<1>>(vector->data(), {vector->size()}, owner);
}

Form form_of(std::string_view form) {
  if (form == "folded") return Form::folded;
  if (form == "padded") return Form::padded;
  throw ProblemError("form " + quote(form), "forms are folded and padded", "use one of them");
}

nb::tuple sparse(const Problem& problem, const DenseInput& entries, std::string_view form) {
  return with_type(problem.dtype, [&]<class T>(Type<T>) {
    const auto numbers = view<const T>(entries, "w");
    SparseMatrix<T> matrix;
    {
      const nb::gil_scoped_release released;
      matrix = sparse_matrix<T>(problem, {numbers.data, static_cast<std::size_t>(element_count(numbers.shape))},
                                form_of(form));
    }
    return nb::make_tuple(array_of(std::move(matrix.value)), array_of(std::move(matrix.column)),
                          array_of(std::move(matrix.row_start)), nb::make_tuple(matrix.rows, matrix.columns));
  });
}

constexpr std::pair<std::string_view, View> views[] = {
    {"steps", View::steps},         {"cell", View::cell},
    {"matrix", View::matrix},       {"three_views", View::three_views},
    {"temporary", View::temporary}, {"overlap", View::overlap}};
constexpr std::pair<std::string_view, PageFormat> formats[] = {
    {"text", PageFormat::text}, {"svg", PageFormat::svg}, {"html", PageFormat::html}, {"json", PageFormat::json}};

template <class Words>
auto choose(const Words& words, std::string_view word, std::string_view what) {
  std::string names;
  for (const auto& [name, value] : words) {
    if (name == word) return value;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  throw ProblemError(std::string(what) + " " + quote(word), "there are " + names, "use one of them");
}

std::string page(const Problem& problem, std::string_view view, const std::optional<std::string>& cell,
                 std::string_view form, std::string_view format, TraceNumbers numbers) {
  const Trace trace = make_trace(problem, numbers);
  Question question{.view = choose(views, view, "view"), .form = form_of(form)};
  if (cell) question.cell = find_cell(trace, *cell);
  return explain(trace, question, choose(formats, format, "format"));
}

}  // namespace

void bind_matrix(nb::module_& module) {
  module.def("sparse_matrix", &sparse, "problem"_a, "entries"_a.noconvert(), "form"_a,
             "Values, columns and row starts of the matrix of one sample, and its shape.");
  module.def(
      "explain",
      [](const Problem& problem, std::string_view view, const std::optional<std::string>& cell, std::string_view form,
         std::string_view format, std::vector<double> input, std::vector<double> weights,
         std::vector<double> output_gradient, std::vector<double> bias, bool names_only) {
        return page(problem, view, cell, form, format,
                    {.input = std::move(input),
                     .weights = std::move(weights),
                     .output_gradient = std::move(output_gradient),
                     .bias = std::move(bias),
                     .names_only = names_only});
      },
      nb::kw_only(), "problem"_a, "view"_a, "cell"_a.none(), "form"_a, "format"_a, "input"_a, "weights"_a,
      "output_gradient"_a, "bias"_a, "names_only"_a, "A page that explains a problem.");
}

}  // namespace faltung::python
