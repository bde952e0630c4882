"""Cores, threads and instruction sets: set before any library is loaded, because they read these once."""

import ctypes
import os

from usage import UsageError

# glibc's mallopt: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD (malloc.h)
_TRIM, _MMAP = -1, -3
_KEEP_BYTES = 1 << 30


def pin(threads, cores):
    """The chosen cores; without a choice the last ones, because interrupts like the first."""
    allowed = sorted(os.sched_getaffinity(0))
    chosen = [int(core) for core in cores.split(",")] if cores else allowed[-threads:]
    if len(chosen) != threads or not set(chosen) <= set(allowed):
        raise UsageError(f"--cores {cores or chosen} for --threads {threads}: one allowed core ({allowed}) per thread: name other cores")
    os.sched_setaffinity(0, chosen)
    return chosen


def prepare(threads, target):
    """Returns the sentences that the output must say about it."""
    said = []
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    # our im2col has its own lanes, and one OpenBLAS call in each
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "ONEDNN_MAX_CPU_ISA", "FALTUNG_TARGET"):
        if os.environ.pop(name, None) is not None:
            said.append(f"{name} was set in the environment: unset for this measurement.")
    if target:
        os.environ["FALTUNG_TARGET"] = target
        said.append(f"FALTUNG_TARGET={target} for ours and for the FMA peak.")
        if target.lower() == "avx2":
            os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"
            os.environ["OPENBLAS_CORETYPE"] = "Haswell"
            said.append(
                "oneDNN and OpenBLAS are held to AVX2 as well; ONNX Runtime, OpenVINO, ncnn, FFTW and SciPy have no such switch and use "
                "what the CPU has: on a machine with AVX-512 their columns are not comparable with ours."
            )
        else:
            said.append("No peer is held to that target.")
    # freed memory stays: large arrays that a peer allocates in its calls would cost it page faults each time
    libc = ctypes.CDLL(None)
    libc.mallopt(_MMAP, _KEEP_BYTES)
    libc.mallopt(_TRIM, _KEEP_BYTES)
    return said
