// `faltung._core`: the library as Python sees it. Arrays come in as they are or not at all: what needs a copy is copied
// by the Python layer, where it can be seen.
#include "module.hpp"

#include <faltung/blocks.hpp>
#include <faltung/cpu.hpp>
#include <faltung/faltung.hpp>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nb = nanobind;
using namespace nb::literals;

namespace faltung::python {

namespace {

using Sides = std::vector<std::pair<std::int64_t, std::int64_t>>;

Padding padding_of(const std::variant<std::string, Sides>& given) {
  if (const auto* word = std::get_if<std::string>(&given)) return parse_padding(*word, "padding");
  return {.word = Padding::Word::numbers, .sides = std::get<Sides>(given)};
}

Problem layer_problem(bool transposed, std::int64_t batch, std::int64_t groups, std::int64_t input_channels,
                      std::int64_t output_channels, const Shape& input, const Shape& kernel, const Shape& stride,
                      const std::variant<std::string, Sides>& padding, const Shape& dilation,
                      const std::vector<std::string>& boundary, bool flip, const Shape& output_padding,
                      const std::optional<Shape>& output_size, const std::optional<Shape>& output_shape,
                      const std::string& dtype) {
  LayerSpec spec;
  spec.layer = transposed ? Layer::conv_transpose : Layer::conv;
  spec.batch = batch;
  spec.groups = groups;
  spec.input_channels = input_channels;
  spec.output_channels = output_channels;
  spec.input = input;
  spec.kernel = kernel;
  spec.stride = stride;
  spec.dilation = dilation;
  spec.padding = padding_of(padding);
  spec.output_padding = output_padding;
  spec.output_size = output_size;
  spec.output_shape = output_shape;
  for (const std::string& name : boundary) spec.boundary.push_back(parse_boundary(name, "boundary").front());
  spec.dtype = parse_dtype(dtype, "dtype");
  spec.flip = flip;
  return make_problem(spec);
}

nb::tuple tuple_of(const Shape& shape) {
  nb::list list;
  for (const std::int64_t extent : shape) list.append(extent);
  return nb::tuple(list);
}

template <Shape (Problem::*shape)() const>
nb::tuple shape_of(const Problem& problem) {
  return tuple_of((problem.*shape)());
}

double products(const Problem& problem) {
  double count = static_cast<double>(problem.batch) * static_cast<double>(element_count(problem.weights_shape()));
  for (const Axis& axis : problem.axes) count *= static_cast<double>(axis.coarse);
  return count;
}

/// Axes are independent of each other: one of them, alone, is a problem whose rows are its cells.
std::pair<Problem, Sides> block(Problem problem, std::size_t axis, std::int64_t begin, std::int64_t end) {
  Problem alone = problem;
  alone.batch = alone.groups = alone.fine_channels = alone.coarse_channels = 1;
  alone.axes = {problem.axes.at(axis)};
  const Block rows = block_of_rows(alone, {begin, end});
  problem.axes[axis] = rows.problem.axes.front();
  Sides given;
  for (const Rows& range : rows.given) given.emplace_back(range.begin, range.end);
  return {problem, given};
}

Shape input_shape(const Problem& problem) {
  return problem.layer == Layer::conv ? problem.fine_shape() : problem.coarse_shape();
}

Shape output_shape(const Problem& problem) {
  return problem.layer == Layer::conv ? problem.coarse_shape() : problem.fine_shape();
}

}  // namespace

void bind_problem(nb::module_& module) {
  nb::class_<Axis>(
      module, "Axis",
      "One spatial axis; fine index f, coarse index c and tap k obey f = c*stride + k*dilation - pad_before.")
      .def_ro("fine", &Axis::fine)
      .def_ro("coarse", &Axis::coarse)
      .def_ro("kernel", &Axis::kernel)
      .def_ro("stride", &Axis::stride)
      .def_ro("dilation", &Axis::dilation)
      .def_ro("pad_before", &Axis::pad_before)
      .def_ro("pad_after", &Axis::pad_after)
      .def_prop_ro("boundary", [](const Axis& axis) { return to_string(axis.boundary); })
      .def_prop_ro("surplus", &Axis::surplus);
  nb::class_<Problem>(module, "Problem", "A validated problem: immutable, comparable, and the same as its string.")
      .def(
          "__init__", [](Problem* self, std::string_view text) { new (self) Problem(parse_problem(text)); }, "text"_a)
      .def("__str__", [](const Problem& problem) { return to_string(problem); })
      .def("__repr__", [](const Problem& problem) { return "faltung.Problem('" + to_string(problem) + "')"; })
      .def("__hash__", [](const Problem& problem) { return std::hash<std::string>()(to_string(problem)); })
      .def("__eq__", [](const Problem& a, const Problem& b) { return a == b; })
      .def("__reduce__", [](nb::handle self) { return nb::make_tuple(self.type(), nb::make_tuple(nb::str(self))); })
      .def_prop_ro("transposed", [](const Problem& problem) { return problem.layer == Layer::conv_transpose; })
      .def_prop_ro("unknown",
                   [](const Problem& problem) {
                     return problem.unknown == Unknown::coarse ? "coarse"
                            : problem.unknown == Unknown::fine ? "fine"
                                                               : "weights";
                   })
      .def_ro("batch", &Problem::batch)
      .def_ro("groups", &Problem::groups)
      .def_ro("fine_channels", &Problem::fine_channels)
      .def_ro("coarse_channels", &Problem::coarse_channels)
      .def_ro("flip", &Problem::flip)
      .def_prop_ro("dtype", [](const Problem& problem) { return to_string(problem.dtype); })
      .def_ro("axes", &Problem::axes)
      .def_prop_ro("products", &products, "Multiply-adds of the whole problem, those with the margin's cells counted.")
      .def_prop_ro("weights_shape", &shape_of<&Problem::weights_shape>)
      .def_prop_ro("unknown_shape", &shape_of<&Problem::unknown_shape>)
      .def_prop_ro("given_shape", &shape_of<&Problem::given_shape>)
      .def_prop_ro("input_shape", [](const Problem& problem) { return tuple_of(input_shape(problem)); })
      .def_prop_ro("output_shape", [](const Problem& problem) { return tuple_of(output_shape(problem)); })
      .def(
          "resized",
          [](Problem problem, std::int64_t batch, std::int64_t groups, std::int64_t fine_channels,
             std::int64_t coarse_channels, const std::string& dtype) {
            problem.batch = batch;
            problem.groups = groups;
            problem.fine_channels = fine_channels;
            problem.coarse_channels = coarse_channels;
            problem.dtype = parse_dtype(dtype, "dtype");
            validate(problem);
            return problem;
          },
          nb::kw_only(), "batch"_a, "groups"_a, "fine_channels"_a, "coarse_channels"_a, "dtype"_a,
          "The same axes with other samples and channels, in this type.")
      .def("padded", &padded_problem, "A transposed problem whose result is its whole temporary output.")
      .def("block", &block, "axis"_a, "begin"_a, "end"_a,
           "The problem of the cells [begin, end) of one axis of the unknown array, and which ranges of cells of the "
           "given array it reads there, one after the other: none where no cell is read. A transposed problem's margin "
           "is not folded.")
      .def("input_gradient", &input_gradient, "The problem of the layer's gradient by its input.")
      .def("weight_gradient", &weight_gradient, "The problem of the layer's gradient by its weights.");
  module.def("available_targets", &available_targets,
             "Instruction sets that the kernels are compiled for and that this machine runs, the best one first.");
  module.def("layer_problem", &layer_problem, nb::kw_only(), "transposed"_a, "batch"_a, "groups"_a, "input_channels"_a,
             "output_channels"_a, "input"_a, "kernel"_a, "stride"_a, "padding"_a, "dilation"_a, "boundary"_a, "flip"_a,
             "output_padding"_a, "output_size"_a.none(), "output_shape"_a.none(), "dtype"_a,
             "The forward problem of a layer, validated.");
}

}  // namespace faltung::python

NB_MODULE(_core, module) {
  module.doc() = "Faltung's extension module; `faltung` is its face.";
  module.attr("__version__") = FALTUNG_VERSION;
  nb::register_exception_translator([](const std::exception_ptr& error, void*) {
    try {
      std::rethrow_exception(error);
    } catch (const faltung::OverflowError& raised) {
      PyErr_SetString(PyExc_OverflowError, raised.what());
    } catch (const faltung::FileError& raised) {
      PyErr_SetString(PyExc_OSError, raised.what());
    } catch (const faltung::Error& raised) {
      PyErr_SetString(PyExc_ValueError, raised.what());
    }
  });
  faltung::python::bind_problem(module);
  faltung::python::bind_plan(module);
  faltung::python::bind_tune(module);
  faltung::python::bind_matrix(module);
  faltung::python::bind_xla(module);
}
