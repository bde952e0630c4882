// Rows added to rows, of both element types, for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/add_rows.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/add_rows_inl.hpp"
#include "kernels/dispatch_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {
void add_rows_f32(const AddRows<float>& of) { add_rows(of); }
void add_rows_f64(const AddRows<double>& of) { add_rows(of); }
}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace faltung::internal {
HWY_EXPORT(add_rows_f32);
HWY_EXPORT(add_rows_f64);
template <>
AddRowsKernel<float> add_rows_kernel<float>(Target target) {
  return FALTUNG_DISPATCH(add_rows_f32, target);
}
template <>
AddRowsKernel<double> add_rows_kernel<double>(Target target) {
  return FALTUNG_DISPATCH(add_rows_f64, target);
}
}  // namespace faltung::internal
#endif
