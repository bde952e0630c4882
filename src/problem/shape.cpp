// Shapes of the three arrays, and the gradient problems.
#include <faltung/error.hpp>
#include <faltung/problem.hpp>

#include "support/checked.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace faltung {

namespace {

Shape with_extents(Shape shape, const Problem& problem, std::int64_t (*extent)(const Axis&)) {
  for (const Axis& axis : problem.axes) shape.push_back(extent(axis));
  return shape;
}

}  // namespace

Shape Problem::fine_shape() const {
  return with_extents({batch, fine_channels}, *this, [](const Axis& axis) { return axis.fine; });
}
Shape Problem::padded_shape() const {
  return with_extents({batch, fine_channels}, *this, [](const Axis& axis) { return axis.padded(); });
}
Shape Problem::coarse_shape() const {
  return with_extents({batch, coarse_channels}, *this, [](const Axis& axis) { return axis.coarse; });
}
Shape Problem::weights_shape() const {
  return with_extents({coarse_channels, fine_channels / groups}, *this, [](const Axis& axis) { return axis.kernel; });
}

Shape Problem::unknown_shape() const {
  switch (unknown) {
    case Unknown::coarse:
      return coarse_shape();
    case Unknown::fine:
      return fine_shape();
    case Unknown::weights:
      break;
  }
  return weights_shape();
}

Shape Problem::given_shape() const {
  const bool fine = unknown == Unknown::coarse || (unknown == Unknown::weights && layer == Layer::conv);
  return fine ? fine_shape() : coarse_shape();
}

std::int64_t Problem::bias_size() const {
  return unknown == Unknown::weights ? 0 : unknown == Unknown::fine ? fine_channels : coarse_channels;
}

std::int64_t element_count(const Shape& shape) {
  internal::Checked count = 1;
  for (const std::int64_t extent : shape) {
    if (extent == 0) return 0;
    count = count * extent;
  }
  if (!count.value())
    throw ProblemError(fmt::format("an array of [{}]", fmt::join(shape, ", ")),
                       "its number of elements does not fit into 64 bits", "make it smaller");
  return *count.value();
}

Problem input_gradient(Problem forward) {
  forward.unknown = forward.layer == Layer::conv ? Unknown::fine : Unknown::coarse;
  return forward;
}

Problem weight_gradient(Problem forward) {
  forward.unknown = Unknown::weights;
  return forward;
}

std::string_view to_string(Boundary boundary) {
  switch (boundary) {
    case Boundary::zeros:
      return "zeros";
    case Boundary::reflect:
      return "reflect";
    case Boundary::symmetric:
      return "symmetric";
    case Boundary::replicate:
      return "replicate";
    case Boundary::circular:
      break;
  }
  return "circular";
}

std::string_view to_string(DType dtype) { return dtype == DType::f32 ? "f32" : dtype == DType::f64 ? "f64" : "i64"; }

std::size_t size_of(DType dtype) { return dtype == DType::f32 ? 4 : 8; }

}  // namespace faltung
