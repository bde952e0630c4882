// The transforms of double, for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/winograd_f64.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/dispatch_inl.hpp"
#include "kernels/winograd_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {
const WinogradKernels<double>* winograd_table_f64() {
  static constexpr WinogradKernels<double> table = make_winograd_table<double>();
  return &table;
}
}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace faltung::internal {
HWY_EXPORT(winograd_table_f64);
template <>
const WinogradKernels<double>& winograd_kernels<double>(Target target) {
  return *FALTUNG_DISPATCH(winograd_table_f64, target)();
}
}  // namespace faltung::internal
#endif
