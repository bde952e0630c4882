// Any text as a problem string, and as each of its pieces: a problem, which prints as a string that gives it back, or
// one line.
#include <faltung/matrix.hpp>

#include "fuzz/expect.hpp"

#include <string>

using namespace faltung;

namespace {

template <class Action>
void try_to(Action&& action) {
  try {
    action();
  } catch (const ProblemError& error) {
    fuzz::expect_line(error.what());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_to([&] {
    const Problem problem = parse_problem(text);
    validate(problem);
    fuzz::expect(parse_problem(to_string(problem)) == problem, "parsing what was printed gives the problem");
    fuzz::expect(element_count(problem.unknown_shape()) >= 0, "a valid problem has sizes");
    matrix_size(problem, Form::folded);
    if (problem.unknown == Unknown::weights) return;
    validate(input_gradient(problem));
    validate(weight_gradient(problem));
  });
  if (text.starts_with("conv")) return 0;  // no piece does, and an error costs more than all the rest
  try_to([&] { parse_extents(text, "--input"); });
  try_to([&] { parse_padding(text, "--padding"); });
  try_to([&] { parse_boundary(text, "--boundary"); });
  try_to([&] { parse_dtype(text, "--dtype"); });
  return 0;
}
