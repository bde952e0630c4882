// Image kernels by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace faltung::cli {

/// A plane of weights for cross-correlation, row-major, and what goes with it when the user does not say otherwise.
struct NamedKernel {
  std::int64_t height = 0, width = 0;
  std::vector<double> values;
  std::int64_t stride = 1;
  std::string padding = "same";  ///< as for --padding
};

/// gaussian:SIGMA (radius ⌈3σ⌉, sum 1), box:N or box:HxW (sum 1), sobel-x, sobel-y (rising to the right, downwards:
/// positive), laplacian, sharpen, bilinear:S (for a transposed convolution: enlarges S times; for a convolution its
/// adjoint divided by S², which reduces S times). Errors: ProblemError.
NamedKernel named_kernel(const std::string& text, bool transposed);

}  // namespace faltung::cli
