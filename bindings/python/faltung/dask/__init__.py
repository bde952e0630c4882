"""Both directions and their gradients on `dask.array`: arrays larger than memory, on threads or on a cluster.

Chunks may be cut along batch, output channels and every spatial axis. What a chunk reads (its halo) follows from the
problem, for every boundary, stride and dilation. Each chunk is a problem of its own, computed in strict accuracy, so results
have the bits of `faltung`'s own functions with ``accuracy="strict"``, whatever the chunks and the scheduler. Gradients by weights
and bias too: they are sums of sums of 256 positions, which chunks compute apart and one running total adds in their order.

A worker holds, for each of its threads, one chunk of the result, the cells that it reads, halo included and with every
input channel of its groups, and the plan's workspace (`faltung.Plan.workspace_bytes`). Without ``chunks`` the result is cut
into as many chunks as the given array, with its channels together: where it is larger, a transposed layer of stride 2 in
three axes by 8, so are they. Say ``chunks`` to have them smaller.

>>> import dask.array as da, numpy as np, faltung, faltung.dask
>>> x = da.ones((1, 1, 1000, 1000), chunks=(1, 1, 250, 500))
>>> y = faltung.dask.conv(x, np.ones((4, 1, 3, 3)), stride=2, padding=1)
>>> y.shape, y.numblocks
((1, 4, 500, 500), (1, 1, 4, 2))
"""
from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
from dask.array.core import normalize_chunks

from .. import _core
from .._arrays import Types, numbers, types_of
from .._functions import check_gradient
from .._layer import plan_of, problem_of, shape_of, words
from ._graph import apply, bias_gradient, weight_gradient

__all__ = ["conv", "conv_bias_grad", "conv_input_grad", "conv_transpose", "conv_transpose_bias_grad",
           "conv_transpose_input_grad", "conv_transpose_weight_grad", "conv_weight_grad"]


def _array(value: Any, name: str) -> da.Array:
    if not isinstance(value, da.Array):
        raise TypeError(f"{name} is a {type(value).__name__}: it must be a dask.array: make it one with da.from_array")
    if any(np.isnan(extent) for extent in value.shape):
        raise ValueError(f"{name} has shape {value.shape}: its sizes must be known: use {name}.compute_chunk_sizes()")
    return value


