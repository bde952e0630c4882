"""JAX on the CPU: `conv` and `conv_transpose` that can be compiled (`jax.jit`) and differentiated backwards, to any order.

A layer is one form, linear in its input x, its weights w and its output's cotangent y. Each of the three is computed from the
other two, and the gradient of each is one of the others: so one function with a custom derivative serves both directions and
all their derivatives. Compiled programs call the library through XLA's foreign functions; where the module was built without
their headers, `compiled` is False and they call back into Python instead (some 0.2 ms each).

>>> import jax, jax.numpy as jnp, faltung.jax
>>> x, w = jnp.ones((1, 2, 5, 5)), jnp.ones((4, 2, 3, 3))
>>> layer = jax.jit(lambda x, w: faltung.jax.conv(x, w, stride=2, padding=1, boundary="reflect"))
>>> layer(x, w).shape
(1, 4, 3, 3)
>>> jax.grad(lambda w: layer(x, w).sum())(w).shape
(4, 2, 3, 3)
"""
from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from . import _core
from ._arrays import int64, types_of
from ._layer import plan_of, problem_of, said_accuracy, threads_of, words

__all__ = ["compiled", "conv", "conv_transpose"]

TARGET = "faltung_run"


def _register() -> bool:
    handler = _core.xla_handler()
    if handler is None:
        return False
    try:
        jax.ffi.register_ffi_target(TARGET, handler, platform="cpu")
    except Exception:  # pylint: disable=broad-except  # a JAX whose foreign functions have another version
        return False
    return True


compiled: bool = _register()
"""Whether compiled programs call the library without Python."""


class _Layer(NamedTuple):
    """What is fixed while the three arrays vary; hashable."""

    forward: _core.Problem
    algorithm: str
    accuracy: str
    threads: int | None


def _others(wanted: str) -> tuple[str, str]:
    return {"x": ("w", "y"), "w": ("x", "y"), "y": ("x", "w")}[wanted]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _term(wanted, layer, first, second, bias):
    """One of x, w, y from the other two; `bias` is added to y."""
    problem = {"y": lambda: layer.forward, "x": layer.forward.input_gradient, "w": layer.forward.weight_gradient}[wanted]()
    result = jax.ShapeDtypeStruct(problem.weights_shape if wanted == "w" else problem.unknown_shape, first.dtype)
    if wanted == "x":
        first, second = second, first  # the given array, then the weights
    if bias is None:
        bias = jnp.zeros((0,), result.dtype)
    threads = threads_of(problem, layer.threads)
    if compiled:
        call = jax.ffi.ffi_call(TARGET, result, vmap_method="sequential")
        return call(first, second, bias, problem=str(problem), algorithm=layer.algorithm, accuracy=said_accuracy(layer.accuracy),
                    threads=np.int64(threads))

    def run(a, b, c):
        a, b, c = (np.ascontiguousarray(array) for array in (a, b, c))
        core, out = _planned(problem, layer.algorithm, layer.accuracy, layer.threads), np.empty(result.shape, result.dtype)
        if wanted == "w":
            core.run_weight_gradient(a, b, out)
        else:
            core.run(a, core.pack(b, c if c.size else None), out)
        return out

    return jax.pure_callback(run, result, first, second, bias, vmap_method="sequential")


@functools.lru_cache(maxsize=128)
def _planned(problem, algorithm, accuracy, threads):
    return plan_of(problem, algorithm, accuracy, threads, once=True).core


def _term_forward(wanted, layer, first, second, bias):
    return _term(wanted, layer, first, second, bias), (first, second, bias is not None)


def _term_backward(wanted, layer, kept, cotangent):
    first, second, biased = kept
    arrays = {**dict(zip(_others(wanted), (first, second))), wanted: cotangent}
    gradients = [_term(name, layer, *(arrays[other] for other in _others(name)), None) for name in _others(wanted)]
    return *gradients, cotangent.sum(axis=(0, *range(2, cotangent.ndim))) if biased else None


_term.defvjp(_term_forward, _term_backward)


def _apply(transposed, x, w, bias, said, algorithm, accuracy, threads):
    x, w = jnp.asarray(x), jnp.asarray(w)
    bias = None if bias is None else jnp.asarray(bias)
    types = types_of(x.dtype, w.dtype, None if bias is None else bias.dtype)
    if types.compute is int64 and not jax.config.jax_enable_x64:
        raise TypeError("x and w are whole numbers: their sums are exact, of 64 bits: use jax.config.update('jax_enable_x64', True), "
                        "or floats")
    problem = problem_of(transposed, x.shape, w.shape, types.name, said)
    if bias is not None and bias.shape != problem.output_shape[1:2]:
        raise ValueError(f"bias has shape {bias.shape}: the result has {problem.output_shape[1]} channels: give one number each")
    plan_of(problem, algorithm, accuracy, threads)  # what cannot be planned is refused here
    cast = lambda array: None if array is None else array.astype(types.compute)
    y = _term("y", _Layer(problem, algorithm, accuracy, threads), cast(x), cast(w), cast(bias))
    return y.astype(types.result)


def conv(x: Any, w: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
         boundary: Any = "zeros", flip: bool = False, algorithm: str = "auto", accuracy: str | float = "default",
         threads: int | None = None) -> jax.Array:
    """`faltung.conv` of JAX arrays.

    Parameters
    ----------
    x, w, bias : jax.Array
        As in `faltung.conv`. Integers need ``jax_enable_x64``: their sums have 64 bits.
    stride, padding, dilation, groups, boundary, flip, algorithm, accuracy, threads
        As in `faltung.conv`.

    Returns
    -------
    jax.Array, [N, Cout, *spatial]

    Raises
    ------
    ValueError, TypeError
        As `faltung.conv`, while it is traced.

    Examples
    --------
    >>> import jax.numpy as jnp, faltung.jax
    >>> faltung.jax.conv(jnp.arange(5.0).reshape(1, 1, 5), jnp.ones((1, 1, 3)))
    Array([[[3., 6., 9.]]], dtype=float32)
    """
    return _apply(False, x, w, bias, words(stride, padding, dilation, groups, boundary, flip), algorithm, accuracy, threads)


def conv_transpose(x: Any, w: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
                   output_size: Any = None, dilation: Any = 1, groups: int = 1, boundary: Any = "zeros", flip: bool = False,
                   algorithm: str = "auto", accuracy: str | float = "default", threads: int | None = None) -> jax.Array:
    """`faltung.conv_transpose` of JAX arrays; parameters as there, the rest as `conv` here.

    Examples
    --------
    >>> import jax.numpy as jnp, faltung.jax
    >>> faltung.jax.conv_transpose(jnp.ones((1, 1, 3)), jnp.ones((1, 1, 2)))
    Array([[[1., 2., 2., 1.]]], dtype=float32)
    """
    said = words(stride, padding, dilation, groups, boundary, flip, output_padding, output_size)
    return _apply(True, x, w, bias, said, algorithm, accuracy, threads)
