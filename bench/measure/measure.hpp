// What the driver of bench/peers calls: one prepared problem per contender, run again and again on the same arrays.
//
// Every contender gets the same three arrays of the equation f = c·s + k·d − p, plain and row-major, and writes the
// unknown one. What may be done once per weights (packing, reordering, planning) is done in its constructor, everything
// else in `run`.
#pragma once

#include <faltung/problem.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace measure {

/// Weights as `Problem::weights_shape`; one of the three is written.
struct Arrays {
  float* fine;
  float* coarse;
  float* weights;
};

/// A contender that cannot take a problem: shown in the table's notes, never an error.
class Refusal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Contender {
 public:
  virtual ~Contender() = default;
  virtual void run() = 0;
  virtual std::size_t workspace_bytes() const { return 0; }
  std::string note;  ///< which of its own ways it chose
};

/// Weights that are used often are packed in the constructor. Those that are used once, in every run, and the plan
/// knows it; or such a plan's run alone.
enum class Weights : int { often = 0, once = 1, once_packed_before = 2 };

struct OursOptions {
  std::string algorithm;
  bool strict;
  int threads;
  Weights weights;
};

std::unique_ptr<Contender> make_ours(const faltung::Problem& problem, Arrays arrays, const OursOptions& options);
/// Nanoseconds of processor time to make the plan, the least of several.
double plan_ns(const faltung::Problem& problem, const OursOptions& options);

/// `plain`: row-major activations, weights in the layout that oneDNN likes, reordered once. Otherwise oneDNN chooses
/// every layout, and `run` reorders the activations in and out.
std::unique_ptr<Contender> make_onednn(const faltung::Problem& problem, Arrays arrays, bool plain);

/// Overlap-save tiles through FFTW, for depthwise convolutions of stride 1 with large kernels. Planning is in the
/// constructor.
std::unique_ptr<Contender> make_fftw(const faltung::Problem& problem, Arrays arrays);

/// Throws a Refusal for what no peer knows: other types than f32, other boundaries than zeros, flipped kernels.
void refuse_what_peers_lack(const faltung::Problem& problem);

}  // namespace measure