def _default_chunks(shape: tuple[int, ...], given: da.Array) -> tuple:
    """As many chunks as the given array has, along batch and space; channels together."""
    def cut(extent, pieces):
        size = max(1, -(-extent // pieces))
        return tuple(min(size, extent - begin) for begin in range(0, extent, size))
    return (given.chunks[0], (shape[1],), *map(cut, shape[2:], given.numblocks[2:]))


def _apply(problem: _core.Problem, types: Types, given: da.Array, w: np.ndarray, bias: np.ndarray | None,
           chunks: Any) -> da.Array:
    shape = problem.unknown_shape
    plan_of(problem, "auto", "strict", 1)  # what cannot be planned is refused here
    if bias is not None and bias.shape != shape[1:2]:
        raise ValueError(f"bias has shape {bias.shape}: the result has {shape[1]} channels: give one number each")
    grid = _default_chunks(shape, given) if chunks is None else normalize_chunks(chunks, shape, dtype=types.result)
    return apply(problem, types, given, w, bias, tuple(tuple(filter(None, sizes)) or (0,) for sizes in grid))


def _forward(transposed, x, w, bias, said, chunks):
    x, w = _array(x, "x"), numbers(w, "w")
    bias = None if bias is None else numbers(bias, "bias")
    types = types_of(x.dtype, w.dtype, None if bias is None else bias.dtype)
    return _apply(problem_of(transposed, x.shape, w.shape, types.name, said), types, x, w, bias, chunks)


def _input_grad(transposed, grad, w, input_shape, said, chunks):
    grad, w = _array(grad, "grad"), numbers(w, "w")
    types = types_of(grad.dtype, w.dtype, names=("grad", "w", ""))
    problem = problem_of(transposed, shape_of(input_shape, "input_shape"), w.shape, types.name, said, "input_shape")
    check_gradient(grad, problem)
    return _apply(problem.input_gradient(), types, grad, w, None, chunks)


def _weight_grad(transposed, grad, x, weight_shape, said):
    grad, x = _array(grad, "grad"), _array(x, "x")
    types = types_of(grad.dtype, x.dtype, names=("grad", "x", ""))
    problem = problem_of(transposed, x.shape, shape_of(weight_shape, "weight_shape"), types.name, said, "x", "weight_shape")
    check_gradient(grad, problem)
    plan_of(problem.weight_gradient(), "auto", "strict", 1)
    return weight_gradient(problem, types, grad, x)


def _bias_grad(grad):
    grad = _array(grad, "grad")
    if grad.ndim < 3:
        raise ValueError(f"grad has shape {grad.shape}: it is [N, C, *spatial]: reshape it")
    return bias_gradient(grad, types_of(grad.dtype, grad.dtype, names=("grad", "grad", "")))


def conv(x: da.Array, w: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
         boundary: Any = "zeros", flip: bool = False, chunks: Any = None) -> da.Array:
    """`faltung.conv` of a dask array.

    Parameters
    ----------
    x : dask.array, [N, Cin, *spatial]
    w, bias : array
        In memory.
    stride, padding, dilation, groups, boundary, flip
        As in `faltung.conv`.
    chunks : optional
        Of the result, as everywhere in Dask; else as many as `x` has, along batch and space. Channels are cut at the groups,
        or inside of one group.

    Returns
    -------
    dask.array, [N, Cout, *spatial]
        Lazy; with the bits of ``faltung.conv(..., accuracy="strict")``.

    Raises
    ------
    ValueError, TypeError
        As `faltung.conv`, at once; an overflow of integers when it is computed.

    Examples
    --------
    >>> import dask.array as da, numpy as np, faltung.dask
    >>> faltung.dask.conv(da.arange(6, chunks=2).reshape(1, 1, 6), np.ones((1, 1, 3), int), boundary="circular",
    ...                   padding=1).compute()
    array([[[ 6,  3,  6,  9, 12,  9]]])
    """
    return _forward(False, x, w, bias, words(stride, padding, dilation, groups, boundary, flip), chunks)


def conv_transpose(x: da.Array, w: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
                   output_size: Any = None, dilation: Any = 1, groups: int = 1, boundary: Any = "zeros",
                   flip: bool = False, chunks: Any = None) -> da.Array:
    """`faltung.conv_transpose` of a dask array. As `conv` here; the words as in `faltung.conv_transpose`.

    Examples
    --------
    >>> import dask.array as da, numpy as np, faltung.dask
    >>> faltung.dask.conv_transpose(da.ones((1, 1, 3), dtype=int, chunks=1), np.ones((1, 1, 2), int), stride=2, chunks=4).compute()
    array([[[1, 1, 1, 1, 1, 1]]])
    """
    return _forward(True, x, w, bias, words(stride, padding, dilation, groups, boundary, flip, output_padding, output_size),
                    chunks)


def conv_input_grad(grad: da.Array, w: Any, input_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
                    groups: int = 1, boundary: Any = "zeros", flip: bool = False, chunks: Any = None) -> da.Array:
    """`faltung.conv_input_grad` of a dask array.

    Parameters
    ----------
    grad : dask.array, [N, Cout, *spatial]
    w, input_shape, stride, padding, dilation, groups, boundary, flip
        As in `faltung.conv_input_grad`.
    chunks
        As in `conv` here.

    Returns
    -------
    dask.array, `input_shape`

    Raises
    ------
    ValueError, TypeError
        As `conv` here.

    Examples
    --------
    >>> import dask.array as da, numpy as np, faltung.dask
    >>> faltung.dask.conv_input_grad(da.ones((1, 1, 2), dtype=int), np.array([[[1, 2, 3]]]), (1, 1, 6), stride=2, chunks=4).compute()
    array([[[1, 2, 4, 2, 3, 0]]])
    """
    return _input_grad(False, grad, w, input_shape, words(stride, padding, dilation, groups, boundary, flip), chunks)


def conv_transpose_input_grad(grad: da.Array, w: Any, input_shape: Any, *, stride: Any = 1, padding: Any = 0,
                              output_padding: Any = 0, output_size: Any = None, dilation: Any = 1, groups: int = 1,
                              boundary: Any = "zeros", flip: bool = False, chunks: Any = None) -> da.Array:
    """`faltung.conv_transpose_input_grad` of a dask array. As `conv_input_grad` here; the words as in `faltung.conv_transpose`.

    Examples
    --------
    >>> import dask.array as da, numpy as np, faltung.dask
    >>> faltung.dask.conv_transpose_input_grad(da.arange(4, chunks=3).reshape(1, 1, 4), np.ones((1, 1, 3), int), (1, 1, 2)).compute()
    array([[[3, 6]]])
    """
    return _input_grad(True, grad, w, input_shape,
                       words(stride, padding, dilation, groups, boundary, flip, output_padding, output_size), chunks)


def conv_weight_grad(grad: da.Array, x: da.Array, weight_shape: Any, *, stride: Any = 1, padding: Any = 0,
                     dilation: Any = 1, groups: int = 1, boundary: Any = "zeros", flip: bool = False) -> da.Array:
    """`faltung.conv_weight_grad` of dask arrays.

    Parameters
    ----------
    grad : dask.array, [N, Cout, *spatial]
        One task for each sample and each chunk of its first spatial axis; inner axes are put together.
    x : dask.array, [N, Cin, *spatial]
    weight_shape, stride, padding, dilation, groups, boundary, flip
        As in `faltung.conv_weight_grad`.

    Returns
    -------
    dask.array, `weight_shape`
        One chunk.

    Raises
    ------
    ValueError, TypeError
        As `conv` here.

    Examples
    --------
    >>> import dask.array as da, faltung.dask
    >>> faltung.dask.conv_weight_grad(da.ones((1, 1, 2), dtype=int), da.arange(4, chunks=2).reshape(1, 1, 4), (1, 1, 3)).compute()
    array([[[1, 3, 5]]])
    """
    return _weight_grad(False, grad, x, weight_shape, words(stride, padding, dilation, groups, boundary, flip))


def conv_transpose_weight_grad(grad: da.Array, x: da.Array, weight_shape: Any, *, stride: Any = 1, padding: Any = 0,
                               output_padding: Any = 0, output_size: Any = None, dilation: Any = 1, groups: int = 1,
                               boundary: Any = "zeros", flip: bool = False) -> da.Array:
    """`faltung.conv_transpose_weight_grad` of dask arrays. As `conv_weight_grad` here, with one task for each chunk of `x`.

    Examples
    --------
    >>> import dask.array as da, numpy as np, faltung.dask
    >>> x = da.from_array(np.array([[[1, 10]]]), chunks=1)
    >>> faltung.dask.conv_transpose_weight_grad(da.arange(4, chunks=2).reshape(1, 1, 4), x, (1, 1, 3)).compute()
    array([[[10, 21, 32]]])
    """
    return _weight_grad(True, grad, x, weight_shape,
                        words(stride, padding, dilation, groups, boundary, flip, output_padding, output_size))


def conv_bias_grad(grad: da.Array) -> da.Array:
    """`faltung.conv_bias_grad` of a dask array: floats are summed in float64 and rounded once.

    Parameters
    ----------
    grad : dask.array, [N, Cout, *spatial]

    Returns
    -------
    dask.array, [Cout]

    Raises
    ------
    ValueError, TypeError
        As `conv` here.

    Examples
    --------
    >>> import dask.array as da, faltung.dask
    >>> faltung.dask.conv_bias_grad(da.ones((2, 3, 4), chunks=2)).compute()
    array([8., 8., 8.])
    """
    return _bias_grad(grad)


def conv_transpose_bias_grad(grad: da.Array) -> da.Array:
    """`faltung.conv_transpose_bias_grad` of a dask array: floats are summed in float64 and rounded once."""
    return _bias_grad(grad)
