"""From the words of a call to a problem and its plan; both are kept for the next call with the same words."""
from __future__ import annotations

import functools
import numbers
from operator import index
from typing import Any, NamedTuple

from . import _core


# below, all the products take less time (some 5 µs at 8 a nanosecond) than waking a thread
SERIAL_PRODUCTS = 40_000


class Planned(NamedTuple):
    core: _core.CorePlan
    problem: _core.Problem
    given_shape: tuple[int, ...]
    shape: tuple[int, ...]


class Words(NamedTuple):
    """What a layer is besides its arrays, hashable."""

    stride: Any
    padding: Any
    dilation: Any
    groups: Any
    boundary: Any
    flip: bool
    output_padding: Any
    output_size: Any


def _key(value: Any, name: str) -> Any:
    kind = type(value)
    if kind is int:
        if -2**63 <= value < 2**63:
            return value
        raise ValueError(f"{name} is {value}: it must fit into 64 bits: use a smaller number")
    if kind is str or value is None:
        return value
    if kind is tuple or kind is list:
        return tuple([_key(item, name) for item in value])
    if hasattr(value, "tolist"):
        return _key(value.tolist(), name)
    try:
        return _key(index(value), name)
    except TypeError:
        words = "a whole number, one per axis, (before, after) pairs, or a word" if name == "padding" else \
            "a word, or one per axis" if name == "boundary" else "a whole number, or one per axis"
        raise TypeError(f"{name} is {value!r}: it must be {words}: give that") from None


def words(stride: Any, padding: Any, dilation: Any, groups: Any, boundary: Any, flip: Any, output_padding: Any = 0,
          output_size: Any = None) -> Words:
    return Words(_key(stride, "stride"), _key(padding, "padding"), _key(dilation, "dilation"), _key(groups, "groups"),
                 _key(boundary, "boundary"), bool(flip), _key(output_padding, "output_padding"),
                 _key(output_size, "output_size"))


def _list(value: Any, name: str) -> list[int]:
    if isinstance(value, int):
        return [value]
    if not isinstance(value, tuple) or not value or not all(isinstance(item, int) for item in value):
        raise TypeError(f"{name} is {value!r}: it must be a whole number, or one per axis: give that")
    return list(value)


def _extents(value: Any, axes: int) -> list[int] | None:
    if value is None:
        return None
    extents = _list(value, "output_size")
    return extents * axes if isinstance(value, int) else extents


def _padding(value: Any) -> str | list[tuple[int, int]]:
    if isinstance(value, str):
        if value in ("valid", "full", "same", "same_lower"):
            return value
        raise ValueError(f"padding is {value!r}: words are valid, full, same and same_lower: use one, or numbers")
    if isinstance(value, int):
        return [(value, value)]
    if isinstance(value, tuple) and value:
        if all(isinstance(item, int) for item in value):
            return [(item, item) for item in value]
        if all(isinstance(item, tuple) and len(item) == 2 and all(isinstance(side, int) for side in item) for item in value):
            return list(value)
    raise TypeError(f"padding is {value!r}: it must be a whole number, one per axis, (before, after) pairs, or a word: "
                    "give one of these")


def _boundary(value: Any) -> list[str]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, tuple) or not names or not all(isinstance(name, str) for name in names):
        raise TypeError(f"boundary is {value!r}: it must be a word, or one per axis: use zeros, reflect, symmetric, replicate "
                        "or circular")
    return list(names)


