"""Bad input: exit status 2, one line on stderr, no file left behind, no file written over."""
import os
import subprocess

import numpy as np
import pytest
from PIL import Image


REFUSED = [  # the command, and a part of the line it says
    ("", "subcommand is required"),
    ("convolve x.npy", "`convolve` is no command"),
    ("conv", "input is required"),
    ("conv x.npy", "neither --weight nor --kernel"),
    ("conv x.npy --weight w.npy --kernel box:3", "both --weight and --kernel"),
    ("conv none.npy --weight w.npy -o y.npy", "none.npy: cannot open it"),
    ("conv x.npy --weight none.npy -o y.npy", "none.npy: cannot open it"),
    ("conv folder.npy --weight w.npy -o y.npy", "folder.npy"),
    ("conv cut.npy --weight w.npy -o y.npy", "cut.npy"),
    ("conv text.npy --weight w.npy -o y.npy", "text.npy"),
    ("conv complex.npy --weight w.npy -o y.npy", "complex.npy"),
    ("conv text.png --kernel box:3 -o y.png", "text.png"),
    ("conv empty.png --kernel box:3 -o y.png", "empty.png"),
    ("conv cut.png --kernel box:3 -o y.png", "cut.png"),
    ("conv grey.png --kernel box:3 --pixel-limit 99 -o y.png", "10 × 10 pixels, at most 99"),
    ("conv x.npy --weight w.npy --bias bias.npy -o y.npy", "bias.npy of [2]"),
    ("conv x.npy --weight w.npy --groups 2 -o y.npy", "has 2 channels"),
    ("conv x.npy --weight w.npy --groups 0 -o y.npy", "--groups 0"),
    ("conv x.npy --weight w.npy --stride 0 -o y.npy", "stride"),
    ("conv x.npy --weight w.npy --stride two -o y.npy", "--stride"),
    ("conv x.npy --weight w.npy --padding -1 -o y.npy", "padding"),
    ("conv x.npy --weight w.npy --padding sane -o y.npy", "--padding"),
    ("conv x.npy --weight w.npy --dilation 3 -o y.npy", "dilation 3"),
    ("conv x.npy --weight w.npy --boundary mirror -o y.npy", "--boundary"),
    ("conv x.npy --weight w.npy --algorithm fastest -o y.npy", "fastest"),
    ("conv x.npy --weight w.npy --accuracy exact -o y.npy", "--accuracy"),
    ("conv x.npy --weight w.npy --output-padding 1 -o y.npy", "--output-padding"),
    ("conv x.npy --weight w.npy --normalize -o y.npy", "--normalize"),
    ("conv x.npy --weight w.npy -o y.tiff", "y.tiff"),
    ("conv x.npy --kernel box:3 -o y.png", "y.png"),
    ("conv x.npy --weight w.npy -o nowhere/y.npy", "nowhere/y.npy"),
    ("conv half.npy --weight half.npy --dtype i64 -o y.npy", "half.npy holds 0.5"),
    ("conv huge.npy --weight huge.npy -o y.npy", "64 bits"),
    ("conv-transpose x.npy --weight w.npy -o y.npy", "has 2 channels"),
    ("conv-transpose grey.png --kernel bilinear:0 -o y.png", "bilinear:0"),
    ("conv-transpose grey.png --kernel bilinear:2 --output-padding 2 -o y.png", "output padding"),
    ("conv-transpose grey.png --kernel bilinear:2 --output-size 30 -o y.png", "30"),
    ("conv grey.png --kernel gaussian:-1 -o y.png", "gaussian:-1"),
    ("conv grey.png --kernel blur -o y.png", "blur"),
    ("matrix --symbolic", "--input"),
    ("matrix --input 3x3 --kernel-size 4x4", "kernel"),
    ("matrix --input 3x3 --kernel-size 2", "axes"),
    ("matrix --input 3x3 --kernel-size 2x2 --form flat", "--form"),
    ("matrix --input 3000x3000 --kernel-size 3x3", "8988004 × 9000000"),
    ("matrix --problem conv2d", "conv2d"),
    ("matrix --input 9x9 --weight w.npy --kernel-size 2x2", "--kernel-size"),
    ("matrix --input 3x3 --kernel-size 2x2 -o m.npy", "m.npy"),
    ("shape --input 4611686018427387904 --kernel-size 1 --padding 4611686018427387904", "64 bits"),
    ("shape --input 5 --kernel-size 3 --transposed --output-padding 9", "output padding"),
    ("plan", "--input"),
    ("plan conv9d", "conv9d"),
]


@pytest.fixture
def files(faltung):
    """What the commands below are given."""
    faltung.save("x.npy", np.ones((1, 2, 5, 5)))
    faltung.save("w.npy", np.ones((3, 2, 3, 3)))
    faltung.save("bias.npy", np.ones(2))
    faltung.save("complex.npy", np.ones(3, complex))
    faltung.save("huge.npy", np.full(4, 2**62))
    faltung.save("half.npy", np.array([0.5, 1, 2]))
    (faltung.folder / "cut.npy").write_bytes((faltung.folder / "x.npy").read_bytes()[:-1])
    (faltung.folder / "text.npy").write_text("no array")
    (faltung.folder / "text.png").write_text("no picture")
    (faltung.folder / "empty.png").write_bytes(b"")
    (faltung.folder / "folder.npy").mkdir()
    Image.fromarray(np.arange(100, dtype=np.uint8).reshape(10, 10)).save(faltung.folder / "grey.png")
    whole = (faltung.folder / "grey.png").read_bytes()
    (faltung.folder / "cut.png").write_bytes(whole[:len(whole) // 2])
    faltung.files = lambda: {path.name: path.read_bytes() for path in faltung.folder.iterdir() if path.is_file()}
    return faltung


@pytest.mark.parametrize("arguments, part", REFUSED)
def test_one_line_and_nothing_left(files, arguments, part):
    assert part in files.refuses(*arguments.split())


@pytest.mark.parametrize("name", ["x.npy", "w.npy", "./x.npy", "link.npy"])
def test_an_input_is_never_written_over(files, name):
    os.link(files.folder / "w.npy", files.folder / "link.npy")
    assert "it is a file that is read" in files.refuses("conv", "x.npy", "--weight", "w.npy", "-o", name)


def test_what_a_file_says_does_not_reach_the_terminal(files):
    (files.folder / "bad.npy").write_bytes(b"\x93NUMPY\x01\x00\x40\x00" + b"{'descr': '\x1b[2J\n'}".ljust(64))
    assert "\x1b" not in files.refuses("conv", "bad.npy", "--weight", "w.npy")


def test_a_result_that_cannot_be_written_leaves_the_old_file(files):
    """What stands there already stays whole when the command fails after it has opened its output."""
    files.save("y.npy", np.arange(3))
    files.refuses("conv", "huge.npy", "--weight", "huge.npy", "-o", "y.npy")
    assert np.array_equal(files.load("y.npy"), np.arange(3))


def test_a_full_disk_is_told(files):
    command = [files.program, "matrix", "--symbolic", "--input", "3x3", "--kernel-size", "2x2"]
    with open("/dev/full", "w", encoding="ascii") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert result.returncode == 2 and result.stderr.count("\n") == 1 and "standard output" in result.stderr
