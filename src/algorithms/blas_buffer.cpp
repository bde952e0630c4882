#include "algorithms/blas_buffer.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <new>
#include <utility>

// OpenBLAS's driver/others/memory.c: a buffer, at some position of its list or anywhere (0), and back.
void* openblas_alloc(int position) asm("__real_blas_memory_alloc");
void openblas_free(void* buffer) asm("__real_blas_memory_free");
// What OpenBLAS calls instead.
void* alloc_for_openblas(int position) asm("__wrap_blas_memory_alloc");
void free_for_openblas(void* buffer) asm("__wrap_blas_memory_free");

namespace faltung::internal {

namespace {

/// OpenBLAS's BUFFER_SIZE on x86-64 and ARM64 is at most 128 MB; the rest is for what others take meanwhile.
constexpr std::size_t room = std::size_t{144} << 20;

std::mutex mutex;  // of OpenBLAS's list
int held = 0;      // buffers in use
int kept = 0;      // buffers that OpenBLAS has had from the system, and keeps

struct Own {
  void* free = nullptr;  // taken by this thread, not in use by OpenBLAS
  void* lent = nullptr;  // in use by OpenBLAS
};
thread_local Own own;

bool has_room() {
  void* memory = ::mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory != MAP_FAILED && ::munmap(memory, room) == 0;
}

}  // namespace

BlasBuffer::BlasBuffer() {
  const std::lock_guard lock(mutex);
  if (held == kept && !has_room()) throw std::bad_alloc();
  own.free = openblas_alloc(0);
  if (own.free == nullptr) throw std::bad_alloc();  // its list is full
  kept = std::max(kept, ++held);
}

BlasBuffer::~BlasBuffer() {
  const std::lock_guard lock(mutex);
  openblas_free(std::exchange(own.free, nullptr));
  --held;
}

}  // namespace faltung::internal

void* alloc_for_openblas(int position) {
  using namespace faltung::internal;
  if (own.free != nullptr) return own.lent = std::exchange(own.free, nullptr);
  const std::lock_guard lock(mutex);  // a call of somebody else
  return openblas_alloc(position);
}

void free_for_openblas(void* buffer) {
  using namespace faltung::internal;
  if (buffer == own.lent) {
    own.free = std::exchange(own.lent, nullptr);
    return;
  }
  const std::lock_guard lock(mutex);
  openblas_free(buffer);
}
