// A vector that stays in its register. Included again for each target.
#if defined(FALTUNG_KEEP_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FALTUNG_KEEP_INL
#undef FALTUNG_KEEP_INL
#else
#define FALTUNG_KEEP_INL
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace faltung::internal::HWY_NAMESPACE {

/// Keeps a loaded vector in its register: compilers would rather load it again for every use, and most loads cross a
/// cache line.
template <class V>
HWY_INLINE void keep(V& v) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
  asm("" : "+v"(v.raw));
#elif HWY_ARCH_X86 && HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_SCALAR  // whose vectors are no registers
  asm("" : "+x"(v.raw));
#else
  (void)v;
#endif
}

}  // namespace faltung::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
