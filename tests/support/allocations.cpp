#include "support/allocations.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::int64_t> count{0}, live{0}, most{0};
std::atomic<std::int64_t> until_failure{0}, limit{0};

bool fails(std::size_t size) {
  const std::int64_t allowed = limit;
  if (allowed != 0 && (size > static_cast<std::size_t>(allowed) || live + static_cast<std::int64_t>(size) > allowed))
    return true;
  return until_failure > 0 && --until_failure == 0;
}

void take(void* memory) {
  const auto size = static_cast<std::int64_t>(::malloc_usable_size(memory));
  const std::int64_t now = live += size;
  for (std::int64_t seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
  }
}

void give(void* memory) noexcept {
  live -= static_cast<std::int64_t>(::malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  ++count;
  if (fails(size)) throw std::bad_alloc();
  if (void* memory = std::malloc(size == 0 ? 1 : size)) {
    take(memory);
    return memory;
  }
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {  // std::stable_sort asks this way
  try {
    return operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept { give(memory); }
void operator delete(void* memory, std::size_t) noexcept { give(memory); }
// the library's own call the ones above, the address sanitizer's do not
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }

namespace faltung::test {

std::int64_t allocations() { return count; }
std::int64_t live_bytes() { return live; }
bool fail_allocation(std::int64_t nth) { return until_failure.exchange(nth) == 0; }
void limit_memory(std::int64_t bytes) { limit = bytes == 0 ? 0 : live + bytes; }

namespace detail {
std::int64_t start_peak() { return most = live.load(); }
std::int64_t peak() { return most; }
}  // namespace detail

}  // namespace faltung::test
