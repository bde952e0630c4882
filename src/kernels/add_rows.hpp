// Rows added to rows, those of a transposed convolution a stride apart.
#pragma once

#include "kernels/target.hpp"

#include <cstdint>

namespace faltung::internal {

/// out[r·out_pitch + i·out_step] += in[r·in_pitch + i], r < count, i < n. Reads and writes nothing else.
template <class T>
struct AddRows {
  const T* in;
  std::int64_t in_pitch, count, n;
  T* out;
  std::int64_t out_pitch, out_step;
};

template <class T>
using AddRowsKernel = void (*)(const AddRows<T>& of);

template <class T>
AddRowsKernel<T> add_rows_kernel(Target target);
template <>
AddRowsKernel<float> add_rows_kernel<float>(Target target);
template <>
AddRowsKernel<double> add_rows_kernel<double>(Target target);

}  // namespace faltung::internal
