// Errors that Faltung raises. Every message is one line with three parts: what was given, which rule, how to fix it.
//
// Memory that runs out is std::bad_alloc, as everywhere in C++: nothing is left behind, and the same call works once
// there is memory. One exception: PageFormat::json of `explain` ends the program (nlohmann's values allocate while they
// are destroyed).
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace faltung {

/// The root of all errors that Faltung raises on purpose; `what()` is one line, made for a person.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A problem, its string, or an option that breaks a rule. Composed as "<given>: <rule>: <fix>".
///
/// Example: `kernel y is 7 with dilation 2 and spans 13, padded input y is 11: a kernel must fit: reduce ...`.
class ProblemError : public Error {
 public:
  ProblemError(std::string_view given, std::string_view rule, std::string_view fix);
};

/// Exact (int64) arithmetic that left the range of int64.
class OverflowError : public Error {
 public:
  using Error::Error;
};

/// Arrays handed to a plan that do not have the problem's shapes, types or layout, or a workspace that is too small.
class ArgumentError : public Error {
 public:
  using Error::Error;
};

/// A file that cannot be read, written, or trusted. `what()` begins with the path.
class FileError : public Error {
 public:
  using Error::Error;
};

/// Text from outside as a message may show it: one line, whole characters, at most 60 bytes of them; what is not
/// printable UTF-8 becomes `?`, what is cut off `…`. `quote` puts it between backticks.
std::string shortened(std::string_view text);
std::string quote(std::string_view text);

}  // namespace faltung
