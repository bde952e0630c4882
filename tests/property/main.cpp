// Runs every property on 20,000 problems. RC_PARAMS="max_success=… seed=…" changes that, or repeats a failure.
#include "property/properties.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const char* given = std::getenv("RC_PARAMS");
  setenv("RC_PARAMS",
         ("max_success=" + std::to_string(faltung::test::default_problems) + " " + (given ? given : "")).c_str(), 1);
  return RUN_ALL_TESTS();
}
