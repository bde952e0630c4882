"""The matrix as a file for other programs and for people."""
import numpy as np
import pytest
from scipy import io, sparse

@pytest.fixture(params=[np.float32, np.float64, np.int64], ids=["f32", "f64", "i64"])
def matrix(faltung, random, request):
    """The options of a matrix with weights of one type, and the matrix as dense .npy."""
    faltung.save("w.npy", (random.integers(-8, 9, (3, 2, 2, 3)) / (1 if request.param == np.int64 else 3)).astype(request.param))
    options = ["matrix", "--input", "4x5", "--stride", "2x1", "--padding", "1", "--boundary", "reflect", "--weight", "w.npy"]
    faltung(*options, "-o", "dense.npy")
    dense = faltung.load("dense.npy")
    assert dense.dtype == request.param
    return options, dense


def test_npz_is_scipys(faltung, matrix):
    options, dense = matrix
    faltung(*options, "-o", "a.npz")
    read = sparse.load_npz(faltung.folder / "a.npz")
    assert read.format == "csr" and read.dtype == dense.dtype and read.has_canonical_format
    assert np.array_equal(read.toarray(), dense)


@pytest.mark.parametrize("shape", [(3,), (1, 1, 3)])
def test_a_problem_string_says_what_the_options_say(faltung, shape):
    faltung.save("w.npy", np.arange(1.0, 4).reshape(shape))
    faltung("matrix", "conv1d i9 k3 s2 p1:0 breflect", "--weight", "w.npy", "-o", "a.npy")
    faltung("matrix", "--input", "9", "--stride", "2", "--padding", "1:0", "--boundary", "reflect", "--weight", "w.npy", "-o", "b.npy")
    assert np.array_equal(faltung.load("a.npy"), faltung.load("b.npy")) and faltung.load("a.npy").any()


def test_npz_of_nothing(faltung):
    faltung.save("w.npy", np.ones((1, 1)))
    faltung("matrix", "--input", "1x1", "--weight", "w.npy", "--stride", "3", "--padding", "2", "-o", "a.npz")
    assert sparse.load_npz(faltung.folder / "a.npz").shape == (4, 1)


def test_matrix_market_is_read_by_others(faltung, matrix):
    options, dense = matrix
    faltung(*options, "-o", "a.mtx")
    first, comment = (faltung.folder / "a.mtx").read_text().splitlines()[:2]
    assert first == f"%%MatrixMarket matrix coordinate {'integer' if dense.dtype == np.int64 else 'real'} general"
    assert comment.startswith("% conv2d ")
    assert np.array_equal(io.mmread(faltung.folder / "a.mtx").toarray().astype(dense.dtype), dense)


SMALL = ["matrix", "--input", "3x3", "--kernel-size", "2x2"]


def test_markdown(faltung):
    faltung(*SMALL, "-o", "a.md")
    lines = (faltung.folder / "a.md").read_text().splitlines()
    assert lines[2] == "|   | I11 | I12 | I13 | I21 | I22 | I23 | I31 | I32 | I33 |"
    assert lines[3] == "|---|" + "---:|" * 9
    assert lines[4] == "| **O11** | K11 | K12 | 0 | K21 | K22 | 0 | 0 | 0 | 0 |"
    assert len(lines) == 8


def test_latex(faltung):
    faltung(*SMALL, "-o", "a.tex")
    text = (faltung.folder / "a.tex").read_text()
    assert "\\begin{array}{r|rrrrrrrrr}" in text
    assert "O_{11} & K_{11} & K_{12} & 0 & K_{21} & K_{22} & 0 & 0 & 0 & 0 \\\\" in text


def test_latex_of_sums_gradients_and_powers(faltung):
    faltung("matrix", "--problem", "conv1d-dx i4 k3 p1 breplicate", "-o", "a.tex")
    text = (faltung.folder / "a.tex").read_text()
    assert "K_{1}+K_{2}" in text and "\\partial I_{1} &" in text
    faltung.save("w.npy", np.array([1e-9, 2.5, np.inf]))
    faltung("matrix", "--input", "4", "--weight", "w.npy", "-o", "b.tex")
    text = (faltung.folder / "b.tex").read_text()
    assert "1\\cdot10^{-9} & 2.5 & \\infty" in text


def test_html(faltung):
    faltung(*SMALL, "--padding", "1", "--boundary", "reflect", "-o", "a.html")
    text = (faltung.folder / "a.html").read_text()
    assert "<th><i>I</i><sub>11</sub></th>" in text and '<td class="zero">0</td>' in text
    assert "<td><i>K</i><sub>11</sub>+<i>K</i><sub>12</sub>" in text or "<i>K</i><sub>22</sub></td>" in text
    assert text.count("<tr>") == 17


@pytest.mark.parametrize("arguments, names", [
    ([*SMALL, "-o", "a.mtx"], "a.mtx"),
    ([*SMALL, "-o", "a.npz"], "a.npz"),
    ([*SMALL, "-o", "a.pdf"], "a.pdf"),
    ([*SMALL, "-o", "a"], "-o a"),
    (["matrix", "--input", "3", "--weight", "w.npy", "-o", "w.npy"], "w.npy"),
    (["matrix", "--input", "3000x3000", "--weight", "plane.npy", "-o", "a.npy"], "dense"),
    (["matrix", "--input", "3000x3000", "--weight", "plane.npy", "-o", "a.html"], "at most"),
])
def test_refusals(faltung, arguments, names):
    faltung.save("w.npy", np.ones(2))
    faltung.save("plane.npy", np.ones((1, 1)))
    assert names in faltung.refuses(*arguments)
