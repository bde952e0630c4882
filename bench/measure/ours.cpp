// Faltung itself: plan, pack and a workspace of its own beforehand, then runs that allocate nothing.
#include "measure.hpp"

#include <faltung/plan.hpp>

#include <algorithm>
#include <ctime>
#include <vector>

namespace measure {

namespace {

faltung::Plan plan_of(const faltung::Problem& problem, const OursOptions& options) {
  faltung::Options given{options.algorithm, options.strict ? faltung::Accuracy::strict : faltung::Accuracy::standard,
                         options.threads};
  given.pack_each_run = options.weights != Weights::often;
  return faltung::make_plan(problem, given);
}

class Ours : public Contender {
 public:
  Ours(const faltung::Problem& problem, Arrays arrays, const OursOptions& options)
      : plan_(plan_of(problem, options)), workspace_(plan_.workspace_bytes()), once_(options.weights == Weights::once) {
    note = plan_.algorithm();
    const bool conv = problem.layer == faltung::Layer::conv;
    const faltung::TensorView<float> fine{arrays.fine, problem.fine_shape()},
        coarse{arrays.coarse, problem.coarse_shape()};
    weights_ = {arrays.weights, problem.weights_shape()};
    switch (problem.unknown) {
      case faltung::Unknown::coarse:
        given_ = fine;
        result_ = coarse;
        break;
      case faltung::Unknown::fine:
        given_ = coarse;
        result_ = fine;
        break;
      case faltung::Unknown::weights:
        given_ = conv ? fine : coarse;   // the layer's input
        result_ = conv ? coarse : fine;  // its output's gradient: read only
        gradient_ = true;
        return;
    }
    packed_ = plan_.pack<float>(weights_);
  }

  void run() override {
    if (gradient_)
      plan_.run_weight_gradient<float>(given_, result_, weights_, workspace_);
    else if (once_)
      plan_.run<float>(given_, plan_.pack<float>(weights_), result_, workspace_);
    else
      plan_.run<float>(given_, packed_, result_, workspace_);
  }
  std::size_t workspace_bytes() const override { return workspace_.size(); }

 private:
  faltung::Plan plan_;
  std::vector<std::byte> workspace_;
  faltung::PackedWeights packed_;
  faltung::TensorView<float> given_, result_, weights_;
  bool gradient_ = false, once_;
};

}  // namespace

std::unique_ptr<Contender> make_ours(const faltung::Problem& problem, Arrays arrays, const OursOptions& options) {
  if (problem.dtype != faltung::DType::f32) throw Refusal("the arrays of this measurement are f32");
  return std::make_unique<Ours>(problem, arrays, options);
}

double plan_ns(const faltung::Problem& problem, const OursOptions& options) {
  double least = 1e300;
  for (int i = 0; i < 20; ++i) {
    const std::clock_t begin = std::clock();
    plan_of(problem, options);
    least = std::min(least, static_cast<double>(std::clock() - begin) * 1e9 / CLOCKS_PER_SEC);
  }
  return least;
}

}  // namespace measure
