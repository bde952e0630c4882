# OpenBLAS as a static library, linked into ours. Defines the target PrivateOpenBLAS::PrivateOpenBLAS.
#
# How many threads OpenBLAS starts is one number for all its users in a process. A copy of our own, of the serial build, starts none,
# and leaves the program's alone: docs/design/blas.md. Elsewhere than on Debian: set PrivateOpenBLAS_SERIAL_LIBRARY and
# PrivateOpenBLAS_INCLUDE_DIR.
find_library(PrivateOpenBLAS_SERIAL_LIBRARY libopenblas.a
  PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial NO_DEFAULT_PATH)
find_path(PrivateOpenBLAS_INCLUDE_DIR cblas.h
  PATHS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial NO_DEFAULT_PATH)
find_package(Threads)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(PrivateOpenBLAS
  REQUIRED_VARS PrivateOpenBLAS_SERIAL_LIBRARY PrivateOpenBLAS_INCLUDE_DIR Threads_FOUND
  REASON_FAILURE_MESSAGE "install libopenblas-serial-dev, or say where another static OpenBLAS is")
mark_as_advanced(PrivateOpenBLAS_SERIAL_LIBRARY PrivateOpenBLAS_INCLUDE_DIR)
if(PrivateOpenBLAS_FOUND AND NOT TARGET PrivateOpenBLAS::PrivateOpenBLAS)
  get_filename_component(private_openblas_file ${PrivateOpenBLAS_SERIAL_LIBRARY} NAME)
  add_library(PrivateOpenBLAS::PrivateOpenBLAS UNKNOWN IMPORTED)
  set_target_properties(PrivateOpenBLAS::PrivateOpenBLAS PROPERTIES
    IMPORTED_LOCATION ${PrivateOpenBLAS_SERIAL_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${PrivateOpenBLAS_INCLUDE_DIR}
    # hidden: neither lends its symbols to another BLAS of the process, nor takes those
    INTERFACE_LINK_OPTIONS LINKER:--exclude-libs,${private_openblas_file}
    # its memory comes from src/algorithms/blas_buffer.cpp
    INTERFACE_LINK_LIBRARIES "Threads::Threads;m;-Wl,--wrap=blas_memory_alloc,--wrap=blas_memory_free")
endif()
