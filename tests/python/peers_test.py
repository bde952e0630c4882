"""Other people's convolutions give the same numbers."""
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

import faltung

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@given(st.integers(1, 3), st.sampled_from(["valid", "full"]), st.booleans(), st.integers(0, 2**32 - 1))
def test_scipy_signal(axes, mode, flip, seed):
    random = np.random.default_rng(seed)
    x = random.standard_normal(random.integers(4, 9, axes))
    w = random.standard_normal(random.integers(1, 5, axes))
    peer = scipy.signal.convolve if flip else scipy.signal.correlate
    got = faltung.conv(x[None, None], w[None, None], padding=mode, flip=flip)[0, 0]
    np.testing.assert_allclose(got, peer(x, w, mode=mode, method="direct"), atol=1e-12)


NDIMAGE = {"zeros": "constant", "reflect": "mirror", "symmetric": "reflect", "replicate": "nearest", "circular": "wrap"}


@pytest.mark.parametrize("boundary", NDIMAGE)
def test_scipy_ndimage(random, boundary):
    x, w = random.standard_normal((7, 6)), random.standard_normal((5, 3))
    got = faltung.conv(x[None, None], w[None, None], padding="same", boundary=boundary)[0, 0]
    np.testing.assert_allclose(got, scipy.ndimage.correlate(x, w, mode=NDIMAGE[boundary]), atol=1e-12)


def run_onnx(operation, x, w, **attributes):
    node = onnx.helper.make_node(operation, ["x", "w"], ["y"], **attributes)
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph([node], "g", [onnx.helper.make_tensor_value_info("x", kind, x.shape),
                                                 onnx.helper.make_tensor_value_info("w", kind, w.shape)],
                                   [onnx.helper.make_tensor_value_info("y", kind, None)])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x, "w": w})[0]


@settings(max_examples=100)
@given(st.integers(1, 3), st.booleans(), st.integers(0, 2**32 - 1))
def test_onnx_runtime(axes, transposed, seed):
    random = np.random.default_rng(seed)
    draw = lambda low, high: tuple(int(n) for n in random.integers(low, high + 1, axes))
    groups = int(random.integers(1, 3))
    kernel, stride, dilation, before, after = draw(1, 4), draw(1, 3), draw(1, 2), draw(0, 2), draw(0, 2)
    extents = tuple((k - 1) * d + 5 for k, d in zip(kernel, dilation))
    x = random.integers(-3, 4, (2, 2 * groups, *extents)).astype(np.float32)
    w = random.integers(-3, 4, ((2 if transposed else 3) * groups, 3 if transposed else 2, *kernel)).astype(np.float32)
    words = dict(stride=stride, dilation=dilation, padding=tuple(zip(before, after)), groups=groups)
    attributes = dict(strides=stride, dilations=dilation, pads=before + after, group=groups)
    if transposed:
        words["output_padding"] = attributes["output_padding"] = tuple(max(s, d) - 1 for s, d in zip(stride, dilation))
        if any(extra >= s for extra, s in zip(words["output_padding"], stride)):  # ONNX Runtime's own limit
            words["output_padding"] = attributes["output_padding"] = (0,) * axes
    forward = faltung.conv_transpose if transposed else faltung.conv
    got = run_onnx("ConvTranspose" if transposed else "Conv", x, w, **attributes)
    np.testing.assert_array_equal(forward(x, w, **words), got)
