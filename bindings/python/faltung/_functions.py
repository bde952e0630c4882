"""Convolution, its transpose, and the gradients of both, as functions of arrays."""
from __future__ import annotations

from typing import Any

import numpy as np

from ._arrays import dense, fill, int64, laid_out, numbers, types_of
from ._layer import planned, shape_of, words


def _forward(transposed, x, w, bias, said, algorithm, accuracy, threads, out):
    x, w = numbers(x, "x"), numbers(w, "w")
    if bias is None:
        types = types_of(x.dtype, w.dtype)
        inputs = (x, w)
    else:
        bias = numbers(bias, "bias")
        if bias.ndim != 1:
            raise ValueError(f"bias has shape {bias.shape}: it is one number per output channel: give [Cout]")
        types = types_of(x.dtype, w.dtype, bias.dtype)
        inputs = (x, w, bias)
        bias = dense(bias, types.compute)
    x, strides = laid_out(x, types.compute)
    w = dense(w, types.compute)
    layer = ("forward", transposed, x.shape, w.shape, types.name, said, algorithm, accuracy, threads, strides)
    plan = planned(*layer)
    if out is None and types.compute is types.result:
        out = np.empty(plan.shape, types.compute)
        plan.core.run(x, plan.core.pack(w, bias), out)
        return out

    def run(to, to_strides):
        core = (planned(*layer, to_strides) if to_strides else plan).core
        core.run(x, core.pack(w, bias), to)

    return fill(out, plan.shape, types, inputs, run)


def _input_grad(transposed, grad, w, input_shape, said, algorithm, accuracy, threads, out):
    grad, w = numbers(grad, "grad"), numbers(w, "w")
    types = types_of(grad.dtype, w.dtype, names=("grad", "w", ""))
    layer = ("dx", transposed, shape_of(input_shape, "input_shape"), w.shape, types.name, said, algorithm, accuracy, threads)
    plan = planned(*layer, x="input_shape")
    check_gradient(grad, plan.problem)
    given, strides = laid_out(grad, types.compute)
    weights = dense(w, types.compute)

    def run(to, to_strides):
        core = (planned(*layer, to_strides, strides) if strides or to_strides else plan).core
        core.run(given, core.pack(weights, None), to)

    return fill(out, plan.shape, types, (grad, w), run)


def _weight_grad(transposed, grad, x, weight_shape, said, algorithm, accuracy, threads, out):
    grad, x = numbers(grad, "grad"), numbers(x, "x")
    types = types_of(grad.dtype, x.dtype, names=("grad", "x", ""))
    layer = ("dw", transposed, x.shape, shape_of(weight_shape, "weight_shape"), types.name, said, algorithm, accuracy, threads)
    plan = planned(*layer, w="weight_shape")
    check_gradient(grad, plan.problem)
    (given, x_strides), (gradient, y_strides) = laid_out(x, types.compute), laid_out(grad, types.compute)
    if x_strides or y_strides:
        plan = planned(*layer, x_strides, y_strides)
    return fill(out, plan.shape, types, (grad, x), lambda to, _: plan.core.run_weight_gradient(given, gradient, to), dense_out=True)


def check_gradient(grad, problem):
    if grad.shape != problem.output_shape:
        raise ValueError(f"grad has shape {grad.shape}: the layer's output has {problem.output_shape}: give the gradient of "
                         "that output, or the words of the layer that made it")


def _bias_grad(grad, out):
    grad = numbers(grad, "grad")
    if grad.ndim < 3:
        raise ValueError(f"grad has shape {grad.shape}: it is [N, C, *spatial]: reshape it")
    types = types_of(grad.dtype, grad.dtype, names=("grad", "grad", ""))
    axes = (0, *range(2, grad.ndim))

    def run(to, _):
        if types.compute is not int64:
            to[...] = ordered_sum(np.zeros(grad.shape[1]), [position_sums(sample) for sample in grad])
            return
        exact = grad.astype(object).sum(axis=axes) if _may_overflow(grad) else grad.sum(axis=axes, dtype=np.int64)
        if any(not -2**63 <= total < 2**63 for total in exact):
            raise OverflowError("the sum of grad leaves the range of 64 bits: integers are exact here: use floats")
        to[...] = exact

    return fill(out, (grad.shape[1],), types, (grad,), run)


