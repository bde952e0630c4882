"""Arrays of any layout come in, and none is harmed; what cannot come in is refused with the fix."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import faltung

LAYOUTS = {
    "negative strides": lambda a: np.ascontiguousarray(a[..., ::-1])[..., ::-1],
    "every other cell": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "fortran": np.asfortranarray,
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "unaligned": lambda a: np.frombuffer(b"\0" + a.tobytes(), a.dtype, offset=1).reshape(a.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.float16])
def test_layout_does_not_matter(random, layout, dtype):
    x, w, b = (random.integers(-3, 4, shape).astype(dtype) for shape in ((2, 3, 6, 5), (4, 3, 3, 2), (4,)))
    wanted = faltung.conv(x, w, b, stride=2)
    change = LAYOUTS[layout]
    given_arrays = change(x), change(w), change(b)
    np.testing.assert_array_equal(faltung.conv(*given_arrays, stride=2), wanted)
    np.testing.assert_array_equal(faltung.Plan(x.shape, given_arrays[1], given_arrays[2], stride=2)(given_arrays[0]), wanted)
    grad = change(wanted)
    np.testing.assert_array_equal(faltung.conv_input_grad(grad, given_arrays[1], x.shape, stride=2),
                                  faltung.conv_input_grad(wanted, w, x.shape, stride=2))
    np.testing.assert_array_equal(faltung.conv_weight_grad(grad, given_arrays[0], w.shape, stride=2),
                                  faltung.conv_weight_grad(wanted, x, w.shape, stride=2))


WITHOUT_A_COPY = {"negative strides", "every other cell", "fortran", "read-only", "transposed"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_only_bytes_that_a_plan_cannot_read_are_copied(random, layout):
    array = LAYOUTS[layout](random.standard_normal((2, 3, 6, 5)))
    taken, strides = faltung._arrays.laid_out(array, np.dtype(np.float64))
    np.testing.assert_array_equal(taken, array)
    assert np.shares_memory(taken, array) == (layout in WITHOUT_A_COPY)
    assert strides in ((), tuple(step // 8 for step in array.strides))


@pytest.mark.parametrize("algorithm", [one.name for one in faltung.algorithms()])
@pytest.mark.parametrize("transposed", [False, True])
def test_every_algorithm_takes_every_layout(random, algorithm, transposed):
    """Whole numbers, so that each way of adding gives the same."""
    x, w = (random.integers(-3, 4, shape).astype(np.float32) for shape in ((2, 3, 8, 7), (3, 3, 3, 3)))
    forward = faltung.conv_transpose if transposed else faltung.conv
    wanted = forward(x, w, padding=1, algorithm="sliding_window")
    plan = faltung.Plan(x.shape, w, padding=1, transposed=transposed, algorithm=algorithm)
    for change in (*LAYOUTS.values(), lambda a: np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1)):
        np.testing.assert_allclose(forward(change(x), w, padding=1, algorithm=algorithm), wanted, atol=1e-3)
        for out in outs(wanted.shape, wanted.dtype):
            out[...] = np.nan
            np.testing.assert_allclose(plan(change(x), out), wanted, atol=1e-3)
            out[...] = np.nan
            np.testing.assert_allclose(forward(change(x), w, padding=1, algorithm=algorithm, out=out), wanted, atol=1e-3)


def test_an_out_whose_cells_meet_is_written_like_numpy_does():
    shared = np.lib.stride_tricks.as_strided(np.zeros(4), (1, 1, 3), (8, 8, 0))
    assert faltung.conv(np.arange(5.0).reshape(1, 1, 5), np.ones((1, 1, 3)), out=shared) is shared
    assert shared.ravel().tolist() == [9, 9, 9]


def test_a_plan_keeps_its_weights():
    x, w = np.ones((1, 1, 6)), np.ones((1, 1, 3))
    plan = faltung.Plan((1, 1, 3), w)
    w[...] = 7
    assert plan(x[..., ::2]).tolist() == plan(x[..., :3]).tolist() == [[[3]]]


def test_broadcast_input_is_read_as_it_is():
    x = np.broadcast_to(np.float32(2), (1, 2, 5))
    np.testing.assert_array_equal(faltung.conv(x, np.ones((1, 2, 3), np.float32)), np.full((1, 1, 3), 12, np.float32))


def test_an_empty_batch_is_a_batch():
    w = np.ones((2, 1, 3))
    assert faltung.conv(np.empty((0, 1, 5)), w).shape == (0, 2, 3)
    assert faltung.conv_transpose(np.empty((0, 2, 5)), w).shape == (0, 1, 7)
    assert faltung.conv_weight_grad(np.empty((0, 2, 3)), np.empty((0, 1, 5)), w.shape).tolist() == np.zeros(w.shape).tolist()
    assert faltung.conv_bias_grad(np.empty((0, 2, 3))).tolist() == [0, 0]
    for shape in ((1, 0, 5), (1, 1, 0)):
        with pytest.raises(ValueError):
            faltung.conv(np.empty(shape), w)
    with pytest.raises(ValueError):
        faltung.conv(np.empty((1, 1, 5)), np.empty((2, 1, 0)))


class Tensor:
    """A tensor of another library: it speaks DLPack and nothing else."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **words):
        return self.array.__dlpack__(**words)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class Elsewhere(Tensor):
    def __dlpack__(self, **words):
        raise BufferError("it lives on another device")


