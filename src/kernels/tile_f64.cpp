// The register tiles of double, for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/tile_f64.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/dispatch_inl.hpp"
#include "kernels/tile_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {
const TileKernels<double>* tile_table_f64() {
  static constexpr TileKernels<double> table = make_tile_table<double>();
  return &table;
}
}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace faltung::internal {
HWY_EXPORT(tile_table_f64);
template <>
const TileKernels<double>& tile_kernels<double>(Target target) {
  return *FALTUNG_DISPATCH(tile_table_f64, target)();
}
}  // namespace faltung::internal
#endif
