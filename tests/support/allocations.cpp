#include "support/allocations.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::int64_t> count{0}, live{0}, most{0};

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

namespace faltung::test {

std::int64_t allocations() { return count; }

namespace detail {
std::int64_t start_peak() { return most = live.load(); }
std::int64_t peak() { return most; }
}  // namespace detail

}  // namespace faltung::test
