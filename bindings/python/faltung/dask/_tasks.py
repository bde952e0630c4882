"""What a worker does: callables that travel to it, with everything but the arrays in them."""
from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from .. import _core
from .._arrays import Types, dense, int64
from .._functions import conv_bias_grad
from .._layer import plan_of

Places = list[tuple[slice, ...]]


@functools.lru_cache(maxsize=128)
def _plan(problem: _core.Problem):
    """Most chunks are alike. One thread: Dask itself uses the cores."""
    return plan_of(problem, "auto", "strict", 1)


def assemble(shape: tuple[int, ...], dtype: np.dtype, pieces: list[np.ndarray], places: Places) -> np.ndarray:
    """What a chunk reads, put together."""
    if len(pieces) == 1 and pieces[0].shape == shape:
        return dense(np.asarray(pieces[0]), dtype)
    region = np.empty(shape, dtype)
    for piece, place in zip(pieces, places):
        region[place] = piece
    return region


@dataclass(frozen=True)
class Cut:
    """A part of a chunk; a copy, so that the chunk need not stay."""

    part: tuple[slice, ...]

    def __call__(self, chunk: np.ndarray) -> np.ndarray:
        return np.array(chunk[self.part], order="C")


@dataclass(frozen=True)
class Box:
    """A box of the unknown array as a problem of its own; no problem: nothing reaches it."""

    problem: _core.Problem | None
    shape: tuple[int, ...]
    types: Types
    w_part: tuple[slice, ...]
    bias_part: slice | None
    places: Places
    rounded: bool

    def __call__(self, pieces: list[np.ndarray], w: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
        bias = None if bias is None or self.bias_part is None else dense(bias[self.bias_part], self.types.compute)
        if self.problem is None:
            result = np.zeros(self.shape, self.types.compute)
            if bias is not None:
                result += bias.reshape(-1, *(1,) * (len(self.shape) - 2))
        else:
            core = _plan(self.problem).core
            given = assemble(self.problem.given_shape, self.types.compute, pieces, self.places)
            packed = core.pack(dense(w[self.w_part], self.types.compute), bias)
            result = np.empty(self.shape, self.types.compute)
            core.run(given, packed, result)
        return result.astype(self.types.result, copy=False) if self.rounded else result


@dataclass(frozen=True)
class Fold:
    """Adds margin cells onto the cells that they copy, in row-major order: the library's own.

    Per axis: which padded cells copy a cell of this chunk, in `lengths` of consecutive ones; which of them are the chunk
    itself (`kept`); and which cell of the chunk each copies (`targets`).
    """

    types: Types
    lengths: list[list[int]]
    kept: list[np.ndarray]
    targets: list[np.ndarray]
    boxes: Places

    def __call__(self, own: np.ndarray, boxes: list[np.ndarray]) -> np.ndarray:
        padded = np.zeros(own.shape[:2] + tuple(map(sum, self.lengths)), own.dtype)
        for box, place in zip(boxes, self.boxes):
            padded[(..., *place)] = box
        margin = np.nonzero(~functools.reduce(np.logical_and.outer, self.kept))  # ascending, row-major
        onto = np.ravel_multi_index(tuple(target[cell] for target, cell in zip(self.targets, margin)), own.shape[2:])
        # cells first, so that one index names a cell of all samples and channels
        cells = np.prod(own.shape[2:], dtype=int)
        result = np.array(np.moveaxis(own.reshape(*own.shape[:2], cells), -1, 0), order="C")
        addends = np.moveaxis(padded[(..., *margin)], -1, 0)
        if own.dtype == int64:
            _add_exactly(result, onto, addends)
        else:
            np.add.at(result, onto, addends)
        return np.moveaxis(result, 0, -1).reshape(own.shape).astype(self.types.result, copy=False)


def _add_exactly(result: np.ndarray, onto: np.ndarray, addends: np.ndarray) -> None:
    size = np.abs(result.astype(np.float64))
    np.add.at(size, onto, np.abs(addends.astype(np.float64)))
    if size.max(initial=0) < 2.0**62:  # no sum comes near 64 bits
        np.add.at(result, onto, addends)
        return
    for cell, addend in zip(onto, addends):
        result[cell] = checked_sum(result[cell], addend)


def checked_sum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a + b; whole numbers are exact or an error."""
    total = a + b
    if total.dtype == int64 and np.any(((a ^ total) & (b ^ total)) < 0):  # both addends have the sign that the sum has not
        raise OverflowError("an int64 sum leaves the range of 64 bits: integers are exact here: use floats, or smaller numbers")
    return total


@dataclass(frozen=True)
class WeightGradient:
    """The gradient by the weights from one box of coarse cells."""

    problem: _core.Problem
    types: Types
    x_places: Places
    grad_places: Places

    def __call__(self, x: list[np.ndarray], grad: list[np.ndarray]) -> np.ndarray:
        result = np.empty(self.problem.weights_shape, self.types.compute)
        _plan(self.problem).core.run_weight_gradient(
            assemble(self.problem.input_shape, self.types.compute, x, self.x_places),
            assemble(self.problem.output_shape, self.types.compute, grad, self.grad_places), result)
        return result


def bias_gradient(grad: np.ndarray) -> np.ndarray:
    """Floats as float64, so that the sum over all chunks is rounded once."""
    return conv_bias_grad(grad if grad.dtype.kind in "iu" else np.asarray(grad, np.float64))


def add(parts: list[np.ndarray]) -> np.ndarray:
    """In their order."""
    return functools.reduce(checked_sum, parts)


@dataclass(frozen=True)
class Round:
    dtype: np.dtype

    def __call__(self, total: np.ndarray) -> np.ndarray:
        return total.astype(self.dtype, copy=False)
