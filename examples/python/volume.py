"""A volume larger than memory through a 3-D convolution and back through its transpose, chunk by chunk: Zarr in, Zarr out.

    python examples/python/volume.py [FOLDER [EXTENTS [CHUNK]]]        such as out/volume 2048x1024x1024 32x256x256

Writes volume.zarr (random numbers), convolved.zarr = A·volume and back.zarr = Aᵀ·A·volume, and compares ⟨A·x, A·x⟩ with
⟨x, Aᵀ·A·x⟩, which are equal when the transpose is the adjoint. Chunks are thin along the first axis: Dask goes along it and
keeps a few planes of chunks at a time.
"""
import math
import pathlib
import resource
import sys
import time

import dask.array as da
import numpy as np
from dask.diagnostics import ProgressBar

import faltung.dask

KERNEL = np.random.default_rng(2).standard_normal((1, 1, 3, 3, 3), np.float32)
WORDS = dict(padding=1, boundary="symmetric")  # the volume's mirror image stands around it; the transpose folds it back


def main(folder="out/volume", extents="160x144x128", chunk="16x72x64"):
    folder = pathlib.Path(folder)
    shape, chunks = ((1, 1, *map(int, text.split("x"))) for text in (extents, chunk))
    paths = [str(folder / f"{name}.zarr") for name in ("volume", "convolved", "back")]
    start = time.perf_counter()

    def write(array, path):
        print(f"{path}: {array.nbytes / 2**30:.3f} GiB in {math.prod(array.numblocks)} chunks")
        with ProgressBar(out=sys.stderr):
            array.to_zarr(path, overwrite=True)
        return da.from_zarr(path)

    x = write(da.random.default_rng(1).standard_normal(shape, dtype=np.float32, chunks=chunks), paths[0])
    y = write(faltung.dask.conv(x, KERNEL, chunks=chunks, **WORDS), paths[1])
    z = write(faltung.dask.conv_transpose(y, KERNEL, chunks=chunks, **WORDS), paths[2])

    def dot(a, b):
        return (a.astype(np.float64) * b).sum()

    forward, adjoint = da.compute(dot(y, y), dot(x, z))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # kibibytes, on Linux
    print(f"<Ax, Ax> = {forward:.9e}, <x, A'Ax> = {adjoint:.9e}, apart by {abs(adjoint / forward - 1):.1e}")
    print(f"{time.perf_counter() - start:.0f} s, at most {peak:.2f} GiB of memory")
    return forward, adjoint, peak


if __name__ == "__main__":
    main(*sys.argv[1:])
