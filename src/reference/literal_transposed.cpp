#include "reference/literal_transposed.hpp"

#include "reference/scalar.hpp"

#include <array>
#include <cstddef>

namespace faltung::internal {

namespace {

struct Position {
  std::int64_t z = 0, y = 0, x = 0;
};

std::int64_t linear(const Position& p, const std::array<std::int64_t, 3>& size) {
  return (p.z * size[1] + p.y) * size[2] + p.x;
}

/// Every position of a box, row-major.
template <class Visit>
void for_each_position(const std::array<std::int64_t, 3>& size, Visit&& visit) {
  for (std::int64_t z = 0; z < size[0]; ++z)
    for (std::int64_t y = 0; y < size[1]; ++y)
      for (std::int64_t x = 0; x < size[2]; ++x) visit(Position{z, y, x});
}

/// Walks a margin position back into the array step by step, as one would on paper; −1 where zeros stand.
std::int64_t walk_inside(std::int64_t x, std::int64_t size, Boundary boundary) {
  while (x < 0 || x >= size) {
    const bool before = x < 0;
    switch (boundary) {
      case Boundary::zeros:
        return -1;
      case Boundary::reflect:
        if (size == 1) return 0;
        x = before ? -x : 2 * (size - 1) - x;
        break;
      case Boundary::symmetric:
        x = before ? -1 - x : 2 * size - 1 - x;
        break;
      case Boundary::replicate:
        x = before ? 0 : size - 1;
        break;
      case Boundary::circular:
        x += before ? size : -size;
        break;
    }
  }
  return x;
}

}  // namespace

template <class T>
std::vector<T> literal_transposed(const Problem& problem, const std::vector<T>& input, const std::vector<T>& weights,
                                  const std::vector<T>& bias,
                                  const std::function<void(std::int64_t, const std::vector<T>&)>& after_input) {
  std::array<std::int64_t, 3> in{1, 1, 1}, kernel{1, 1, 1}, stride{1, 1, 1}, dilation{1, 1, 1};
  std::array<std::int64_t, 3> before{0, 0, 0}, after{0, 0, 0}, out{1, 1, 1}, size{1, 1, 1};
  std::array<Boundary, 3> boundary{};
  for (std::size_t a = 0; a < problem.axes.size(); ++a) {
    const Axis& axis = problem.axes[a];
    const std::size_t i = a + 3 - problem.axes.size();
    in[i] = axis.coarse, kernel[i] = axis.kernel, stride[i] = axis.stride, dilation[i] = axis.dilation;
    before[i] = axis.pad_before, after[i] = axis.pad_after, out[i] = axis.fine, boundary[i] = axis.boundary;
    size[i] = out[i] + before[i] + after[i];  // = (in − 1)·s + (k − 1)·d + 1 + output padding
  }
  const auto volume = [](const std::array<std::int64_t, 3>& box) { return box[0] * box[1] * box[2]; };
  const std::int64_t in_channels = problem.coarse_channels, out_channels = problem.fine_channels;
  const std::int64_t in_group = in_channels / problem.groups, out_group = out_channels / problem.groups;
  const auto at = [](std::int64_t i) { return static_cast<std::size_t>(i); };

  const auto margin = [&](std::int64_t p, std::size_t a) {
    return boundary[a] != Boundary::zeros && (p < before[a] || p >= before[a] + out[a]);
  };

  std::vector<T> output(at(problem.batch * out_channels * volume(out)));
  for (std::int64_t n = 0; n < problem.batch; ++n) {
    std::vector<T> temporary(at(out_channels * volume(size)));
    if (!bias.empty())
      for (std::int64_t o = 0; o < out_channels; ++o)
        for_each_position(size, [&](Position p) {
          // a margin that will be cut may hold the bias; in one that will be folded it would count twice
          const bool folded = margin(p.z, 0) || margin(p.y, 1) || margin(p.x, 2);
          if (!folded) temporary[at(o * volume(size) + linear(p, size))] = bias[at(o)];
        });

    for (std::int64_t i = 0; i < in_channels; ++i)
      for_each_position(in, [&](Position p) {
        const std::int64_t number = (n * in_channels + i) * volume(in) + linear(p, in);
        const std::int64_t group = i / in_group;
        for (std::int64_t o = 0; o < out_group; ++o)
          for_each_position(kernel, [&](Position k) {
            const Position tap =
                problem.flip ? Position{kernel[0] - 1 - k.z, kernel[1] - 1 - k.y, kernel[2] - 1 - k.x} : k;
            const Position place{p.z * stride[0] + k.z * dilation[0], p.y * stride[1] + k.y * dilation[1],
                                 p.x * stride[2] + k.x * dilation[2]};
            multiply_add(temporary[at((group * out_group + o) * volume(size) + linear(place, size))], input[at(number)],
                         weights[at((i * out_group + o) * volume(kernel) + linear(tap, kernel))]);
          });
        if (after_input) after_input(number, temporary);
      });

    for (std::int64_t o = 0; o < out_channels; ++o) {
      T* result = output.data() + (n * out_channels + o) * volume(out);
      const T* padded = temporary.data() + o * volume(size);
      for_each_position(out, [&](Position p) {  // cut
        result[linear(p, out)] = padded[linear({p.z + before[0], p.y + before[1], p.x + before[2]}, size)];
      });
      for_each_position(size, [&](Position p) {  // fold
        const Position place{p.z - before[0], p.y - before[1], p.x - before[2]};
        const Position target{walk_inside(place.z, out[0], boundary[0]), walk_inside(place.y, out[1], boundary[1]),
                              walk_inside(place.x, out[2], boundary[2])};
        const bool kept = target.z == place.z && target.y == place.y && target.x == place.x;
        if (kept || target.z < 0 || target.y < 0 || target.x < 0) return;
        add_to(result[linear(target, out)], padded[linear(p, size)]);
      });
    }
  }
  return output;
}

#define FALTUNG_INSTANTIATE(T)                                                                             \
  template std::vector<T> literal_transposed(const Problem&, const std::vector<T>&, const std::vector<T>&, \
                                             const std::vector<T>&,                                        \
                                             const std::function<void(std::int64_t, const std::vector<T>&)>&);
FALTUNG_INSTANTIATE(float)
FALTUNG_INSTANTIATE(double)
FALTUNG_INSTANTIATE(std::int64_t)
FALTUNG_INSTANTIATE(Symbol)
#undef FALTUNG_INSTANTIATE

}  // namespace faltung::internal
