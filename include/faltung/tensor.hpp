// A view of an array that somebody else owns.
#pragma once

#include <faltung/problem.hpp>

#include <cstdint>
#include <type_traits>

namespace faltung {

/// The DType of float, double or std::int64_t.
template <class T>
inline constexpr DType dtype_of = std::is_same_v<std::remove_const_t<T>, float>    ? DType::f32
                                  : std::is_same_v<std::remove_const_t<T>, double> ? DType::f64
                                                                                   : DType::i64;

/// Pointer and shape of an array `[batch, channels, spatial...]`: dense and row-major (NCHW) unless strides say
/// otherwise. Does not own; the array must outlive the view. T is float, double or std::int64_t, const for inputs.
template <class T>
struct TensorView {
  T* data = nullptr;  ///< element 0 of every axis
  Shape shape;
  Shape strides = {};  ///< elements from one neighbour to the next along each axis, any sign; empty: dense, row-major

  operator TensorView<const T>() const { return {data, shape, strides}; }
};

}  // namespace faltung
