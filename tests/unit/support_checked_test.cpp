#include "support/checked.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace faltung::internal {
namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();

TEST(Checked, ComputesInRange) {
  EXPECT_EQ((Checked(3) * 4 + 5 - 6).value(), 11);
  EXPECT_EQ((Checked(largest) - 1 + 1).value(), largest);
  EXPECT_EQ((Checked(smallest) + largest).value(), -1);
}

TEST(Checked, NoticesEveryWayOut) {
  EXPECT_FALSE((Checked(largest) + 1).value());
  EXPECT_FALSE((Checked(smallest) - 1).value());
  EXPECT_FALSE((Checked(std::int64_t{1} << 32) * (std::int64_t{1} << 31)).value());
  EXPECT_FALSE((Checked(smallest) * -1).value());
}

TEST(Checked, StaysLost) {
  EXPECT_FALSE((Checked(largest) + 1 - 1).value());
  EXPECT_FALSE(((Checked(largest) + 1) * 0).value());
  EXPECT_FALSE((Checked(0) - (Checked(largest) + 1)).value());
}

}  // namespace
}  // namespace faltung::internal
