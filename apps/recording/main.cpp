// The second half of the main job of ./run: a real voice through a room (convolution by an impulse response, `full`),
// and back through its transpose (correlation with the same response), by every algorithm. Prints how far each is from
// double precision and how long it takes; writes the sounds.
#include <faltung/faltung.hpp>

#include "io/sound.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace {

using faltung::Problem;

constexpr double room_seconds = 0.1;  // of the response: direct sums cost as much for every tap, a hall needs the FFT
constexpr double decay = 6.9;         // nepers over the response: 60 dB, as a room's reverberation time is defined

/// Exponentially decaying noise after the direct sound: the statistical model of a room. Moorer, "About this
/// reverberation business", 1979.
std::vector<double> impulse_response(int sample_rate) {
  const auto taps = static_cast<std::size_t>(room_seconds * sample_rate);
  std::mt19937 random(1);  // the same room every time
  std::normal_distribution<double> noise(0, 0.1);
  std::vector<double> response(taps);
  response[0] = 1;
  for (std::size_t k = 1; k < taps; ++k)
    response[k] = noise(random) * std::exp(-decay * static_cast<double>(k) / static_cast<double>(taps));
  return response;
}

template <class T>
std::vector<T> apply(const faltung::Plan& plan, const std::vector<double>& response, const std::vector<double>& input,
                     double& seconds) {
  const std::vector<T> weights(response.begin(), response.end()), x(input.begin(), input.end());
  const Problem& problem = plan.problem();
  std::vector<T> y(static_cast<std::size_t>(faltung::element_count(problem.unknown_shape())));
  const faltung::PackedWeights packed = plan.pack<T>({weights.data(), problem.weights_shape()});
  seconds = 1e9;
  double total = 0;
  for (int run = 0; run < 25 && total < 0.3; ++run) {
    const auto start = std::chrono::steady_clock::now();
    plan.run<T>({x.data(), problem.given_shape()}, packed, {y.data(), problem.unknown_shape()});
    const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    seconds = std::min(seconds, taken);
    total += taken;
  }
  return y;
}

/// Runs a step by every algorithm in float, prints the table, and returns the double result. `worst`: in parts of the
/// loudest sample.
std::vector<double> run_step(const std::string& title, const std::string& text, const std::vector<double>& response,
                             const std::vector<double>& input, double& worst) {
  double seconds = 0;
  const std::vector<double> expected =
      apply<double>(faltung::make_plan(faltung::parse_problem(text + " f64")), response, input, seconds);
  double loudest = 0;
  for (const double value : expected) loudest = std::max(loudest, std::abs(value));
  const Problem problem = faltung::parse_problem(text + " f32");
  fmt::print("{}\n  {}\n  {:<16}{:>12}{:>22}\n", title, faltung::to_string(problem), "algorithm", "ms",
             "max error (of peak)");
  const faltung::Plan automatic = faltung::make_plan(problem);
  for (const faltung::Candidate& candidate : automatic.report().candidates) {
    if (candidate.refusal) {
      fmt::print("  {:<16}refused: {}\n", candidate.algorithm, *candidate.refusal);
      continue;
    }
    const auto y =
        apply<float>(faltung::make_plan(problem, {.algorithm = candidate.algorithm}), response, input, seconds);
    double error = 0;
    for (std::size_t i = 0; i < y.size(); ++i) error = std::max(error, std::abs(double{y[i]} - expected[i]) / loudest);
    worst = std::max(worst, error);
    fmt::print("  {:<16}{:>12.3f}{:>22.2e}{}\n", candidate.algorithm, seconds * 1e3, error,
               candidate.algorithm == automatic.algorithm() ? "   ← the plan's choice" : "");
  }
  fmt::print("\n");
  return expected;
}

/// Scaled so that the loudest sample is the largest of 16 bits.
void write(const std::string& path, std::vector<double> samples, const faltung::io::SoundFormat& format) {
  double loudest = 0;
  for (const double value : samples) loudest = std::max(loudest, std::abs(value));
  if (loudest > 0)
    for (double& value : samples) value *= (1 - 0x1p-15) / loudest;
  faltung::io::SoundWriter writer(path, format, 1, static_cast<std::int64_t>(samples.size()));
  writer.write(samples.data(), static_cast<std::int64_t>(samples.size()));
  writer.commit();
}

int run(const std::string& recording, const std::string& folder) {
  std::filesystem::create_directories(folder);
  const faltung::io::Sound sound = faltung::io::read_sound(recording);
  if (sound.samples.shape[0] != 1 || sound.samples.dtype() != faltung::DType::f32)
    throw faltung::ArgumentError(
        fmt::format("a recording of {} channels: the example wants one, of at most 24 bits: give another file",
                    sound.samples.shape[0]));
  const auto& frames = std::get<std::vector<float>>(sound.samples.values);
  const std::vector<double> voice(frames.begin(), frames.end()), response = impulse_response(sound.format.sample_rate);
  const std::size_t taps = response.size();
  fmt::print("{}: {:.2f} s at {} Hz, and a room of {} taps\n\n", recording,
             static_cast<double>(voice.size()) / sound.format.sample_rate, sound.format.sample_rate, taps);
  double worst = 0;
  const std::vector<double> room =
      run_step("Reverberation: convolution with the room, full",
               fmt::format("conv1d i{} k{} p{} flip", voice.size(), taps, taps - 1), response, voice, worst);
  const std::vector<double> back =
      run_step("Back: the transpose, correlation with the room",
               fmt::format("convt1d i{} k{} p{} flip", room.size(), taps, taps - 1), response, room, worst);
  write(folder + "/voice_in_room.wav", room, sound.format);
  write(folder + "/voice_correlated.wav", back, sound.format);
  // ⟨A x, A x⟩ = ⟨x, Aᵀ A x⟩
  const double energy = std::inner_product(room.begin(), room.end(), room.begin(), 0.0);
  const double adjoint = std::inner_product(voice.begin(), voice.end(), back.begin(), 0.0);
  const double difference = std::abs(energy - adjoint) / energy;
  fmt::print("All algorithms agree with double precision to {:.1e} of the peak; the adjoint holds to {:.1e}.\n", worst,
             difference);
  fmt::print("Sounds: {0}/voice_in_room.wav {0}/voice_correlated.wav\n", folder);
  // γ of 4800 terms in float is 2.9e-4 of the sum of magnitudes, which is some tens of times the peak; in practice 1e-6
  return worst < 1e-4 && difference < 1e-12 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("recording: usage: recording RECORDING.wav OUTPUT-FOLDER\n", stderr);
    return 2;
  }
  try {
    return run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "recording: {}\n", error.what());
    return 2;
  }
}
