// Measured times: those of the user's file, and what is tuned while the program runs.
#include <faltung/tune.hpp>

#include "module.hpp"
#include "wisdom.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <mutex>
#include <string>

namespace nb = nanobind;
using namespace nb::literals;

namespace faltung::python {

namespace {

struct Known {
  std::mutex mutex;
  bool read = false;
  std::shared_ptr<const Wisdom> wisdom;
};

Known& known() {
  static Known known;
  return known;
}

void warn(const std::string& text) {
  if (PyErr_WarnEx(PyExc_UserWarning, text.c_str(), 1) != 0) throw nb::python_error();
}

std::vector<Candidate> tune_and_remember(const Problem& problem, const std::string& accuracy, int threads, bool once,
                                         double seconds, const std::optional<std::string>& path) {
  Options options;
  options.accuracy = parse_accuracy(accuracy);
  options.threads = threads;
  options.pack_each_run = once;
  read_wisdom();
  const nb::gil_scoped_release released;
  Tuning tuning = tune(problem, options, seconds);
  Wisdom own;
  own.remember(tuning);
  if (const std::string file = path ? *path : Wisdom::default_path(); !file.empty()) own.write(file);
  const std::lock_guard lock(known().mutex);
  Wisdom all = known().wisdom ? *known().wisdom : Wisdom();
  all.remember(tuning);
  known().wisdom = std::make_shared<const Wisdom>(std::move(all));
  return tuning.report.candidates;
}

}  // namespace

void read_wisdom() {
  std::vector<std::string> warnings;
  {
    const std::lock_guard lock(known().mutex);
    if (known().read) return;
    known().read = true;
    auto wisdom = std::make_shared<Wisdom>();
    warnings = wisdom->read(Wisdom::default_path());
    known().wisdom = std::move(wisdom);
  }
  for (const std::string& warning : warnings) warn(warning);
}

std::shared_ptr<const Wisdom> known_wisdom() {
  const std::lock_guard lock(known().mutex);
  return known().wisdom;
}

void bind_tune(nb::module_& module) {
  module.def("tune", &tune_and_remember, "problem"_a, "accuracy"_a, "threads"_a, "once"_a, "seconds"_a,
             "wisdom"_a.none(), "Times what may run; later plans choose by it, and so do other programs by the file.");
}

}  // namespace faltung::python
