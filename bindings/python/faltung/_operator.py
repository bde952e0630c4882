"""The operator in SciPy's form: as an exact sparse matrix, and as a LinearOperator with its exact adjoint."""
from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from scipy.sparse.linalg import LinearOperator

from . import _core
from ._arrays import check_type, dense, numbers, types_of
from ._layer import plan_of, problem_of, shape_of, words
from ._plan import Bound

__all__ = ["ConvOperator", "matrix", "operator"]


def matrix(w: Any, input_shape: Any, *, transposed: bool = False, form: str = "folded", stride: Any = 1,
           padding: Any = 0, output_padding: Any = 0, output_size: Any = None, dilation: Any = 1, groups: int = 1,
           boundary: Any = "zeros", flip: bool = False) -> scipy.sparse.csr_array:
    """The exact matrix of a layer: the Jacobian of its output by its input, for one sample.

    Parameters
    ----------
    w : array
        As in `conv`, or `conv_transpose`.
    input_shape : tuple
        ``(C, *spatial)`` of one sample.
    transposed : bool
    form : {"folded", "padded"}
        ``"folded"``: a column (transposed: a row) per true cell; margins are dropped or added onto the cells they copy.
        ``"padded"``: one per cell of the padded input (transposed: of the temporary output).
    stride, padding, output_padding, output_size, dilation, groups, boundary, flip
        As in `conv_transpose`.

    Returns
    -------
    scipy.sparse.csr_array
        Rows are output cells, columns input cells, row-major, channel after channel.

    Raises
    ------
    ValueError, TypeError
        As `conv`.

    Examples
    --------
    >>> import numpy as np, faltung
    >>> faltung.matrix(np.array([[[1.0, 2.0]]]), (1, 4)).toarray()
    array([[1., 2., 0., 0.],
           [0., 1., 2., 0.],
           [0., 0., 1., 2.]])
    """
    w = numbers(w, "w")
    types = types_of(w.dtype, w.dtype, names=("w", "w", ""))
    said = words(stride, padding, dilation, groups, boundary, flip, output_padding, output_size)
    sample = shape_of(input_shape, "input_shape")
    if len(sample) == w.ndim:
        raise ValueError(f"input_shape is {sample}: a matrix is for one sample, (C, *spatial): leave the batch out")
    problem = problem_of(bool(transposed), (1, *sample), w.shape, types.name, said, "input_shape")
    if not isinstance(form, str):
        raise TypeError(f"form is {form!r}: it must be a word: use folded or padded")
    values, columns, row_starts, shape = _core.sparse_matrix(problem, dense(w, types.compute), form)
    return scipy.sparse.csr_array((values, columns, row_starts), shape=shape)


class ConvOperator(LinearOperator):
    """What `operator` returns: a layer as a linear map of flattened arrays, with its exact adjoint.

    Attributes
    ----------
    input_shape, output_shape : tuple
        What vectors of the two sides are flattened from.
    problem : Problem
    """

    def __init__(self, w: np.ndarray, problem: _core.Problem, dtype: np.dtype, planning: tuple) -> None:
        self.problem = problem
        self.input_shape, self.output_shape = problem.input_shape, problem.output_shape
        self._w, self._planning = w, planning
        self._bound: dict[tuple, Bound] = {}
        super().__init__(dtype, (int(np.prod(self.output_shape)), int(np.prod(self.input_shape))))

    def __getstate__(self):
        return {**self.__dict__, "_bound": {}}  # plans belong to one process

    def _plan(self, adjoint: bool, count: int, dtype: np.dtype) -> Bound:
        """The plan for `count` vectors at once: they are further samples."""
        key = (adjoint, count, dtype)
        if key not in self._bound:
            types = types_of(dtype, self._w.dtype)
            whole = self.problem
            problem = whole.resized(batch=whole.batch * count, groups=whole.groups, fine_channels=whole.fine_channels,
                                    coarse_channels=whole.coarse_channels, dtype=types.name)
            if adjoint:
                problem = problem.input_gradient()
            self._bound[key] = Bound(problem, self._planning, types, self._w, None)
        return self._bound[key]

    def _apply(self, adjoint: bool, vectors: np.ndarray) -> np.ndarray:
        if np.iscomplexobj(vectors):
            return self._apply(adjoint, vectors.real) + 1j * self._apply(adjoint, vectors.imag)
        check_type(vectors.dtype, "x")
        shape = self.output_shape if adjoint else self.input_shape
        count = vectors.shape[1]
        if count == 0:
            return np.empty((self.shape[1 if adjoint else 0], 0), self.dtype)
        plan = self._plan(adjoint, count, vectors.dtype.newbyteorder("="))
        x = dense(vectors.T, plan._types.compute).reshape(shape[0] * count, *shape[1:])
        return plan(x).reshape(count, -1).T

    def _matmat(self, X):
        return self._apply(False, X)

    def _rmatmat(self, X):
        return self._apply(True, X)

    def _matvec(self, x):
        return self._apply(False, x.reshape(-1, 1)).ravel()

    def _rmatvec(self, x):
        return self._apply(True, x.reshape(-1, 1)).ravel()


def operator(w: Any, input_shape: Any, *, transposed: bool = False, stride: Any = 1, padding: Any = 0,
             output_padding: Any = 0, output_size: Any = None, dilation: Any = 1, groups: int = 1,
             boundary: Any = "zeros", flip: bool = False, algorithm: str = "auto", accuracy: str | float = "strict",
             threads: int | None = None) -> ConvOperator:
    """A layer as a `scipy.sparse.linalg.LinearOperator`, for `lsqr`, `cg`, PyLops and whatever else takes one.

    ``A @ x.ravel()`` is ``conv(x, w).ravel()``; ``A.H @ y.ravel()`` is its exact adjoint, for every boundary.

    Parameters
    ----------
    w : array
        As in `conv`, or `conv_transpose`.
    input_shape : tuple
        ``(N, C, *spatial)``.
    transposed : bool
    stride, padding, output_padding, output_size, dilation, groups, boundary, flip, algorithm, threads
        As in `conv_transpose`.
    accuracy : {"strict", "default"} or float
        Strict here: the same bits in every call make iterations reproducible.

    Returns
    -------
    ConvOperator

    Raises
    ------
    ValueError, TypeError
        As `conv`.

    Examples
    --------
    >>> import numpy as np, faltung
    >>> A = faltung.operator(np.array([[[1.0, 2.0]]]), (1, 1, 4))
    >>> A @ np.arange(4.0)
    array([2., 5., 8.])
    >>> A.H @ np.ones(3)
    array([1., 3., 3., 2.])
    """
    w = numbers(w, "w")
    types = types_of(w.dtype, w.dtype, names=("w", "w", ""))
    said = words(stride, padding, dilation, groups, boundary, flip, output_padding, output_size)
    problem = problem_of(bool(transposed), shape_of(input_shape, "input_shape"), w.shape, types.name, said, "input_shape")
    if problem.batch == 0:
        raise ValueError(f"input_shape is {problem.input_shape}: an operator needs at least one cell: give N of at least 1")
    planning = (algorithm, accuracy, threads)
    plan_of(problem, *planning)  # what cannot be planned is refused here, not in the first product
    return ConvOperator(np.array(w), problem, types.result, planning)
