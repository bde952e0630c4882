// The C door of the library: handles, status codes, no exceptions. The Python side is library.py; the two change
// together.
#include "measure.hpp"

#include <faltung/faltung.hpp>

#include <cblas.h>
#include <fftw3.h>
#include <dnnl.hpp>

#include <algorithm>
#include <ctime>

namespace measure {

void refuse_what_peers_lack(const faltung::Problem& problem) {
  if (problem.dtype != faltung::DType::f32) throw Refusal("only f32");
  if (problem.flip) throw Refusal("no flipped kernels");
  for (const faltung::Axis& axis : problem.axes)
    if (axis.boundary != faltung::Boundary::zeros) throw Refusal("no boundary but zeros");
}

}  // namespace measure

namespace {

thread_local std::string message;

enum Status : int { ok = 0, refused = 1, failed = 2 };

template <class F>
Status guarded(F&& body) {
  try {
    body();
    return ok;
  } catch (const measure::Refusal& refusal) {
    message = refusal.what();
    return refused;
  } catch (const dnnl::error& error) {
    message = std::string("oneDNN: ") + error.what();
    return error.status == dnnl_unimplemented ? refused : failed;
  } catch (const faltung::ProblemError& error) {
    message = error.what();
    return refused;
  } catch (const std::exception& error) {
    message = error.what();
    return failed;
  }
}

}  // namespace

extern "C" {

/// The last refusal or failure of this thread.
const char* measure_message() { return message.c_str(); }

constexpr int largest_rank = 3;

struct Geometry {
  std::int32_t rank, transposed_layer, unknown;  // unknown: 0 coarse, 1 fine, 2 weights
  std::int32_t plain;                            // 1: f32, zeros, not flipped
  std::int64_t batch, groups, fine_channels, coarse_channels;
  std::int64_t fine[largest_rank], coarse[largest_rank], kernel[largest_rank], stride[largest_rank],
      dilation[largest_rank];
  std::int64_t pad_before[largest_rank], pad_after[largest_rank], surplus[largest_rank];
};

int measure_problem(const char* text, Geometry* geometry) {
  return guarded([&] {
    const faltung::Problem problem = faltung::parse_problem(text);
    *geometry = {};
    geometry->rank = static_cast<std::int32_t>(problem.axes.size());
    geometry->transposed_layer = problem.layer == faltung::Layer::conv_transpose;
    geometry->unknown = problem.unknown == faltung::Unknown::coarse ? 0
                        : problem.unknown == faltung::Unknown::fine ? 1
                                                                    : 2;
    geometry->plain = guarded([&] { measure::refuse_what_peers_lack(problem); }) == ok;
    geometry->batch = problem.batch;
    geometry->groups = problem.groups;
    geometry->fine_channels = problem.fine_channels;
    geometry->coarse_channels = problem.coarse_channels;
    for (std::size_t i = 0; i < problem.axes.size(); ++i) {
      const faltung::Axis& axis = problem.axes[i];
      geometry->fine[i] = axis.fine;
      geometry->coarse[i] = axis.coarse;
      geometry->kernel[i] = axis.kernel;
      geometry->stride[i] = axis.stride;
      geometry->dilation[i] = axis.dilation;
      geometry->pad_before[i] = axis.pad_before;
      geometry->pad_after[i] = axis.pad_after;
      geometry->surplus[i] = axis.surplus();
    }
  });
}

int measure_ours(const char* text, const char* algorithm, int strict, int threads, int often, float* fine,
                 float* coarse, float* weights, void** out) {
  return guarded([&] {
    *out = measure::make_ours(faltung::parse_problem(text), {fine, coarse, weights},
                              {algorithm, strict != 0, threads, static_cast<measure::Weights>(often)})
               .release();
  });
}

int measure_plan_ns(const char* text, const char* algorithm, int strict, int threads, int often, double* ns) {
  return guarded([&] {
    *ns = measure::plan_ns(faltung::parse_problem(text),
                           {algorithm, strict != 0, threads, static_cast<measure::Weights>(often)});
  });
}

/// Names, separated by spaces.
const char* measure_algorithms() {
  static const std::string names = [] {
    std::string text;
    for (const faltung::AlgorithmInfo& one : faltung::algorithms()) text += std::string(one.name) + " ";
    return text;
  }();
  return names.c_str();
}

int measure_onednn(const char* text, int plain, float* fine, float* coarse, float* weights, void** out) {
  return guarded([&] {
    *out = measure::make_onednn(faltung::parse_problem(text), {fine, coarse, weights}, plain != 0).release();
  });
}

int measure_fftw(const char* text, float* fine, float* coarse, float* weights, void** out) {
  return guarded([&] { *out = measure::make_fftw(faltung::parse_problem(text), {fine, coarse, weights}).release(); });
}

int measure_run(void* contender) {
  return guarded([&] { static_cast<measure::Contender*>(contender)->run(); });
}

/// Nanoseconds of processor time per run, in the fastest of `rounds` loops of `count` runs: without the call from
/// Python.
double measure_run_loop(void* contender, int rounds, int count) {
  double best = 1e300;
  for (int round = 0; round < rounds; ++round) {
    const std::clock_t begin = std::clock();
    for (int i = 0; i < count; ++i) static_cast<measure::Contender*>(contender)->run();
    best = std::min(best, static_cast<double>(std::clock() - begin) * 1e9 / CLOCKS_PER_SEC / count);
  }
  return best;
}

const char* measure_note(void* contender) { return static_cast<measure::Contender*>(contender)->note.c_str(); }
std::uint64_t measure_workspace(void* contender) {
  return static_cast<measure::Contender*>(contender)->workspace_bytes();
}
void measure_free(void* contender) { delete static_cast<measure::Contender*>(contender); }

const char* measure_version_faltung() { return FALTUNG_VERSION; }
const char* measure_version_fftw() { return fftwf_version; }
const char* measure_version_onednn() {
  static const std::string text = [] {
    const dnnl_version_t* version = dnnl_version();
    return std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->patch);
  }();
  return text.c_str();
}
const char* measure_version_openblas() { return openblas_get_config(); }
const char* measure_kernel_openblas() { return openblas_get_corename(); }

}  // extern "C"
