"""Nobody is timed unchecked: our result against sums in double, every other one against ours."""

import zlib

import numpy as np

from library import aligned

SAMPLES = 400  # cells, the corners of the array among them; fewer where one cell sums many products
MOST_PRODUCTS = 40_000_000
EPSILON = 2.0**-24  # unit roundoff of f32

# Winograd's F(6,3) and FFT round worse than direct sums, by up to 1e-4 of the results' size (Lavin & Gray 2016, and our measurements); a
# wrong index is an error of the size of the results themselves.
PEER_BOUND = 1e-3
OTHER_BOUND = 1e-4  # of ours, where it does not sum directly


def givens(problem, seed):
    """The two given arrays, N(0, 1): the same for every contender."""
    r = np.random.default_rng(seed)
    arrays = {}
    for side in ("fine", "coarse", "weights"):
        if side == problem.unknown:
            continue
        arrays[side] = aligned(problem.shapes[side])
        arrays[side][...] = r.standard_normal(problem.shapes[side], np.float32)
    return arrays


def fingerprint(arrays):
    """To see afterwards that nobody wrote into the givens."""
    return {side: zlib.crc32(array) for side, array in arrays.items()}


def seed_of(text):
    """The same for the same problem in every process: data do not change between runs."""
    return zlib.crc32(text.encode())


def _products(problem):
    """At most this many products make one cell."""
    taps = int(np.prod(problem.kernel))
    if problem.unknown == "coarse":
        return taps * problem.fine_channels // problem.groups
    if problem.unknown == "fine":
        return taps * problem.coarse_channels // problem.groups
    return problem.batch * int(np.prod(problem.coarse))


def against_double(library, problem, arrays, result, direct, seed):
    """(largest |ours − exact| / rms, largest |ours − exact| / bound): right if the second is at most 1.

    Direct sums of n products err by at most γₙ·Σ|products| in any order (Higham, "Accuracy and Stability of Numerical Algorithms", 2002,
    §4.2), so that bound is componentwise. Others are held to a share of the rms.
    """
    n = _products(problem)
    count = int(max(16, min(SAMPLES, MOST_PRODUCTS // n)))
    size = result.size
    r = np.random.default_rng(seed)
    corners = [0, size - 1, min(size - 1, result.shape[-1] - 1), max(0, size - result.shape[-1])]
    indices = np.unique(np.concatenate([corners, r.integers(0, size, count)])).astype(np.int64)
    exact, magnitude = library.reference(problem, {**arrays, problem.unknown: result}, indices)
    difference = np.abs(result.reshape(-1)[indices].astype(np.float64) - exact)
    rms = np.sqrt(np.mean(exact**2))
    gamma = n * EPSILON / (1 - n * EPSILON)
    bound = gamma * magnitude if direct else np.full_like(exact, OTHER_BOUND * rms)
    # a cell without a product is 0 exactly
    share = np.where(difference == 0, 0, difference / np.maximum(bound, np.finfo(np.float64).tiny))
    return float(_largest(difference) / rms), _largest(share)


def _largest(values):
    """A NaN is the worst of all."""
    return np.inf if np.isnan(values).any() else float(values.max())


def against_ours(result, ours):
    """(largest difference over the rms of ours, its flat index), over every cell."""
    if result.shape != ours.shape:
        return np.inf, None
    rows = ours.shape[0] * ours.shape[1]
    largest, index, squares = -1.0, 0, 0.0
    # a channel at a time: the whole difference would be another array of the largest size
    for row, (a, b) in enumerate(zip(result.reshape(rows, -1), ours.reshape(rows, -1))):
        difference = np.abs(a - b)
        difference[np.isnan(difference)] = np.inf
        at = int(difference.argmax())
        if difference[at] > largest:
            largest, index = float(difference[at]), row * b.size + at
        squares += float(np.dot(b.astype(np.float64), b))
    return largest / np.sqrt(squares / ours.size), index


def wrong_ones(library, problem, arrays, results, index):
    """Which of two `results` that differ too much at one cell is wrong: one of them is off by half the difference at least."""
    exact, _ = library.reference(problem, arrays, np.array([index], np.int64))
    values = [float(result.reshape(-1)[index]) for result in results]
    half = abs(values[0] - values[1]) / 2
    return [not abs(value - exact[0]) < half for value in values]
