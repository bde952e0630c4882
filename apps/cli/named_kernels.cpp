#include "cli/named_kernels.hpp"

#include <faltung/error.hpp>
#include <faltung/problem.hpp>

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace faltung::cli {

namespace {

constexpr std::int64_t largest_side = 4095;  // 16 million weights: more is a typing error

[[noreturn]] void refuse(const std::string& text, const std::string& rule, const std::string& fix) {
  throw ProblemError(fmt::format("--kernel is {}", quote(text)), rule, fix);
}

std::vector<double> outer(const std::vector<double>& rows, const std::vector<double>& columns) {
  std::vector<double> plane;
  for (const double y : rows)
    for (const double x : columns) plane.push_back(y * x);
  return plane;
}

NamedKernel square(std::vector<double> values) {
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(values.size()))));
  return {side, side, std::move(values)};
}

NamedKernel gaussian(const std::string& text, const std::string& argument) {
  char* end = nullptr;
  const double sigma = std::strtod(argument.c_str(), &end);
  if (argument.empty() || *end != '\0' || !(sigma > 0) || sigma * 3 > static_cast<double>(largest_side / 2))
    refuse(text, fmt::format("sigma is a number over 0, at most {}", largest_side / 6), "write it like gaussian:2");
  const auto radius = static_cast<int>(std::ceil(3 * sigma));
  std::vector<double> row;
  double sum = 0;
  for (int x = -radius; x <= radius; ++x) {
    const double z = x / sigma;  // sigma² may vanish
    sum += row.emplace_back(std::exp(-0.5 * z * z));
  }
  for (double& value : row) value /= sum;
  return square(outer(row, row));
}

NamedKernel box(const std::string& text, const std::string& argument) {
  Shape size = parse_extents(argument, "--kernel box");
  if (size.size() == 1) size.push_back(size.front());
  if (size.size() != 2 || size[0] < 1 || size[1] < 1 || size[0] > largest_side || size[1] > largest_side)
    refuse(text, fmt::format("a box has one or two sides of 1 to {}", largest_side), "write it like box:5 or box:3x5");
  const double value = 1.0 / static_cast<double>(size[0] * size[1]);
  return {size[0], size[1], std::vector<double>(static_cast<std::size_t>(size[0] * size[1]), value)};
}

/// The triangle that interpolates between input pixels s apart whose centres lie at (s − 1)/2.
NamedKernel bilinear(const std::string& text, const std::string& argument, bool transposed) {
  const Shape factor = parse_extents(argument, "--kernel bilinear");
  if (factor.size() != 1 || factor[0] < 1 || factor[0] > largest_side / 2)
    refuse(text, fmt::format("the factor is a whole number from 1 to {}", largest_side / 2),
           "write it like bilinear:2");
  const std::int64_t s = factor[0], size = 2 * s - s % 2;
  const double center = static_cast<double>(size - 1) / 2;
  std::vector<double> row;
  for (std::int64_t k = 0; k < size; ++k)
    row.push_back((1 - std::abs(static_cast<double>(k) - center) / static_cast<double>(s)) /
                  (transposed ? 1.0 : static_cast<double>(s)));
  NamedKernel kernel = square(outer(row, row));
  kernel.stride = s;
  kernel.padding = std::to_string((size - s) / 2);
  return kernel;
}

}  // namespace

NamedKernel named_kernel(const std::string& text, bool transposed) {
  const std::size_t colon = text.find(':');
  const std::string name = text.substr(0, colon), argument = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (name == "gaussian") return gaussian(text, argument);
  if (name == "box") return box(text, argument);
  if (name == "bilinear") return bilinear(text, argument, transposed);
  if (colon == std::string::npos) {
    if (name == "sobel-x") return square({-1, 0, 1, -2, 0, 2, -1, 0, 1});
    if (name == "sobel-y") return square({-1, -2, -1, 0, 0, 0, 1, 2, 1});
    if (name == "laplacian") return square({0, 1, 0, 1, -4, 1, 0, 1, 0});
    if (name == "sharpen") return square({0, -1, 0, -1, 5, -1, 0, -1, 0});
  }
  refuse(text, "kernels are gaussian:SIGMA, box:SIZE, sobel-x, sobel-y, laplacian, sharpen, bilinear:FACTOR",
         "use one of them, or --weight W.npy");
}

}  // namespace faltung::cli
