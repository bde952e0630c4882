// Kernels for few channels, of both element types, for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/few_channels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/dispatch_inl.hpp"
#include "kernels/few_channels_gradient_inl.hpp"
#include "kernels/few_channels_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {
const FewChannelsKernels<float>* few_channels_table_f32() {
  static constexpr FewChannelsKernels<float> table = make_few_channels_table<float>();
  return &table;
}
const FewChannelsKernels<double>* few_channels_table_f64() {
  static constexpr FewChannelsKernels<double> table = make_few_channels_table<double>();
  return &table;
}
const FewChannelsGradientKernels<float>* few_channels_gradient_table_f32() {
  static constexpr FewChannelsGradientKernels<float> table = make_few_channels_gradient_table<float>();
  return &table;
}
const FewChannelsGradientKernels<double>* few_channels_gradient_table_f64() {
  static constexpr FewChannelsGradientKernels<double> table = make_few_channels_gradient_table<double>();
  return &table;
}
}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace faltung::internal {
HWY_EXPORT(few_channels_table_f32);
HWY_EXPORT(few_channels_table_f64);
HWY_EXPORT(few_channels_gradient_table_f32);
HWY_EXPORT(few_channels_gradient_table_f64);
template <>
const FewChannelsKernels<float>& few_channels_kernels<float>(Target target) {
  return *FALTUNG_DISPATCH(few_channels_table_f32, target)();
}
template <>
const FewChannelsKernels<double>& few_channels_kernels<double>(Target target) {
  return *FALTUNG_DISPATCH(few_channels_table_f64, target)();
}
template <>
const FewChannelsGradientKernels<float>& few_channels_gradient_kernels<float>(Target target) {
  return *FALTUNG_DISPATCH(few_channels_gradient_table_f32, target)();
}
template <>
const FewChannelsGradientKernels<double>& few_channels_gradient_kernels<double>(Target target) {
  return *FALTUNG_DISPATCH(few_channels_gradient_table_f64, target)();
}
}  // namespace faltung::internal
#endif
