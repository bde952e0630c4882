"""Cores, threads and instruction sets: set before any library is loaded, because they read these once."""

import ctypes
import os
import sys

import machine
from usage import UsageError

# glibc's mallopt: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD (malloc.h)
_TRIM, _MMAP = -1, -3
_KEEP_BYTES = 1 << 30
_HIDDEN = "FALTUNG_AVX512_HIDDEN"


def pin(threads, cores):
    """The chosen cores; without a choice the last ones, because interrupts like the first."""
    allowed = sorted(os.sched_getaffinity(0))
    chosen = [int(core) for core in cores.split(",")] if cores else allowed[-threads:]
    if len(chosen) != threads or not set(chosen) <= set(allowed):
        raise UsageError(f"--cores {cores or chosen} for --threads {threads}: one allowed core ({allowed}) per thread: name other cores")
    os.sched_setaffinity(0, chosen)
    return chosen


def hidden():
    """Whether this process is told that there is no AVX-512, where there is."""
    return os.environ.get(_HIDDEN) == "1"


def hide_avx512(folder):
    """Begins this program again with hide_avx512.cpp loaded first: libraries ask the processor once, when they are loaded."""
    library = os.path.join(folder, "libfaltung_hide_avx512.so")
    possible = {"cpuid_fault", "avx512f"} <= machine.flags() and os.path.exists(library)
    if not possible or library in os.environ.get("LD_PRELOAD", ""):
        return
    os.environ["LD_PRELOAD"] = " ".join(filter(None, [library, os.environ.get("LD_PRELOAD")]))
    # the loader itself asked before, and chose memcpy
    os.environ["GLIBC_TUNABLES"] = "glibc.cpu.hwcaps=" + ",".join(f"-AVX512{part}" for part in ("F", "VL", "BW", "DQ", "CD"))
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _openblas_core(target):
    """The kernels that OpenBLAS has for this processor: 0.3.21 by itself takes those of 2004 on every processor younger than it."""
    flags = machine.flags()
    if "avx512vl" in flags and (target or "").lower() != "avx2":
        return "SkylakeX"
    return "Haswell" if {"avx2", "fma"} <= flags else None


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
    if core := _openblas_core(target):
        os.environ["OPENBLAS_CORETYPE"] = core
    if target:
        os.environ["FALTUNG_TARGET"] = target
        said.append(f"FALTUNG_TARGET={target} for ours and for the FMA peak.")
        if target.lower() == "avx2":
            os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"
            if hidden():
                said.append("AVX-512 is hidden from every contender: CPUID answers as if the processor had none.")
            elif "avx512f" in machine.flags():
                said.append(
                    "oneDNN and OpenBLAS are held to AVX2 as well; ONNX Runtime, OpenVINO, ncnn, FFTW and SciPy have no such switch, this "
                    "processor cannot hide AVX-512 from them (no CPUID faulting), and they use what it has: their columns are not comparable with ours."
                )
        else:
            said.append("No peer is held to that target.")
    # freed memory stays: large arrays that a peer allocates in its calls would cost it page faults each time
    libc = ctypes.CDLL(None)
    libc.mallopt(_MMAP, _KEEP_BYTES)
    libc.mallopt(_TRIM, _KEEP_BYTES)
    return said
