"""Every contender behind one interface.

`prepare(problem, arrays)` does what may be done once per weights, and returns an object with `run()`, `result` (the array that `run` leaves,
in the unknown's shape) and `note` (what it chose). It raises Refusal for what it cannot compute. `arrays` are the shared, read-only givens.
"""

import numpy as np

from library import Refusal, aligned
from ncnn_contender import Ncnn
from onnx_contenders import OnnxRuntime, OpenVino


class Native:
    """A contender of the C++ side: it gets the shared givens and an unknown of its own."""

    def __init__(self, name, library, kind, before=(), threads_are="1"):
        self.name, self.threads_are = name, threads_are
        self._library, self._kind, self._before = library, kind, before

    def prepare(self, problem, arrays):
        result = aligned(problem.shapes[problem.unknown])
        prepared = self._library.prepare(self._kind, problem, {**arrays, problem.unknown: result}, self._before)
        prepared.result = result
        return prepared


class _Scipy:
    def __init__(self, function, x, kernel, crop, workers):
        self.note = function.__name__
        self._function, self._x, self._kernel, self._crop, self._workers = function, x, kernel, crop, workers

    def run(self):
        from scipy import fft

        with fft.set_workers(self._workers):
            self.result = self._function(self._x, self._kernel, mode="full")[self._crop]

    @property
    def result(self):
        return self._result[np.newaxis, np.newaxis]

    @result.setter
    def result(self, value):
        self._result = value


class Scipy:
    """scipy.signal on one channel. Its arrays are allocated in the call: it has no other way."""

    threads_are = "as many as asked"

    def __init__(self, name, function_name, threads):
        from scipy import signal

        self.name, self._function, self._threads = name, getattr(signal, function_name), threads

    def prepare(self, problem, arrays):
        if problem.unknown != "coarse" or problem.fine_channels * problem.coarse_channels * problem.batch != 1:
            raise Refusal("only convolutions of one channel")
        if set(problem.stride) | set(problem.dilation) != {1} or not problem.plain:
            raise Refusal("only stride and dilation 1")
        if np.prod(problem.kernel) < 64:  # as FFTW's: fftw.cpp
            raise Refusal("kernels below 64 taps are faster without FFT")
        kernel = np.ascontiguousarray(arrays["weights"][(0, 0) + (slice(None, None, -1),) * problem.rank])
        # the full convolution begins k − 1 cells before the unpadded array's first window, ours p cells before it
        first = [k - 1 - p for k, p in zip(problem.kernel, problem.pad_before)]
        if min(first) < 0:
            raise Refusal("only pads below the kernel")
        crop = tuple(slice(begin, begin + extent) for begin, extent in zip(first, problem.coarse))
        return _Scipy(self._function, arrays["fine"][0, 0], kernel, crop, self._threads)


# measure.hpp's Weights
OFTEN, ONCE, ONCE_PACKED_BEFORE = 0, 1, 2


def ours(library, algorithm, strict, threads, name=None, weights=OFTEN):
    label = name or ("ours" if algorithm == "auto" else algorithm)
    return Native(label, library, "ours", (algorithm.encode(), int(strict), threads, weights), "as many as asked")


def peers(library, threads, scratch):
    """In the order of the table's columns."""
    return [
        Native("oneDNN plain", library, "onednn", (1,), "as many as asked"),
        Native("oneDNN any", library, "onednn", (0,), "as many as asked"),
        OnnxRuntime(threads),
        OpenVino(threads),
        Ncnn(threads, scratch),
        # im2col, col2im and Debian's OpenBLAS, by our own algorithm: nobody else's is free of a framework
        ours(library, "im2col_blas", False, threads, "OpenBLAS"),
        Native("FFTW", library, "fftw"),
        Scipy("SciPy oa", "oaconvolve", threads),
        Scipy("SciPy fft", "fftconvolve", threads),
    ]
