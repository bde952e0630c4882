"""Measuring instead of predicting."""
from __future__ import annotations

import os
from typing import Any

from . import _core
from ._layer import planned, said_accuracy, threads_of
from ._plan import Plan

__all__ = ["tune"]


def tune(problem: _core.Problem | Plan | str, *, accuracy: str | float = "default", threads: int | None = None, once: bool = False,
         seconds: float = 0.2, wisdom: str | os.PathLike[str] | None = None) -> dict[str, float]:
    """Time the algorithms of a problem on this machine, and remember: plans made from now on, here and by every program that
    reads the file, take the fastest.

    Parameters
    ----------
    problem : Problem, Plan or str
        What is run: ``faltung.Plan(…).problem``, its ``.input_gradient()`` or ``.weight_gradient()``, or a problem string.
    accuracy, threads
        As in `conv`; times of one number of threads say nothing about another.
    once : bool
        The weights are used once, as in `conv`: what packing them takes counts in the order of the result.
    seconds : float
        For each algorithm, about; at least three runs. What is predicted to take ten times as long as the best is left out.
    wisdom : path, optional
        The file that keeps the times; None: that of ``faltung tune`` (``FALTUNG_WISDOM``, or in the user's cache).

    Returns
    -------
    dict
        Seconds of a run by name, the fastest first.

    Raises
    ------
    ValueError, TypeError
        As `conv`.
    OSError
        Where the file cannot be written.

    Examples
    --------
    >>> import faltung
    >>> times = faltung.tune("conv2d ic8 oc8 i28x28 k3x3 p1", threads=1, seconds=0.01)
    >>> fastest = next(iter(times))
    """
    if isinstance(problem, Plan):
        problem = problem.problem
    elif isinstance(problem, str):
        problem = _core.Problem(problem)
    elif not isinstance(problem, _core.Problem):
        raise TypeError(f"problem is a {type(problem).__name__}: it must be a Problem, a Plan or a problem string: give plan.problem")
    if not isinstance(seconds, (int, float)) or not 0 <= seconds <= 3600:
        raise (ValueError if isinstance(seconds, (int, float)) else TypeError)(
            f"seconds is {seconds!r}: it must be 0 to 3600: use 0.2")
    candidates = _core.tune(problem, said_accuracy(accuracy), threads_of(problem, threads), bool(once), float(seconds),
                            None if wisdom is None else os.fspath(wisdom))
    planned.cache_clear()
    times = {c.algorithm: (c.measured_seconds, c.measured_pack_seconds) for c in candidates if c.measured_seconds is not None}
    order = sorted(times, key=lambda name: sum(times[name]) if once else times[name][0])
    return {name: times[name][0] for name in order}
