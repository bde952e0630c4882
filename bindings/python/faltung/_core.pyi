"""Faltung's extension module; `faltung` is its face."""

from collections.abc import Sequence
from typing import Annotated

from numpy.typing import NDArray
from typing_extensions import CapsuleType


class Axis:
    """
    One spatial axis; fine index f, coarse index c and tap k obey f = c*stride + k*dilation - pad_before.
    """

    @property
    def fine(self) -> int: ...

    @property
    def coarse(self) -> int: ...

    @property
    def kernel(self) -> int: ...

    @property
    def stride(self) -> int: ...

    @property
    def dilation(self) -> int: ...

    @property
    def pad_before(self) -> int: ...

    @property
    def pad_after(self) -> int: ...

    @property
    def boundary(self) -> str: ...

    @property
    def surplus(self) -> int: ...

class Problem:
    """
    A validated problem: immutable, comparable, and the same as its string.
    """

    def __init__(self, text: str) -> None: ...

    def __str__(self) -> str: ...

    def __repr__(self) -> str: ...

    def __hash__(self) -> int: ...

    def __eq__(self, arg: Problem, /) -> bool: ...

    def __reduce__(self) -> tuple: ...

    @property
    def transposed(self) -> bool: ...

    @property
    def unknown(self) -> str: ...

    @property
    def batch(self) -> int: ...

    @property
    def groups(self) -> int: ...

    @property
    def fine_channels(self) -> int: ...

    @property
    def coarse_channels(self) -> int: ...

    @property
    def flip(self) -> bool: ...

    @property
    def dtype(self) -> str: ...

    @property
    def axes(self) -> list[Axis]: ...

    @property
    def products(self) -> float:
        """
        Multiply-adds of the whole problem, those with the margin's cells counted.
        """

    @property
    def weights_shape(self) -> tuple: ...

    @property
    def unknown_shape(self) -> tuple: ...

    @property
    def given_shape(self) -> tuple: ...

    @property
    def input_shape(self) -> tuple: ...

    @property
    def output_shape(self) -> tuple: ...

    def resized(self, *, batch: int, groups: int, fine_channels: int, coarse_channels: int, dtype: str) -> Problem:
        """The same axes with other samples and channels, in this type."""

    def padded(self) -> Problem:
        """A transposed problem whose result is its whole temporary output."""

    def block(self, axis: int, begin: int, end: int) -> tuple[Problem, list[tuple[int, int]]]:
        """
        The problem of the cells [begin, end) of one axis of the unknown array, and which ranges of cells of the given array it reads there, one after the other: none where no cell is read. A transposed problem's margin is not folded.
        """

    def input_gradient(self) -> Problem:
        """The problem of the layer's gradient by its input."""

    def weight_gradient(self) -> Problem:
        """The problem of the layer's gradient by its weights."""

def available_targets() -> list[str]:
    """
    Instruction sets that the kernels are compiled for and that this machine runs, the best one first.
    """

def layer_problem(*, transposed: bool, batch: int, groups: int, input_channels: int, output_channels: int, input: Sequence[int], kernel: Sequence[int], stride: Sequence[int], padding: str | Sequence[tuple[int, int]], dilation: Sequence[int], boundary: Sequence[str], flip: bool, output_padding: Sequence[int], output_size: Sequence[int] | None, output_shape: Sequence[int] | None, dtype: str) -> Problem:
    """The forward problem of a layer, validated."""

class Candidate:
    """What one algorithm said of a problem."""

    @property
    def algorithm(self) -> str: ...

    @property
    def refusal(self) -> str | None: ...

    @property
    def way(self) -> str: ...

    @property
    def predicted_seconds(self) -> float: ...

    @property
    def measured_seconds(self) -> float | None: ...

    @property
    def measured_pack_seconds(self) -> float | None: ...

    @property
    def error(self) -> float: ...

    @property
    def workspace_bytes(self) -> int: ...

    @property
    def packed_bytes(self) -> int: ...

class PackedWeights:
    """Weights and bias in the form of one plan."""

class CorePlan:
    """
    What will run for a problem. Immutable; any number of threads may run it.
    """

    def __init__(self, problem: Problem, algorithm: str, accuracy: str, threads: int, once: bool, fine_strides: Sequence[int] = [], coarse_strides: Sequence[int] = []) -> None: ...

    @property
    def problem(self) -> Problem: ...

    @property
    def algorithm(self) -> str: ...

    @property
    def workspace_bytes(self) -> int: ...

    @property
    def candidates(self) -> list[Candidate]: ...

    @property
    def report(self) -> str: ...

    def pack(self, weights: Annotated[NDArray, dict(order='C', device='cpu', writable=False)], bias: Annotated[NDArray, dict(order='C', device='cpu', writable=False)] | None) -> PackedWeights: ...

    def run(self, given: Annotated[NDArray, dict(device='cpu', writable=False)], packed: PackedWeights, result: Annotated[NDArray, dict(device='cpu')]) -> None: ...

    def run_weight_gradient(self, input: Annotated[NDArray, dict(device='cpu', writable=False)], output_gradient: Annotated[NDArray, dict(device='cpu', writable=False)], weight_gradient: Annotated[NDArray, dict(device='cpu')]) -> None: ...

class AlgorithmInfo:
    """Name, idea and source of an algorithm."""

    @property
    def name(self) -> str: ...

    @property
    def idea(self) -> str: ...

    @property
    def source(self) -> str: ...

    def __repr__(self) -> str: ...

def algorithms() -> list[AlgorithmInfo]:
    """Every algorithm of the library, in the order of its list."""

def tune(problem: Problem, accuracy: str, threads: int, once: bool, seconds: float, wisdom: str | None) -> list[Candidate]:
    """
    Times what may run; later plans choose by it, and so do other programs by the file.
    """

def sparse_matrix(problem: Problem, entries: Annotated[NDArray, dict(order='C', device='cpu', writable=False)], form: str) -> tuple:
    """
    Values, columns and row starts of the matrix of one sample, and its shape.
    """

def explain(*, problem: Problem, view: str, cell: str | None, form: str, format: str, input: Sequence[float], weights: Sequence[float], output_gradient: Sequence[float], bias: Sequence[float], names_only: bool) -> str:
    """A page that explains a problem."""

def xla_handler() -> CapsuleType | None:
    """
    What runs a plan in a compiled JAX program; None: built without XLA's headers.
    """
