// The times that plans of this process choose by.
#pragma once

#include <faltung/tune.hpp>

#include <memory>

namespace faltung::python {

/// The user's file, once; what is wrong with it becomes a warning of Python's, whose lock is held.
void read_wisdom();

/// What was read and tuned so far; any thread, with or without Python's lock.
std::shared_ptr<const Wisdom> known_wisdom();

}  // namespace faltung::python
