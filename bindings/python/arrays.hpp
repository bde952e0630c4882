// Arrays of NumPy as the library's views. Native byte order, strides of whole elements; weights dense and row-major:
// anything else is refused by the caster.
#pragma once

#include <faltung/faltung.hpp>

#include <nanobind/ndarray.h>

#include <string>

namespace faltung::python {

using InputArray = nanobind::ndarray<nanobind::ro, nanobind::device::cpu>;
using OutputArray = nanobind::ndarray<nanobind::device::cpu>;
using DenseInput = nanobind::ndarray<nanobind::ro, nanobind::c_contig, nanobind::device::cpu>;

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

/// In elements; empty: dense, row-major.
template <class Array>
Shape strides_of_array(const Array& array) {
  bool dense = true;
  std::int64_t expected = 1;
  for (std::size_t axis = array.ndim(); axis-- > 0;) {
    const auto extent = static_cast<std::int64_t>(array.shape(axis));
    dense = dense && (extent == 1 || array.stride(axis) == expected);
    expected *= extent;
  }
  Shape strides;
  if (dense || expected == 0) return strides;
  for (std::size_t axis = 0; axis < array.ndim(); ++axis) strides.push_back(array.stride(axis));
  return strides;
}

template <class T>
void check_type(const nanobind::dlpack::dtype& type, const char* what) {
  if (type != nanobind::dtype<T>())
    throw ArgumentError(std::string(what) + " is not an array of " + std::string(to_string(dtype_of<T>)) +
                        ": the plan's type: convert it with astype");
}

/// T is const for what is read.
template <class T, class Array>
TensorView<T> view(const Array& array, const char* what) {
  check_type<std::remove_const_t<T>>(array.dtype(), what);
  return {static_cast<T*>(array.data()), shape_of_array(array), strides_of_array(array)};
}

}  // namespace faltung::python
