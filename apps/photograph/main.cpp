// The main job of ./run: a real photograph through a strided convolution, and back up through a transposed one, by
// every algorithm. Prints how far each is from double precision and how long it takes; writes the pictures.
#include <faltung/faltung.hpp>

#include "io/array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using faltung::Problem;

/// One layer: a problem string up to its type, and the kernel that every colour channel meets (colours are samples of a
/// batch).
struct Step {
  std::string title;
  std::string problem;
  std::vector<double> kernel;
};

std::vector<double> outer(const std::vector<double>& row) {
  std::vector<double> plane;
  for (const double y : row)
    for (const double x : row) plane.push_back(x * y);
  return plane;
}

std::vector<double> gaussian_row(double sigma, int radius) {
  std::vector<double> row;
  double sum = 0;
  for (int x = -radius; x <= radius; ++x) sum += row.emplace_back(std::exp(-0.5 * x * x / (sigma * sigma)));
  for (double& value : row) value /= sum;
  return row;
}

template <class T>
std::vector<T> apply(const faltung::Plan& plan, const std::vector<double>& kernel, const std::vector<T>& x,
                     double& seconds) {
  const std::vector<T> weights(kernel.begin(), kernel.end());
  const Problem& problem = plan.problem();
  std::vector<T> y(static_cast<std::size_t>(faltung::element_count(problem.unknown_shape())));
  std::vector<std::byte> workspace(plan.workspace_bytes());
  const faltung::PackedWeights packed = plan.pack<T>({weights.data(), problem.weights_shape()});
  seconds = 1e9;
  double total = 0;
  for (int run = 0; run < 25 && (run < 3 || total < 0.3); ++run) {
    const auto start = std::chrono::steady_clock::now();
    plan.run<T>({x.data(), problem.given_shape()}, packed, {y.data(), problem.unknown_shape()}, workspace);
    const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    seconds = std::min(seconds, taken);
    total += taken;
  }
  return y;
}

/// Runs a step by every algorithm in float, prints the table, and returns the double result.
std::vector<double> run_step(const Step& step, const std::vector<double>& input, double& worst) {
  double seconds = 0;
  const Problem exact = faltung::parse_problem(step.problem + " f64");
  const std::vector<double> expected =
      apply(faltung::make_plan(exact, {.algorithm = "sliding_window"}), step.kernel, input, seconds);
  const Problem problem = faltung::parse_problem(step.problem + " f32");
  const std::vector<float> x(input.begin(), input.end());
  fmt::print("{}\n  {}\n", step.title, faltung::to_string(problem));
  fmt::print("  {:<16}{:>12}{:>22}\n", "one thread", "ms", "max error (of 255)");
  const faltung::Plan automatic = faltung::make_plan(problem);
  for (const faltung::Candidate& candidate : automatic.report().candidates) {
    if (candidate.refusal) {
      fmt::print("  {:<16}refused: {}\n", candidate.algorithm, *candidate.refusal);
      continue;
    }
    const auto y = apply(faltung::make_plan(problem, {.algorithm = candidate.algorithm}), step.kernel, x, seconds);
    double error = 0;
    for (std::size_t i = 0; i < y.size(); ++i) error = std::max(error, std::abs(double{y[i]} - expected[i]));
    worst = std::max(worst, error);
    fmt::print("  {:<16}{:>12.3f}{:>22.2e}{}\n", candidate.algorithm, seconds * 1e3, error,
               candidate.algorithm == automatic.algorithm() ? "   ← the plan's choice" : "");
  }
  fmt::print("\n");
  return expected;
}

faltung::io::Image picture(const std::vector<double>& values, std::int64_t height, std::int64_t width) {
  return {{{3, height, width}, std::vector<float>(values.begin(), values.end())}, {}};
}

