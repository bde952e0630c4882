"""`faltung grad`, compared with finite differences of `faltung conv` on whole numbers: the layers are linear, so they are exact."""
import numpy as np
import pytest

CONV = ("conv", [], (2, 4, 9, 8), (6, 2, 3, 2), ["--stride", "2x1", "--padding", "1:0x2:1", "--groups", "2"], "9x8")
CIRCULAR = ("conv", [], (1, 2, 7), (3, 2, 3), ["--padding", "2", "--boundary", "circular", "--dilation", "2"], "7")
TRANSPOSED = ("conv-transpose", ["--transposed"], (2, 4, 3, 5), (4, 3, 3, 3),
              ["--stride", "2", "--padding", "1", "--output-padding", "1"], "3x5")
SAME = ("conv", [], (1, 2, 8, 6), (3, 2, 3, 3), ["--stride", "2", "--padding", "same"], "8x6")
LAYERS = pytest.mark.parametrize("layer", [CONV, CIRCULAR, TRANSPOSED, SAME], ids=["conv", "circular", "transposed", "same"])


def differences(loss, array):
    """The derivative of a loss that is linear in `array`, at four cells of it: {index: value}."""
    random = np.random.default_rng(3)
    found = {}
    for _ in range(4):
        index = tuple(int(random.integers(extent)) for extent in array.shape)
        changed = array.copy()
        changed[index] += 1
        found[index] = loss(changed) - loss(array)
    return found


@LAYERS
def test_gradients_are_the_differences_of_the_layer(faltung, random, layer):
    command, flags, x_shape, w_shape, options, size = layer
    x, w = random.integers(-5, 6, x_shape), random.integers(-5, 6, w_shape)
    bias = random.integers(-5, 6, w_shape[0] if command == "conv" else w_shape[1])

    def forward(x, w, b):
        for name, array in {"x.npy": x, "w.npy": w, "b.npy": b}.items():
            faltung.save(name, array)
        faltung(command, "x.npy", "--weight", "w.npy", "--bias", "b.npy", *options, "-o", "y.npy")
        return faltung.load("y.npy")

    gradient = random.integers(-5, 6, forward(x, w, bias).shape)
    faltung.save("dy.npy", gradient)
    kernel = "x".join(map(str, w_shape[2:]))
    faltung("grad", "input", "dy.npy", "--weight", "w.npy", *flags, *options, "--input-size", size, "-o", "dx.npy")
    faltung("grad", "weight", "dy.npy", "--input", "x.npy", "--kernel-size", kernel, *flags, *options, "-o", "dw.npy")
    faltung("grad", "bias", "dy.npy", "-o", "db.npy")
    for name, loss, array in [("dx.npy", lambda a: (gradient * forward(a, w, bias)).sum(), x),
                              ("dw.npy", lambda a: (gradient * forward(x, a, bias)).sum(), w),
                              ("db.npy", lambda a: (gradient * forward(x, w, a)).sum(), bias)]:
        result = faltung.load(name)
        assert result.shape == array.shape and result.dtype == np.int64
        for index, value in differences(loss, array).items():
            assert result[index] == value, (name, index)


def test_a_layer_of_one_channel_has_only_spatial_axes(faltung):
    faltung.save("x.npy", np.arange(5.0))
    faltung.save("w.npy", np.array([1.0, 2.0]))
    faltung.save("dy.npy", np.array([1.0, 0.0, 0.0, 2.0]))
    faltung("grad", "input", "dy.npy", "--weight", "w.npy", "-o", "dx.npy")
    assert faltung.load("dx.npy").tolist() == [1, 2, 0, 2, 4]
    faltung("grad", "weight", "dy.npy", "--input", "x.npy", "--kernel-size", "2", "-o", "dw.npy")
    assert faltung.load("dw.npy").tolist() == [0 + 2 * 3, 1 + 2 * 4]


def test_bias_sums_every_channel(faltung):
    faltung.save("dy.npy", np.arange(12.0).reshape(2, 2, 3))
    faltung("grad", "bias", "dy.npy", "-o", "db.npy")
    assert faltung.load("db.npy").tolist() == [24, 42]


@pytest.mark.parametrize("arguments, names", [
    (["grad"], "input"),
    (["grad", "input", "dy.npy"], "--weight"),
    (["grad", "input", "dy.npy", "--weight", "w.npy", "--stride", "3", "--input-size", "4x4"], "output"),
    (["grad", "input", "dy.npy", "--weight", "w.npy", "-o", "dy.npy"], "dy.npy"),
    (["grad", "input", "dy.npy", "--weight", "w.npy", "-o", "dx.png"], "dx.png"),
    (["grad", "weight", "dy.npy", "--input", "w.npy", "--kernel-size", "3x3x3"], "dy.npy"),
    (["grad", "weight", "dy.npy", "--input", "dy.npy", "--kernel-size", "3x3"], "output"),
    (["grad", "bias", "flat.npy"], "flat.npy"),
])
def test_refusals(faltung, arguments, names):
    faltung.save("dy.npy", np.ones((1, 2, 4, 4)))
    faltung.save("w.npy", np.ones((2, 1, 3, 3)))
    faltung.save("flat.npy", np.ones(3))
    assert names in faltung.refuses(*arguments)
