// The machine's peak of fused multiply-adds on one core, in f32: independent chains that live in registers.
//
// Twelve accumulators: two units of latency 4 (Zen, Skylake and their followers; Agner Fog, "Instruction tables") need
// eight in flight, and the engine's own tiles hold twelve.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "peak.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace measure {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

double flops_of_loop(long count, float* sink) {
  const hn::ScalableTag<float> d;
  const auto m = hn::Set(d, 0.999F), a = hn::Set(d, 0.001F);
  // twelve different beginnings, unknown to the compiler: equal chains would be merged into one
  const auto start = [&](int i) { return hn::Set(d, *sink + static_cast<float>(i)); };
  auto c0 = start(0), c1 = start(1), c2 = start(2), c3 = start(3), c4 = start(4), c5 = start(5), c6 = start(6),
       c7 = start(7);
  auto c8 = start(8), c9 = start(9), c10 = start(10), c11 = start(11);
  for (long i = 0; i < count; ++i) {
    c0 = hn::MulAdd(c0, m, a);
    c1 = hn::MulAdd(c1, m, a);
    c2 = hn::MulAdd(c2, m, a);
    c3 = hn::MulAdd(c3, m, a);
    c4 = hn::MulAdd(c4, m, a);
    c5 = hn::MulAdd(c5, m, a);
    c6 = hn::MulAdd(c6, m, a);
    c7 = hn::MulAdd(c7, m, a);
    c8 = hn::MulAdd(c8, m, a);
    c9 = hn::MulAdd(c9, m, a);
    c10 = hn::MulAdd(c10, m, a);
    c11 = hn::MulAdd(c11, m, a);
  }
  const auto low = hn::Add(hn::Add(hn::Add(c0, c1), hn::Add(c2, c3)), hn::Add(c4, c5));
  const auto high = hn::Add(hn::Add(hn::Add(c6, c7), hn::Add(c8, c9)), hn::Add(c10, c11));
  *sink = hn::GetLane(hn::Add(low, high));  // every chain is used
  return 12.0 * 2 * static_cast<double>(hn::Lanes(d)) * static_cast<double>(count);
}

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace measure
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <cctype>
#include <chrono>
#include <string>

namespace measure {
HWY_EXPORT(flops_of_loop);
HWY_EXPORT(target_name);
}  // namespace measure

extern "C" {

/// Allows only the target of that name (avx2, avx3, neon, ... in any case); an empty name allows all. Returns 0 when
/// the CPU or this build has no such target.
int measure_restrict_target(const char* name) {
  hwy::SetSupportedTargetsForTest(0);
  std::string wanted;
  for (const char* c = name; *c != '\0'; ++c) wanted += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  if (wanted.empty()) return 1;
  for (std::int64_t targets = hwy::SupportedTargets() & HWY_TARGETS; targets != 0; targets &= targets - 1) {
    std::string has = hwy::TargetName(targets & -targets);
    for (char& c : has) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (has != wanted) continue;
    hwy::SetSupportedTargetsForTest(targets & -targets);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    return 1;
  }
  return 0;
}

const char* measure_peak_target() { return HWY_DYNAMIC_DISPATCH(measure::target_name)(); }

/// GFLOP/s of the fastest of many short loops.
double measure_peak() {
  constexpr long count = 200'000;  // about half a millisecond: shorter than a time slice, long enough for the clock
  constexpr int rounds = 100;
  static float sink = 0;
  double best = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    const double flops = HWY_DYNAMIC_DISPATCH(measure::flops_of_loop)(count, &sink);
    best = std::max(best,
                    flops / std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

}  // extern "C"
#endif
