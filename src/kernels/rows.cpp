// Loops over rows, of both element types, for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rows.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/dispatch_inl.hpp"
#include "kernels/rows_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {
const RowKernels<float>* row_table_f32() {
  static constexpr RowKernels<float> table = make_row_table<float>();
  return &table;
}
const RowKernels<double>* row_table_f64() {
  static constexpr RowKernels<double> table = make_row_table<double>();
  return &table;
}
}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace faltung::internal {
HWY_EXPORT(row_table_f32);
HWY_EXPORT(row_table_f64);
template <>
const RowKernels<float>& row_kernels<float>(Target target) {
  return *FALTUNG_DISPATCH(row_table_f32, target)();
}
template <>
const RowKernels<double>& row_kernels<double>(Target target) {
  return *FALTUNG_DISPATCH(row_table_f64, target)();
}
}  // namespace faltung::internal
#endif
