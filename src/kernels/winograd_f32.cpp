// The transforms of float, for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/winograd_f32.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/dispatch_inl.hpp"
#include "kernels/winograd_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {
const WinogradKernels<float>* winograd_table_f32() {
  static constexpr WinogradKernels<float> table = make_winograd_table<float>();
  return &table;
}
}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace faltung::internal {
HWY_EXPORT(winograd_table_f32);
template <>
const WinogradKernels<float>& winograd_kernels<float>(Target target) {
  return *FALTUNG_DISPATCH(winograd_table_f32, target)();
}
}  // namespace faltung::internal
#endif
