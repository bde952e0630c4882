// oneDNN: a convolution, a deconvolution, or a convolution's weight gradient, as the problem's unknown says.
//
// The weights of a deconvolution are [output, input] to oneDNN and [input, output] to us: the strides say so, no copy
// is made by hand.
#include "measure.hpp"

#include <dnnl.hpp>

#include <unordered_map>
#include <vector>

namespace measure {

namespace {

using dnnl::memory;
using Dims = memory::dims;

/// Row-major strides of a shape.
Dims strides_of(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (std::size_t i = dims.size() - 1; i > 0; --i) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

memory::desc row_major(const Dims& dims) { return {dims, memory::data_type::f32, strides_of(dims)}; }
memory::desc any(const Dims& dims) { return {dims, memory::data_type::f32, memory::format_tag::any}; }

memory::desc weights_desc(const faltung::Problem& problem) {
  const std::int64_t g = problem.groups, coarse = problem.coarse_channels / g, fine = problem.fine_channels / g;
  Dims taps;
  for (const faltung::Axis& axis : problem.axes) taps.push_back(axis.kernel);
  const bool swapped = problem.unknown == faltung::Unknown::fine;
  Dims dims{g, coarse, fine};
  dims.insert(dims.end(), taps.begin(), taps.end());
  Dims strides = strides_of(dims);
  if (swapped) {
    std::swap(dims[1], dims[2]);
    std::swap(strides[1], strides[2]);
  }
  if (g == 1) {
    dims.erase(dims.begin());
    strides.erase(strides.begin());
  }
  return {dims, memory::data_type::f32, strides};
}

class Onednn : public Contender {
 public:
  Onednn(const faltung::Problem& problem, Arrays arrays, bool plain)
      : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    const memory::desc fine = row_major(problem.fine_shape()), coarse = row_major(problem.coarse_shape()),
                       weights = weights_desc(problem);
    const memory::desc any_fine = plain ? fine : any(problem.fine_shape());
    const memory::desc any_coarse = plain ? coarse : any(problem.coarse_shape());
    const memory::desc any_weights = any(weights.get_dims());
    Dims strides, dilations, before, after;
    for (const faltung::Axis& axis : problem.axes) {
      strides.push_back(axis.stride);
      dilations.push_back(axis.dilation - 1);  // oneDNN counts from 0
      before.push_back(axis.pad_before);
      // a deconvolution's output padding is a smaller pad behind, as PyTorch says it to oneDNN
      after.push_back(problem.unknown == faltung::Unknown::fine ? axis.pad_after - axis.surplus() : axis.pad_after);
    }
    const auto inference = dnnl::prop_kind::forward_inference;
    const auto automatic = dnnl::algorithm::convolution_auto;
    switch (problem.unknown) {
      case faltung::Unknown::coarse: {
        const dnnl::convolution_forward::primitive_desc chosen(engine_, inference, automatic, any_fine, any_weights,
                                                               any_coarse, strides, dilations, before, after);
        primitive_ = dnnl::convolution_forward(chosen);
        note = chosen.impl_info_str();
        input(DNNL_ARG_SRC, fine, arrays.fine, chosen.src_desc(), false);
        input(DNNL_ARG_WEIGHTS, weights, arrays.weights, chosen.weights_desc(), true);
        output(DNNL_ARG_DST, coarse, arrays.coarse, chosen.dst_desc());
        break;
      }
      case faltung::Unknown::fine: {
        const dnnl::deconvolution_forward::primitive_desc chosen(
            engine_, inference, dnnl::algorithm::deconvolution_direct, any_coarse, any_weights, any_fine, strides,
            dilations, before, after);
        primitive_ = dnnl::deconvolution_forward(chosen);
        note = chosen.impl_info_str();
        input(DNNL_ARG_SRC, coarse, arrays.coarse, chosen.src_desc(), false);
        input(DNNL_ARG_WEIGHTS, weights, arrays.weights, chosen.weights_desc(), true);
        output(DNNL_ARG_DST, fine, arrays.fine, chosen.dst_desc());
        break;
      }
      case faltung::Unknown::weights: {
        const dnnl::convolution_forward::primitive_desc hint(engine_, dnnl::prop_kind::forward_training, automatic,
                                                             any_fine, any_weights, any_coarse, strides, dilations,
                                                             before, after);
        const dnnl::convolution_backward_weights::primitive_desc chosen(
            engine_, automatic, any_fine, any_weights, any_coarse, strides, dilations, before, after, hint);
        primitive_ = dnnl::convolution_backward_weights(chosen);
        note = chosen.impl_info_str();
        input(DNNL_ARG_SRC, fine, arrays.fine, chosen.src_desc(), false);
        input(DNNL_ARG_DIFF_DST, coarse, arrays.coarse, chosen.diff_dst_desc(), false);
        output(DNNL_ARG_DIFF_WEIGHTS, weights, arrays.weights, chosen.diff_weights_desc());
        break;
      }
    }
    stream_.wait();
    // c18 of the corpora takes such a loop five minutes
    if (note.starts_with("ref")) throw Refusal("only a reference loop: " + note);
    const std::size_t count = before_.size() + after_.size();
    if (count > 0) note += ", " + std::to_string(count) + (count == 1 ? " reorder" : " reorders");
  }

  void run() override {
    for (Reorder& reorder : before_) reorder.primitive.execute(stream_, reorder.from, reorder.to);
    primitive_.execute(stream_, arguments_);
    for (Reorder& reorder : after_) reorder.primitive.execute(stream_, reorder.from, reorder.to);
    stream_.wait();
  }

 private:
  struct Reorder {
    memory from, to;
    dnnl::reorder primitive;
    Reorder(memory source, memory target) : from(source), to(target), primitive(source, target) {}
  };

  void input(int argument, const memory::desc& given, float* data, const memory::desc& wanted, bool once) {
    memory plain(given, engine_, data);
    if (given == wanted && !once) {
      arguments_[argument] = plain;
      return;
    }
    const memory reordered(wanted, engine_);
    arguments_[argument] = reordered;
    Reorder reorder(plain, reordered);
    if (once)
      reorder.primitive.execute(stream_, reorder.from, reorder.to);
    else
      before_.push_back(reorder);
  }

  void output(int argument, const memory::desc& given, float* data, const memory::desc& produced) {
    memory plain(given, engine_, data);
    if (given == produced) {
      arguments_[argument] = plain;
      return;
    }
    const memory made(produced, engine_);
    arguments_[argument] = made;
    after_.emplace_back(made, plain);
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::primitive primitive_;
  std::unordered_map<int, memory> arguments_;
  std::vector<Reorder> before_, after_;
};

}  // namespace

std::unique_ptr<Contender> make_onednn(const faltung::Problem& problem, Arrays arrays, bool plain) {
  refuse_what_peers_lack(problem);
  return std::make_unique<Onednn>(problem, arrays, plain);
}

}  // namespace measure
