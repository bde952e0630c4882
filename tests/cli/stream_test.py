"""Arrays larger than memory: `--stream` has the bits of the whole, in little memory.

FALTUNG_TEST_LARGE=1 turns on the image of 4 GiB, which must stay under 600 MB resident (9 GB of disk, some minutes).
"""
import os
import pty
import select
import subprocess

import numpy as np
import pytest

CASES = [
    ("conv", (3, 2, 40, 9), (4, 2, 3, 3), ["--padding", "1", "--stride", "2x1"]),
    ("conv", (1, 1, 200, 30), (5, 5), ["--padding", "2", "--boundary", "reflect"]),
    ("conv", (500,), (7,), ["--padding", "full", "--boundary", "circular", "--dilation", "3"]),
    ("conv", (2, 2, 12, 5, 6), (2, 1, 3, 2, 2), ["--groups", "2", "--padding", "1", "--boundary", "symmetric"]),
    ("conv-transpose", (2, 3, 30, 8), (3, 2, 4, 3), ["--stride", "2", "--padding", "1", "--boundary", "reflect"]),
    ("conv-transpose", (1, 1, 60, 7), (3, 3), ["--stride", "3x1", "--padding", "2:0x1", "--boundary", "circular"]),
    ("conv-transpose", (300,), (5,), ["--stride", "4", "--padding", "2", "--boundary", "replicate"]),
]


@pytest.mark.parametrize("command, x, w, options", CASES)
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i2", "<f2"])
def test_streams_have_the_bits_of_the_whole(faltung, random, command, x, w, options, dtype):
    faltung.save("x.npy", (random.standard_normal(x) * 9).astype(dtype))
    faltung.save("w.npy", (random.standard_normal(w) * 9).astype("<i4" if dtype == "<i2" else "<f4"))
    faltung(command, "x.npy", "--weight", "w.npy", *options, "--accuracy", "strict", "-o", "whole.npy")
    faltung(command, "x.npy", "--weight", "w.npy", *options, "--stream", "-o", "stream.npy")
    assert (faltung.folder / "whole.npy").read_bytes() == (faltung.folder / "stream.npy").read_bytes()


def test_many_blocks_in_little_memory(faltung, random):
    """64 MiB through blocks of 1 MiB: the bits of the whole, and not half of it resident."""
    rows = np.memmap(faltung.folder / "raw", np.float32, "w+", shape=(4096, 4096))
    rows[:] = random.standard_normal((4096, 4096), np.float32)
    faltung.save("x.npy", rows)
    faltung.save("w.npy", random.standard_normal((2, 2)).astype(np.float32))
    options = ["conv", "x.npy", "--weight", "w.npy", "--padding", "1:0"]
    faltung(*options, "--accuracy", "strict", "-o", "whole.npy")
    # not measured from here: a child begins with the pages of its parent
    result = subprocess.run(["/usr/bin/time", "-f", "%M", faltung.program, *options, "--stream", "--memory", "1", "-o", "stream.npy"],
                            cwd=faltung.folder, check=True, capture_output=True, text=True)
    text, resident = result.stdout, int(result.stderr)
    assert int(text.split(" blocks")[0].split()[-1]) >= 100
    assert (faltung.folder / "whole.npy").read_bytes() == (faltung.folder / "stream.npy").read_bytes()
    assert resident < 64 * 1024, f"{resident} KiB resident"


@pytest.mark.parametrize("arguments, names", [
    (["x.npy", "--weight", "w.npy", "--stream"], "--stream"),
    (["x.npy", "--weight", "w.npy", "--stream", "-o", "x.npy"], "x.npy"),
    (["x.npy", "--weight", "w.npy", "--stream", "-o", "y.png"], "y.png"),
    (["fortran.npy", "--weight", "w.npy", "--stream", "-o", "y.npy"], "fortran.npy"),
    (["cut.npy", "--weight", "w.npy", "--stream", "-o", "y.npy"], "cut.npy"),
    (["x.npy", "--weight", "w.npy", "--stream", "--dtype", "i64", "-o", "y.npy"], "i64"),
    (["x.npy", "--weight", "w.npy", "--stream", "--algorithm", "im2col_blas", "-o", "y.npy"], "strict"),
])
def test_refusals(faltung, arguments, names):
    faltung.save("x.npy", np.ones((5, 4)))
    faltung.save("w.npy", np.ones((2, 2)))
    faltung.save("fortran.npy", np.asfortranarray(np.ones((5, 4))))
    (faltung.folder / "cut.npy").write_bytes((faltung.folder / "x.npy").read_bytes()[:-1])
    assert names in faltung.refuses("conv", *arguments)


def run_on_terminal(command, folder):
    """What a command writes to a terminal on stderr."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    seen = b""
    while True:
        ready, _, _ = select.select([ours], [], [], 60)
        try:
            piece = os.read(ours, 4096) if ready else b""
        except OSError:  # the other end is closed
            piece = b""
        if not piece:
            break
        seen += piece
    assert process.wait() == 0
    return seen.decode()


def test_the_bar_is_for_long_work_on_a_terminal(faltung):
    faltung.save("x.npy", np.zeros((3000, 2000), np.float32))
    faltung.save("w.npy", np.zeros((15, 15), np.float32))
    faltung.save("short.npy", np.zeros((30, 20), np.float32))
    command = [faltung.program, "conv", "x.npy", "--weight", "w.npy", "--stream", "--memory", "1", "--algorithm", "sliding_window", "-o", "y.npy"]
    seen = run_on_terminal(command, faltung.folder)
    assert "y.npy [#" in seen and "% " in seen and seen.endswith("\r\x1b[K")
    assert run_on_terminal([word.replace("x.npy", "short.npy") for word in command], faltung.folder) == ""
    assert subprocess.run(command, cwd=faltung.folder, check=True, capture_output=True).stderr == b""


@pytest.mark.skipif("FALTUNG_TEST_LARGE" not in os.environ, reason="9 GB of disk: FALTUNG_TEST_LARGE=1 turns it on")
def test_an_image_of_4_gib_under_600_mb(faltung):
    side = 32768
    image = np.lib.format.open_memmap(faltung.folder / "x.npy", "w+", np.float32, (side, side))
    pattern = np.random.default_rng(1).standard_normal((64, side), np.float32)
    for row in range(0, side, 64):
        image[row:row + 64] = np.roll(pattern, row, 1)
        image.flush()
    faltung.save("w.npy", np.array([[1, 2], [-3, 0.5]], np.float32))
    result = subprocess.run(["/usr/bin/time", "-v", faltung.program, "conv", "x.npy", "--weight", "w.npy", "--stream", "-o", "y.npy"],
                            cwd=faltung.folder, check=True, capture_output=True, text=True)
    print(result.stdout, result.stderr)
    resident = int(next(line for line in result.stderr.splitlines() if "Maximum resident" in line).split()[-1])
    assert resident * 1024 < 600e6
    y = np.load(faltung.folder / "y.npy", mmap_mode="r")
    assert y.shape == (side - 1, side - 1)
    for begin in [0, 12345, side - 65]:  # strips of the whole, computed alone
        strip = faltung.save("strip.npy", np.ascontiguousarray(image[begin:begin + 65]))
        faltung("conv", strip, "--weight", "w.npy", "--accuracy", "strict", "-o", "expected.npy")
        assert np.array_equal(np.asarray(y[begin:begin + 64]), faltung.load("expected.npy"))
