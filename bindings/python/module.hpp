// The parts of the extension module `faltung._core`, one file each.
#pragma once

#include <nanobind/nanobind.h>

namespace faltung::python {

void bind_problem(nanobind::module_& module);
void bind_plan(nanobind::module_& module);
void bind_tune(nanobind::module_& module);
void bind_matrix(nanobind::module_& module);
void bind_xla(nanobind::module_& module);

}  // namespace faltung::python
