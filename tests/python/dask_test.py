"""Chunks of any shape give the bits of the array in memory, on every scheduler."""
import os
import signal

import dask
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import faltung
from problems import cases

da = pytest.importorskip("dask.array", reason="dask is not installed")

import faltung.dask  # noqa: E402

def cut(random, shape, groups=0):
    """Random chunks; the channels of a result (`groups` of them) at the groups, or inside of the only one."""
    chunks = []
    for axis, extent in enumerate(shape):
        inner = random.integers(0, extent + 1, random.integers(0, 4))
        if axis == 1 and groups > 1:
            inner = inner // (extent // groups) * (extent // groups)
        chunks.append(tuple(int(n) for n in np.diff(sorted({0, extent, *inner.tolist()}))) or (0,))
    return tuple(chunks)


def functions(module, transposed):
    prefix = "conv_transpose" if transposed else "conv"
    return [getattr(module, prefix + suffix) for suffix in ("", "_input_grad", "_weight_grad", "_bias_grad")]


@settings(max_examples=100)
@given(cases(), st.sampled_from([np.float32, np.float64, np.int64, np.int16, np.float16]))
def test_both_directions_and_input_gradients_have_the_bits_of_the_whole(case, dtype):
    random = np.random.default_rng(case.seed)
    make = lambda shape: (3 * random.standard_normal(shape)).astype(dtype)
    x, w, y, b = make(case.x_shape), make(case.w_shape), make(case.y_shape), make(case.y_shape[1:2])
    b = b if case.seed % 2 else None
    groups = case.words["groups"]
    chunked = lambda array: da.from_array(array, chunks=cut(random, array.shape))
    forward, input_grad, _, _ = functions(faltung, case.transposed)
    lazy_forward, lazy_input_grad, _, _ = functions(faltung.dask, case.transposed)
    with dask.config.set(scheduler="synchronous"):
        for wanted, got in (
            (forward(x, w, b, accuracy="strict", **case.words),
             lazy_forward(chunked(x), w, b, chunks=cut(random, case.y_shape, groups), **case.words)),
            (input_grad(y, w, x.shape, accuracy="strict", **case.words),
             lazy_input_grad(chunked(y), w, x.shape, chunks=cut(random, x.shape, groups), **case.words)),
            (forward(x, w, b, accuracy="strict", **case.words), lazy_forward(chunked(x), w, b, **case.words))):
            assert got.shape == wanted.shape and got.dtype == wanted.dtype
            assert got.compute().tobytes() == wanted.tobytes()


@settings(max_examples=100)
@given(cases(), st.sampled_from([np.float32, np.float64, np.int64, np.int8, np.float16]))
def test_gradients_by_weights_and_bias_have_the_bits_of_the_whole(case, dtype):
    random = np.random.default_rng(case.seed)
    x, y = ((3 * random.standard_normal(shape)).astype(dtype) for shape in (case.x_shape, case.y_shape))
    check_sums(case.transposed, x, y, case.w_shape, case.words, random)


def check_sums(transposed, x, y, w_shape, words, random):
    chunked = lambda array: da.from_array(array, chunks=cut(random, array.shape))
    _, _, weight_grad, bias_grad = functions(faltung, transposed)
    _, _, lazy_weight_grad, lazy_bias_grad = functions(faltung.dask, transposed)
    with dask.config.set(scheduler="synchronous"):
        for wanted, got in ((weight_grad(y, x, w_shape, accuracy="strict", **words),
                             lazy_weight_grad(chunked(y), chunked(x), w_shape, **words)), (bias_grad(y), lazy_bias_grad(chunked(y)))):
            assert got.shape == wanted.shape and got.dtype == wanted.dtype
            assert got.compute().tobytes() == wanted.tobytes()


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("inner", [(33,), (16,), (700,), (256,), (7, 9)])
def test_sums_of_many_positions(random, transposed, inner):
    """Sums that end inside of rows, with them, and several in a row, in odd chunks."""
    extents = (23, *inner)
    make = lambda *shape: random.standard_normal(shape).astype(np.float32)
    words = dict(padding=1, groups=2, boundary="reflect" if inner == (33,) else "zeros")
    for _ in range(3):
        check_sums(transposed, make(2, 4, *extents), make(2, 6, *extents), (4, 3, *(3,) * len(extents)) if transposed else
                   (6, 2, *(3,) * len(extents)), words, random)


def test_margins_do_not_meet_infinity(random, monkeypatch):
    monkeypatch.setattr(faltung.dask._tasks, "MET_AT_ONCE", 1)  # a sum at a time
    x, y = random.standard_normal((1, 2, 30, 31)), random.standard_normal((1, 2, 30, 31))
    y[0, 0, 0, 3], y[0, 1, 12, 0] = np.inf, np.nan
    with np.errstate(invalid="ignore"):
        check_sums(False, x, y, (2, 2, 3, 3), dict(padding=1, flip=True), random)
        assert 0 < np.isfinite(faltung.conv_weight_grad(y, x, (2, 2, 3, 3), padding=1, flip=True, accuracy="strict")).sum()


# every kind of halo: strides, dilation, boundaries that fold
X = np.random.default_rng(4).standard_normal((2, 3, 24, 22)).astype(np.float32)
W = np.random.default_rng(5).standard_normal((4, 3, 3, 3)).astype(np.float32)
WORDS = dict(stride=(2, 1), dilation=(1, 2), padding=2, boundary=("reflect", "circular"))


