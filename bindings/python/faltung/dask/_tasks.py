"""What a worker does: callables that travel to it, with everything but the arrays in them."""
from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from .. import _core
from .._arrays import Types, dense, int64
from .._functions import SUMMED_POSITIONS, ordered_sum, position_sums
from .._layer import plan_of

Places = list[tuple[slice, ...]]
# numbers that taps meet, laid out at a time: 64 MiB of float32, little beside the chunks that a worker holds
MET_AT_ONCE = 1 << 24


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
class WeightSums:
    """The sums that the gradient by the weights is made of: one for every 256 positions of a sample that begin in a chunk.

    `box` gathers these positions; from `skip` on there are `count` of them. They are computed by the library: what the taps
    meet become channels, the sums groups, so that each is a problem of 256 positions whose kernel has one tap.
    """

    box: _core.Problem
    types: Types
    skip: int
    count: int
    fine_places: Places
    coarse_places: Places

    def __call__(self, fine: list[np.ndarray], coarse: list[np.ndarray]) -> np.ndarray:
        axes, compute = self.box.axes, self.types.compute
        pads = [(0, 0)] + [(axis.pad_before, axis.pad_after) for axis in axes]
        fine = np.pad(assemble(self.box.given_shape, compute, fine, self.fine_places)[0], pads)
        coarse = assemble(self.box.unknown_shape, compute, coarse, self.coarse_places)[0]
        coarse = coarse.reshape(len(coarse), -1)[:, self.skip:self.skip + self.count]
        taps = list(np.ndindex(*(axis.kernel for axis in axes)))
        result = np.empty((-(-self.count // SUMMED_POSITIONS), *self.box.weights_shape[:2], len(taps)), compute)
        # a margin gives no term, not even with Inf or NaN: then each tap has positions of its own
        apart = compute != int64 and not np.isfinite(coarse).all()
        inside = np.pad(np.ones((1, *self.box.given_shape[2:]), bool), pads) if apart else None
        at_once = [[tap] for tap in taps] if apart else [taps]
        most = max(1, MET_AT_ONCE // (len(fine) * len(at_once[0]) * SUMMED_POSITIONS)) * SUMMED_POSITIONS
        whole = self.count // SUMMED_POSITIONS * SUMMED_POSITIONS  # the last sum of a sample may be a shorter one
        for some in at_once:
            weights = [len(taps) - 1 - taps.index(tap) if self.box.flip else taps.index(tap) for tap in some]
            for begin in (*range(0, whole, most), whole):
                end = min(begin + most, whole) if begin < whole else self.count
                if begin == end:
                    continue
                grad = coarse[:, begin:end]
                if apart:
                    grad = np.where(self._met(inside, some[0], begin, end), grad, 0)
                met = np.stack([self._met(fine, tap, begin, end) for tap in some], axis=1)
                first = begin // SUMMED_POSITIONS
                sums = self._sums(met, grad, min(SUMMED_POSITIONS, end - begin))
                result[first:first + len(sums), ..., weights] = sums
        return result.reshape(len(result), *self.box.weights_shape)

    def _met(self, padded: np.ndarray, tap: tuple[int, ...], begin: int, end: int) -> np.ndarray:
        """What a tap meets at these positions: [channels, positions]."""
        cells = tuple(slice(k * axis.dilation, k * axis.dilation + (axis.coarse - 1) * axis.stride + 1, axis.stride)
                      for k, axis in zip(tap, self.box.axes))
        return padded[(slice(None), *cells)].reshape(len(padded), -1)[:, self.skip + begin:self.skip + end]

    def _sums(self, met: np.ndarray, grad: np.ndarray, length: int) -> np.ndarray:
        """[channels, taps, positions] and [channels, positions] to [sums, coarse channels, fine channels of a group, taps]."""
        groups, taps = self.box.groups, met.shape[1]
        # sums first, then groups: [1, sums * groups * channels, positions of one sum]
        x, y = (np.moveaxis(array.reshape(groups, -1, array.shape[-1] // length, length), 2, 0) for array in (met, grad))
        problem = _core.Problem(f"conv1d-dw g{len(x) * groups} ic{x[..., 0].size} oc{y[..., 0].size} i{length} k1 "
                                f"{self.box.dtype}")
        result = np.empty(problem.weights_shape, self.types.compute)
        _plan(problem).core.run_weight_gradient(np.ascontiguousarray(x).reshape(1, -1, length),
                                                np.ascontiguousarray(y).reshape(1, -1, length), result)
        return result.reshape(len(x), *self.box.weights_shape[:2], taps)


@dataclass(frozen=True)
class BiasSums:
    """The same of the gradient by the bias."""

    shape: tuple[int, ...]
    dtype: np.dtype
    skip: int
    count: int
    places: Places

    def __call__(self, grad: list[np.ndarray]) -> np.ndarray:
        cells = assemble(self.shape, self.dtype, grad, self.places)[0]
        cells = cells.reshape(len(cells), -1)[:, self.skip:self.skip + self.count]
        return cells.T if self.dtype == int64 else position_sums(cells)


@dataclass(frozen=True)
class Total:
    """Adds sums to a running total, in their order."""

    shape: tuple[int, ...]
    dtype: np.dtype

    def __call__(self, total: np.ndarray | None, parts: list[np.ndarray]) -> np.ndarray:
        total = np.zeros(self.shape, self.dtype) if total is None else total
        if total.dtype == int64:
            return functools.reduce(checked_sum, (one for part in parts for one in part), total)
        return ordered_sum(total, parts)


@dataclass(frozen=True)
class Round:
    dtype: np.dtype

    def __call__(self, total: np.ndarray) -> np.ndarray:
        return total.astype(self.dtype, copy=False)
