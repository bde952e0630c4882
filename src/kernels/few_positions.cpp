// Sums of few positions, of both element types, for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/few_positions.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/dispatch_inl.hpp"
#include "kernels/few_positions_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {
const FewPositionsKernels<float>* few_positions_table_f32() {
  static constexpr FewPositionsKernels<float> table = make_few_positions_table<float>();
  return &table;
}
const FewPositionsKernels<double>* few_positions_table_f64() {
  static constexpr FewPositionsKernels<double> table = make_few_positions_table<double>();
  return &table;
}
}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace faltung::internal {
HWY_EXPORT(few_positions_table_f32);
HWY_EXPORT(few_positions_table_f64);
template <>
const FewPositionsKernels<float>& few_positions_kernels<float>(Target target) {
  return *FALTUNG_DISPATCH(few_positions_table_f32, target)();
}
template <>
const FewPositionsKernels<double>& few_positions_kernels<double>(Target target) {
  return *FALTUNG_DISPATCH(few_positions_table_f64, target)();
}
}  // namespace faltung::internal
#endif
