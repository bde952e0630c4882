"""A plan that is made once and called many times, and the sizes without the numbers."""
from __future__ import annotations

from typing import Any

import numpy as np

from . import _core
from ._arrays import Types, check_type, fill, laid_out, numbers, types_of
from ._layer import plan_of, problem_of, shape_of, words

__all__ = ["Plan", "shape"]


# each has its own packed weights
LAYOUTS_KEPT = 8


class Bound:
    """A plan with its packed weights, and one for each other layout of its arrays that it meets."""

    __slots__ = ("_planned", "_types", "_packed", "_run", "_planning", "_weights", "_layouts")

    def __init__(self, problem: _core.Problem, planning: tuple, types: Types, w: np.ndarray, bias: np.ndarray | None) -> None:
        self._planned, self._types, self._planning = plan_of(problem, *planning), types, planning
        self._weights = tuple(None if array is None else np.array(array, types.compute, order="C") for array in (w, bias))
        self._layouts: dict[tuple, tuple[_core.CorePlan, _core.PackedWeights]] = {}
        self._packed = self._planned.core.pack(*self._weights)
        self._run = self._planned.core.run

    def _laid_out(self, given: tuple[int, ...], result: tuple[int, ...]) -> tuple[_core.CorePlan, _core.PackedWeights]:
        """Plan and weights for arrays with these strides."""
        if not given and not result:
            return self._planned.core, self._packed
        found = self._layouts.get((given, result))
        if found is None:
            problem = self._planned.problem
            forward = (problem.unknown == "fine") == problem.transposed
            core = plan_of(problem, *self._planning, False, *((given, result) if forward else (result, given))).core
            found = core, core.pack(*self._weights)
            if len(self._layouts) == LAYOUTS_KEPT:
                self._layouts.clear()
            self._layouts[given, result] = found
        return found

    def __call__(self, x: Any, out: np.ndarray | None = None) -> np.ndarray:
        """Apply the plan to `x`, which has the planned shape; into `out`, where given."""
        types = self._types
        if type(x) is not np.ndarray or x.dtype is not types.compute or not (x.flags.c_contiguous and x.flags.aligned):
            x = numbers(x, "x")
            check_type(x.dtype, "x")
            if x.dtype != types.result and not np.can_cast(x.dtype, types.compute, "safe"):
                raise TypeError(f"x is of type {x.dtype}: the plan computes in {types.compute}: convert one, with astype")
            x, strides = laid_out(x, types.compute)
        else:
            strides = ()
        if x.shape != self._planned.given_shape:
            raise ValueError(f"x has shape {x.shape}: the plan is for {self._planned.given_shape}: make another plan for it")
        if out is None and types.compute is types.result and not strides:
            out = np.empty(self._planned.shape, types.compute)
            self._run(x, self._packed, out)
            return out

        def run(to, to_strides):
            core, packed = self._laid_out(strides, to_strides)
            core.run(x, packed, to)

        return fill(out, self._planned.shape, types, (x,), run)


class Plan(Bound):
    """A layer for one input shape, with its weights packed: what `conv` does anew in every call is done once.

    Any number of Python threads may call one plan at the same time.

    Parameters
    ----------
    x_shape : tuple
        ``(N, Cin, *spatial)``.
    w, bias : array
        As in `conv`, or `conv_transpose`. They are copied.
    transposed : bool
    stride, padding, dilation, groups, boundary, flip, algorithm, accuracy, threads
        As in `conv`.
    output_padding, output_size
        As in `conv_transpose`.

    Raises
    ------
    ValueError, TypeError
        As `conv`.

    Examples
    --------
    >>> import numpy as np, faltung
    >>> plan = faltung.Plan((1, 1, 5), np.ones((1, 1, 3)), stride=2)
    >>> plan(np.arange(5.0).reshape(1, 1, 5))
    array([[[3., 9.]]])
    >>> plan.problem
    faltung.Problem('conv1d n1 g1 ic1 oc1 i5 k3 s2 d1 p0 f64')
    """

    __slots__ = ()

    def __init__(self, x_shape: Any, w: Any, bias: Any = None, *, transposed: bool = False, stride: Any = 1,
                 padding: Any = 0, output_padding: Any = 0, output_size: Any = None, dilation: Any = 1, groups: int = 1,
                 boundary: Any = "zeros", flip: bool = False, algorithm: str = "auto", accuracy: str | float = "default",
                 threads: int | None = None) -> None:
        w = numbers(w, "w")
        bias = None if bias is None else numbers(bias, "bias")
        types = types_of(w.dtype, w.dtype if bias is None else bias.dtype, names=("w", "bias", ""))
        said = words(stride, padding, dilation, groups, boundary, flip, output_padding, output_size)
        problem = problem_of(bool(transposed), shape_of(x_shape, "x_shape"), w.shape, types.name, said, "x_shape")
        super().__init__(problem, (algorithm, accuracy, threads), types, w, bias)

    @property
    def problem(self) -> _core.Problem:
        """The problem; its string names it in every other tool of Faltung."""
        return self._planned.problem

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the result."""
        return self._planned.shape

    @property
    def algorithm(self) -> str:
        """Name of the algorithm that was chosen."""
        return self._planned.core.algorithm

    @property
    def report(self) -> str:
        """A table: what was chosen, what was refused, and why."""
        return self._planned.core.report

    @property
    def workspace_bytes(self) -> int:
        """Memory that a run takes besides its arrays."""
        return self._planned.core.workspace_bytes

    def __repr__(self) -> str:
        return f"<faltung.Plan {self.problem} by {self.algorithm}>"


def shape(x_shape: Any, w_shape: Any, *, transposed: bool = False, stride: Any = 1, padding: Any = 0,
          output_padding: Any = 0, output_size: Any = None, dilation: Any = 1, groups: int = 1,
          boundary: Any = "zeros") -> tuple[int, ...]:
    """Shape of the result of `conv`, or of `conv_transpose`.

    Parameters
    ----------
    x_shape, w_shape : tuple
        Shapes of the input and of the weights.
    transposed : bool
    stride, padding, output_padding, output_size, dilation, groups, boundary
        As in `conv_transpose`.

    Returns
    -------
    tuple of int

    Raises
    ------
    ValueError, TypeError
        As `conv`.

    Examples
    --------
    >>> import faltung
    >>> faltung.shape((1, 3, 224, 224), (64, 3, 7, 7), stride=2, padding=3)
    (1, 64, 112, 112)
    >>> faltung.shape((1, 64, 112, 112), (64, 3, 4, 4), transposed=True, stride=2, padding=1)
    (1, 3, 224, 224)
    """
    said = words(stride, padding, dilation, groups, boundary, False, output_padding, output_size)
    return problem_of(bool(transposed), shape_of(x_shape, "x_shape"), shape_of(w_shape, "w_shape"), "f32", said, "x_shape",
                      "w_shape").output_shape
