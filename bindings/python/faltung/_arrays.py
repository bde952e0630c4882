"""Arrays from outside as the library takes them: native, of one of its three types, with strides of whole elements."""
from __future__ import annotations

import functools
from typing import Any, Callable, NamedTuple, Sequence

import numpy as np

float32, float64, int64 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)
CORE_NAMES = {float32: "f32", float64: "f64", int64: "i64"}
# halves are summed as float32 and rounded once, at the end; known by name, so that ml_dtypes need not be there
HALVES = ("float16", "bfloat16")


class Types(NamedTuple):
    """What is computed in, what comes out, and the first's name in a problem."""

    compute: np.dtype
    result: np.dtype
    name: str


def numbers(value: Any, name: str) -> np.ndarray:
    """`value` as an ndarray, without a copy where it is one, or speaks DLPack."""
    if type(value) is np.ndarray:
        return value
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: masks have no meaning here: fill it with {name}.filled(0)")
    if hasattr(value, "__dlpack__") and not isinstance(value, (np.ndarray, np.generic)):
        try:
            return np.from_dlpack(value)
        except (BufferError, RuntimeError, TypeError, ValueError) as error:
            raise TypeError(f"{name} is a {type(value).__name__} that NumPy cannot look into ({error}): arrays are in the "
                            "CPU's memory and outside a graph: move and detach it") from error
    return np.asarray(value)


def check_type(dtype: np.dtype, name: str) -> None:
    if dtype.name in HALVES or dtype.name in ("float32", "float64"):
        return
    if dtype.kind in "iu" and not (dtype.kind == "u" and dtype.itemsize == 8):
        return
    fix = {"b": "use astype(np.uint8)", "c": "apply it to the real and the imaginary part",
           "u": "use astype(np.int64) if they fit", "O": "give it a number type with astype"}
    raise TypeError(f"{name} is of type {dtype}: types are float16, bfloat16, float32, float64, and integers that fit int64: "
                    + fix.get(dtype.kind, "use astype(np.float64)"))


@functools.lru_cache(maxsize=256)
def types_of(first: np.dtype, second: np.dtype, third: np.dtype | None = None,
             names: tuple[str, str, str] = ("x", "w", "bias")) -> Types:
    """The types of a layer whose arrays have these: as NumPy promotes them; whole numbers become int64, exact."""
    given = [dtype for dtype in (first, second, third) if dtype is not None]
    for dtype, name in zip(given, names):
        check_type(dtype, name)
    if all(dtype.kind in "iu" for dtype in given):
        return Types(int64, int64, "i64")
    result = np.result_type(*given)
    if result.name in HALVES:
        return Types(float32, result.newbyteorder("="), "f32")
    compute = float32 if result == float32 else float64  # these very objects, so that `is` tells fast
    return Types(compute, compute, CORE_NAMES[compute])


def dense(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The same array where it is dense, row-major, aligned and of this type, else a copy that is."""
    flags = array.flags
    if array.dtype == dtype and flags.c_contiguous and flags.aligned:
        return array
    return np.array(array, dtype, order="C")


def _strides(array: np.ndarray) -> tuple[int, ...] | None:
    """In elements, (): dense, row-major; None: elements are not aligned."""
    flags = array.flags
    if not flags.aligned:
        return None
    if flags.c_contiguous:
        return ()
    size = array.itemsize
    return None if any(stride % size for stride in array.strides) else tuple([stride // size for stride in array.strides])


def laid_out(array: np.ndarray, dtype: np.dtype) -> tuple[np.ndarray, tuple[int, ...]]:
    """The array as a plan takes it, and its strides in elements, (): dense, row-major. A copy only where it is of another type or
    byte order, or not aligned."""
    strides = _strides(array) if array.dtype == dtype else None
    return (np.array(array, dtype, order="C"), ()) if strides is None else (array, strides)


def _own_places(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether it is plain that no two elements share a place, as the library wants it of what it writes."""
    reach = 0
    for distance, steps in sorted((abs(stride), extent - 1) for stride, extent in zip(strides, shape) if extent > 1):
        if distance <= reach:
            return False
        reach += distance * steps
    return True


def fill(out: np.ndarray | None, shape: tuple[int, ...], types: Types, inputs: Sequence[np.ndarray],
         run: Callable[[np.ndarray, tuple[int, ...]], None], dense_out: bool = False) -> np.ndarray:
    """What `run` writes into an array with these strides, in elements, (): dense; in `out` or in a new array. An `out` of another
    byte order, that may overlap an input, or that is not dense where it must be, is written through a temporary array."""
    if out is None:
        made = np.empty(shape, types.compute)
        run(made, ())
        return made if types.compute is types.result else made.astype(types.result)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out is a {type(out).__name__}: it must be a NumPy array: give one, or leave it out")
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}: the result has {shape}: make it np.empty({shape})")
    if out.dtype.newbyteorder("=") != types.result:
        raise TypeError(f"out is of type {out.dtype}: the result is {types.result}: make it of that type")
    if not out.flags.writeable:
        raise ValueError("out is read-only: the result is written into it: give a writeable array")
    if out.dtype == types.compute and not any(np.may_share_memory(out, array) for array in inputs):
        strides = _strides(out)
        if strides is not None and not (strides and dense_out) and _own_places(shape, strides):
            run(out, strides)
            return out
    made = np.empty(shape, types.compute)
    run(made, ())
    out[...] = made
    return out
