// Idea
// The definition itself: slide the window and add (many to one), or stamp the kernel and add (one to many). Slow, exact
// about its order, and what every other algorithm is compared with. Source: Dumoulin & Visin, "A guide to convolution
// arithmetic for deep learning", 2016.
#include "reference/sliding_window.hpp"

#include "algorithms/algorithm.hpp"
#include "algorithms/with_type.hpp"
#include "support/parallel.hpp"

#include <algorithm>
#include <vector>

namespace faltung::internal {

namespace {

template <class T>
struct PlainWeights : Packed {
  std::vector<T> weights, bias;
};

// Prepare
template <class T>
class PreparedSlidingWindow : public Prepared {
 public:
  PreparedSlidingWindow(const Problem& problem, int threads) : problem_(problem), terms_(problem), threads_(threads) {}

  std::size_t workspace_bytes() const override {
    if (problem_.unknown != Unknown::fine) return 0;
    Problem one_sample = problem_;
    one_sample.batch = 1;
    return static_cast<std::size_t>(element_count(one_sample.padded_shape())) * sizeof(T);
  }

  std::size_t packed_bytes() const override {
    if (problem_.unknown == Unknown::weights) return 0;
    return static_cast<std::size_t>(element_count(problem_.weights_shape()) + problem_.bias_size()) * sizeof(T);
  }

  std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const override {
    auto packed = std::make_unique<PlainWeights<T>>();
    const auto* w = static_cast<const T*>(weights);
    packed->weights.assign(w, w + element_count(problem_.weights_shape()));
    if (const auto* b = static_cast<const T*>(bias)) packed->bias.assign(b, b + problem_.bias_size());
    return packed;
  }

  // Run: threads share the channels of the unknown array, so every sum stays in one thread and in its order.
  void run(const Arrays& arrays, std::byte* workspace) const override {
    const auto* packed = static_cast<const PlainWeights<T>*>(arrays.packed);
    const T* weights = packed ? packed->weights.data() : nullptr;
    const T* bias = packed && !packed->bias.empty() ? packed->bias.data() : nullptr;
    auto* fine = static_cast<T*>(arrays.fine);
    auto* coarse = static_cast<T*>(arrays.coarse);
    const std::int64_t channels = problem_.unknown == Unknown::fine ? problem_.fine_channels : problem_.coarse_channels;
    parallel_for(threads_ == 1 ? 1 : channels, threads_, [&](std::int64_t i) {
      const ChannelRange range = threads_ == 1 ? ChannelRange{0, channels} : ChannelRange{i, i + 1};
      switch (problem_.unknown) {
        case Unknown::coarse:
          return sliding_window_coarse<T>(problem_, terms_, fine, weights, bias, coarse, range);
        case Unknown::fine:
          return sliding_window_fine<T>(problem_, terms_, coarse, weights, bias, fine, reinterpret_cast<T*>(workspace),
                                        range);
        case Unknown::weights:
          return sliding_window_weights<T>(problem_, terms_, fine, coarse, static_cast<T*>(arrays.weights), range);
      }
    });
  }

 private:
  Problem problem_;
  Terms terms_;
  int threads_;
};

class SlidingWindow : public Algorithm {
 public:
  std::string_view name() const override { return "sliding_window"; }
  std::string_view idea() const override { return "the definition: slide the window, or stamp the kernel, and add"; }
  std::string_view source() const override {
    return "Dumoulin & Visin, A guide to convolution arithmetic for deep learning, 2016";
  }
  bool strict() const override { return true; }

  // Where it applies: everywhere.
  std::optional<std::string> refusal(const Problem&) const override { return std::nullopt; }

  // What it costs
  Cost cost(const Problem& problem) const override {
    // measured: docs/design/cost_model.md
    const double floating = problem.unknown == Unknown::weights ? 3.9e-9 : 2.8e-9;
    return {multiply_adds(problem) * (problem.dtype == DType::i64 ? 1.8e-9 : floating),
            seconds_to_order_weights(problem, 0.4e-9)};
  }

  std::unique_ptr<const Prepared> prepare(const Problem& problem, int threads) const override {
    return with_type(problem.dtype, [&]<class T>() -> std::unique_ptr<const Prepared> {
      return std::make_unique<PreparedSlidingWindow<T>>(problem, threads);
    });
  }
};

}  // namespace

const Algorithm& sliding_window_algorithm() {
  static const SlidingWindow algorithm;
  return algorithm;
}

}  // namespace faltung::internal
