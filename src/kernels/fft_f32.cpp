// The batched FFT of float, for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fft_f32.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/dispatch_inl.hpp"
#include "kernels/fft_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {
const FftKernels<float>* fft_table_f32() {
  static constexpr FftKernels<float> table = make_fft_table<float>();
  return &table;
}
}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace faltung::internal {
HWY_EXPORT(fft_table_f32);
template <>
const FftKernels<float>& fft_kernels<float>(Target target) {
  return *FALTUNG_DISPATCH(fft_table_f32, target)();
}
}  // namespace faltung::internal
#endif
