"""Quantized arrays: exact, zero points and all."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import faltung
from problems import cases


@given(cases(), st.sampled_from([np.int8, np.uint8]), st.sampled_from([np.int8, np.uint8]), st.booleans())
def test_conv_integer_equals_the_reference(case, x_type, w_type, per_channel):
    if case.transposed:
        return
    random = np.random.default_rng(case.seed)
    whole = lambda dtype, shape: random.integers(np.iinfo(dtype).min, np.iinfo(dtype).max + 1, shape).astype(dtype)
    x, w = whole(x_type, case.x_shape), whole(w_type, case.w_shape)
    x_zero, w_zero = whole(x_type, ()), whole(w_type, (case.w_shape[0],) if per_channel else ())
    got = faltung.conv_integer(x, w, x_zero_point=x_zero, w_zero_point=w_zero, **case.words)
    wide = w_zero.astype(np.int64).reshape((-1, *(1,) * (w.ndim - 1)) if per_channel else ())
    wanted = case.forward(x.astype(np.int64) - int(x_zero), w.astype(np.int64) - wide)
    assert got.dtype == np.int32
    np.testing.assert_array_equal(got, wanted)


def test_refusals():
    x, w = np.ones((1, 1, 4), np.uint8), np.ones((2, 1, 2), np.int8)
    for call, error, text in (
        (lambda: faltung.conv_integer(x.astype(np.int16), w), TypeError, "x is of type int16"),
        (lambda: faltung.conv_integer(x, w, x_zero_point=-1), ValueError, "x_zero_point is -1"),
        (lambda: faltung.conv_integer(x, w, x_zero_point=[1, 2]), ValueError, "x_zero_point has shape"),
        (lambda: faltung.conv_integer(x, w, w_zero_point=[1, 2, 3]), ValueError, r"one per output channel \(2\)"),
        (lambda: faltung.conv_integer(x, w, w_zero_point=0.5), TypeError, "w_zero_point is of type float64"),
        (lambda: faltung.conv_integer(np.full((1, 2**17, 1), 255, np.uint8), np.full((1, 2**17, 1), 127, np.int8)),
         OverflowError, "32 bits")):
        with pytest.raises(error, match=text):
            call()
