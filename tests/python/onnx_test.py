"""The ONNX backend: ONNX's own tests of the three operators, ONNX Runtime on random nodes, and the table of a real model."""
import importlib.util
import pathlib
import unittest
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import faltung
from reference import Layer

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

import faltung.onnx  # noqa: E402
from faltung.onnx.__main__ import main  # noqa: E402

# ONNX's names for them, over all of its kinds of tests; deformable, causal and QLinear ones are other operators
NODE_TESTS = r"^test_(basic_conv|conv_with|convinteger|convtranspose|Conv|operator_conv).*_cpu$"


def test_the_node_tests_of_onnx():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tests of other operators, while they are collected
        from onnx.backend.test import BackendTest
        suite = BackendTest(faltung.onnx, __name__).include(NODE_TESTS).test_suite
    result = unittest.TestResult()
    suite.run(result)
    assert not result.errors + result.failures
    # 17 of the specification, 28 of models that PyTorch wrote, 2 of its operators, in onnx 1.23
    assert result.testsRun - len(result.skipped) >= 47


def model_of(kind, arrays, constants=(), **attributes):
    """One node; `constants` are the numbers of the inputs that are in the model."""
    names = [f"i{number}" for number in range(len(arrays))]
    element = {name: onnx.helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in zip(names, arrays)}
    inputs = [onnx.helper.make_tensor_value_info(name, element[name], array.shape)
              for number, (name, array) in enumerate(zip(names, arrays)) if number not in constants]
    result = onnx.TensorProto.INT32 if kind == "ConvInteger" else element["i0"]
    graph = onnx.helper.make_graph([onnx.helper.make_node(kind, names, ["y"], **attributes)], "one", inputs,
                                   [onnx.helper.make_tensor_value_info("y", result, list("NCZYX")[:arrays[0].ndim])],
                                   [onnx.numpy_helper.from_array(arrays[number], f"i{number}") for number in constants])
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 21)], ir_version=10)


def runtime(model, inputs):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {one.name: array for one, array in zip(session.get_inputs(), inputs)})[0]


@settings(max_examples=200)
@given(st.sampled_from(["Conv", "ConvTranspose", "ConvInteger"]), st.integers(0, 2**32 - 1))
def test_random_nodes_equal_onnx_runtime(kind, seed):
    """Small whole numbers: equal means equal. Left out is what ONNX Runtime refuses, or does otherwise than ONNX says:
    auto_pad SAME with a dilation, or of a transposed kernel shorter than its stride; output padding from the stride on."""
    random = np.random.default_rng(seed)
    axes = int(random.integers(1, 3 if kind == "ConvInteger" else 4))
    each = lambda low, high: [int(n) for n in random.integers(low, high + 1, axes)]
    transposed, groups = kind == "ConvTranspose", int(random.integers(1, 4))
    kernel, stride, dilation, before, after = each(1, 4), each(1, 3), each(1, 2), each(0, 2), each(0, 2)
    if kind == "ConvInteger":
        stride, dilation = [1] * axes, [1] * axes  # more is not implemented there
    extents = [(k - 1) * d + 1 + int(n) for k, d, n in zip(kernel, dilation, each(4, 6))]
    pad = str(random.choice(["NOTSET", "pads", "VALID", "SAME_UPPER", "SAME_LOWER"]))
    if pad.startswith("SAME"):
        dilation = [1] * axes
    attributes = dict(strides=stride, dilations=dilation, group=groups)
    if pad == "pads":
        attributes["pads"] = before + after
    else:
        attributes["auto_pad"] = pad
    if transposed:
        if pad.startswith("SAME"):
            kernel = [max(k, s) for k, s in zip(kernel, stride)]
        elif random.integers(2):
            attributes["output_padding"] = [int(random.integers(s)) for s in stride]
        if pad != "VALID" and random.integers(2):  # ONNX Runtime heeds no output_shape with VALID
            attributes["output_shape"] = [max(1, (n - 1) * s + (k - 1) * d + 1 - int(cut))
                                          for n, s, k, d, cut in zip(extents, stride, kernel, dilation, each(0, 5))]
            attributes.pop("pads", None)
    if random.integers(2):
        attributes["kernel_shape"] = kernel
    low, high, dtype = (0, 256, np.uint8) if kind == "ConvInteger" else (-3, 4, np.float32)
    numbers = lambda *shape: random.integers(low, high, shape).astype(dtype)
    channels = int(random.integers(1, 4))
    arrays = [numbers(2, 2 * groups, *extents),
              numbers(2 * groups, channels, *kernel) if transposed else numbers(channels * groups, 2, *kernel)]
    if kind == "ConvInteger":
        arrays += [numbers(), numbers()][:int(random.integers(3))]
    elif random.integers(2):
        arrays.append(numbers(channels * groups))
    constants = tuple(range(1, len(arrays))) if random.integers(2) else ()
    model = model_of(kind, arrays, constants, **attributes)
    inputs = [array for number, array in enumerate(arrays) if number not in constants]
    wanted = runtime(model, inputs)
    prepared = faltung.onnx.prepare(model)
    for _ in range(2):  # the second time with the weights packed
        got = prepared.run(inputs)[0]
        assert got.dtype == wanted.dtype
        np.testing.assert_array_equal(got, wanted)
    np.testing.assert_array_equal(faltung.onnx.run_node(model.graph.node[0], arrays)["y"], wanted)


