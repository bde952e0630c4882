// The batched FFT of double, for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fft_f64.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/dispatch_inl.hpp"
#include "kernels/fft_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {
const FftKernels<double>* fft_table_f64() {
  static constexpr FftKernels<double> table = make_fft_table<double>();
  return &table;
}
}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace faltung::internal {
HWY_EXPORT(fft_table_f64);
template <>
const FftKernels<double>& fft_kernels<double>(Target target) {
  return *FALTUNG_DISPATCH(fft_table_f64, target)();
}
}  // namespace faltung::internal
#endif
