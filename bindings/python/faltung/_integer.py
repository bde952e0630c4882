"""Quantized arrays: bytes in, exact int32 out."""
from __future__ import annotations

from typing import Any

import numpy as np

from ._arrays import numbers
from ._functions import conv

__all__ = ["conv_integer"]


def _without_zero_point(array: Any, zero_point: Any, name: str, channels_last: bool) -> np.ndarray:
    array, zero = numbers(array, name), numbers(zero_point, f"{name}_zero_point")
    if array.dtype not in (np.int8, np.uint8):
        raise TypeError(f"{name} is of type {array.dtype}: it must be int8 or uint8: for wider integers use conv")
    if zero.dtype.kind not in "iu":
        raise TypeError(f"{name}_zero_point is of type {zero.dtype}: it must be a whole number: use astype(np.int32)")
    if zero.ndim > 1 or (zero.ndim == 1 and zero.size != 1 and (not channels_last or zero.size != array.shape[0])):
        raise ValueError(f"{name}_zero_point has shape {zero.shape}: it is one number"
                         + (f", or one per output channel ({array.shape[0]})" if channels_last else "") + ": give that")
    limits = np.iinfo(array.dtype)
    if zero.size and (int(zero.min()) < limits.min or int(zero.max()) > limits.max):
        raise ValueError(f"{name}_zero_point is {zero.tolist()}: {name} is {array.dtype}, {limits.min} to {limits.max}: use a "
                         "number in that range")
    zero = zero.astype(np.int64)
    return array.astype(np.int64) - (zero.reshape(-1, *(1,) * (array.ndim - 1)) if zero.size > 1 else zero.reshape(()))


def conv_integer(x: Any, w: Any, *, x_zero_point: Any = 0, w_zero_point: Any = 0, stride: Any = 1, padding: Any = 0,
                 dilation: Any = 1, groups: int = 1, boundary: Any = "zeros", flip: bool = False,
                 algorithm: str = "auto", threads: int | None = None) -> np.ndarray:
    """Convolution of quantized arrays, ``conv(x - x_zero_point, w - w_zero_point)``, exact.

    Parameters
    ----------
    x : array of int8 or uint8, [N, Cin, *spatial]
    w : array of int8 or uint8, [Cout, Cin / groups, *kernel]
    x_zero_point : int
        The number that stands for zero; padding with zeros means padding with it.
    w_zero_point : int, or one per output channel
    stride, padding, dilation, groups, boundary, flip, algorithm, threads
        As in `conv`.

    Returns
    -------
    ndarray of int32, [N, Cout, *spatial]

    Raises
    ------
    ValueError, TypeError
        As `conv`.
    OverflowError
        A sum that leaves 32 bits.

    Examples
    --------
    >>> import numpy as np, faltung
    >>> x = np.array([[[128, 130, 131]]], np.uint8)
    >>> faltung.conv_integer(x, np.array([[[1, -1]]], np.int8), x_zero_point=128)
    array([[[-2, -1]]], dtype=int32)
    """
    sums = conv(_without_zero_point(x, x_zero_point, "x", False), _without_zero_point(w, w_zero_point, "w", True),
                stride=stride, padding=padding, dilation=dilation, groups=groups, boundary=boundary, flip=flip,
                algorithm=algorithm, threads=threads)
    limits = np.iinfo(np.int32)
    if sums.size and (sums.min() < limits.min or sums.max() > limits.max):
        raise OverflowError(f"a sum of {sums.min()} to {sums.max()} leaves the range of 32 bits: the result is int32: use conv "
                            "on int64 arrays")
    return sums.astype(np.int32)
