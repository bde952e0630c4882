"""From a problem and the chunks of its arrays to a graph of tasks: one layer, whatever the number of chunks."""
from __future__ import annotations

import itertools
import math
from typing import Iterator, Sequence

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from .. import _core
from .._arrays import Types, float64, int64
from .._functions import SUMMED_POSITIONS
from ._tasks import BiasSums, Box, Cut, Fold, Places, Round, Total, WeightSums

Range = tuple[int, int]
# sums of a handful of chunks at a time: a running total is one chain of tasks, and a short one is better
SUMMED_AT_ONCE = 8


def edges(sizes: Sequence[int]) -> list[Range]:
    return [(end - size, end) for size, end in zip(sizes, itertools.accumulate(sizes))]


def sources(axis: _core.Axis) -> np.ndarray:
    """The fine cell that each padded cell stands for; -1: none."""
    cells, n = np.arange(-axis.pad_before, axis.fine + axis.pad_after), axis.fine
    if axis.boundary == "zeros":
        return np.where((cells >= 0) & (cells < n), cells, -1)
    if axis.boundary == "replicate":
        return cells.clip(0, n - 1)
    if axis.boundary == "circular":
        return cells % n
    period = 2 * n if axis.boundary == "symmetric" else max(1, 2 * n - 2)
    cells = cells % period
    return np.where(cells < n, cells, period - cells - (axis.boundary == "symmetric"))


def ranges_of(cells: np.ndarray) -> list[Range]:
    """Ascending cells as ranges."""
    cuts = np.flatnonzero(np.diff(cells) != 1) + 1
    return [(int(part[0]), int(part[-1]) + 1) for part in np.split(cells, cuts) if len(part)]


class Reader:
    """Names the chunks of an array, or parts of them, that hold given ranges of its cells."""

    def __init__(self, array: da.Array, tasks: dict, name: str) -> None:
        self.array, self.tasks, self.name = array, tasks, name
        self.edges = [edges(sizes) for sizes in array.chunks]
        self.starts = [np.array([begin for begin, _ in ranges]) for ranges in self.edges]

    def _pieces(self, axis: int, ranges: Sequence[Range]) -> Iterator[tuple[int, slice, slice]]:
        """Chunk, part of it, and where that stands in the region."""
        at = 0
        for begin, end in ranges:
            number = int(np.searchsorted(self.starts[axis], begin, side="right")) - 1
            while begin < end:
                first, last = self.edges[axis][number]
                stop = min(end, last)
                if stop > begin:
                    yield number, slice(begin - first, stop - first), slice(at, at + stop - begin)
                    at, begin = at + stop - begin, stop
                number += 1

    def __call__(self, ranges: Sequence[Sequence[Range]]) -> tuple[list, Places]:
        keys, places = [], []
        for pieces in itertools.product(*(list(self._pieces(axis, each)) for axis, each in enumerate(ranges))):
            key = (self.array.name, *(number for number, _, _ in pieces))
            parts = tuple(part for _, part, _ in pieces)
            if parts == tuple(slice(0, sizes[number]) for (number, _, _), sizes in zip(pieces, self.array.chunks)):
                keys.append(key)
            else:
                keys.append((f"{self.name}-part", len(self.tasks)))
                self.tasks[keys[-1]] = Cut(parts), key
            places.append(tuple(place for _, _, place in pieces))
        return keys, places


