"""JAX computes the same, compiled or not, and differentiates through the library."""
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

jax = pytest.importorskip("jax", reason="jax is not installed")
jnp = jax.numpy

import faltung  # noqa: E402
import faltung.jax  # noqa: E402
from problems import cases  # noqa: E402


@pytest.fixture(autouse=True)
def wide():
    """Numbers of 64 bits, as the reference has them."""
    with jax.enable_x64(True):
        yield


def apply(case):
    return faltung.jax.conv_transpose if case.transposed else faltung.jax.conv


# every problem is another program to compile: few of them here, the library has its own tests
@settings(max_examples=25)
@given(cases(), st.sampled_from([np.float32, np.float64]))
def test_compiled_layers_and_their_gradients_equal_the_reference(case, dtype):
    x, w, y, b = (jnp.asarray(array) for array in case.arrays(dtype))
    exact_x, exact_w, exact_y, exact_b = case.arrays(np.int64)

    @jax.jit
    def both(x, w, b, y):
        made, pull = jax.vjp(lambda *arrays: apply(case)(*arrays, **case.words), x, w, b)
        return made, *pull(y)

    column = exact_b.reshape(-1, *(1,) * (x.ndim - 2))
    wanted = (case.forward(exact_x, exact_w) + column, case.input_gradient(exact_y, exact_w),
              case.weight_gradient(exact_y, exact_x), exact_y.sum(axis=(0, *range(2, y.ndim))))
    for got, right in zip(both(x, w, b, y), wanted):
        assert got.dtype == dtype
        np.testing.assert_array_equal(got, right)


@pytest.mark.parametrize("boundary", ["zeros", "circular"])
@pytest.mark.parametrize("transposed", [False, True])
def test_derivatives_of_derivatives(random, transposed, boundary):
    """Against finite differences, twice."""
    function = faltung.jax.conv_transpose if transposed else faltung.jax.conv
    x, w, b = (jnp.asarray(random.standard_normal(shape)) for shape in ((1, 4, 5, 4), (4, 2, 3, 2), (4,)))
    from jax.test_util import check_grads
    check_grads(lambda x, w, b: function(x, w, b, stride=2, padding=1, groups=2, boundary=boundary), (x, w, b), order=2, modes=["rev"])


def test_strict_bits_and_the_callback(random, monkeypatch):
    x, w = random.standard_normal((2, 3, 20)), random.standard_normal((4, 3, 5))
    wanted = faltung.conv(x, w, padding=2, accuracy="strict")
    layer = lambda x, w: faltung.jax.conv(x, w, padding=2, accuracy="strict")
    assert np.asarray(layer(x, w)).tobytes() == np.asarray(jax.jit(layer)(x, w)).tobytes() == wanted.tobytes()
    ones = np.ones(wanted.shape)
    gradient = jax.jit(jax.grad(lambda w: layer(x, w).sum()))(w)
    assert np.asarray(gradient).tobytes() == faltung.conv_weight_grad(ones, x, w.shape, padding=2, accuracy="strict").tobytes()
    monkeypatch.setattr(faltung.jax, "compiled", False)
    jax.clear_caches()
    again = lambda x, w: faltung.jax.conv(x, w, padding=2, accuracy="strict")
    assert np.asarray(jax.jit(again)(x, w)).tobytes() == wanted.tobytes()
    back = jax.jit(jax.grad(lambda w: again(x, w).sum()))(w)
    assert np.asarray(back).tobytes() == np.asarray(gradient).tobytes()
    jax.clear_caches()


def test_vmap_and_types(random):
    x, w = random.standard_normal((3, 1, 2, 9)).astype(np.float32), random.standard_normal((4, 2, 3)).astype(np.float32)
    np.testing.assert_array_equal(jax.vmap(lambda x: faltung.jax.conv(x, w, accuracy="strict"))(x),
                                  np.stack([np.asarray(faltung.jax.conv(one, w, accuracy="strict")) for one in x]))
    half = faltung.jax.conv(jnp.asarray(x[0], jnp.bfloat16), jnp.asarray(w, jnp.bfloat16), accuracy="strict")
    assert half.dtype == jnp.bfloat16
    wanted = faltung.conv(*(np.asarray(jnp.asarray(array, jnp.bfloat16), np.float32) for array in (x[0], w)), accuracy="strict")
    assert jnp.array_equal(half, jnp.asarray(wanted).astype(jnp.bfloat16))
    whole = faltung.jax.conv(jnp.full((1, 1, 3), 2**61), jnp.ones((1, 1, 2), int))
    assert whole.dtype == jnp.int64 and whole.tolist() == [[[2**62, 2**62]]]


def test_refusals():
    x, w = jnp.ones((1, 2, 8)), jnp.ones((4, 2, 3))
    for call, error, text in (
        (lambda: faltung.jax.conv(x[0], w), ValueError, r"x has shape \(2, 8\) and no batch"),
        (lambda: jax.jit(faltung.jax.conv)(x[:, :1], w), ValueError, "x has 1 channels"),
        (lambda: faltung.jax.conv(x, w, jnp.ones(3)), ValueError, "bias has shape"),
        (lambda: faltung.jax.conv(x, w, algorithm="fast"), ValueError, "algorithm fast"),
        (lambda: faltung.jax.conv(x.astype(complex), w), TypeError, "x is of type complex128")):
        with pytest.raises(error, match=text):
            call()
    with jax.enable_x64(False), pytest.raises(TypeError, match="jax_enable_x64"):
        faltung.jax.conv(jnp.ones((1, 1, 3), int), jnp.ones((1, 1, 2), int))


def test_overflow_is_an_error():
    big, one = jnp.full((1, 1, 2), 2**62), jnp.ones((1, 1, 2), int)
    with pytest.raises(Exception, match="range of 64 bits"):  # the type is JAX's
        jax.block_until_ready(faltung.jax.conv(big, one))


def test_importing_the_package_imports_no_framework():
    program = "import sys, faltung; print([name for name in ('jax', 'torch', 'onnx', 'dask') if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"
