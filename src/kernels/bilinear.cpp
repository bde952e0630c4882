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

std::string_view name_of(WinogradScheme scheme) {
  switch (scheme) {
    case WinogradScheme::one_tap:
      break;
    case WinogradScheme::f2x3:
      return "F(2, 3)";
    case WinogradScheme::f3x3:
      return "F(3, 3)";
    case WinogradScheme::f4x3:
      return "F(4, 3)";
    case WinogradScheme::f2x5:
      return "F(2, 5)";
    case WinogradScheme::f3x5:
      return "F(3, 5)";
    case WinogradScheme::f4x5:
      return "F(4, 5)";
    case WinogradScheme::f4x7:
      return "F(4, 4) + F(4, 3)";
    case WinogradScheme::strided_2x3:
      return "strided F(2, 3)";
    case WinogradScheme::strided_3x3:
      return "strided F(3, 3)";
    case WinogradScheme::strided_4x3:
      return "strided F(4, 3)";
    case WinogradScheme::transposed_4x3:
      return "transposed F(4, 3)";
    case WinogradScheme::transposed_6x3:
      return "transposed F(6, 3)";
    case WinogradScheme::transposed_8x3:
      return "transposed F(8, 3)";
    case WinogradScheme::transposed_6x4:
      return "transposed F(6, 4)";
  }
  return "one tap";
}

}  // namespace faltung::internal
