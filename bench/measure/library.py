"""The C++ side (measure.hpp), loaded with ctypes: problems, our own plans, oneDNN, FFTW, the double reference and the FMA peak."""

import ctypes
from ctypes import POINTER, c_char_p, c_double, c_int, c_int32, c_int64, c_uint64, c_void_p

import numpy as np


class Refusal(Exception):
    """A contender that cannot take a problem; the text is its reason."""


class Geometry(ctypes.Structure):
    """The numbers of a problem; the same struct stands in interface.cpp."""

    _fields_ = (
        [(name, c_int32) for name in ("rank", "transposed_layer", "unknown", "plain")]
        + [(name, c_int64) for name in ("batch", "groups", "fine_channels", "coarse_channels")]
        + [(name, c_int64 * 3) for name in ("fine", "coarse", "kernel", "stride", "dilation", "pad_before", "pad_after", "surplus")]
    )


class Problem:
    """A parsed problem string. The library parses it, so there is one grammar only."""

    def __init__(self, geometry, name, text):
        self.name, self.text = name, text
        rank = geometry.rank
        for field, _ in Geometry._fields_:
            value = getattr(geometry, field)
            setattr(self, field, tuple(value[:rank]) if isinstance(value, ctypes.Array) else value)
        self.unknown = ("coarse", "fine", "weights")[geometry.unknown]
        self.shapes = {
            "fine": (self.batch, self.fine_channels, *self.fine),
            "coarse": (self.batch, self.coarse_channels, *self.coarse),
            "weights": (self.coarse_channels, self.fine_channels // self.groups, *self.kernel),
        }

    @property
    def flops(self):
        """Two per weight and coarse cell: products with the zeros of the margin count, as everywhere in the literature."""
        return 2 * self.batch * int(np.prod(self.shapes["weights"])) * int(np.prod(self.coarse))


def aligned(shape):
    """Zeros that begin at a cache line's begin, so that no contender is lucky."""
    count = int(np.prod(shape))
    buffer = np.zeros(count + 16, np.float32)
    begin = -buffer.ctypes.data % 64 // 4
    return buffer[begin : begin + count].reshape(shape)


class Library:
    def __init__(self, path):
        self._c = ctypes.CDLL(path)
        pointers = [c_void_p] * 3
        for name, result, arguments in [
            ("message", c_char_p, []),
            ("problem", c_int, [c_char_p, POINTER(Geometry)]),
            ("ours", c_int, [c_char_p, c_char_p, c_int, c_int, c_int, *pointers, POINTER(c_void_p)]),
            ("plan_ns", c_int, [c_char_p, c_char_p, c_int, c_int, c_int, POINTER(c_double)]),
            ("algorithms", c_char_p, []),
            ("onednn", c_int, [c_char_p, c_int, *pointers, POINTER(c_void_p)]),
            ("fftw", c_int, [c_char_p, *pointers, POINTER(c_void_p)]),
            ("run", c_int, [c_void_p]),
            ("run_loop", c_double, [c_void_p, c_int, c_int]),
            ("note", c_char_p, [c_void_p]),
            ("workspace", c_uint64, [c_void_p]),
            ("free", None, [c_void_p]),
            ("reference", None, [c_char_p, *pointers, c_int64, c_void_p, c_void_p, c_void_p]),
            ("restrict_target", c_int, [c_char_p]),
            ("peak_target", c_char_p, []),
            ("peak", c_double, []),
            ("version_faltung", c_char_p, []),
            ("version_fftw", c_char_p, []),
            ("version_onednn", c_char_p, []),
            ("version_openblas", c_char_p, []),
            ("kernel_openblas", c_char_p, []),
        ]:
            function = getattr(self._c, "measure_" + name)
            function.restype, function.argtypes = result, arguments

    def _check(self, status):
        if status == 0:
            return
        text = self._c.measure_message().decode()
        raise Refusal(text) if status == 1 else RuntimeError(text)

    def text(self, name):
        return getattr(self._c, "measure_" + name)().decode()

    def problem(self, name, text):
        geometry = Geometry()
        self._check(self._c.measure_problem(text.encode(), ctypes.byref(geometry)))
        return Problem(geometry, name, text)

    def prepare(self, kind, problem, arrays, before=()):
        """`before` stands between the problem string and the arrays in the C function."""
        handle = c_void_p()
        data = [arrays[name].ctypes.data for name in ("fine", "coarse", "weights")]
        self._check(getattr(self._c, "measure_" + kind)(problem.text.encode(), *before, *data, ctypes.byref(handle)))
        return Prepared(self._c, self._check, handle)

    def plan_ns(self, problem, before):
        """Nanoseconds to plan; `before` as for "ours"."""
        ns = c_double()
        self._check(self._c.measure_plan_ns(problem.text.encode(), *before, ctypes.byref(ns)))
        return ns.value

    def reference(self, problem, arrays, indices):
        """(exact, Σ|products|) of cells of the unknown array, in double."""
        exact, magnitude = np.empty(len(indices)), np.empty(len(indices))
        data = [arrays[name].ctypes.data for name in ("fine", "coarse", "weights")]
        self._c.measure_reference(
            problem.text.encode(), *data, len(indices), indices.ctypes.data, exact.ctypes.data, magnitude.ctypes.data
        )
        return exact, magnitude

    def restrict_target(self, name):
        return bool(self._c.measure_restrict_target(name.encode()))

    def peak(self):
        return self._c.measure_peak()


class Prepared:
    """A contender that holds a problem and runs it in place."""

    def __init__(self, c, check, handle):
        self._c, self._check, self._handle = c, check, handle
        self._run = c.measure_run
        self.note = c.measure_note(handle).decode()
        self.workspace_bytes = c.measure_workspace(handle)

    def run(self):
        if self._run(self._handle):
            self._check(2)

    def loop_ns(self, rounds, count):
        return self._c.measure_run_loop(self._handle, rounds, count)

    def __del__(self):
        self._c.measure_free(self._handle)