def test_transposed_with_groups_and_bias(random):
    """Against the reference of these tests: ONNX's own ReferenceEvaluator (1.23) cannot do it."""
    x, w, bias = random.integers(-3, 4, (2, 6, 4)), random.integers(-3, 4, (6, 2, 3)), np.array([1, 10, 100, 1000, 5, 50])
    layer = Layer(fine=(8,), coarse=(4,), kernel=(3,), stride=(2,), dilation=(1,), pads=[(1, 0)], boundary=("zeros",), groups=3)
    node = onnx.helper.make_node("ConvTranspose", ["x", "w", "b"], ["y"], strides=[2], pads=[1, 0], group=3)
    got = faltung.onnx.run_node(node, [array.astype(np.float32) for array in (x, w, bias)])[0]
    np.testing.assert_array_equal(got, layer.scatter(x, w) + bias.reshape(-1, 1))


def test_auto_pad_of_a_kernel_shorter_than_its_stride():
    """The specification gives in * stride cells; ONNX Runtime gives fewer."""
    node = onnx.helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[3], auto_pad="SAME_UPPER")
    assert faltung.onnx.run_node(node, [np.ones((1, 1, 2)), np.ones((1, 1, 2))])[0].tolist() == [[[1, 1, 0, 1, 1, 0]]]


def test_zero_points_per_channel_and_left_out_inputs():
    x, w = np.array([[[3, 5, 9]]], np.uint8), np.array([[[1, 2]], [[3, 4]]], np.uint8)
    node = onnx.helper.make_node("ConvInteger", ["x", "w", "", "z"], ["y"])
    assert faltung.onnx.run_node(node, [x, w, None, np.array([1, 3], np.uint8)])[0].tolist() == [[[5, 9], [5, 9]]]


def test_several_nodes_and_shapes_that_change(random):
    first, second = (random.integers(-3, 4, shape).astype(float) for shape in ((3, 2, 3), (3, 2, 4)))
    nodes = [onnx.helper.make_node("Conv", ["x", "a"], ["h"], strides=[2]),
             onnx.helper.make_node("ConvTranspose", ["h", "b"], ["y"], strides=[2])]
    info = lambda name: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.DOUBLE, ["N", "C", "L"])
    constants = [onnx.numpy_helper.from_array(first, "a"), onnx.numpy_helper.from_array(second, "b")]
    model = onnx.helper.make_model(onnx.helper.make_graph(nodes, "two", [info("x")], [info("y"), info("h")], constants),
                                   opset_imports=[onnx.helper.make_opsetid("", 21)], ir_version=10)
    prepared = faltung.onnx.prepare(model)
    for size in (9, 12, 9):
        x = random.integers(-3, 4, (1, 2, size)).astype(float)
        y, hidden = prepared.run({"x": x})
        # weights that are packed once may go another way than those of a single call: whole numbers show every other difference
        np.testing.assert_allclose(hidden, faltung.conv(x, first, stride=2, accuracy="strict"), rtol=0, atol=1e-12)
        np.testing.assert_allclose(y, faltung.conv_transpose(hidden, second, stride=2, accuracy="strict"), rtol=0, atol=1e-11)


