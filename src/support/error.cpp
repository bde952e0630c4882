#include <faltung/error.hpp>

namespace faltung {

ProblemError::ProblemError(std::string_view given, std::string_view rule, std::string_view fix)
    : Error(std::string(given).append(": ").append(rule).append(": ").append(fix)) {}

}  // namespace faltung
