"""`faltung matrix`: the article's matrices, and matrices of numbers."""
import itertools

import numpy as np
import pytest

CONVOLUTION = """
    K11 K12  0  K21 K22  0   0   0   0
     0  K11 K12  0  K21 K22  0   0   0
     0   0   0  K11 K12  0  K21 K22  0
     0   0   0   0  K11 K12  0  K21 K22"""
TRANSPOSED = """
    K11  0   0   0
    K12 K11  0   0
     0  K12  0   0
    K21  0  K11  0
    K22 K21 K12 K11
     0  K22  0  K12
     0   0  K21  0
     0   0  K22 K21
     0   0   0  K22"""
CONVOLUTION_PADDED = """
    K11 K12  0   0   0  K21 K22  0   0   0   0   0   0   0   0   0   0   0   0   0   0   0   0   0   0
     0   0  K11 K12  0   0   0  K21 K22  0   0   0   0   0   0   0   0   0   0   0   0   0   0   0   0
     0   0   0   0   0   0   0   0   0   0  K11 K12  0   0   0  K21 K22  0   0   0   0   0   0   0   0
     0   0   0   0   0   0   0   0   0   0   0   0  K11 K12  0   0   0  K21 K22  0   0   0   0   0   0"""
TRANSPOSED_PADDED = """
    K11  0   0   0
    K12  0   0   0
     0  K11  0   0
     0  K12  0   0
    K21  0   0   0
    K22  0   0   0
     0  K21  0   0
     0  K22  0   0
     0   0  K11  0
     0   0  K12  0
     0   0   0  K11
     0   0   0  K12
     0   0  K21  0
     0   0  K22  0
     0   0   0  K21
     0   0   0  K22"""


def cells(letter, height, width):
    return [f"{letter}{y}{x}" for y, x in itertools.product(range(1, height + 1), range(1, width + 1))]


@pytest.mark.parametrize("options, article, rows, columns", [
    ("--input 3x3", CONVOLUTION, cells("O", 2, 2), cells("I", 3, 3)),
    ("--input 2x2 --transposed", TRANSPOSED, cells("O", 3, 3), cells("I", 2, 2)),
    ("--input 3x3 --stride 2 --padding 1 --form padded", CONVOLUTION_PADDED, cells("O", 2, 2), cells("I'", 5, 5)),
    ("--input 2x2 --transposed --stride 2 --padding 1 --form padded", TRANSPOSED_PADDED, cells("O'", 4, 4),
     cells("I", 2, 2)),
], ids=["4x9", "9x4", "4x25", "16x4"])
def test_the_articles_matrix(faltung, options, article, rows, columns):
    printed = faltung("matrix", "--symbolic", "--kernel-size", "2x2", *options.split()).stdout.split("\n")
    assert printed[0] == f"{len(rows)} × {len(columns)}, 16 entries: output = matrix · input"
    assert printed[1] == "" and printed[2].split() == columns
    assert [line.split() for line in printed[3:-1]] == [
        [name, *line.split()] for name, line in zip(rows, article.strip("\n").split("\n"), strict=True)]
    assert printed[-1] == ""


def test_columns_are_aligned(faltung):
    assert faltung("matrix", "--symbolic", "--kernel-size", "2x2", "--input", "3x3").stdout == """\
4 × 9, 16 entries: output = matrix · input

     I11  I12  I13  I21  I22  I23  I31  I32  I33
O11  K11  K12    0  K21  K22    0    0    0    0
O12    0  K11  K12    0  K21  K22    0    0    0
O21    0    0    0  K11  K12    0  K21  K22    0
O22    0    0    0    0  K11  K12    0  K21  K22
"""


def test_input_channels_grow_by_columns(faltung):
    text = faltung("matrix", "--symbolic", "--kernel-size", "2x2", "--input", "3x3", "--in-channels", 9).stdout
    first, second = (line.split() for line in text.split("\n")[2:4])
    assert len(first) == 81 and first[:2] == ["I1.11", "I1.12"] and first[-1] == "I9.33"
    for channel in range(9):
        block = second[1 + 9 * channel:10 + 9 * channel]
        assert block == [f"K1.{channel + 1}.{k}" if k else "0" for k in (11, 12, 0, 21, 22, 0, 0, 0, 0)]


def test_folded_entries_that_meet_are_sums(faltung):
    text = faltung("matrix", "--kernel-size", 2, "--input", 2, "--padding", "1:0", "--boundary", "replicate").stdout
    assert [line.split() for line in text.split("\n")[2:5]] == [["I1", "I2"], ["O1", "K1+K2", "0"], ["O2", "K1", "K2"]]


def test_numbers_as_text_and_as_npy(faltung, random):
    weight = random.integers(-9, 10, (2, 3, 2, 2)).astype(np.float64)
    faltung.save("w.npy", weight)
    arguments = ["matrix", "--weight", "w.npy", "--input", "4x3", "--stride", "2x1", "--padding", "1"]
    faltung(*arguments, "-o", "m.npy")
    matrix = faltung.load("m.npy")
    x = random.integers(-9, 10, (1, 3, 4, 3)).astype(np.float64)
    faltung.save("x.npy", x)
    faltung("conv", "x.npy", "--weight", "w.npy", "--stride", "2x1", "--padding", "1", "-o", "y.npy")
    assert np.array_equal(matrix @ x.ravel(), faltung.load("y.npy").ravel())

    printed = faltung(*arguments).stdout
    rows = [line.split()[1:] for line in printed.split("\n")[3:-1]]
    assert np.array_equal(np.array(rows, float), matrix)
    faltung(*arguments, "-o", "m.txt")
    assert (faltung.folder / "m.txt").read_text() == printed


def test_the_matrix_of_the_transpose_is_the_transpose(faltung, random):
    faltung.save("w.npy", random.standard_normal((2, 1, 3, 2)))
    layer = ["--weight", "w.npy", "--stride", "2", "--padding", "1", "--groups", "2"]
    faltung("matrix", *layer, "--input", "5x4", "-o", "a.npy")
    faltung("matrix", *layer, "--input", "3x3", "--transposed", "--output-size", "5x4", "-o", "t.npy")
    assert faltung.load("a.npy").shape == (18, 40)
    assert np.array_equal(faltung.load("a.npy").T, faltung.load("t.npy"))