def test_refusals():
    x, w = np.ones((1, 2, 5), np.float32), np.ones((3, 2, 3), np.float32)
    run = lambda *inputs, kind="Conv", **attributes: faltung.onnx.run_node(
        onnx.helper.make_node(kind, ["x", "w", "b"][:len(inputs)], ["y"], name="stem", **attributes), inputs)
    for call, error, text in (
        (lambda: run(x, w, kernel_shape=[4]), ValueError, r"Conv 'stem' has kernel_shape \[4\]"),
        (lambda: run(x, w, strides=[1, 1]), ValueError, "strides .* the kernel has 1 axes: give 1"),
        (lambda: run(x, w, pads=[1]), ValueError, "pads .* give 2 numbers"),
        (lambda: run(x, w, auto_pad="SAME"), ValueError, "auto_pad SAME: words are"),
        (lambda: run(x, w, pads=[-1, 0]), ValueError, "padding before x is -1"),
        (lambda: run(x[:, :1], w), ValueError, "x has 1 channels"),
        (lambda: run(x, kind="Relu"), NotImplementedError, "Relu 'stem': this backend runs Conv, ConvTranspose"),
        (lambda: faltung.onnx.run_node(onnx.helper.make_node("Conv", ["x", "w"], ["y"]), [x, w], "CUDA"), ValueError, "device is CUDA"),
        (lambda: faltung.onnx.prepare(model_of("Conv", [x, w])).run([x]), ValueError, "inputs are 1 arrays: the model takes i0, i1")):
        with pytest.raises(error, match=text):
            call()
    assert not faltung.onnx.is_compatible(model_of("Relu", [x])) and faltung.onnx.is_compatible(model_of("Conv", [x, w]))


@pytest.fixture(scope="module")
def detector():
    """The text detector of PaddleOCR, as rapidocr_onnxruntime's wheel carries it."""
    package = importlib.util.find_spec("rapidocr_onnxruntime")
    if package is None:
        pytest.skip("rapidocr_onnxruntime is not installed")
    return str(pathlib.Path(package.origin).parent / "models/ch_PP-OCRv4_det_infer.onnx")


def test_the_table_of_a_real_model(detector, capsys):
    assert main([detector, "--input", "1x3x64x96", "--repeat", "1"]) == 0
    head, *rows, total = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["node", "problem", "algorithm"] and len(rows) == 64
    assert total.startswith("64 convolutions: ") and "ONNX Runtime" in total
    assert sum(" convt2d " in row for row in rows) == 2
    assert "conv2d n1 g1 ic3 oc16 i64x96 k3x3 s2 d1 p1 f32" in rows[0]
    # 1e-5 of the largest: far above float32's rounding of 864 products, far below anything wrong
    assert all(float(row.split()[-1]) < 1e-5 for row in rows)


def test_the_table_says_what_it_needs(detector, capsys, tmp_path):
    def refused(*words):
        assert main([str(word) for word in words]) == 2
        said = capsys.readouterr()
        assert said.out == "" and said.err.startswith("faltung.onnx: ") and said.err.count("\n") == 1
        return said.err

    assert "reads 'x' of shape ?x3x?x?: its sizes must be known" in refused(detector)
    assert "the model has ?x3x?x?" in refused(detector, "--input", "1x4x64x96")
    assert "the model's inputs are x" in refused(detector, "--input", "image=1x3x64x96")
    assert "write 1x3x480x640" in refused(detector, "--input", "64,96")
    assert "extents are at least 1" in refused(detector, "--input", "x=0x3x64x96")
    assert "--repeat 0" in refused(detector, "--input", "1x3x64x96", "--repeat", 0)
    assert "none.onnx" in refused(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("this is no model")
    assert "text.onnx" in refused(tmp_path / "text.onnx")


def test_the_table_of_quantized_and_half_models(capsys, tmp_path, random):
    x, w = random.integers(0, 256, (1, 2, 7)).astype(np.uint8), random.integers(0, 256, (3, 2, 3)).astype(np.uint8)
    for kind, arrays in (("ConvInteger", [x, w, np.uint8(3)]), ("Conv", [x.astype(np.float16) / 256, w.astype(np.float16) / 256])):
        onnx.save(model_of(kind, [np.asarray(array) for array in arrays], (1,)), tmp_path / "one.onnx")
        assert main([str(tmp_path / "one.onnx"), "--repeat", "1"]) == 0
        row = capsys.readouterr().out.splitlines()[1].split()
        assert float(row[-1]) <= (0 if kind == "ConvInteger" else 2**-10)
    onnx.save(model_of("Relu", [x.astype(np.float32)]), tmp_path / "none.onnx")
    assert main([str(tmp_path / "none.onnx")]) == 0 and "no Conv" in capsys.readouterr().out
