// Where the words of a command line go.
#include "cli/command.hpp"

#include "cli/arguments.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <iterator>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace faltung::cli {

namespace {

constexpr const char* introduction = R"(Faltung: convolution and its transpose as one linear operator.

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

/// CLI11 takes the largest number for one that is too large.
std::string too_large(const std::string& text) {
  std::int64_t value = 0;
  const bool lost = std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc::result_out_of_range;
  return lost ? quote(text) + " does not fit into 64 bits" : "";
}

void check_whole_numbers(CLI::App& app) {
  for (CLI::Option* option : app.get_options())
    if (option->get_type_name() == "INT" || option->get_type_name() == "UINT") option->check(too_large);
  for (CLI::App* command : app.get_subcommands({})) check_whole_numbers(*command);
}

/// Without an allocation: there may be no memory left.
int fail(std::string_view message) {
  std::array<char, 4096> line;  // messages are a tenth of it
  const auto end =
      std::transform(message.begin(), message.begin() + std::min(message.size(), line.size()), line.begin(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c; });
  std::fprintf(stderr, "faltung: %.*s\n", static_cast<int>(end - line.begin()), line.data());
  return 2;
}

int run(int argc, char** argv, const CheckFunction& check) {
  CLI::App app(introduction, "faltung");
  app.footer(examples);
  app.set_version_flag("--version", FALTUNG_VERSION);
  app.require_subcommand(1);
  int status = 0;
  const std::pair<std::string_view, std::function<void(CLI::App&)>> commands[] = {
      {"conv", add_conv_command},
      {"conv-transpose", add_conv_transpose_command},
      {"grad", add_grad_command},
      {"matrix", add_matrix_command},
      {"explain", add_explain_command},
      {"serve", add_serve_command},
      {"shape", add_shape_command},
      {"plan", add_plan_command},
      {"check", [&](CLI::App& to) { add_check_command(to, check, status); }},
      {"tune", add_tune_command},
      {"bench", add_bench_command},
  };
  // the one that is called: adding all, as --help needs them, takes ten times as long
  const auto is_called = [&](const auto& command) { return argc > 1 && command.first == argv[1]; };
  const bool one = std::any_of(std::begin(commands), std::end(commands), is_called);
  for (const auto& command : commands)
    if (!one || is_called(command)) command.second(app);
  check_whole_numbers(app);
  for (int i = 1; i < argc; ++i)  // an empty value would look like an option that was not given
    if (argv[i][0] == '\0')
      return fail(std::string("an empty word after ") + argv[i - 1] + ": every word says something: leave both out");
  if (argc > 1 && argv[1][0] != '-' && !one) return fail(unknown_command(app, argv[1]));
  try {
    app.parse(argc, argv);
    return status;
  } catch (const CLI::Success& success) {  // --help, --version
    const int exit_status = app.exit(success);
    if (!std::cout.flush()) return fail("standard output: cannot write it: write to a file that has room");
    return exit_status;
  } catch (const CLI::ParseError& error) {
    return fail(std::string(error.what()) + ": see faltung --help");
  }
}

}  // namespace

int run_command(int argc, char** argv, const CheckFunction& check) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of writing, told like any other
  constexpr const char* no_memory = "out of memory: the arrays do not fit: use a smaller problem, or --stream";
  try {
    return run(argc, argv, check);
  } catch (const std::bad_alloc&) {
    return fail(no_memory);
  } catch (const std::length_error&) {
    return fail(no_memory);
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}

}  // namespace faltung::cli
