#include "support/cache.hpp"

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace faltung::internal {

std::int64_t second_cache_bytes() {
#ifdef _SC_LEVEL2_CACHE_SIZE
  static const std::int64_t told = ::sysconf(_SC_LEVEL2_CACHE_SIZE);
  if (told > 0) return told;
#endif
  return std::int64_t{512} << 10U;
}

}  // namespace faltung::internal
