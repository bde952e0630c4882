"""Both directions and all gradients equal the reference, whatever the layer."""
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import faltung
from problems import cases

ALGORITHMS = ["auto"] + [info.name for info in faltung.algorithms()]
ROUNDING = {"winograd", "fft"}  # not exact on whole numbers
TYPES = st.sampled_from([np.float32, np.float64, np.int64, np.int8, np.int16, np.int32])


def functions(transposed):
    if transposed:
        return (faltung.conv_transpose, faltung.conv_transpose_input_grad, faltung.conv_transpose_weight_grad,
                faltung.conv_transpose_bias_grad)
    return faltung.conv, faltung.conv_input_grad, faltung.conv_weight_grad, faltung.conv_bias_grad


def result_type(dtype):
    return np.int64 if np.issubdtype(dtype, np.integer) else dtype


def equal(got, wanted, dtype):
    assert got.dtype == result_type(dtype)
    np.testing.assert_array_equal(got, wanted)


@given(cases(), TYPES, st.sampled_from(["default", "strict"]), st.sampled_from([None, 1, 2]))
def test_a_layer_and_its_gradients_equal_the_reference(case, dtype, accuracy, threads):
    forward, input_grad, weight_grad, bias_grad = functions(case.transposed)
    x, w, y, b = case.arrays(dtype)
    exact_x, exact_w, exact_y, exact_b = case.arrays(np.int64)
    how = dict(case.words, accuracy=accuracy, threads=threads)
    column = exact_b.reshape(-1, *(1,) * (x.ndim - 2))
    equal(forward(x, w, b, **how), case.forward(exact_x, exact_w) + column, dtype)
    equal(input_grad(y, w, case.x_shape, **how), case.input_gradient(exact_y, exact_w), dtype)
    equal(weight_grad(y, x, case.w_shape, **how), case.weight_gradient(exact_y, exact_x), dtype)
    equal(bias_grad(y), exact_y.sum(axis=(0, *range(2, y.ndim))), dtype)
    assert faltung.shape(case.x_shape, case.w_shape, transposed=case.transposed,
                         **{name: word for name, word in case.words.items() if name != "flip"}) == case.y_shape


@given(cases(max_axes=2), st.sampled_from(ALGORITHMS))
def test_every_algorithm_equals_the_reference(case, algorithm):
    x, w, _, _ = case.arrays()
    try:
        plan = faltung.Plan(case.x_shape, w, transposed=case.transposed, algorithm=algorithm, **case.words)
    except ValueError as error:
        assert f"algorithm {algorithm} for" in str(error)  # a refusal, with its reason
        return
    if algorithm != "auto":
        assert plan.algorithm == algorithm
    assert plan.shape == case.y_shape
    whole = np.rint if algorithm in ROUNDING else np.asarray
    np.testing.assert_array_equal(whole(plan(x)), case.forward(x, w))
    np.testing.assert_array_equal(plan(x), functions(case.transposed)[0](x, w, algorithm=algorithm, **case.words))


