"""Why every number is what it is."""
from __future__ import annotations

from typing import Any

import numpy as np

from . import _core

__all__ = ["explain"]


def explain(problem: _core.Problem | str, *, view: str = "steps", cell: str | None = None, form: str = "folded",
            format: str = "text", x: Any = (), w: Any = (), bias: Any = (), grad: Any = (), names_only: bool = False) -> str:
    """A page that shows how a problem's numbers come about.

    Parameters
    ----------
    problem : Problem or str
        One sample, small enough to read.
    view : {"steps", "cell", "matrix", "three_views", "temporary", "overlap"}
    cell : str, optional
        Such as ``"O21"`` or ``"I2.13"``.
    form : {"folded", "padded"}
        Of the matrix.
    format : {"text", "svg", "html", "json"}
    x, w, bias, grad : array, optional
        The numbers; without them the cells count 1, 2, 3, ….
    names_only : bool
        No numbers at all.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        A problem that is too large to read, a cell that is not there, numbers of another size.

    Examples
    --------
    >>> import faltung
    >>> "O2 = K1·I2 + K2·I3 = 1·2 + 2·3 = 8" in faltung.explain("conv1d i3 k2", view="cell", cell="O2")
    True
    """
    if isinstance(problem, str):
        problem = _core.Problem(problem)
    given = {"input": x, "weights": w, "bias": bias, "output_gradient": grad}
    return _core.explain(problem=problem, view=view, cell=cell, form=form, format=format, names_only=bool(names_only),
                         **{name: np.asarray(value, np.float64).ravel().tolist() for name, value in given.items()})
