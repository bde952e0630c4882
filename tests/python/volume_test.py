"""The example of a volume in chunks: small always, larger than its memory when FALTUNG_TEST_LARGE=1."""
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

import faltung

da = pytest.importorskip("dask.array", reason="dask is not installed")
zarr = pytest.importorskip("zarr", reason="zarr is not installed")

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples/python/volume.py"


def run(folder, extents, chunk):
    done = subprocess.run([sys.executable, EXAMPLE, folder, extents, chunk], capture_output=True, text=True, check=True)
    assert "100% Completed" in done.stderr  # the progress bar
    forward, adjoint = (float(number) for number in re.findall(r"> = ([\d.e+]+)", done.stdout))
    assert abs(adjoint / forward - 1) < 1e-6
    return (*(zarr.open_array(folder / f"{name}.zarr", mode="r") for name in ("volume", "convolved", "back")),
            float(re.search(r"at most ([\d.]+) GiB", done.stdout).group(1)))


def test_a_small_volume_has_the_bits_of_the_array_in_memory(tmp_path):
    x, y, z, _ = run(tmp_path, "50x41x37", "12x16x20")
    kernel = np.random.default_rng(2).standard_normal((1, 1, 3, 3, 3), np.float32)
    words = dict(padding=1, boundary="symmetric", accuracy="strict")
    wanted = faltung.conv(x[...], kernel, **words)
    assert y[...].tobytes() == wanted.tobytes()
    assert z[...].tobytes() == faltung.conv_transpose(wanted, kernel, **words).tobytes()


@pytest.mark.skipif("FALTUNG_TEST_LARGE" not in os.environ, reason="8 GiB there and back, 22 GiB on disk: FALTUNG_TEST_LARGE=1 runs it")
def test_eight_gibibytes_in_less_than_two(tmp_path):
    x, y, z, peak = run(pathlib.Path(os.environ.get("FALTUNG_TEST_FOLDER", tmp_path)), "2048x1024x1024", "32x256x256")
    assert x.nbytes == y.nbytes == z.nbytes == 8 * 2**30
    assert peak < 2
    kernel = np.random.default_rng(2).standard_normal((1, 1, 3, 3, 3), np.float32)
    for corner in np.random.default_rng(3).integers(1, 900, (20, 3)):  # boxes across the chunks
        inner, outer = (tuple(slice(n - wide, n + 70 + wide) for n in corner) for wide in (0, 1))
        for given, got, apply in ((x, y, faltung.conv), (y, z, faltung.conv_transpose)):
            wanted = apply(given[(..., *outer)], kernel, padding=1, accuracy="strict")[..., 1:-1, 1:-1, 1:-1]
            assert got[(..., *inner)].tobytes() == wanted.tobytes()