def there_and_back():
    """In memory, and lazy."""
    y = faltung.conv(X, W, accuracy="strict", **WORDS)
    lazy_y = faltung.dask.conv(da.from_array(X, chunks=(1, 3, 7, 9)), W, chunks=(1, 2, 4, 7), **WORDS)
    return (y, faltung.conv_input_grad(y, W, X.shape, accuracy="strict", **WORDS), lazy_y,
            faltung.dask.conv_input_grad(lazy_y, W, X.shape, chunks=(2, 1, 9, 5), **WORDS))


def test_threads():
    y, back, lazy_y, lazy_back = there_and_back()
    got = dask.compute(lazy_y, lazy_back, scheduler="threads", num_workers=4)
    assert got[0].tobytes() == y.tobytes() and got[1].tobytes() == back.tobytes()


class Killer:
    """Kills the process that it runs in, once: `flag` is a file that says whether it has."""

    def __init__(self, flag):
        self.flag = str(flag)

    def __call__(self, block):
        try:
            os.close(os.open(self.flag, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return block
        os.kill(os.getpid(), signal.SIGKILL)
        return block


@pytest.mark.filterwarnings("ignore")  # what distributed says of a lost worker, and of sockets that it leaves to the collector
def test_workers_of_a_cluster_one_of_them_killed(tmp_path):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    y, back, lazy_y, lazy_back = there_and_back()
    killed = tmp_path / "killed"
    with dask.config.set({"distributed.scheduler.allowed-failures": 5, "distributed.comm.timeouts.connect": "20s"}), \
            distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster, \
            distributed.Client(cluster) as client:
        got = client.gather(client.compute([lazy_y, lazy_back]))
        assert got[0].tobytes() == y.tobytes() and got[1].tobytes() == back.tobytes()
        dies = lazy_y.map_blocks(Killer(killed), dtype=lazy_y.dtype, meta=np.empty((0, 0, 0, 0), lazy_y.dtype))
        again = faltung.dask.conv_input_grad(dies, W, (2, 3, 24, 22), chunks=(2, 1, 9, 5), **WORDS)
        assert again.compute().tobytes() == back.tobytes()
    assert killed.exists()


def test_graphs_grow_with_the_chunks_and_not_faster():
    """One layer, and a number of tasks that the halos give: a chunk reads at most nine here."""
    x = da.zeros((1, 1, 640, 640), chunks=(1, 1, 20, 20), dtype=np.float32)
    lazy = faltung.dask.conv(x, np.ones((1, 1, 3, 3), np.float32), padding=1)
    assert lazy.numblocks == (1, 1, 32, 32) and len(lazy.dask.layers) == 2
    assert len(dict(lazy.dask)) <= 1024 * (1 + 9 + 1) + 2


def test_refusals():
    x, w = da.zeros((2, 4, 9), chunks=3), np.ones((4, 2, 3))
    unknown = da.zeros((6, 4, 9), chunks=3)
    unknown = unknown[da.from_array(np.arange(6) > 2, chunks=3)]
    for call, error, text in (
        (lambda: faltung.dask.conv(np.zeros((1, 2, 9)), w), TypeError, "x is a ndarray: it must be a dask.array"),
        (lambda: faltung.dask.conv(unknown, w, groups=2), ValueError, r"use x.compute_chunk_sizes\(\)"),
        (lambda: faltung.dask.conv(x, w), ValueError, "x has 4 channels"),
        (lambda: faltung.dask.conv(x, w, np.ones(3), groups=2), ValueError, "bias has shape"),
        (lambda: faltung.dask.conv(x, w, groups=2, chunks=(1, 3, 7)), ValueError, "cut at multiples of 2, or inside"),
        (lambda: faltung.dask.conv(x, w, groups=2, dilation=9), ValueError, "dilation 9 and spans 19"),
        (lambda: faltung.dask.conv_input_grad(x, w, (2, 4, 9), groups=2), ValueError, "grad has shape"),
        (lambda: faltung.dask.conv_weight_grad(x, x, w.shape, groups=2), ValueError, "grad has shape"),
        (lambda: faltung.dask.conv_bias_grad(da.zeros(4)), ValueError, "grad has shape")):
        with pytest.raises(error, match=text):
            call()


def test_overflow_is_an_error_when_it_is_computed():
    big, one = da.from_array(np.array([[[2**62, 2**62]]]), chunks=1), np.ones((1, 1, 1), int)
    half = da.from_array(np.array([[[2**62, 2**62 - 1]]]), chunks=1)
    for lazy in (lambda x: faltung.dask.conv(x, np.ones((1, 1, 2), int)),
                 lambda x: faltung.dask.conv_transpose(x, one, padding=((1, 0),), boundary="circular"),
                 lambda x: faltung.dask.conv_weight_grad(x, da.ones((1, 1, 2), dtype=int, chunks=1), (1, 1, 1)),
                 lambda x: faltung.dask.conv_bias_grad(x)):
        assert lazy(half).compute(scheduler="synchronous").max() == 2**63 - 1
        with pytest.raises(OverflowError, match="range of 64 bits"):
            lazy(big).compute(scheduler="synchronous")
