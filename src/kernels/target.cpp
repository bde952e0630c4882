#include "kernels/target.hpp"

#include <faltung/cpu.hpp>
#include <faltung/error.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

namespace faltung {

namespace {

/// Bits of what is compiled in and runs here, the best first: Highway's better targets are smaller bits.
std::vector<std::int64_t> available_bits() {
  std::vector<std::int64_t> bits;
  const std::int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;
  for (int shift = 0; shift < 63; ++shift)
    if (const std::int64_t bit = std::int64_t{1} << shift; (usable & bit) != 0) bits.push_back(bit);
  if (bits.empty()) bits.push_back(HWY_STATIC_TARGET);
  return bits;
}

bool equal_without_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

namespace internal {

Target current_target() {
  static const std::vector<std::int64_t> bits = available_bits();
  const char* wanted = std::getenv("FALTUNG_TARGET");
  if (wanted == nullptr || *wanted == '\0') return {bits.front()};
  for (const std::int64_t bit : bits)
    if (equal_without_case(wanted, name_of({bit}))) return {bit};
  throw ProblemError(fmt::format("FALTUNG_TARGET is `{:.40}`", wanted),
                     fmt::format("this machine has {}", fmt::join(available_targets(), ", ")),
                     "use one of them, or unset it");
}

std::string name_of(Target target) { return hwy::TargetName(target.bit); }

}  // namespace internal

std::vector<std::string> available_targets() {
  std::vector<std::string> names;
  for (const std::int64_t bit : available_bits()) names.push_back(internal::name_of({bit}));
  return names;
}

std::string chosen_target() { return internal::name_of(internal::current_target()); }

}  // namespace faltung
