"""`faltung conv` and `conv-transpose` on arrays, compared with SciPy."""
import numpy as np
import pytest
from scipy import ndimage, signal

ALGORITHMS = ["auto", "sliding_window", "kernel_matrix", "im2col_blas", "polyphase"]
# ours: SciPy's, which names the same five differently
BOUNDARIES = {"zeros": "constant", "reflect": "mirror", "symmetric": "reflect", "replicate": "nearest",
              "circular": "grid-wrap"}


def correlate(x, w, stride, dilation, pads):
    """x[n, c, …], w[o, c, …] → y[n, o, …] by scipy.signal, for zeros in the margin."""
    space = range(2, x.ndim)
    x = np.pad(x, [(0, 0), (0, 0), *pads])
    spread = np.zeros([*w.shape[:2], *((w.shape[a] - 1) * dilation[a - 2] + 1 for a in space)])
    spread[(slice(None), slice(None), *(slice(None, None, d) for d in dilation))] = w
    every = tuple(slice(None, None, s) for s in stride)
    return np.array([[sum(signal.correlate(x[n, c], spread[o, c], mode="valid") for c in range(w.shape[1]))[every]
                      for o in range(w.shape[0])] for n in range(x.shape[0])])


def transpose(x, w, stride, dilation, pads, output_padding):
    """x[n, c, …], w[c, o, …] → y[n, o, …]: zeros between the cells of x, a full convolution, the margin cut."""
    space = range(2, x.ndim)
    wide = np.zeros([*x.shape[:2], *((x.shape[a] - 1) * stride[a - 2] + 1 for a in space)])
    wide[(slice(None), slice(None), *(slice(None, None, s) for s in stride))] = x
    spread = np.zeros([*w.shape[:2], *((w.shape[a] - 1) * dilation[a - 2] + 1 for a in space)])
    spread[(slice(None), slice(None), *(slice(None, None, d) for d in dilation))] = w
    y = np.array([[sum(signal.convolve(wide[n, c], spread[c, o], mode="full") for c in range(w.shape[0]))
                   for o in range(w.shape[1])] for n in range(x.shape[0])])
    y = np.pad(y, [(0, 0), (0, 0), *((0, extra) for extra in output_padding)])
    return y[(slice(None), slice(None), *(slice(b, y.shape[a] - e) for a, (b, e) in zip(space, pads, strict=True)))]


def words(numbers):
    return "x".join(map(str, numbers))


def pad_words(pads):
    return "x".join(f"{before}:{after}" for before, after in pads)


LAYERS = [  # input, kernel, stride, dilation, pads, output padding
    ((17,), (5,), (1,), (1,), [(0, 0)], (0,)),
    ((23,), (4,), (3,), (2,), [(3, 1)], (2,)),
    ((9, 11), (3, 3), (1, 1), (1, 1), [(1, 1), (1, 1)], (0, 0)),
    ((10, 7), (2, 3), (2, 1), (1, 2), [(0, 1), (2, 0)], (1, 1)),
    ((5, 6, 7), (2, 3, 1), (1, 2, 3), (2, 1, 1), [(1, 0), (1, 2), (0, 0)], (1, 0, 2)),
]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("extents, kernel, stride, dilation, pads, output_padding", LAYERS)
def test_layers(faltung, random, algorithm, extents, kernel, stride, dilation, pads, output_padding):
    x, bias = random.standard_normal((2, 3, *extents)), random.standard_normal(4)
    faltung.save("x.npy", x)
    faltung.save("b.npy", bias)
    layer = ["--bias", "b.npy", "--stride", words(stride), "--dilation", words(dilation), "--padding", pad_words(pads),
             "--algorithm", algorithm]
    raised = bias.reshape(1, 4, *(1 for _ in extents))

    w = random.standard_normal((4, 3, *kernel))
    faltung("conv", "x.npy", "--weight", faltung.save("w.npy", w), *layer, "-o", "y.npy")
    np.testing.assert_allclose(faltung.load("y.npy"), correlate(x, w, stride, dilation, pads) + raised, atol=1e-12)

    w = random.standard_normal((3, 4, *kernel))
    faltung("conv-transpose", "x.npy", "--weight", faltung.save("w.npy", w), *layer, "--output-padding",
            words(output_padding), "-o", "y.npy")
    expected = transpose(x, w, stride, dilation, pads, output_padding) + raised
    np.testing.assert_allclose(faltung.load("y.npy"), expected, atol=1e-12)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_boundaries(faltung, random, boundary):
    x, w = random.standard_normal((9, 8)), random.standard_normal((5, 3))
    faltung.save("x.npy", x)
    faltung.save("w.npy", w)
    faltung("conv", "x.npy", "--weight", "w.npy", "--padding", "same", "--boundary", boundary, "-o", "y.npy")
    expected = ndimage.correlate(x, w, mode=BOUNDARIES[boundary])
    np.testing.assert_allclose(faltung.load("y.npy"), expected, atol=1e-12)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_transposed_boundaries_are_the_adjoint(faltung, random, boundary):
    x, y, w = (random.integers(-9, 10, shape) for shape in [(1, 2, 9, 8), (1, 3, 5, 8), (3, 2, 5, 3)])
    for name, array in {"x": x, "y": y, "w": w}.items():
        faltung.save(f"{name}.npy", array)
    layer = ["--weight", "w.npy", "--stride", "2x1", "--padding", "2x1", "--boundary", boundary]
    faltung("conv", "x.npy", *layer, "-o", "ax.npy")
    faltung("conv-transpose", "y.npy", *layer, "-o", "aty.npy")
    assert faltung.load("ax.npy").dtype == np.int64
    assert np.sum(faltung.load("ax.npy") * y) == np.sum(x * faltung.load("aty.npy"))


