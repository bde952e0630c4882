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
#include <span>
#include <string>
#include <string_view>
#include <system_error>

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

struct Command {
  std::string name, description;
  std::function<void(CLI::App*)> set_up;
};

std::string unknown_command(std::span<const Command> commands, const std::string& given) {
  std::string names;
  for (const Command& command : commands) names += (names.empty() ? "" : ", ") + command.name;
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
  const Command commands[] = {
      {"conv", "convolution of an array, a picture or a sound", set_up_conv},
      {"conv-transpose", "transposed convolution of an array, a picture or a sound", set_up_conv_transpose},
      {"grad", "gradients of a layer by its input, its weights or its bias", set_up_grad},
      {"matrix", "the exact matrix of a convolution or its transpose, in names or numbers", set_up_matrix},
      {"explain", "why every number is what it is: windows, stamps, matrix, gradients, cell by cell", set_up_explain},
      {"serve", "show the page from a local address, to this machine only", set_up_serve},
      {"shape", "sizes of a layer, with the formula filled in, and its words in PyTorch, Keras, ONNX and JAX",
       set_up_shape},
      {"plan", "what would run, what was refused and why", set_up_plan},
      {"check", "the algebra, tested on this very problem by every algorithm",
       [&](CLI::App* command) { set_up_check(command, check, status); }},
      {"tune", "time the algorithms on this machine, and remember", set_up_tune},
      {"bench", "every algorithm on a problem or a corpus, timed", set_up_bench},
  };
  const auto is_called = [&](const Command& command) { return argc > 1 && command.name == argv[1]; };
  const bool one = std::any_of(std::begin(commands), std::end(commands), is_called);
  for (int i = 1; i < argc; ++i)  // an empty value would look like an option that was not given
    if (argv[i][0] == '\0')
      return fail(std::string("an empty word after ") + argv[i - 1] + ": every word says something: leave both out");
  if (argc > 1 && argv[1][0] != '-' && !one) return fail(unknown_command(commands, argv[1]));
  for (const Command& command : commands) {  // the one that is called, or, for --help, the names of all
    if (one && !is_called(command)) continue;
    CLI::App* added = app.add_subcommand(command.name, command.description);
    if (one) command.set_up(added);
  }
  check_whole_numbers(app);
  try {
    app.parse(argc, argv);
    return status;
  } catch (const CLI::Success& success) {  // --help, --version
    const int exit_status = app.exit(success);
    if (!std::cout.flush()) return fail("standard output: cannot write it: write to a file that has room");
    return exit_status;
  } catch (const CLI::ParseError& error) {
    return fail(std::string(error.what()) + ": see faltung " + (one ? std::string(argv[1]) + " --help" : "--help"));
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
