"""What `faltung shape` says of ONNX, JAX, Keras and PyTorch, done by the real ones.

Every layer's code must give what `faltung conv` gives, and every lookalike must agree, differ or be refused as it is said to.
Numbers are small and whole, so that equal means equal.
"""
import json
import os
import random
import subprocess

import numpy as np
import pytest

LAYERS = 40


def layer_of(seed):
    """Options of a random layer that validates."""
    choose = random.Random(seed)
    rank = choose.choice([1, 2, 2, 2, 3])

    def each(low, high):
        return [choose.randint(low, high) for _ in range(rank)]

    def words(numbers):
        return "x".join(map(str, numbers))

    transposed = seed % 2 == 1
    groups = choose.choice([1, 1, 1, 2])
    channels = [groups * choose.randint(1, 2), groups * choose.randint(1, 2)]
    kernel, stride = each(1, 4), each(1, 3)
    dilation = each(1, 2) if choose.random() < 0.3 else [1] * rank
    if dilation != [1] * rank and choose.random() < 0.5:
        stride = [1] * rank
    boundary = choose.choice(["zeros"] * 4 + ["reflect", "symmetric", "replicate", "circular"])
    padding = choose.choice(["valid", "same", "same_lower", "even", "uneven"])
    if padding == "even":
        padding = words(each(0, 2))
    elif padding == "uneven":
        padding = words(f"{a}:{b}" for a, b in zip(each(0, 2), each(0, 2)))
    size = each(5, 8) if not transposed else each(3, 5)
    options = ["--stride", words(stride), "--dilation", words(dilation), "--padding", padding, "--groups", str(groups),
               "--boundary", boundary]
    if transposed and padding[0].isdigit() and choose.random() < 0.5:
        options += ["--output-padding", words(choose.randint(0, max(s, d) - 1) for s, d in zip(stride, dilation))]
    if choose.random() < 0.15:
        options.append("--flip")
    return transposed, channels, size, kernel, groups, options


class Layer:
    def __init__(self, folder, seed):
        self.transposed, (inner, outer), size, kernel, groups, options = layer_of(seed)
        numbers = np.random.default_rng(seed)
        w_shape = [inner, outer // groups] if self.transposed else [outer, inner // groups]
        self.x = numbers.integers(-3, 4, [2, inner, *size]).astype(np.float32)
        self.w = numbers.integers(-3, 4, [*w_shape, *kernel]).astype(np.float32)
        np.save(folder / "x.npy", self.x)
        np.save(folder / "w.npy", self.w)
        program = os.environ["FALTUNG"]
        apply = [program, "conv-transpose" if self.transposed else "conv", "x.npy", "--weight", "w.npy", *options, "-o", "y.npy"]
        shape = [program, "shape", "--json", "--batch", "2", "--in-channels", str(inner), "--out-channels", str(outer),
                 "--input", "x".join(map(str, size)), "--kernel-size", "x".join(map(str, kernel)), *options]
        if self.transposed:
            shape.append("--transposed")
        subprocess.run(apply, cwd=folder, check=True, capture_output=True)
        self.y = np.load(folder / "y.npy")
        self.said = json.loads(subprocess.run(shape, cwd=folder, check=True, capture_output=True, text=True).stdout)


@pytest.fixture(scope="session")
def layers(tmp_path_factory):
    """All layers that are valid; a few of the random ones are not."""
    made = []
    for seed in range(LAYERS * 2):
        try:
            made.append(Layer(tmp_path_factory.mktemp("layer"), seed))
        except subprocess.CalledProcessError:
            continue
        if len(made) == LAYERS:
            break
    assert len(made) == LAYERS
    return made


def outcome(run, code, layer):
    """same, other or refused; what it gave or said."""
    try:
        result = np.asarray(run(code, layer))
    except Exception as error:  # pylint: disable=broad-except  # each framework refuses in its own way
        return "refused", repr(error)[:300]
    return ("same" if result.shape == layer.y.shape and np.array_equal(result, layer.y) else "other"), result.shape


def compare(layers, framework, run):
    """Runs everything that is said of one framework and collects what is not so."""
    wrong, counts = [], {}
    for layer in layers:
        said = next(words for words in layer.said["frameworks"] if words["framework"].startswith(framework))
        assert bool(said["code"]) != bool(said["missing"])
        trials = [("the layer", said["code"], "same")] if said["code"] else []
        trials += [(like["words"], like["code"], like["agreement"]) for like in said["lookalikes"]]
        for words, code, expected in trials:
            found, detail = outcome(run, code, layer)
            key = ("the layer" if words == "the layer" else "lookalike") + " " + expected
            counts[key] = counts.get(key, 0) + 1
            # a framework may refuse sizes that come out empty: it is not the same either way
            if found != expected and not (expected == "other" and found == "refused"):
                wrong.append(f"{layer.said['problem']}\n  {words}: {code}\n  said {expected}, is {found}: {detail}; ours {layer.y.shape}")
    print(f"\n{framework}: {counts}")
    assert counts.get("the layer same", 0) >= 5 and counts.get("lookalike other", 0) >= 5 and counts.get("lookalike same", 0) >= 1
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong[:8])


