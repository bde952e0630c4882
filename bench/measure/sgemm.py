"""OpenBLAS's sgemm on one thread and on several, from PyPI's package, whose thread count is its own: what two threads can gain here."""

import ctypes
import time

import numpy as np
import scipy_openblas32

SIZE = 1536  # 28 MiB in all: a product of about 60 ms on one core of 2021
ROW_MAJOR, NO_TRANSPOSE = 101, 111  # cblas.h
REPEATS = 8


def _fastest(run):
    best = None
    for _ in range(REPEATS):
        begin = time.perf_counter()
        run()
        seconds = time.perf_counter() - begin
        best = seconds if best is None else min(best, seconds)
    return best


def gain(threads):
    """(GFLOP/s on one thread, on `threads`)."""
    c = ctypes.CDLL(f"{scipy_openblas32.get_lib_dir()}/lib{scipy_openblas32.get_library()}.so")
    r = np.random.default_rng(0)
    a, b = (r.standard_normal((SIZE, SIZE), np.float32) for _ in range(2))
    out = np.empty_like(a)
    pointer = lambda array: ctypes.c_void_p(array.ctypes.data)
    one, zero = ctypes.c_float(1), ctypes.c_float(0)

    def run():
        c.scipy_cblas_sgemm(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, SIZE, SIZE, SIZE, one, pointer(a), SIZE, pointer(b), SIZE, zero,
                            pointer(out), SIZE)

    speeds = []
    for count in (1, threads):
        c.scipy_openblas_set_num_threads(count)
        run()
        speeds.append(2 * SIZE**3 / _fastest(run) / 1e9)
    return tuple(speeds)
