// Arrays of NumPy as the library's views. Dense, row-major, native byte order: anything else is refused by the caster.
#pragma once

#include <faltung/faltung.hpp>

#include <nanobind/ndarray.h>

#include <string>

namespace faltung::python {

using InputArray = nanobind::ndarray<nanobind::ro, nanobind::c_contig, nanobind::device::cpu>;
using OutputArray = nanobind::ndarray<nanobind::c_contig, nanobind::device::cpu>;

template <class T>
struct Type {
  using type = T;
};

/// Calls `body(Type<T>())` with the element type of `dtype`.
template <class Body>
decltype(auto) with_type(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::f32:
      return body(Type<float>());
    case DType::f64:
      return body(Type<double>());
    case DType::i64:
      break;
  }
  return body(Type<std::int64_t>());
}

template <class Array>
Shape shape_of_array(const Array& array) {
  Shape shape(array.ndim());
  for (std::size_t axis = 0; axis < shape.size(); ++axis) shape[axis] = static_cast<std::int64_t>(array.shape(axis));
  return shape;
}

template <class T>
void check_type(const nanobind::dlpack::dtype& type, const char* what) {
  if (type != nanobind::dtype<T>())
    throw ArgumentError(std::string(what) + " is not an array of " + std::string(to_string(dtype_of<T>)) +
                        ": the plan's type: convert it with astype");
}

template <class T>
TensorView<const T> view(const InputArray& array, const char* what) {
  check_type<T>(array.dtype(), what);
  return {static_cast<const T*>(array.data()), shape_of_array(array)};
}

template <class T>
TensorView<T> view(const OutputArray& array, const char* what) {
  check_type<T>(array.dtype(), what);
  return {static_cast<T*>(array.data()), shape_of_array(array)};
}

}  // namespace faltung::python