def test_onnx_runtime(layers):
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

    def node(kind, arrays, **attributes):
        names = [f"i{i}" for i in range(len(arrays))]
        inputs = [onnx.helper.make_tensor_value_info(n, onnx.helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in zip(names, arrays)]
        output = onnx.helper.make_tensor_value_info("o", onnx.TensorProto.FLOAT, None)
        graph = onnx.helper.make_graph([onnx.helper.make_node(kind, names, ["o"], **attributes)], "one", inputs, [output])
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 21)], ir_version=10)
        options = runtime.SessionOptions()
        options.log_severity_level = 4
        session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return session.run(None, dict(zip(names, arrays)))[0]

    names = {"Conv": lambda x, w, **a: node("Conv", [x, np.ascontiguousarray(w)], **a),
             "ConvTranspose": lambda x, w, **a: node("ConvTranspose", [x, np.ascontiguousarray(w)], **a),
             "Pad": lambda x, pads, mode: node("Pad", [x, np.array(pads, np.int64)], mode=mode)}
    compare(layers, "ONNX", lambda code, layer: eval(code, {**names, "x": layer.x, "w": layer.w}))  # pylint: disable=eval-used


def test_jax(layers):
    jax = pytest.importorskip("jax", reason="jax is not installed")
    names = {"jax": jax, "lax": jax.lax, "jnp": jax.numpy}
    compare(layers, "JAX", lambda code, layer: eval(code, {**names, "x": jax.numpy.asarray(layer.x), "w": jax.numpy.asarray(layer.w)}))  # pylint: disable=eval-used


def test_keras_on_jax(layers):
    pytest.importorskip("jax", reason="jax is not installed")
    os.environ["KERAS_BACKEND"] = "jax"
    keras = pytest.importorskip("keras", reason="keras is not installed")

    def run(code, layer):
        x = np.moveaxis(layer.x, 1, -1)
        for one in eval(code, {"layers": keras.layers}):  # pylint: disable=eval-used
            one.build(x.shape)
            if one.get_weights():
                rank = layer.w.ndim - 2
                one.set_weights([layer.w.transpose(*range(2, 2 + rank), 1, 0)])
            x = np.asarray(one(x))
        return np.moveaxis(x, -1, 1)

    compare(layers, "Keras", run)


def test_pytorch(layers):
    torch = pytest.importorskip("torch", reason="torch is not installed (600 MB; FALTUNG_TEST_TORCH=1 installs Debian's)")
    names = {"torch": torch, "F": torch.nn.functional}
    compare(layers, "PyTorch", lambda code, layer: eval(code, {**names, "x": torch.tensor(layer.x), "w": torch.tensor(layer.w)}))  # pylint: disable=eval-used
