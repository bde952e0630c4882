// JAX: jax.lax. Pads of a convolution are pairs; lax.conv_transpose's pads are those of the dilated input, so they
// count the other way, and it does not flip the kernel unless transpose_kernel is set. Whatever has no words of its own
// is the linear transpose of the convolution. Source: JAX documentation, lax.conv_general_dilated, lax.conv_transpose,
// jax.linear_transpose.
#include "frameworks/layer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faltung::internal {

namespace {

const char* pad_mode(Boundary boundary) {
  switch (boundary) {
    case Boundary::zeros:
      return "constant";
    case Boundary::reflect:
      return "reflect";
    case Boundary::symmetric:
      return "symmetric";
    case Boundary::replicate:
      return "edge";
    case Boundary::circular:
      break;
  }
  return "wrap";
}

/// jnp.pad for each axis with a margin.
std::string padded(const Problem& problem, std::string x) {
  for (std::size_t a = 0; a < problem.axes.size(); ++a) {
    const Axis& axis = problem.axes[a];
    if (axis.pad_before + axis.pad_after == 0) continue;
    std::vector<std::string> pairs(problem.axes.size() + 2, "(0, 0)");
    pairs[a + 2] = tuple(Shape{axis.pad_before, axis.pad_after});
    x = fmt::format("jnp.pad({}, {}, mode=\"{}\")", x, tuple(pairs), pad_mode(axis.boundary));
  }
  return x;
}

std::string flip_of(const Problem& problem, const std::string& w) {
  Shape axes;
  for (std::size_t a = 0; a < problem.axes.size(); ++a) axes.push_back(static_cast<std::int64_t>(a + 2));
  return fmt::format("jnp.flip({}, {})", w, tuple(axes));
}

std::string convolution(const Problem& problem, const std::string& x, const std::string& padding) {
  return fmt::format(
      "lax.conv_general_dilated({}, {}, window_strides={}, padding={}, rhs_dilation={}, feature_group_count={})", x,
      problem.flip ? flip_of(problem, "w") : "w", tuple(strides(problem)), padding, tuple(dilations(problem)),
      problem.groups);
}

/// With margins padded beforehand, or as pairs; a remainder of a stride or more is left out of the last pair.
std::string exact_convolution(const Problem& problem, const std::string& x) {
  const bool margins = has_margins(problem);
  std::vector<std::string> pairs;
  for (const Axis& axis : problem.axes) {
    const std::int64_t unseen = axis.surplus() >= axis.stride ? axis.surplus() : 0;
    pairs.push_back(tuple(Shape{margins ? 0 : axis.pad_before, (margins ? 0 : axis.pad_after) - unseen}));
  }
  return convolution(problem, margins ? padded(problem, x) : x, tuple(pairs));
}

}  // namespace

FrameworkWords jax_words(const Problem& problem) {
  FrameworkWords words{"JAX", "", "", {}};
  if (!is_transposed(problem)) {
    words.code = exact_convolution(problem, "x");
    words.lookalikes.push_back(compared(problem, "padding=\"SAME\"", convolution(problem, "x", "\"SAME\""),
                                        [&](const Axis& axis) { return placed_same(problem, axis); }));
    words.lookalikes.push_back(compared(problem, "padding=\"VALID\"", convolution(problem, "x", "\"VALID\""),
                                        [&](const Axis& axis) { return placed(problem, axis, 0, 0); }));
    return words;
  }
  if (has_margins(problem) || problem.groups > 1) {
    words.code = fmt::format("jax.linear_transpose(lambda f: {}, jax.ShapeDtypeStruct({}, x.dtype))(x)[0]",
                             exact_convolution(problem, "f"), tuple(problem.fine_shape()));
    return words;
  }
  static constexpr const char* arrays[] = {"NCH", "NCHW", "NCDHW"};
  static constexpr const char* flipped_kernels[] = {"OIH", "OIHW", "OIDHW"};
  static constexpr const char* plain_kernels[] = {"IOH", "IOHW", "IODHW"};
  const std::size_t rank = problem.axes.size();
  const auto call = [&](const std::string& padding, bool flipped) {
    return fmt::format(
        "lax.conv_transpose(x, w, strides={}, padding={}, rhs_dilation={}, dimension_numbers=(\"{}\", \"{}\", \"{}\"), "
        "transpose_kernel={})",
        tuple(strides(problem)), padding, tuple(dilations(problem)), arrays[rank - 1],
        flipped ? flipped_kernels[rank - 1] : plain_kernels[rank - 1], arrays[rank - 1], flipped ? "True" : "False");
  };
  const bool flipped = !problem.flip;
  std::vector<std::string> pairs, as_pytorch;
  for (const Axis& axis : problem.axes) {
    pairs.push_back(tuple(Shape{axis.span() - 1 - axis.pad_before, axis.span() - 1 - axis.pad_after + axis.surplus()}));
    as_pytorch.push_back(tuple(Shape{axis.pad_before, axis.pad_after}));
  }
  words.code = call(tuple(pairs), flipped);
  Lookalike other{flipped ? "transpose_kernel=False, the default" : "transpose_kernel=True",
                  call(tuple(pairs), !flipped),
                  Agreement::same,
                  {}};
  if (any(problem, [](const Axis& axis) { return axis.kernel > 1; }))
    other.agreement = Agreement::other, other.why = flipped ? "it does not flip the kernel" : "it flips the kernel";
  words.lookalikes.push_back(other);
  words.lookalikes.push_back(compared(problem, "padding=\"SAME\"", call("\"SAME\"", flipped), [&](const Axis& axis) {
    // _conv_transpose_padding of jax/_src/lax/convolution.py: pads of the dilated input
    const std::int64_t k = axis.span(), s = axis.stride, first = s > k - 1 ? k - 1 : (k + s - 1) / 2;
    return Placement{k - 1 - first, axis.coarse * s};
  }));
  words.lookalikes.push_back(compared(problem, "padding=\"VALID\"", call("\"VALID\"", flipped), [&](const Axis& axis) {
    return Placement{0, axis.coarse * axis.stride + std::max<std::int64_t>(axis.span() - axis.stride, 0)};
  }));
  words.lookalikes.push_back(compared(problem, "padding=" + tuple(as_pytorch) + ", the pads of the convolution",
                                      call(tuple(as_pytorch), flipped), [&](const Axis& axis) {
                                        return Placement{axis.span() - 1 - axis.pad_before,
                                                         (axis.coarse - 1) * axis.stride + 1 + axis.pad_before +
                                                             axis.pad_after - (axis.span() - 1)};
                                      }));
  return words;
}

}  // namespace faltung::internal