# as the library's weight gradients: sums of so many positions of a sample, then these sums in their order
SUMMED_POSITIONS = 256


def position_sums(sample: np.ndarray) -> np.ndarray:
    """Sums of the consecutive positions of one sample, [channels, *spatial], in float64: [sums, channels]."""
    cells = sample.reshape(sample.shape[0], -1).astype(np.float64)
    whole = cells.shape[1] // SUMMED_POSITIONS
    full, rest = np.split(cells, [whole * SUMMED_POSITIONS], axis=1)
    sums = full.reshape(len(cells), whole, SUMMED_POSITIONS).sum(axis=2).T
    return np.concatenate([sums, rest.sum(axis=1)[np.newaxis]]) if rest.size else sums


def ordered_sum(total: np.ndarray, parts: Any) -> np.ndarray:
    """One after the other: additions of floats are not to be regrouped."""
    for part in parts:
        for one in part:
            total = total + one
    return total


def _may_overflow(grad):
    return grad.size > 0 and max(abs(int(grad.min())), abs(int(grad.max()))) * grad.size >= 2**63


def conv(x: Any, w: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
         boundary: Any = "zeros", flip: bool = False, algorithm: str = "auto", accuracy: str | float = "default",
         threads: int | None = None, out: np.ndarray | None = None) -> np.ndarray:
    """Convolution: each output number is a window of the input times the kernel.

    As in all deep-learning libraries the kernel is not flipped; ``flip=True`` gives the convolution of signal processing.

    Parameters
    ----------
    x : array, [N, Cin, *spatial]
        Any layout, byte order and read-only memory; also anything in the CPU's memory that speaks DLPack. Types float16,
        bfloat16 (summed in float32), float32, float64, and integers up to int64 (exact; the result is int64).
    w : array, [Cout, Cin / groups, *kernel]
        One to three axes of the kernel decide how many axes there are.
    bias : array, [Cout], optional
    stride, dilation : int, or one per axis
    padding : int, one per axis, (before, after) pairs, or a word
        ``"valid"``, ``"full"``, ``"same"`` (an odd cell comes last) or ``"same_lower"`` (first).
    groups : int
    boundary : {"zeros", "reflect", "symmetric", "replicate", "circular"}, or one per axis
        What stands in the padding.
    flip : bool
    algorithm : str
        A name of `algorithms`, or ``"auto"``.
    accuracy : {"default", "strict"} or float
        ``"strict"``: sums in the one defined order, the same bits on every machine, for any number of threads. A number: the
        largest error to expect, over the result's root mean square; the default is 2e-5.
    threads : int, optional
        At most this many; None: as many as the machine has.
    out : ndarray, optional
        Where the result goes. It may overlap the inputs.

    Returns
    -------
    ndarray, [N, Cout, *spatial]
        With ``1 + (padded - span) // stride`` cells on each axis, ``span = (k - 1) * dilation + 1``.

    Raises
    ------
    ValueError
        Shapes, words or numbers that do not fit each other; the message says which, the rule, and the fix.
    TypeError
        An array or parameter of a type that has no meaning here.
    OverflowError
        A sum of integers that leaves 64 bits.

    Examples
    --------
    >>> import numpy as np, faltung
    >>> x = np.arange(1, 10).reshape(1, 1, 3, 3)
    >>> faltung.conv(x, np.ones((1, 1, 2, 2), int))
    array([[[[12, 16],
             [24, 28]]]])
    """
    return _forward(False, x, w, bias, words(stride, padding, dilation, groups, boundary, flip), algorithm, accuracy, threads,
                    out)


