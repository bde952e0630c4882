// Files that must not remain when the program is interrupted.
#pragma once

#include <string>

namespace faltung::io {

/// From here on, SIGINT, SIGTERM and SIGHUP remove every unfinished output before they end the program; SIGXFSZ (a file
/// over the allowed size) is told by the write that fails. For programs, not for libraries.
void remove_unfinished_when_interrupted();

/// A temporary file made from `pattern` (which ends in XXXXXX and becomes its name); returns the descriptor, or −1 with
/// errno. It counts as unfinished until it is forgotten.
int make_unfinished(std::string& pattern);
void forget_unfinished(const std::string& path);

}  // namespace faltung::io
