// Everything: convolution and its transpose as one linear operator.
#pragma once

#include <faltung/blocks.hpp>
#include <faltung/check.hpp>
#include <faltung/cpu.hpp>
#include <faltung/error.hpp>
#include <faltung/explain.hpp>
#include <faltung/frameworks.hpp>
#include <faltung/matrix.hpp>
#include <faltung/plan.hpp>
#include <faltung/problem.hpp>
#include <faltung/tensor.hpp>
#include <faltung/tune.hpp>

/// The version of the library, following semantic versioning.
#define FALTUNG_VERSION "0.1.0"
