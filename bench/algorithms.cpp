// Every algorithm of the library on every problem of a corpus, by Google Benchmark.
//
//     algorithms [CORPUS.txt …] [--longest=SECONDS] [--benchmark_…]      default: bench/corpora/networks.txt
//
// A line of a corpus is a name and a problem string; `#` begins a comment. Counters: GFLOP/s over two operations per
// product, and what the cost model predicts. Algorithms that are predicted to take longer than --longest (1 s) are left
// out. The sgemm beside them is the one of the BLAS that im2col_blas calls. One thread.
#include <faltung/faltung.hpp>

#include <benchmark/benchmark.h>
#include <cblas.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using faltung::DType;
using faltung::Plan;
using faltung::Problem;
using faltung::TensorView;
using faltung::Unknown;

std::size_t cells(const faltung::Shape& shape) { return static_cast<std::size_t>(faltung::element_count(shape)); }

double operations(const Problem& problem) {
  double products = static_cast<double>(problem.batch) * static_cast<double>(cells(problem.weights_shape()));
  for (const faltung::Axis& axis : problem.axes) products *= static_cast<double>(axis.coarse);
  return 2 * products;
}

/// Whole numbers from −4 to 4: sums of them stay exact in every type and no denormal slows the run.
template <class T>
std::vector<T> numbers(std::size_t count) {
  std::vector<T> values(count);
  std::uint32_t state = 1;
  for (T& value : values) {
    state = state * 1664525U + 1013904223U;  // Numerical Recipes, section 7.1
    value = static_cast<T>(static_cast<int>(state >> 16U) % 9 - 4);
  }
  return values;
}

template <class T>
void measure(benchmark::State& state, const Plan& plan) {
  const Problem& problem = plan.problem();
  const bool gradient = problem.unknown == Unknown::weights;
  const bool fine_is_given = problem.unknown == Unknown::coarse || (gradient && problem.layer == faltung::Layer::conv);
  const auto fine = numbers<T>(cells(problem.fine_shape())), coarse = numbers<T>(cells(problem.coarse_shape()));
  const auto weights = numbers<T>(cells(problem.weights_shape()));
  std::vector<T> result(cells(problem.unknown_shape()));
  std::vector<std::byte> workspace(plan.workspace_bytes());
  const TensorView<const T> fine_view{fine.data(), problem.fine_shape()},
      coarse_view{coarse.data(), problem.coarse_shape()};
  const TensorView<const T>&given = fine_is_given ? fine_view : coarse_view,
                         &other = fine_is_given ? coarse_view : fine_view;
  const TensorView<T> result_view{result.data(), problem.unknown_shape()};
  const faltung::PackedWeights packed =
      gradient ? faltung::PackedWeights{} : plan.pack<T>({weights.data(), problem.weights_shape()});
  for ([[maybe_unused]] auto _ : state) {
    if (gradient)
      plan.run_weight_gradient(given, other, result_view, workspace);
    else
      plan.run(given, packed, result_view, workspace);
    benchmark::ClobberMemory();
  }
  for (const faltung::Candidate& candidate : plan.report().candidates)
    if (candidate.algorithm == plan.algorithm()) state.counters["predicted_ms"] = candidate.predicted_seconds * 1e3;
  state.counters["GFLOP/s"] =
      benchmark::Counter(operations(problem) * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void run(benchmark::State& state, const Plan& plan) {
  switch (plan.problem().dtype) {
    case DType::f32:
      return measure<float>(state, plan);
    case DType::f64:
      return measure<double>(state, plan);
    case DType::i64:
      return measure<std::int64_t>(state, plan);
  }
}

void sgemm(benchmark::State& state) {
  openblas_set_num_threads(1);
  const auto m = static_cast<int>(state.range(0)), k = static_cast<int>(state.range(1)),
             n = static_cast<int>(state.range(2));
  const auto size = [](int rows, int columns) {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  };
  const auto a = numbers<float>(size(m, k)), b = numbers<float>(size(k, n));
  std::vector<float> c(size(m, n));
  for ([[maybe_unused]] auto _ : state) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a.data(), k, b.data(), n, 0, c.data(), n);
    benchmark::ClobberMemory();
  }
  state.counters["GFLOP/s"] = benchmark::Counter(2e-9 * m * k * n, benchmark::Counter::kIsIterationInvariantRate);
}
// the product of 64→64 3×3 at 56×56, and a square one that shows the BLAS at its best
BENCHMARK(sgemm)->Args({64, 576, 3136})->Args({1024, 1024, 1024})->Unit(benchmark::kMillisecond);

void add_problem(const std::string& name, const Problem& problem, double longest) {
  for (const faltung::Candidate& candidate : faltung::make_plan(problem, {}).report().candidates) {
    if (candidate.refusal || candidate.predicted_seconds > longest) continue;
    benchmark::RegisterBenchmark((name + "/" + candidate.algorithm).c_str(), [problem, algorithm = candidate.algorithm](
                                                                                 benchmark::State& state) {
      run(state, faltung::make_plan(problem, {.algorithm = algorithm}));
    })->Unit(benchmark::kMillisecond);
  }
}

void add_corpus(const std::string& path, double longest) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot open it: check the path");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string name, problem;
    if (words >> name && std::getline(words >> std::ws, problem))
      add_problem(name, faltung::parse_problem(problem), longest);
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  try {
    double longest = 1;
    std::vector<std::string> corpora;
    for (const std::string_view argument : std::vector<std::string_view>(argv + 1, argv + argc)) {
      if (argument.starts_with("--longest="))
        longest = std::stod(std::string(argument.substr(argument.find('=') + 1)));
      else
        corpora.emplace_back(argument);
    }
    if (corpora.empty()) corpora.emplace_back(FALTUNG_CORPORA "/networks.txt");
    for (const std::string& corpus : corpora) add_corpus(corpus, longest);
    benchmark::RunSpecifiedBenchmarks();
  } catch (const std::exception& error) {
    std::cerr << "algorithms: " << error.what() << '\n';
    return 2;
  }
  return 0;
}
