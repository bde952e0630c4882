"""Pictures in and out, named kernels, alpha: compared with Pillow and SciPy."""
import numpy as np
import pytest
from conftest import PHOTOGRAPH
from PIL import Image
from scipy import ndimage

# a corner of the photograph with edges and skin; whole pictures only where the size is what is tested
WINDOW = (slice(60, 260), slice(150, 341))


def to_pixels(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def spread(pixels, kernel, mode):
    """A plane of weights over every channel apart, as the command does it."""
    return np.stack([ndimage.correlate(pixels[..., c], kernel, mode=mode) for c in range(pixels.shape[2])], 2)


@pytest.fixture
def photograph(faltung):
    pixels = np.asarray(Image.open(PHOTOGRAPH))[WINDOW]
    Image.fromarray(pixels).save(faltung.folder / "photo.png")
    return pixels.astype(float)


def read(faltung, name):
    return np.asarray(Image.open(faltung.folder / name))


def test_bilinear_enlarges_like_scipy(faltung):
    whole = np.asarray(Image.open(PHOTOGRAPH))
    Image.fromarray(whole).save(faltung.folder / "photo.png")
    expected = ndimage.zoom(whole.astype(float), (2, 2, 1), order=1, grid_mode=True, mode="nearest")
    for boundary, border in (("zeros", 2), ("replicate", 0)):
        faltung("conv-transpose", "photo.png", "--kernel", "bilinear:2", "--boundary", boundary, "-o", "big.png")
        big = read(faltung, "big.png").astype(float)
        assert big.shape == expected.shape
        inside = slice(border, -border or None)
        assert np.abs(big - expected)[inside, inside].max() <= 1
    assert np.abs(big - expected).max() > 0.2  # grey levels are whole, SciPy's are not: two different computations


def test_a_jpeg_is_read_like_pillow_reads_it(faltung):
    faltung("conv", PHOTOGRAPH, "--kernel", "box:1", "-o", "same.png")
    assert np.abs(read(faltung, "same.png").astype(int) - np.asarray(Image.open(PHOTOGRAPH))).max() <= 1


def test_a_jpeg_is_written(faltung, photograph):
    faltung("conv", "photo.png", "--kernel", "box:1", "-o", "same.jpg")
    written = Image.open(faltung.folder / "same.jpg")
    assert written.format == "JPEG" and written.mode == "RGB"
    assert np.abs(np.asarray(written) - photograph).mean() < 3


def gaussian(sigma):
    radius = int(np.ceil(3 * sigma))
    row = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.outer(row, row) / row.sum() ** 2


SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
LAPLACIAN = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
IDENTITY = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])


@pytest.mark.parametrize("name, kernel", [
    ("gaussian:1.5", gaussian(1.5)), ("box:5", np.full((5, 5), 1 / 25)), ("box:3x7", np.full((3, 7), 1 / 21)),
    ("sobel-x", SOBEL), ("sobel-y", SOBEL.T), ("laplacian", LAPLACIAN), ("sharpen", IDENTITY - LAPLACIAN),
])
def test_named_kernels(faltung, photograph, name, kernel):
    faltung("conv", "photo.png", "--kernel", name, "--boundary", "reflect", "-o", "out.png")
    expected = to_pixels(spread(photograph, kernel, "mirror"))
    assert np.abs(read(faltung, "out.png").astype(int) - expected).max() <= 1  # a half may round either way
    faltung("conv", "photo.png", "--kernel", name, "--boundary", "reflect", "-o", "out.npy")
    np.testing.assert_allclose(faltung.load("out.npy").transpose(1, 2, 0), spread(photograph, kernel, "mirror"),
                               atol=1e-3)


def test_sobel_x_of_scipy(faltung, photograph):
    faltung("conv", "photo.png", "--kernel", "sobel-x", "--boundary", "symmetric", "-o", "out.npy")
    expected = [ndimage.sobel(photograph[..., c], axis=1) for c in range(3)]
    np.testing.assert_array_equal(faltung.load("out.npy"), expected)


def test_normalize_spans_all_grey_levels(faltung, photograph):
    faltung("conv", "photo.png", "--kernel", "sobel-x", "--normalize", "-o", "out.png")
    pixels = read(faltung, "out.png")
    assert pixels.min() == 0 and pixels.max() == 255


def test_bilinear_makes_smaller(faltung, photograph):
    faltung("conv", "photo.png", "--kernel", "bilinear:2", "--boundary", "replicate", "-o", "small.png")
    row = np.array([1, 3, 3, 1]) / 8
    padded = np.pad(photograph, [(1, 2), (1, 2), (0, 0)], mode="edge")
    expected = spread(padded, np.outer(row, row), "constant")[2:-2:2, 2:-2:2]
    small = read(faltung, "small.png")
    assert small.shape == (100, 96, 3) or small.shape == (100, 95, 3)
    assert np.abs(small.astype(int) - to_pixels(expected)[:small.shape[0], :small.shape[1]]).max() <= 1


def test_strides_follow_an_odd_picture(faltung, photograph):
    faltung("conv", "photo.png", "--kernel", "box:3", "--stride", "2", "-o", "small.png")
    assert read(faltung, "small.png").shape == (100, 96, 3)


@pytest.mark.parametrize("mode, channels", [("RGBA", 3), ("LA", 1)])
def test_alpha_is_kept(faltung, random, mode, channels):
    pixels = random.integers(0, 256, (21, 30, channels + 1), dtype=np.uint8)
    Image.fromarray(pixels, mode).save(faltung.folder / "in.png")
    faltung("conv", "in.png", "--kernel", "gaussian:1", "-o", "out.png")
    out = Image.open(faltung.folder / "out.png")
    assert out.mode == mode
    assert np.array_equal(np.asarray(out)[..., -1], pixels[..., -1])
    assert not np.array_equal(np.asarray(out)[..., :-1], pixels[..., :-1])

    faltung("conv-transpose", "in.png", "--kernel", "bilinear:2", "-o", "big.png")
    assert np.array_equal(read(faltung, "big.png")[..., -1], pixels[..., -1].repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize("mode", ["L", "P", "1", "I;16"])
def test_other_kinds_of_png(faltung, random, mode):
    grey = Image.fromarray(random.integers(0, 256, (12, 9), dtype=np.uint8))
    (Image.fromarray(np.asarray(grey).astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)).save(
        faltung.folder / "in.png")
    expected = np.asarray(Image.open(faltung.folder / "in.png").convert("RGB" if mode == "P" else "L")) \
        if mode != "I;16" else np.asarray(grey)
    faltung("conv", "in.png", "--kernel", "box:1", "-o", "out.png")
    assert np.array_equal(read(faltung, "out.png"), expected)


def test_a_weight_that_mixes_colours(faltung, photograph):
    grey = np.array([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)
    faltung("conv", "photo.png", "--weight", faltung.save("w.npy", grey), "-o", "grey.png")
    assert np.abs(read(faltung, "grey.png").astype(int) - to_pixels(photograph @ grey.ravel())).max() <= 1


def test_every_algorithm_makes_the_same_picture(faltung, photograph):
    pictures = []
    for algorithm in ("sliding_window", "kernel_matrix", "im2col_blas", "polyphase"):
        faltung("conv", "photo.png", "--kernel", "gaussian:1", "--algorithm", algorithm, "-o", f"{algorithm}.png")
        pictures.append(read(faltung, f"{algorithm}.png").astype(int))
    assert max(np.abs(picture - pictures[0]).max() for picture in pictures) <= 1