class Chunk:
    """One chunk of the unknown array: its samples and channels cut out of the problem and of the weights."""

    def __init__(self, whole: _core.Problem, types: Types, read: Reader, samples: Range, channels: Range) -> None:
        self.types, self.read, self.samples = types, read, samples
        fine = whole.unknown == "fine"
        unknown, other = ((whole.fine_channels, whole.coarse_channels) if fine else
                          (whole.coarse_channels, whole.fine_channels))
        each, other_each = unknown // whole.groups, other // whole.groups
        first, last = channels[0] // each, (channels[1] - 1) // each  # groups
        inside = channels[0] % each != 0 or channels[1] % each != 0
        if inside and first != last:
            raise ValueError(f"chunks cut the channels at {channels[0]} and {channels[1]}: {whole.groups} groups have {each} "
                             f"output channels each: cut at multiples of {each}, or inside of one group")
        self.given_channels = first * other_each, (last + 1) * other_each
        coarse, row = (self.given_channels, channels) if fine else (channels, self.given_channels)
        self.w_part: tuple[slice, ...] = (slice(*coarse),)
        if inside and fine:
            self.w_part += (slice(channels[0] - first * each, channels[1] - first * each),)
        self.bias_part = slice(*channels)
        self.problem = whole.resized(batch=samples[1] - samples[0], groups=last - first + 1, fine_channels=row[1] - row[0],
                                     coarse_channels=coarse[1] - coarse[0], dtype=whole.dtype)
        self.lead = samples[1] - samples[0], channels[1] - channels[0]

    def _box(self, problem: _core.Problem, cells: Sequence[Range], biased: bool, rounded: bool) -> tuple:
        """The task of a box of the unknown array, nothing folded."""
        shape, ranges = self.lead + tuple(end - begin for begin, end in cells), []
        for axis, (begin, end) in enumerate(cells):
            problem, read = problem.block(axis, begin, end)
            ranges.append(read)
        keys, places = self.read([[self.samples], [self.given_channels], *ranges]) if all(ranges) else ([], [])
        box = Box(problem if all(ranges) else None, shape, self.types, self.w_part, self.bias_part if biased else None, places,
                  rounded)
        return box, keys, f"{self.read.name}-w", f"{self.read.name}-bias"

    def task(self, key: tuple, cells: Sequence[Range]) -> tuple:
        """The task of these cells of the chunk; further ones go into the graph beside `key`."""
        axes = self.problem.axes
        if self.problem.unknown != "fine" or not any(axis.boundary != "zeros" and axis.pad_before + axis.pad_after > 0
                                                     for axis in axes):
            return self._box(self.problem, cells, True, True)
        folded, kept, targets = [], [], []
        for axis, (begin, end) in zip(axes, cells):
            source = sources(axis)
            ours = np.flatnonzero((source >= begin) & (source < end))
            own = (ours >= axis.pad_before) & (ours < axis.pad_before + axis.fine)
            first, last = np.flatnonzero(own)[[0, -1]]
            folded.append(ranges_of(ours[:first]) + ranges_of(ours[first:last + 1]) + ranges_of(ours[last + 1:]))
            kept.append(own)
            targets.append(source[ours] - begin)
        padded = self.problem.padded()
        middle = tuple((begin + axis.pad_before, end + axis.pad_before) for axis, (begin, end) in zip(axes, cells))
        boxes = [box for box in itertools.product(*folded) if box != middle]
        if not boxes:
            return self._box(padded, middle, True, True)
        lengths = [[end - begin for begin, end in ranges] for ranges in folded]
        places = [place for box, place in zip(itertools.product(*folded),
                                              itertools.product(*([slice(*at) for at in edges(sizes)] for sizes in lengths)))
                  if box != middle]
        tasks, name = self.read.tasks, f"{self.read.name}-box"
        own_key, *keys = [(name, *key[1:], number) for number in range(len(boxes) + 1)]
        tasks[own_key] = self._box(padded, middle, True, False)
        for box_key, box in zip(keys, boxes):
            tasks[box_key] = self._box(padded, box, False, False)
        return Fold(self.types, lengths, kept, targets, places), own_key, keys


def apply(problem: _core.Problem, types: Types, given: da.Array, w: np.ndarray, bias: np.ndarray | None,
          grid: tuple[tuple[int, ...], ...]) -> da.Array:
    """The unknown array in chunks of `grid`."""
    name = "faltung-" + tokenize(str(problem), types.result, given.name, w, bias, grid)
    tasks: dict = {f"{name}-w": w, f"{name}-bias": bias}
    read = Reader(given, tasks, name)
    numbers, cells = [range(len(sizes)) for sizes in grid], [edges(sizes) for sizes in grid]
    for n, c in itertools.product(*numbers[:2]):
        chunk = Chunk(problem, types, read, cells[0][n], cells[1][c])
        for place in itertools.product(*numbers[2:]):
            key = (name, n, c, *place)
            tasks[key] = chunk.task(key, tuple(ranges[i] for ranges, i in zip(cells[2:], place)))
    return da.Array(HighLevelGraph.from_collections(name, tasks, dependencies=[given]), name, grid, types.result)


