// Where the words of a command line go.
#include "cli/command.hpp"

#include "cli/arguments.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

namespace faltung::cli {

namespace {

constexpr const char* description = R"(Faltung: convolution and its transpose as one linear operator.

Every convolution ties a fine array (its input) to a coarse one (its output) by one equation,

    f = c·s + k·d − p      fine index f, coarse index c, tap k, stride s, dilation d, padding p

A convolution sums over the taps k to find the coarse array; a transposed convolution goes back
with the same numbers and adds into the fine one. As matrices: y = A·x and x = Aᵀ·y.)";

constexpr const char* examples = R"(Examples:
  faltung matrix --symbolic --input 3x3 --kernel-size 2x2      the matrix of a convolution, by names
  faltung shape --input 224x224 --kernel-size 3x3 --stride 2 --padding 1
  faltung plan "conv2d ic64 oc64 i56x56 k3x3 p1"               what would run, and why
  faltung check "conv2d ic3 oc8 i32x32 k3x3 s2 p1"             the algebra, tested on this problem
  faltung conv photo.jpg --kernel gaussian:2 -o blurred.png
  faltung conv-transpose photo.jpg --kernel bilinear:2 -o twice_as_large.png

`faltung COMMAND --help` tells more.)";

std::string unknown_command(const CLI::App& app, const std::string& given) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands({})) names += (names.empty() ? "" : ", ") + command->get_name();
  return "`" + given.substr(0, 40) + "` is no command: commands are " + names + ": see faltung --help";
}

int fail(std::string message) {
  std::replace_if(
      message.begin(), message.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  std::fprintf(stderr, "faltung: %s\n", message.c_str());
  return 2;
}

}  // namespace

int run_command(int argc, char** argv, const CheckFunction& check) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of writing, told like any other
  CLI::App app(description, "faltung");
  app.footer(examples);
  app.set_version_flag("--version", FALTUNG_VERSION);
  app.require_subcommand(1);
  int status = 0;
  try {
    add_apply_commands(app);
    add_grad_command(app);
    add_matrix_command(app);
    add_explain_command(app);
    add_shape_command(app);
    add_plan_command(app);
    add_check_command(app, check, status);
    add_bench_command(app);
    const auto is_given = [&](const CLI::App* command) { return command->check_name(argv[1]); };
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands(is_given).empty())
      return fail(unknown_command(app, argv[1]));
    app.parse(argc, argv);
    return status;
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success) == 0 && std::fflush(stdout) == 0 ? 0 : 2;
  } catch (const CLI::ParseError& error) {
    return fail(std::string(error.what()) + ": see faltung --help");
  } catch (const std::bad_alloc&) {
    return fail("out of memory: the arrays do not fit: use a smaller problem, or --stream");
  } catch (const std::length_error&) {
    return fail("out of memory: the arrays do not fit: use a smaller problem, or --stream");
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}

}  // namespace faltung::cli
