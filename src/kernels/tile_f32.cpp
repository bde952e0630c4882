// The register tiles of float, for every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/tile_f32.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/dispatch_inl.hpp"
#include "kernels/tile_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {
const TileKernels<float>* tile_table_f32() {
  static constexpr TileKernels<float> table = make_tile_table<float>();
  return &table;
}
}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace faltung::internal {
HWY_EXPORT(tile_table_f32);
template <>
const TileKernels<float>& tile_kernels<float>(Target target) {
  return *FALTUNG_DISPATCH(tile_table_f32, target)();
}
}  // namespace faltung::internal
#endif