def test_dlpack_comes_in_without_a_copy(random):
    x, w = random.standard_normal((1, 2, 9)), random.standard_normal((3, 2, 3))
    np.testing.assert_array_equal(faltung.conv(Tensor(x), Tensor(w)), faltung.conv(x, w))
    assert np.shares_memory(faltung._arrays.dense(faltung._arrays.numbers(Tensor(x), "x"), x.dtype), x)
    backwards, strides = faltung._arrays.laid_out(faltung._arrays.numbers(Tensor(x[..., ::-1]), "x"), x.dtype)
    assert np.shares_memory(backwards, x) and strides[2] == -1
    with pytest.raises(TypeError, match="w is a Elsewhere.*another device"):
        faltung.conv(x, Elsewhere(w))


def test_lists_are_arrays():
    assert faltung.conv([[[1, 2, 3]]], [[[1, 1]]]).tolist() == [[[3, 5]]]


def outs(shape, dtype):
    yield np.empty(shape, dtype)
    yield np.empty(shape[:-1] + (2 * shape[-1],), dtype)[..., ::2]
    yield np.empty(shape, dtype, order="F")
    yield np.empty(shape, dtype)[..., ::-1]
    yield np.moveaxis(np.empty((shape[0], *shape[2:], shape[1]), dtype), -1, 1) if len(shape) > 1 else np.empty(shape, dtype)
    yield np.empty(shape, np.dtype(dtype).newbyteorder())


def test_out_of_any_layout_is_filled(random):
    x, w = random.standard_normal((2, 2, 6, 7)), random.standard_normal((2, 2, 3, 3))
    y = faltung.conv(x, w)
    calls = [lambda out: faltung.conv(x, w, out=out), lambda out: faltung.conv_transpose(y, w, out=out),
             lambda out: faltung.conv_input_grad(y, w, x.shape, out=out),
             lambda out: faltung.conv_weight_grad(y, x, w.shape, out=out),
             lambda out: faltung.conv_bias_grad(y, out=out), lambda out: faltung.Plan(x.shape, w)(x, out)]
    for call in calls:
        wanted = call(None)
        for out in outs(wanted.shape, wanted.dtype):
            assert call(out) is out
            np.testing.assert_array_equal(out, wanted)


@given(st.integers(0, 12), st.booleans())
def test_out_may_overlap_the_inputs(offset, transposed):
    memory = np.arange(40.0) % 7
    x, w = memory[:20].reshape(1, 1, 20), np.array([[[1.0, 2, 3]]])
    forward = faltung.conv_transpose if transposed else faltung.conv
    wanted = forward(x, w, padding=1)
    out = memory[offset:offset + 20].reshape(1, 1, 20)
    forward(x, w, padding=1, out=out)
    np.testing.assert_array_equal(out, wanted)
    everything = np.arange(5.0).reshape(1, 1, 5)
    wanted = forward(everything, everything, padding=2)
    np.testing.assert_array_equal(forward(everything, everything, padding=2, out=everything), wanted)


def test_a_wrong_out_is_refused():
    x, w = np.ones((1, 1, 5), np.float32), np.ones((1, 1, 3), np.float32)
    read_only = np.empty((1, 1, 3), np.float32)
    read_only.flags.writeable = False
    for out, error, text in ((np.empty((1, 1, 4), np.float32), ValueError, r"out has shape \(1, 1, 4\)"),
                             (np.empty((1, 1, 3)), TypeError, "out is of type float64"),
                             (read_only, ValueError, "out is read-only"), ([0, 0, 0], TypeError, "out is a list")):
        with pytest.raises(error, match=text):
            faltung.conv(x, w, out=out)