@given(cases(), st.integers(0, 2**32 - 1))
def test_random_floats_stay_within_the_bound(case, seed):
    """|y - exact| <= gamma_n * sum |w||x|, componentwise, n products in each sum."""
    random = np.random.default_rng(seed)
    x, w = random.standard_normal(case.x_shape), random.standard_normal(case.w_shape)
    x, w = x.astype(np.float32), w.astype(np.float32)
    got = functions(case.transposed)[0](x, w, **case.words)
    exact = case.forward(x.astype(np.float64), w.astype(np.float64))
    size = case.forward(abs(x).astype(np.float64), abs(w).astype(np.float64))
    # the fold adds up to as many padded cells as there are; each has at most all taps of all channels
    terms = w.size + np.prod([len(source) for source in case.layer.sources])
    unit = np.finfo(np.float32).eps / 2
    assert np.all(abs(got - exact) <= terms * unit / (1 - terms * unit) * size)


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize("transposed", [False, True])
def test_halves_are_summed_in_float32_and_rounded_once(random, name, transposed):
    dtype = np.dtype(getattr(pytest.importorskip("ml_dtypes"), "bfloat16") if name == "bfloat16" else name)
    x, w = random.standard_normal((2, 8, 9)).astype(dtype), random.standard_normal((8, 8, 5)).astype(dtype)
    forward, input_grad, weight_grad, bias_grad = functions(transposed)
    y = forward(x, w, accuracy="strict")
    assert y.dtype == dtype
    wide = [array.astype(np.float32) for array in (x, w, y)]
    np.testing.assert_array_equal(y, forward(wide[0], wide[1], accuracy="strict").astype(dtype))
    np.testing.assert_array_equal(input_grad(y, w, x.shape, accuracy="strict"),
                                  input_grad(wide[2], wide[1], x.shape, accuracy="strict").astype(dtype))
    np.testing.assert_array_equal(weight_grad(y, x, w.shape, accuracy="strict"),
                                  weight_grad(wide[2], wide[0], w.shape, accuracy="strict").astype(dtype))
    np.testing.assert_array_equal(bias_grad(y), bias_grad(wide[2]).astype(dtype))
    out = np.empty(y.shape, dtype)
    assert forward(x, w, accuracy="strict", out=out) is out
    np.testing.assert_array_equal(out, y)


def test_types_promote_as_in_numpy():
    x8, w32 = np.full((1, 1, 4), 200, np.uint8), np.full((1, 1, 2), 0.5, np.float32)
    assert faltung.conv(x8, w32).dtype == np.float32
    assert faltung.conv(x8, w32.astype(np.float64)).dtype == np.float64
    assert faltung.conv(x8, w32, np.zeros(1)).dtype == np.float64
    assert faltung.conv(x8, np.ones((1, 1, 2), np.int8)).tolist() == [[[400] * 3]]


def test_strict_sums_have_the_same_bits_for_any_threads_and_algorithm(random):
    x = random.standard_normal((3, 6, 17, 13)).astype(np.float32)
    w = random.standard_normal((6, 6, 3, 3)).astype(np.float32)
    for forward, padding in itertools.product((faltung.conv, faltung.conv_transpose), (0, 1)):
        wanted = forward(x, w, padding=padding, algorithm="sliding_window", accuracy="strict", threads=1)
        for threads in (1, 2, 3, None):
            assert forward(x, w, padding=padding, accuracy="strict", threads=threads).tobytes() == wanted.tobytes()


def test_padding_has_words():
    x, w = np.arange(7.0).reshape(1, 1, 7), np.ones((1, 1, 4))
    assert faltung.conv(x, w, padding="valid").shape == (1, 1, 4)
    assert faltung.conv(x, w, padding="full").shape == (1, 1, 10)
    assert faltung.conv(x, w, padding="same")[0, 0, 0] == 0 + 0 + 1 + 2  # one cell before, two after
    assert faltung.conv(x, w, padding="same_lower")[0, 0, 0] == 0 + 0 + 0 + 1
    assert faltung.conv_transpose(x, w, stride=2, padding="same").shape == (1, 1, 14)
    assert faltung.conv_transpose(x, w, stride=2, output_size=17).shape == (1, 1, 17)


def test_whole_numbers_are_exact_and_overflow_is_an_error():
    x = np.array([[[2**62, 1]]])
    assert faltung.conv(x, np.ones((1, 1, 2), np.int64)).item() == 2**62 + 1
    with pytest.raises(OverflowError, match="int64"):
        faltung.conv(x, np.full((1, 1, 2), 2, np.int64))
    with pytest.raises(OverflowError, match="grad"):
        faltung.conv_bias_grad(np.full((2, 1, 1), 2**62))
    assert faltung.conv_bias_grad(np.array([[[2**62, -(2**62), 2**62]]])).tolist() == [2**62]