def problem_of(transposed: bool, x_shape: tuple[int, ...], w_shape: tuple[int, ...], dtype: str, said: Words,
               x: str = "x", w: str = "w") -> _core.Problem:
    """The forward problem; `x` and `w` name the parameters that the shapes come from."""
    axes = len(w_shape) - 2
    layout = "[Cin, Cout/groups, *kernel]" if transposed else "[Cout, Cin/groups, *kernel]"
    if not 1 <= axes <= 3:
        raise ValueError(f"{w} has shape {w_shape}: weights are {layout} with 1 to 3 axes of the kernel: reshape it")
    if len(x_shape) == axes + 1:
        raise ValueError(f"{x} has shape {x_shape} and no batch: with {w} of shape {w_shape} it is [N, C, *spatial] with "
                         f"{axes + 2} axes: add one, as in {x}[np.newaxis]")
    if len(x_shape) != axes + 2:
        raise ValueError(f"{x} has shape {x_shape}: with {w} of shape {w_shape} it is [N, C, *spatial] with {axes + 2} axes: "
                         "reshape one of them")
    groups = said.groups
    if not isinstance(groups, int):
        raise TypeError(f"groups is {groups!r}: it must be a whole number: give one")
    if groups < 1:
        raise ValueError(f"groups is {groups}: it must be at least 1: use 1 for an ordinary convolution")
    taken = w_shape[0] if transposed else w_shape[1] * groups
    if x_shape[1] != taken:
        raise ValueError(f"{x} has {x_shape[1]} channels: {w} of shape {w_shape} with groups={groups} takes {taken}: {w} is "
                         f"{layout}")
    return _core.layer_problem(
        transposed=transposed, batch=x_shape[0], groups=groups, input_channels=taken,
        output_channels=w_shape[1] * groups if transposed else w_shape[0], input=list(x_shape[2:]),
        kernel=list(w_shape[2:]), stride=_list(said.stride, "stride"), padding=_padding(said.padding),
        dilation=_list(said.dilation, "dilation"), boundary=_boundary(said.boundary), flip=said.flip,
        output_padding=_list(said.output_padding, "output_padding"),
        output_size=_extents(said.output_size, axes), output_shape=None,
        dtype=dtype)


def threads_of(problem: _core.Problem, threads: Any) -> int:
    """As the library counts them: 0 is all of the machine."""
    if threads is None:
        return 0 if problem.products > SERIAL_PRODUCTS else 1
    if not isinstance(threads, int) or not 1 <= threads <= 4096:
        raise (ValueError if isinstance(threads, int) else TypeError)(
            f"threads is {threads!r}: it must be None (all of the machine) or 1 to 4096: give that")
    return threads


def said_accuracy(accuracy: Any) -> str:
    """As the library reads it."""
    if isinstance(accuracy, str):
        return accuracy
    if isinstance(accuracy, numbers.Real) and not isinstance(accuracy, bool):
        return repr(float(accuracy))
    raise TypeError(f"accuracy is {accuracy!r}: it must be 'default', 'strict' or an error such as 1e-5: give one of them")


def plan_of(problem: _core.Problem, algorithm: Any, accuracy: Any, threads: Any, once: bool = False,
            x_strides: tuple[int, ...] = (), y_strides: tuple[int, ...] = ()) -> Planned:
    """`once`: the weights are packed for each run. Strides, in elements, of the layer's input and of its output; (): dense."""
    if not isinstance(algorithm, str):
        raise TypeError(f"algorithm is {algorithm!r}: it must be a word: leave it out, or see faltung.algorithms()")
    layout = () if not x_strides and not y_strides else (y_strides, x_strides) if problem.transposed else (x_strides, y_strides)
    core = _core.CorePlan(problem, algorithm, said_accuracy(accuracy), threads_of(problem, threads), once, *layout)
    return Planned(core, problem, problem.given_shape, problem.unknown_shape)


# 128 problems are more than a network has layers; a plan holds tables, no arrays
@functools.lru_cache(maxsize=128)
def planned(kind: str, transposed: bool, x_shape: tuple[int, ...], w_shape: tuple[int, ...], dtype: str, said: Words,
            algorithm: str, accuracy: str, threads: int | None, x_strides: tuple[int, ...] = (), y_strides: tuple[int, ...] = (),
            x: str = "x", w: str = "w") -> Planned:
    """The plan of a layer (`kind` forward) or of its gradient by input or weights (dx, dw), for these strides."""
    problem = problem_of(transposed, x_shape, w_shape, dtype, said, x, w)
    if kind == "dx":
        problem = problem.input_gradient()
    elif kind == "dw":
        problem = problem.weight_gradient()
    return plan_of(problem, algorithm, accuracy, threads, True, x_strides, y_strides)


def shape_of(value: Any, name: str) -> tuple[int, ...]:
    try:
        return tuple(index(extent) for extent in value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}: it must be a shape: give a tuple of whole numbers") from None