X, W = np.ones((1, 2, 8, 8), np.float32), np.ones((4, 2, 3, 3), np.float32)
REFUSALS = [
    (lambda: faltung.conv(X[0], W), ValueError, r"x has shape \(2, 8, 8\) and no batch.*x\[np.newaxis\]"),
    (lambda: faltung.conv(X[0, 0], W), ValueError, r"x has shape \(8, 8\)"),
    (lambda: faltung.conv(X, W[0, 0]), ValueError, r"w has shape \(3, 3\)"),
    (lambda: faltung.conv(X, W[:, :1]), ValueError, "x has 2 channels: w .* takes 1"),
    (lambda: faltung.conv_transpose(X, W), ValueError, "x has 2 channels: w .* takes 4"),
    (lambda: faltung.conv(X, W, np.ones((4, 1))), ValueError, "bias has shape"),
    (lambda: faltung.conv(X, W, np.ones(3, np.float32)), ValueError, "a bias of 3 numbers"),
    (lambda: faltung.conv(X.astype(complex), W), TypeError, "x is of type complex128.*imaginary"),
    (lambda: faltung.conv(X, W > 0), TypeError, "w is of type bool"),
    (lambda: faltung.conv(X.astype(np.uint64), W), TypeError, "x is of type uint64"),
    (lambda: faltung.conv(X.astype(object), W), TypeError, "x is of type object"),
    (lambda: faltung.conv("photo.png", W), TypeError, "x is of type <U9"),
    (lambda: faltung.conv(np.ma.masked_array(X, X > 0), W), TypeError, "x is a masked array"),
    (lambda: faltung.conv(X, W, stride=0), ValueError, "stride y is 0"),
    (lambda: faltung.conv(X, W, stride=1.5), TypeError, "stride is 1.5"),
    (lambda: faltung.conv(X, W, stride=()), TypeError, "stride is ()"),
    (lambda: faltung.conv(X, W, stride=(1, 2, 3)), ValueError, "stride has 3 entries"),
    (lambda: faltung.conv(X, W, stride=2**70), ValueError, "stride is 1180591620717411303424: it must fit"),
    (lambda: faltung.conv(X, W, padding="sme"), ValueError, "padding is 'sme'"),
    (lambda: faltung.conv(X, W, padding=-1), ValueError, "padding before y is -1"),
    (lambda: faltung.conv(X, W, padding=((1, 2, 3), 1)), TypeError, "padding is"),
    (lambda: faltung.conv(X, W, dilation=9), ValueError, "dilation 9 and spans 19"),
    (lambda: faltung.conv(X, W, groups=3), ValueError, "groups=3"),
    (lambda: faltung.conv(X, W, groups=0), ValueError, "groups is 0"),
    (lambda: faltung.conv(X, W, groups="2"), TypeError, "groups is '2'"),
    (lambda: faltung.conv(X, W, boundary="mirror"), ValueError, "boundary"),
    (lambda: faltung.conv(X, W, boundary=3), TypeError, "boundary is 3"),
    (lambda: faltung.conv(X, W, algorithm="fast"), ValueError, "algorithm fast"),
    (lambda: faltung.conv(X, W, algorithm=None), TypeError, "algorithm is None"),
    (lambda: faltung.conv(X, W, accuracy="exact"), ValueError, "accuracy is `exact`"),
    (lambda: faltung.conv(X, W, threads=0), ValueError, "threads is 0"),
    (lambda: faltung.conv(X, W, threads="2"), TypeError, "threads is '2'"),
    (lambda: faltung.conv_transpose(X, W[:2], output_padding=1), ValueError, "output padding y is 1"),
    (lambda: faltung.conv_transpose(X, W[:2], stride=2, output_size=90), ValueError, "output y is wanted to be 90"),
    (lambda: faltung.conv_input_grad(X, W, X.shape), ValueError, "grad has shape .* output has"),
    (lambda: faltung.conv_input_grad(X, W, 5), TypeError, "input_shape is 5"),
    (lambda: faltung.conv_weight_grad(X, X, W.shape), ValueError, "grad has shape"),
    (lambda: faltung.conv_weight_grad(X, X, (4,)), ValueError, r"weight_shape has shape \(4,\)"),
    (lambda: faltung.conv_bias_grad(np.ones(4)), ValueError, "grad has shape"),
    (lambda: faltung.Plan((1, 2, 8, 8), W)(X[:, :1]), ValueError, "x has shape"),
    (lambda: faltung.Plan((1, 2, 8, 8), W)(X.astype(np.float64)), TypeError, "x is of type float64"),
    (lambda: faltung.Problem("conv2d"), ValueError, "conv2d"),
    (lambda: faltung.matrix(W, (1, 2, 8, 8)), ValueError, "input_shape .* leave the batch out"),
    (lambda: faltung.matrix(W, (2, 8, 8), form="dense"), ValueError, "form `dense`"),
    (lambda: faltung.operator(W, (2, 8, 8)), ValueError, "input_shape has shape"),
    (lambda: faltung.explain("conv1d i3 k2", view="all"), ValueError, "view `all`"),
    (lambda: faltung.explain("conv1d i3 k2", cell="Q7", view="cell"), ValueError, "Q7"),
]


@pytest.mark.parametrize("number", range(len(REFUSALS)))
def test_refusals_name_the_parameter(number):
    call, error, text = REFUSALS[number]
    with pytest.raises(error, match=text) as raised:
        call()
    assert "\n" not in str(raised.value)