/// A window of the photograph in four pictures, pixel by pixel: before; after the stride, which halves it; back up; and
/// what the way cost, × 4.
faltung::io::Image side_by_side(const std::vector<double>& before, const std::vector<double>& small,
                                const std::vector<double>& after, std::int64_t height, std::int64_t width) {
  const std::int64_t size = 256, gap = 8, top = std::min<std::int64_t>(40, height - size), left = (width - size) / 2;
  std::vector<double> lost(before.size());
  for (std::size_t i = 0; i < lost.size(); ++i) lost[i] = 4 * std::abs(before[i] - after[i]);
  const std::int64_t strip = 3 * size + size / 2 + 3 * gap;
  std::vector<float> canvas(static_cast<std::size_t>(3 * size * strip), 255.0F);
  std::int64_t column = 0;
  const auto show = [&](const std::vector<double>& picture, std::int64_t scale) {
    const std::int64_t side = size / scale,
                       down = (size - side) / 2;  // a smaller one stands in the middle of its height
    for (std::int64_t c = 0; c < 3; ++c)
      for (std::int64_t y = 0; y < side; ++y)
        for (std::int64_t x = 0; x < side; ++x)
          canvas[static_cast<std::size_t>((c * size + y + down) * strip + column + x)] =
              static_cast<float>(picture[static_cast<std::size_t>(
                  (c * (height / scale) + y + top / scale) * (width / scale) + x + left / scale)]);
    column += side + gap;
  };
  show(before, 1);
  show(small, 2);
  show(after, 1);
  show(lost, 1);
  return {{{3, size, strip}, canvas}, {}};
}

void show_matrices() {
  for (const char* text : {"conv2d i3x3 k2x2", "convt2d i2x2 k2x2"}) {
    const Problem problem = faltung::parse_problem(text);
    const auto matrix = faltung::symbolic_matrix(problem);
    fmt::print("{}  →  {} × {}\n{}\n", text, matrix.rows, matrix.columns,
               faltung::to_text(matrix, faltung::row_names(problem, faltung::Form::folded),
                                faltung::column_names(problem, faltung::Form::folded)));
  }
}

int run(const std::string& photograph, const std::string& folder) {
  std::filesystem::create_directories(folder);
  const faltung::io::Image image = faltung::io::read_image(photograph);
  const std::int64_t height = image.pixels.shape[1], width = image.pixels.shape[2];
  if (image.pixels.shape[0] != 3 || height % 2 != 0 || width % 2 != 0 || height < 256 || width < 256)
    throw faltung::ArgumentError(
        fmt::format("a photograph of {} × {} × {}: the example wants RGB and even sides of 256 or "
                    "more: give another file",
                    image.pixels.shape[0], height, width));
  const auto& pixels = std::get<std::vector<float>>(image.pixels.values);
  const std::vector<double> original(pixels.begin(), pixels.end());
  fmt::print("\n{}: {} × {} pixels, 3 channels\n\n", photograph, width, height);
  show_matrices();

  const std::string size = fmt::format("i{}x{}", height, width), half = fmt::format("i{}x{}", height / 2, width / 2);
  double worst = 0;
  const std::vector<double> small =
      run_step({"Down: convolution, gaussian 7×7, stride 2", "conv2d n3 " + size + " k7x7 s2 p3 breflect",
                outer(gaussian_row(1.0, 3))},
               original, worst);
  const std::vector<double> back =
      run_step({"Up: transposed convolution, bilinear 4×4, stride 2", "convt2d n3 " + half + " k4x4 s2 p1 breplicate",
                outer({0.25, 0.75, 0.75, 0.25})},
               small, worst);
  const std::vector<double> edges = run_step(
      {"Edges: convolution, sobel-x 3×3", "conv2d n3 " + size + " k3x3 p1 breplicate", {-1, 0, 1, -2, 0, 2, -1, 0, 1}},
      original, worst);

  faltung::io::write_image(folder + "/down.png", picture(small, height / 2, width / 2));
  faltung::io::write_image(folder + "/up.png", picture(back, height, width));
  faltung::io::write_image(folder + "/edges.png", picture(edges, height, width), faltung::io::PixelRange::normalize);
  faltung::io::write_image(folder + "/side_by_side.png", side_by_side(original, small, back, height, width));
  fmt::print("Pictures: {0}/down.png {0}/up.png {0}/edges.png {0}/side_by_side.png\n", folder);

  // measured 1.1e-4; sums of 49 products of floats up to 255 may differ by γ₅₀ · 255 · 8 = 6e-3 (Higham 2002, 3.1)
  constexpr double tolerance = 1e-3;
  const bool agree = worst <= tolerance;
  fmt::print("All algorithms {} with double precision to {:.1e} grey levels of 255.\n",
             agree ? "agree" : "DO NOT agree", worst);
  return agree ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("photograph: usage: photograph PHOTOGRAPH.jpg OUTPUT-FOLDER\n", stderr);
    return 2;
  }
  try {
    return run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "photograph: {}\n", error.what());
    return 2;
  }
}