def conv_transpose(x: Any, w: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
                   output_size: Any = None, dilation: Any = 1, groups: int = 1, boundary: Any = "zeros",
                   flip: bool = False, algorithm: str = "auto", accuracy: str | float = "default", threads: int | None = None,
                   out: np.ndarray | None = None) -> np.ndarray:
    """Transposed convolution: each input number stamps the kernel, scaled by it, into the output.

    It is the transpose of the matrix of `conv` with the same words, applied to `x`.

    Parameters
    ----------
    x, bias, stride, dilation, groups, flip, algorithm, accuracy, threads, out
        As in `conv`.
    w : array, [Cin, Cout / groups, *kernel]
    padding : int, one per axis, (before, after) pairs, or a word
        Cells cut from the temporary output. ``"same"`` gives ``in * stride`` cells.
    output_padding : int, or one per axis
        Cells added behind the last tap; less than ``max(stride, dilation)``.
    output_size : int, or one per axis, optional
        Wanted extents; chooses the output padding.
    boundary : word, or one per axis
        What lands in the padding is added onto the cells that it copies (zeros: dropped).

    Returns
    -------
    ndarray, [N, Cout, *spatial]
        With ``(in - 1) * stride + span + output_padding - before - after`` cells on each axis.

    Raises
    ------
    ValueError, TypeError, OverflowError
        As `conv`.

    Examples
    --------
    >>> import numpy as np, faltung
    >>> x = np.array([[[[1, 2], [3, 4]]]])
    >>> faltung.conv_transpose(x, np.ones((1, 1, 2, 2), int))
    array([[[[ 1,  3,  2],
             [ 4, 10,  6],
             [ 3,  7,  4]]]])
    """
    return _forward(True, x, w, bias,
                    words(stride, padding, dilation, groups, boundary, flip, output_padding, output_size), algorithm, accuracy,
                    threads, out)


def conv_input_grad(grad: Any, w: Any, input_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
                    groups: int = 1, boundary: Any = "zeros", flip: bool = False, algorithm: str = "auto",
                    accuracy: str | float = "default", threads: int | None = None, out: np.ndarray | None = None) -> np.ndarray:
    """Gradient of `conv` by its input: the transposed convolution of the gradient of its output.

    Parameters
    ----------
    grad : array, [N, Cout, *spatial]
        Gradient by the output.
    w : array
        The layer's weights.
    input_shape : tuple
        Shape of the layer's input, which a floor division forgets.
    stride, padding, dilation, groups, boundary, flip, algorithm, accuracy, threads, out
        As in `conv`.

    Returns
    -------
    ndarray, `input_shape`

    Raises
    ------
    ValueError, TypeError, OverflowError
        As `conv`; also when `grad` does not have the shape of the layer's output.

    Examples
    --------
    >>> import numpy as np, faltung
    >>> faltung.conv_input_grad(np.ones((1, 1, 2), int), np.array([[[1, 2, 3]]]), (1, 1, 6), stride=2)
    array([[[1, 2, 4, 2, 3, 0]]])
    """
    return _input_grad(False, grad, w, input_shape, words(stride, padding, dilation, groups, boundary, flip), algorithm,
                       accuracy, threads, out)


def conv_weight_grad(grad: Any, x: Any, weight_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
                     groups: int = 1, boundary: Any = "zeros", flip: bool = False, algorithm: str = "auto",
                     accuracy: str | float = "default", threads: int | None = None, out: np.ndarray | None = None) -> np.ndarray:
    """Gradient of `conv` by its weights.

    Parameters
    ----------
    grad : array, [N, Cout, *spatial]
        Gradient by the output.
    x : array, [N, Cin, *spatial]
        The layer's input.
    weight_shape : tuple
    stride, padding, dilation, groups, boundary, flip, algorithm, accuracy, threads, out
        As in `conv`.

    Returns
    -------
    ndarray, `weight_shape`

    Raises
    ------
    ValueError, TypeError, OverflowError
        As `conv`; also when `grad` does not have the shape of the layer's output.

    Examples
    --------
    >>> import numpy as np, faltung
    >>> faltung.conv_weight_grad(np.ones((1, 1, 2), int), np.arange(4).reshape(1, 1, 4), (1, 1, 3))
    array([[[1, 3, 5]]])
    """
    return _weight_grad(False, grad, x, weight_shape, words(stride, padding, dilation, groups, boundary, flip), algorithm,
                        accuracy, threads, out)


