// Memory for one product of OpenBLAS, which packs panels of its operands there.
//
// OpenBLAS takes such a buffer in each call. Its serial build looks for a free one without a lock, so that two threads
// may get one buffer; and where the system has no memory left, every build asks again, for ever. So whoever multiplies
// takes the buffer beforehand, from here; OpenBLAS's own calls of its allocator come here too, by the linker's --wrap
// (cmake/FindPrivateOpenBLAS.cmake; docs/design/blas.md).
#pragma once

namespace faltung::internal {

/// This thread's next products have a buffer while this lives; one at a time in each thread. Errors: std::bad_alloc.
class BlasBuffer {
 public:
  BlasBuffer();
  ~BlasBuffer();
  BlasBuffer(const BlasBuffer&) = delete;
  BlasBuffer& operator=(const BlasBuffer&) = delete;
};

}  // namespace faltung::internal
