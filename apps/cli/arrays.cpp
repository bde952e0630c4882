#include "cli/arrays.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

namespace faltung::cli {

void refuse_overwriting(const std::string& output, const std::vector<std::string>& inputs) {
  std::error_code ignored;
  for (const std::string& input : inputs)
    if (!input.empty() && std::filesystem::equivalent(input, output, ignored))
      throw ProblemError(fmt::format("-o {}", output), "it is a file that is read", "write to another name");
}

DType common_dtype(DType a, DType b) { return a == b ? a : DType::f64; }

void refuse_fraction(const std::string& what, double value) {
  throw ProblemError(fmt::format("{} holds {}", what, value), "--dtype i64 is for whole numbers", "use --dtype f64");
}

std::string describe(const io::Array& array) {
  return std::visit(
      [&]<class T>(const std::vector<T>& values) {
        std::string text;
        constexpr std::size_t shown = 1024;  // a screen of numbers; more is a file's business
        if (values.empty()) return std::string("empty\n");
        if (values.size() > shown) {
          const auto [low, high] = std::minmax_element(values.begin(), values.end());
          const double sum = std::accumulate(values.begin(), values.end(), 0.0,
                                             [](double a, T b) { return a + static_cast<double>(b); });
          return fmt::format("min {}, max {}, mean {:.6g} (give -o OUT.npy to keep the numbers)\n", *low, *high,
                             sum / static_cast<double>(values.size()));
        }
        std::vector<std::string> cells;
        std::size_t width = 0;
        for (const T value : values) width = std::max(width, cells.emplace_back(fmt::format("{}", value)).size());
        const auto row = static_cast<std::size_t>(array.shape.back());
        const std::size_t plane = array.shape.size() > 1
                                      ? row * static_cast<std::size_t>(array.shape[array.shape.size() - 2])
                                      : values.size();
        for (std::size_t i = 0; i < cells.size(); ++i) {
          if (i > 0 && i % plane == 0) text += '\n';
          text += fmt::format("{:>{}}{}", cells[i], width, (i + 1) % row == 0 ? "\n" : "  ");
        }
        return text;
      },
      array.values);
}

}  // namespace faltung::cli
