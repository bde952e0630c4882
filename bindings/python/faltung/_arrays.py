"""Arrays from outside as the library takes them: dense, row-major, native, of one of its three types."""
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
    """The same array where it is dense, row-major and of this type, else a copy that is."""
    if array.dtype is dtype and array.flags.c_contiguous:
        return array
    return np.ascontiguousarray(array, dtype=dtype).reshape(array.shape)


def fill(out: np.ndarray | None, shape: tuple[int, ...], types: Types, inputs: Sequence[np.ndarray],
         run: Callable[[np.ndarray], None]) -> np.ndarray:
    """What `run` writes, in `out` or in a new array. An `out` that is of another layout, or that may overlap an input, is
    written through a temporary array."""
    if out is None:
        made = np.empty(shape, types.compute)
        run(made)
        return made if types.compute is types.result else made.astype(types.result)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out is a {type(out).__name__}: it must be a NumPy array: give one, or leave it out")
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}: the result has {shape}: make it np.empty({shape})")
    if out.dtype.newbyteorder("=") != types.result:
        raise TypeError(f"out is of type {out.dtype}: the result is {types.result}: make it of that type")
    if not out.flags.writeable:
        raise ValueError("out is read-only: the result is written into it: give a writeable array")
    if (out.dtype == types.compute and out.flags.c_contiguous and out.dtype.isnative
            and not any(np.may_share_memory(out, array) for array in inputs)):
        run(out)
        return out
    made = np.empty(shape, types.compute)
    run(made)
    out[...] = made
    return out
