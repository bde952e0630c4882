"""Convolution in plain NumPy, written apart from the library: windows for the gather, stamps for the scatter, and numpy.pad
for what stands in a margin. It computes in the type that it is given (float64, or int64 for whole numbers)."""
import itertools

import numpy as np

MODES = {"reflect": "reflect", "symmetric": "symmetric", "replicate": "edge", "circular": "wrap"}


def margin_sources(extent, before, after, boundary):
    """Which cell each padded cell of an axis copies; -1 where it holds zero."""
    cells = np.arange(extent)
    if boundary == "zeros":
        return np.pad(cells, (before, after), constant_values=-1)
    return np.pad(cells, (before, after), mode=MODES[boundary])


class Layer:
    """The words of a layer: lists with one entry per axis. `fine` is the extent of a convolution's input, or of a transposed
    convolution's output."""

    def __init__(self, fine, coarse, kernel, stride, dilation, pads, boundary, groups=1, flip=False):
        self.fine, self.coarse, self.kernel, self.stride, self.dilation = fine, coarse, kernel, stride, dilation
        self.groups, self.flip = groups, flip
        self.sources = [margin_sources(n, before, after, word) for n, (before, after), word in zip(fine, pads, boundary)]

    def pad(self, fine):
        for axis, source in enumerate(self.sources, start=2):
            fine = np.where(np.expand_dims(source, list(range(1, fine.ndim - axis))) < 0, 0, np.take(fine, source, axis=axis))
        return fine

    def fold(self, padded):
        for axis, source in enumerate(self.sources, start=2):
            folded = np.zeros(padded.shape[:axis] + (self.fine[axis - 2],) + padded.shape[axis + 1:], padded.dtype)
            kept = np.flatnonzero(source >= 0)
            np.add.at(np.moveaxis(folded, axis, 0), source[kept], np.moveaxis(np.take(padded, kept, axis=axis), axis, 0))
            padded = folded
        return padded

    def taps(self):
        """Every tap: its index in the weights, and the padded cells that it meets, coarse cell after coarse cell."""
        for tap in itertools.product(*map(range, self.kernel)):
            cells = tuple(slice(k * d, k * d + (c - 1) * s + 1, s)
                          for k, d, c, s in zip(tap, self.dilation, self.coarse, self.stride))
            index = tuple(k - 1 - t for k, t in zip(self.kernel, tap)) if self.flip else tap
            yield (..., *index), (..., *cells)

    def grouped(self, array, axis):
        return array.reshape(array.shape[:axis] + (self.groups, array.shape[axis] // self.groups) + array.shape[axis + 1:])

    def flat(self, coarse):
        return coarse.reshape(*coarse.shape[:3], np.prod(self.coarse))

    def gather(self, fine, weights):
        """coarse[n, g, o] = sum over i and taps of weights[g, o, i, tap] * padded[n, g, i, ...]"""
        padded, weights = self.grouped(self.pad(fine), 1), self.grouped(weights, 0)
        total = sum(np.einsum("ngi...,goi->ngo...", padded[cells], weights[tap]) for tap, cells in self.taps())
        return total.reshape(total.shape[0], total.shape[1] * total.shape[2], *total.shape[3:])

    def scatter(self, coarse, weights):
        coarse, weights = self.grouped(coarse, 1), self.grouped(weights, 0)
        channels = weights.shape[2]
        padded = np.zeros((coarse.shape[0], self.groups, channels, *map(len, self.sources)), coarse.dtype)
        for tap, cells in self.taps():
            padded[cells] += np.einsum("ngo...,goi->ngi...", coarse, weights[tap])
        return self.fold(padded.reshape(padded.shape[0], self.groups * channels, *padded.shape[3:]))

    def correlate(self, fine, coarse, shape):
        """Gradient by the weights."""
        padded, coarse = self.grouped(self.pad(fine), 1), self.grouped(coarse, 1)
        weights = np.zeros((self.groups, shape[0] // self.groups, *shape[1:]), fine.dtype)
        for tap, cells in self.taps():
            weights[tap] = np.einsum("ngip,ngop->goi", self.flat(padded[cells]), self.flat(coarse))
        return weights.reshape(shape)
