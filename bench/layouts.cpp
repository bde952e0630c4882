// What other layouts and activations cost: every row of a corpus as dense NCHW, and beside it, interleaved in one run.
//
//     layouts [NAME…]      rows of bench/corpora/networks.txt; default: c1 c3 c4 t1 t3 t9
//
// Columns are minima of many runs, in units of the dense NCHW row of the same run. One thread.
#include <faltung/faltung.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

namespace {

using faltung::Options;
using faltung::Problem;
using faltung::Shape;

struct Layout {
  Shape strides;
  std::int64_t first, places;
};

enum class Order { dense, channels_last, columns_first, backwards, sliced };

Layout layout_of(const Shape& shape, Order order) {
  std::vector<std::size_t> axes(shape.size());
  std::iota(axes.begin(), axes.end(), std::size_t{0});
  if (order == Order::channels_last) std::rotate(axes.begin() + 1, axes.begin() + 2, axes.end());
  if (order == Order::columns_first) std::reverse(axes.begin() + 2, axes.end());
  Layout layout{Shape(shape.size()), 0, 1};
  for (std::size_t i = axes.size(); i-- > 0;) {
    layout.strides[axes[i]] = layout.places;
    layout.places *= shape[axes[i]] + (order == Order::sliced && i >= 2 ? 2 : 0);
  }
  if (order == Order::backwards) {
    layout.first = (shape.back() - 1) * layout.strides.back();
    layout.strides.back() *= -1;
  }
  return layout;
}

class Run {
 public:
  Run(const Problem& problem, Order order, Options options)
      : fine_(layout_of(problem.fine_shape(), order)), coarse_(layout_of(problem.coarse_shape(), order)) {
    options.fine_strides = fine_.strides;
    options.coarse_strides = coarse_.strides;
    plan_ = faltung::make_plan(problem, options);
    const auto numbers = [](std::int64_t count) { return std::vector<float>(static_cast<std::size_t>(count), 0.5F); };
    fine_numbers_ = numbers(fine_.places);
    coarse_numbers_ = numbers(coarse_.places);
    workspace_.resize(plan_.workspace_bytes());
    const std::vector<float> weights = numbers(faltung::element_count(problem.weights_shape()));
    packed_ = plan_.pack<float>({weights.data(), problem.weights_shape()});
    const faltung::TensorView<float> fine{fine_numbers_.data() + fine_.first, problem.fine_shape(), fine_.strides},
        coarse{coarse_numbers_.data() + coarse_.first, problem.coarse_shape(), coarse_.strides};
    const bool gather = problem.unknown == faltung::Unknown::coarse;
    given_ = gather ? fine : coarse;
    result_ = gather ? coarse : fine;
  }

  void once() {
    const auto start = std::chrono::steady_clock::now();
    plan_.run<float>(given_, packed_, result_, workspace_);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    best_ = std::min(best_, taken.count());
  }
  double best() const { return best_; }

 private:
  Layout fine_, coarse_;
  faltung::Plan plan_;
  faltung::PackedWeights packed_;
  std::vector<float> fine_numbers_, coarse_numbers_;
  std::vector<std::byte> workspace_;
  faltung::TensorView<float> given_, result_;
  double best_ = 1e9;
};

Problem row_of(const std::string& name) {
  std::ifstream file(FALTUNG_CORPORA "/networks.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string found, problem;
    if (words >> found && found == name && std::getline(words >> std::ws, problem))
      return faltung::parse_problem(problem);
  }
  throw std::runtime_error(name + ": no such row");
}

void measure(const std::string& name) {
  const Problem problem = row_of(name);
  const Options plain{.algorithm = "polyphase"};
  Options relu = plain, residual = plain;
  relu.activation.kind = residual.activation.kind = faltung::Activation::Kind::relu;
  residual.sum_into_output = true;
  std::vector<Run> runs;
  runs.reserve(7);  // views point into what is here
  for (const Order order : {Order::dense, Order::channels_last, Order::columns_first, Order::backwards, Order::sliced})
    runs.emplace_back(problem, order, plain);
  runs.emplace_back(problem, Order::dense, relu);
  runs.emplace_back(problem, Order::dense, residual);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  for (int i = 0; i < 5 || std::chrono::steady_clock::now() < end; ++i)
    for (Run& run : runs) run.once();
  std::cout << fmt::format("{:<5}{:>9.3f}", name, runs[0].best() * 1e3);
  for (std::size_t i = 1; i < runs.size(); ++i) std::cout << fmt::format("{:>10.2f}", runs[i].best() / runs[0].best());
  std::cout << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::vector<std::string> names(argv + 1, argv + argc);
    if (names.empty()) names = {"c1", "c3", "c4", "t1", "t3", "t9"};
    std::cout << fmt::format("{:<5}{:>9}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}\n", "", "ms", "NHWC", "columns",
                             "backwards", "sliced", "relu", "residual");
    for (const std::string& name : names) measure(name);
  } catch (const std::exception& error) {
    std::cerr << "layouts: " << error.what() << '\n';
    return 2;
  }
}
