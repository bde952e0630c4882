// Plans. Python's lock is released while weights are packed and while a plan runs.
#include "arrays.hpp"
#include "module.hpp"
#include "wisdom.hpp"
#include "workspace.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <span>
#include <string>

namespace nb = nanobind;
using namespace nb::literals;

namespace faltung::python {

namespace {

Plan plan_of(const Problem& problem, const std::string& algorithm, const std::string& accuracy, int threads, bool once,
             const Shape& fine_strides, const Shape& coarse_strides) {
  read_wisdom();
  const Options options{.algorithm = algorithm,
                        .accuracy = parse_accuracy(accuracy),
                        .threads = threads,
                        .pack_each_run = once,
                        .wisdom = known_wisdom(),
                        .fine_strides = fine_strides,
                        .coarse_strides = coarse_strides};
  const nb::gil_scoped_release released;
  return make_plan(problem, options);
}

PackedWeights pack(const Plan& plan, const DenseInput& weights, const std::optional<DenseInput>& bias) {
  return with_type(plan.problem().dtype, [&]<class T>(Type<T>) {
    const auto weights_view = view<const T>(weights, "w");
    std::span<const T> numbers;
    if (bias) {
      const auto bias_view = view<const T>(*bias, "bias");
      numbers = {bias_view.data, static_cast<std::size_t>(element_count(bias_view.shape))};
    }
    const nb::gil_scoped_release released;
    return plan.pack(weights_view, numbers);
  });
}

void run(const Plan& plan, const InputArray& given, const PackedWeights& packed, const OutputArray& result) {
  with_type(plan.problem().dtype, [&]<class T>(Type<T>) {
    const auto from = view<const T>(given, "x");
    const auto to = view<T>(result, "out");
    const nb::gil_scoped_release released;
    Workspace workspace(plan.workspace_bytes());
    plan.run(from, packed, to, workspace.span());
  });
}

void run_weight_gradient(const Plan& plan, const InputArray& input, const InputArray& output_gradient,
                         const OutputArray& weight_gradient) {
  with_type(plan.problem().dtype, [&]<class T>(Type<T>) {
    const auto from = view<const T>(input, "x");
    const auto with = view<const T>(output_gradient, "grad");
    const auto to = view<T>(weight_gradient, "out");
    const nb::gil_scoped_release released;
    Workspace workspace(plan.workspace_bytes());
    plan.run_weight_gradient(from, with, to, workspace.span());
  });
}

}  // namespace

void bind_plan(nb::module_& module) {
  nb::class_<Candidate>(module, "Candidate", "What one algorithm said of a problem.")
      .def_ro("algorithm", &Candidate::algorithm)
      .def_ro("refusal", &Candidate::refusal)
      .def_ro("way", &Candidate::way)
      .def_ro("predicted_seconds", &Candidate::predicted_seconds)
      .def_ro("measured_seconds", &Candidate::measured_seconds)
      .def_ro("measured_pack_seconds", &Candidate::measured_pack_seconds)
      .def_ro("error", &Candidate::error)
      .def_ro("workspace_bytes", &Candidate::workspace_bytes)
      .def_ro("packed_bytes", &Candidate::packed_bytes);
  nb::class_<PackedWeights>(module, "PackedWeights", "Weights and bias in the form of one plan.");
  nb::class_<Plan>(module, "CorePlan", "What will run for a problem. Immutable; any number of threads may run it.")
      .def(nb::new_(&plan_of), "problem"_a, "algorithm"_a, "accuracy"_a, "threads"_a, "once"_a,
           "fine_strides"_a = Shape(), "coarse_strides"_a = Shape())
      .def_prop_ro("problem", [](const Plan& plan) { return plan.problem(); })
      .def_prop_ro("algorithm", &Plan::algorithm)
      .def_prop_ro("workspace_bytes", &Plan::workspace_bytes)
      .def_prop_ro("candidates", [](const Plan& plan) { return plan.report().candidates; })
      .def_prop_ro("report", [](const Plan& plan) { return to_text(plan.report()); })
      .def("pack", &pack, "weights"_a.noconvert(), "bias"_a.noconvert().none())
      .def("run", &run, "given"_a.noconvert(), "packed"_a, "result"_a.noconvert())
      .def("run_weight_gradient", &run_weight_gradient, "input"_a.noconvert(), "output_gradient"_a.noconvert(),
           "weight_gradient"_a.noconvert());
  nb::class_<AlgorithmInfo>(module, "AlgorithmInfo", "Name, idea and source of an algorithm.")
      .def_ro("name", &AlgorithmInfo::name)
      .def_ro("idea", &AlgorithmInfo::idea)
      .def_ro("source", &AlgorithmInfo::source)
      .def("__repr__", [](const AlgorithmInfo& info) {
        return "<" + std::string(info.name) + ": " + std::string(info.idea) + ">";
      });
  module.def("algorithms", &algorithms, "Every algorithm of the library, in the order of its list.");
}

}  // namespace faltung::python
