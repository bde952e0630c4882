#include "kernels/bilinear.hpp"

#include <utility>

namespace faltung::internal {

namespace {

template <std::size_t... i>
constexpr bool factors_are_right(std::index_sequence<i...>) {
  return ((bilinear<static_cast<WinogradScheme>(i)>.in_factors.left *
               bilinear<static_cast<WinogradScheme>(i)>.in_factors.right ==
           bilinear<static_cast<WinogradScheme>(i)>.in) &&
          ...) &&
         ((bilinear<static_cast<WinogradScheme>(i)>.out_factors.left *
               bilinear<static_cast<WinogradScheme>(i)>.out_factors.right ==
           bilinear<static_cast<WinogradScheme>(i)>.out) &&
          ...);
}
static_assert(factors_are_right(std::make_index_sequence<winograd_schemes>{}));

}  // namespace

const Bilinear& bilinear_of(WinogradScheme scheme) {
  static constexpr auto all = []<std::size_t... i>(std::index_sequence<i...>) {
    return std::array{&bilinear<static_cast<WinogradScheme>(i)>...};
  }
  (std::make_index_sequence<winograd_schemes>{});
  return *all[static_cast<std::size_t>(scheme)];
}

}  // namespace faltung::internal