def conv_bias_grad(grad: Any, *, out: np.ndarray | None = None) -> np.ndarray:
    """Gradient of `conv` by its bias: the sum over all samples and positions.

    Parameters
    ----------
    grad : array, [N, Cout, *spatial]
    out : ndarray, [Cout], optional

    Returns
    -------
    ndarray, [Cout]
        Floats are summed in float64, in one defined order, and rounded once.

    Raises
    ------
    ValueError, TypeError, OverflowError
        As `conv`.

    Examples
    --------
    >>> import numpy as np, faltung
    >>> faltung.conv_bias_grad(np.ones((2, 3, 4)))
    array([8., 8., 8.])
    """
    return _bias_grad(grad, out)


def conv_transpose_input_grad(grad: Any, w: Any, input_shape: Any, *, stride: Any = 1, padding: Any = 0,
                              output_padding: Any = 0, output_size: Any = None, dilation: Any = 1, groups: int = 1,
                              boundary: Any = "zeros", flip: bool = False, algorithm: str = "auto",
                              accuracy: str | float = "default", threads: int | None = None,
                              out: np.ndarray | None = None) -> np.ndarray:
    """Gradient of `conv_transpose` by its input: the convolution of the gradient of its output.

    Parameters
    ----------
    grad, w, input_shape
        As in `conv_input_grad`, of the transposed layer.
    stride, padding, output_padding, output_size, dilation, groups, boundary, flip, algorithm, accuracy, threads, out
        As in `conv_transpose`.

    Returns
    -------
    ndarray, `input_shape`

    Raises
    ------
    ValueError, TypeError, OverflowError
        As `conv`; also when `grad` does not have the shape of the layer's output.

    Examples
    --------
    >>> import numpy as np, faltung
    >>> faltung.conv_transpose_input_grad(np.arange(4).reshape(1, 1, 4), np.ones((1, 1, 3), int), (1, 1, 2))
    array([[[3, 6]]])
    """
    return _input_grad(True, grad, w, input_shape,
                       words(stride, padding, dilation, groups, boundary, flip, output_padding, output_size), algorithm,
                       accuracy, threads, out)


def conv_transpose_weight_grad(grad: Any, x: Any, weight_shape: Any, *, stride: Any = 1, padding: Any = 0,
                               output_padding: Any = 0, output_size: Any = None, dilation: Any = 1, groups: int = 1,
                               boundary: Any = "zeros", flip: bool = False, algorithm: str = "auto",
                               accuracy: str | float = "default", threads: int | None = None,
                               out: np.ndarray | None = None) -> np.ndarray:
    """Gradient of `conv_transpose` by its weights.

    Parameters
    ----------
    grad, x, weight_shape
        As in `conv_weight_grad`, of the transposed layer.
    stride, padding, output_padding, output_size, dilation, groups, boundary, flip, algorithm, accuracy, threads, out
        As in `conv_transpose`.

    Returns
    -------
    ndarray, `weight_shape`

    Raises
    ------
    ValueError, TypeError, OverflowError
        As `conv`; also when `grad` does not have the shape of the layer's output.

    Examples
    --------
    >>> import numpy as np, faltung
    >>> faltung.conv_transpose_weight_grad(np.arange(4).reshape(1, 1, 4), np.array([[[1, 10]]]), (1, 1, 3))
    array([[[10, 21, 32]]])
    """
    return _weight_grad(True, grad, x, weight_shape,
                        words(stride, padding, dilation, groups, boundary, flip, output_padding, output_size), algorithm,
                        accuracy, threads, out)


def conv_transpose_bias_grad(grad: Any, *, out: np.ndarray | None = None) -> np.ndarray:
    """Gradient of `conv_transpose` by its bias: the sum over all samples and positions. As `conv_bias_grad`.

    Parameters
    ----------
    grad : array, [N, Cout, *spatial]
    out : ndarray, [Cout], optional

    Returns
    -------
    ndarray, [Cout]

    Raises
    ------
    ValueError, TypeError, OverflowError
        As `conv`.

    Examples
    --------
    >>> import numpy as np, faltung
    >>> faltung.conv_transpose_bias_grad(np.ones((2, 1, 4), int))
    array([8])
    """
    return _bias_grad(grad, out)