def _slabs(coarse: da.Array) -> Iterator[tuple[int, Range, int, int]]:
    """Sample, rows, and which of their positions: those of the sums that begin in a chunk, in the order of the sums."""
    samples, rows = coarse.shape[0], coarse.shape[2]
    inner = math.prod(coarse.shape[3:])
    for n, (begin, end) in itertools.product(range(samples), edges(coarse.chunks[2])):
        first, last = (-(-row * inner // SUMMED_POSITIONS) * SUMMED_POSITIONS for row in (begin, end))
        last = min(last, rows * inner)
        if first < last:
            top = first // inner
            yield n, (top, -(-last // inner)), first - top * inner, last - first


def _total(tasks: dict, name: str, keys: list, sum_type: np.dtype, result: np.dtype, shape: tuple[int, ...],
           given: list[da.Array]) -> da.Array:
    """The running total of what the tasks `keys` give."""
    total = None
    for number, first in enumerate(range(0, max(1, len(keys)), SUMMED_AT_ONCE)):
        tasks[(f"{name}-total", number)] = Total(shape, sum_type), total, keys[first:first + SUMMED_AT_ONCE]
        total = (f"{name}-total", number)
    tasks[(name, *(0,) * len(shape))] = Round(result), total
    return da.Array(HighLevelGraph.from_collections(name, tasks, dependencies=given), name, tuple((n,) for n in shape), result)


def weight_gradient(problem: _core.Problem, types: Types, grad: da.Array, x: da.Array) -> da.Array:
    """A sum over the chunks of the coarse array; `problem` is the forward layer."""
    coarse, fine = (x, grad) if problem.transposed else (grad, x)
    name = "faltung-" + tokenize("weights", str(problem), types.result, grad.name, x.name)
    tasks: dict = {}
    read_fine, read_coarse = Reader(fine, tasks, f"{name}-fine"), Reader(coarse, tasks, f"{name}-coarse")
    # as a convolution, whose windows are what the positions meet
    gather = problem.input_gradient() if problem.transposed else problem
    gather = gather.resized(batch=1, groups=problem.groups, fine_channels=problem.fine_channels,
                            coarse_channels=problem.coarse_channels, dtype=problem.dtype)
    keys = []
    for n, rows, skip, count in _slabs(coarse):
        cells = [rows, *((0, extent) for extent in coarse.shape[3:])]
        box, ranges = gather, []
        for axis, (begin, end) in enumerate(cells):
            box, read = box.block(axis, begin, end)
            ranges.append(read)
        if not all(ranges):
            continue  # windows of nothing but zeros
        fine_keys, fine_places = read_fine([[(n, n + 1)], [(0, problem.fine_channels)], *ranges])
        coarse_keys, coarse_places = read_coarse([[(n, n + 1)], [(0, problem.coarse_channels)], *([cell] for cell in cells)])
        keys.append((f"{name}-sums", len(keys)))
        tasks[keys[-1]] = WeightSums(box, types, skip, count, fine_places, coarse_places), fine_keys, coarse_keys
    return _total(tasks, name, keys, types.compute, types.result, problem.weights_shape, [grad, x])


def bias_gradient(grad: da.Array, types: Types) -> da.Array:
    """A sum over the chunks of the gradient."""
    name = "faltung-" + tokenize("bias", types.result, grad.name)
    tasks: dict = {}
    read = Reader(grad, tasks, name)
    exact = types.compute == int64
    keys = []
    for n, rows, skip, count in _slabs(grad):
        cells = [rows, *((0, extent) for extent in grad.shape[3:])]
        parts, places = read([[(n, n + 1)], [(0, grad.shape[1])], *([cell] for cell in cells)])
        shape = (1, grad.shape[1], *(end - begin for begin, end in cells))
        keys.append((f"{name}-sums", len(keys)))
        tasks[keys[-1]] = BiasSums(shape, int64 if exact else float64, skip, count, places), parts
    return _total(tasks, name, keys, int64 if exact else float64, types.result, grad.shape[1:2], [grad])