def test_groups(faltung, random):
    x, w = random.standard_normal((1, 4, 6, 6)), random.standard_normal((6, 2, 3, 3))
    faltung.save("x.npy", x)
    faltung("conv", "x.npy", "--weight", faltung.save("w.npy", w), "--groups", 2, "-o", "y.npy")
    halves = [correlate(x[:, 2 * g:2 * g + 2], w[3 * g:3 * g + 3], (1, 1), (1, 1), [(0, 0)] * 2) for g in range(2)]
    np.testing.assert_allclose(faltung.load("y.npy"), np.concatenate(halves, 1), atol=1e-12)


def test_flip_is_the_convolution_of_signal_processing(faltung, random):
    x, w = random.standard_normal(20), random.standard_normal(4)
    faltung.save("x.npy", x)
    faltung("conv", "x.npy", "--weight", faltung.save("w.npy", w), "--flip", "--padding", "full", "-o", "y.npy")
    np.testing.assert_allclose(faltung.load("y.npy"), np.convolve(x, w), atol=1e-12)


def test_one_plane_of_weights_meets_every_channel_apart(faltung, random):
    x, w = random.standard_normal((2, 3, 7, 6)), random.standard_normal((3, 3))
    faltung.save("x.npy", x)
    faltung("conv", "x.npy", "--weight", faltung.save("w.npy", w), "-o", "y.npy")
    expected = [[signal.correlate2d(plane, w, mode="valid") for plane in sample] for sample in x]
    np.testing.assert_allclose(faltung.load("y.npy"), expected, atol=1e-12)


def test_an_output_size_out_of_two_possible_ones(faltung, random):
    faltung.save("x.npy", random.standard_normal((1, 1, 4)))
    faltung.save("w.npy", random.standard_normal((1, 1, 3)))
    for size in (7, 8):
        faltung("conv-transpose", "x.npy", "--weight", "w.npy", "--stride", 2, "--padding", 1, "--output-size", size,
                "-o", f"{size}.npy")
        assert faltung.load(f"{size}.npy").shape == (1, 1, size)


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "<i8", ">i2", "|u1", "|b1"])
def test_types_and_byte_orders(faltung, random, dtype):
    x = random.integers(0, 2, (3, 7)).astype(dtype)
    faltung.save("x.npy", x)
    faltung.save("w.npy", np.array([1, 2, 3]).astype("i8" if dtype[1] in "iub" else dtype))
    faltung("conv", "x.npy", "--weight", "w.npy", "-o", "y.npy")
    y = faltung.load("y.npy")
    assert y.dtype == (np.dtype(dtype).newbyteorder("=") if dtype[1] == "f" else np.int64)
    assert np.array_equal(y, [np.correlate(row.astype(float), [1.0, 2.0, 3.0]) for row in x])


def test_fortran_order(faltung, random):
    x = np.asfortranarray(random.standard_normal((5, 6)))
    faltung.save("x.npy", x)
    faltung("conv", "x.npy", "--weight", faltung.save("w.npy", np.eye(2)), "-o", "y.npy")
    np.testing.assert_allclose(faltung.load("y.npy"), signal.correlate2d(x, np.eye(2), mode="valid"), atol=1e-15)


def test_strict_sums_have_the_same_bits_on_any_threads(faltung, random):
    faltung.save("x.npy", random.standard_normal((2, 8, 20, 20)).astype("f4"))
    faltung.save("w.npy", random.standard_normal((8, 8, 3, 3)).astype("f4"))
    for threads in (1, 2, 3):
        faltung("conv", "x.npy", "--weight", "w.npy", "--accuracy", "strict", "--threads", threads, "-o",
                f"{threads}.npy")
    files = faltung.files()
    assert files["1.npy"] == files["2.npy"] == files["3.npy"]


def test_a_small_result_is_printed(faltung):
    faltung.save("x.npy", np.arange(1, 6))
    faltung.save("w.npy", np.array([1, 10, 100]))
    lines = faltung("conv", "x.npy", "--weight", "w.npy").stdout.split("\n")
    assert lines[0].startswith("[5] → [3] i64 by ") and lines[1].split() == ["321", "432", "543"]


def test_an_empty_batch(faltung):
    faltung.save("x.npy", np.zeros((0, 1, 5)))
    faltung("conv", "x.npy", "--weight", faltung.save("w.npy", np.ones((2, 1, 3))), "-o", "y.npy")
    assert faltung.load("y.npy").shape == (0, 2, 3)
