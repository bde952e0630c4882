// The `faltung` command.
#include "cli/command.hpp"
#include "io/unfinished.hpp"

int main(int argc, char** argv) {
  faltung::io::remove_unfinished_when_interrupted();
  return faltung::cli::run_command(argc, argv);
}
