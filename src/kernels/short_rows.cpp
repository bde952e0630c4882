// Packing of short rows, of both element types, for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/short_rows.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/dispatch_inl.hpp"
#include "kernels/short_rows_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {
void short_rows_f32(const ShortRows<float>& of) { short_rows(of); }
void short_rows_f64(const ShortRows<double>& of) { short_rows(of); }
}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace faltung::internal {
HWY_EXPORT(short_rows_f32);
HWY_EXPORT(short_rows_f64);
template <>
ShortRowsKernel<float> short_rows_kernel<float>(Target target) {
  return FALTUNG_DISPATCH(short_rows_f32, target);
}
template <>
ShortRowsKernel<double> short_rows_kernel<double>(Target target) {
  return FALTUNG_DISPATCH(short_rows_f64, target);
}
}  // namespace faltung::internal
#endif
