// Kernels for planes of one channel, of both element types, for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/few_channels_planes.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/dispatch_inl.hpp"
#include "kernels/few_channels_planes_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {
const FewChannelsPlaneKernels<float>* few_channels_plane_table_f32() {
  static constexpr FewChannelsPlaneKernels<float> table = make_few_channels_plane_table<float>();
  return &table;
}
const FewChannelsPlaneKernels<double>* few_channels_plane_table_f64() {
  static constexpr FewChannelsPlaneKernels<double> table = make_few_channels_plane_table<double>();
  return &table;
}
}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace faltung::internal {
HWY_EXPORT(few_channels_plane_table_f32);
HWY_EXPORT(few_channels_plane_table_f64);
template <>
const FewChannelsPlaneKernels<float>& few_channels_plane_kernels<float>(Target target) {
  return *FALTUNG_DISPATCH(few_channels_plane_table_f32, target)();
}
template <>
const FewChannelsPlaneKernels<double>& few_channels_plane_kernels<double>(Target target) {
  return *FALTUNG_DISPATCH(few_channels_plane_table_f64, target)();
}
}  // namespace faltung::internal
#endif
