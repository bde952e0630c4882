"""ONNX Runtime and OpenVINO: the same model of one node, weights as an initializer, inputs and outputs in arrays that stay."""

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper

from library import Refusal, aligned

# Conv and ConvTranspose of opset 11 are the newest that differ from later ones in types only.
OPSET = 13
IR_VERSION = 8  # of opset 13's time: every runtime reads it


def model_of(problem, arrays):
    """Serialized, with input `x`, output `y`. A problem with unknown fine array is a ConvTranspose, whatever layer it belongs to."""
    if problem.unknown == "weights":
        raise Refusal("no weight gradients")
    if not problem.plain:
        raise Refusal("only f32, zeros, unflipped")
    given = "fine" if problem.unknown == "coarse" else "coarse"
    attributes = {
        "kernel_shape": problem.kernel,
        "strides": problem.stride,
        "dilations": problem.dilation,
        "pads": problem.pad_before + problem.pad_after,
        "group": problem.groups,
    }
    if problem.unknown == "fine":
        attributes["output_padding"] = problem.surplus
    node = helper.make_node("Conv" if problem.unknown == "coarse" else "ConvTranspose", ["x", "w"], ["y"], **attributes)
    value = lambda name, side: helper.make_tensor_value_info(name, TensorProto.FLOAT, problem.shapes[side])
    weights = numpy_helper.from_array(np.ascontiguousarray(arrays["weights"]), "w")
    graph = helper.make_graph([node], "layer", [value("x", given)], [value("y", problem.unknown)], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model.SerializeToString(), arrays[given]


class _OrtRun:
    note = ""

    def __init__(self, model, x, shape, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.result = aligned(shape)
        binding = session.io_binding()
        binding.bind_input("x", "cpu", 0, np.float32, x.shape, x.ctypes.data)
        binding.bind_output("y", "cpu", 0, np.float32, shape, self.result.ctypes.data)
        self._session, self._binding, self._x = session, binding, x

    def run(self):
        self._session.run_with_iobinding(self._binding)


class OnnxRuntime:
    name = "ORT"
    threads_are = "as many as asked"

    def __init__(self, threads):
        self._threads = threads

    def prepare(self, problem, arrays):
        model, x = model_of(problem, arrays)
        try:
            return _OrtRun(model, x, problem.shapes[problem.unknown], self._threads)
        except Exception as error:  # its own classes derive from Exception only; NOT_IMPLEMENTED is among them
            raise Refusal(str(error).splitlines()[0]) from error


class _OpenVinoRun:
    def __init__(self, compiled, x, shape):
        self.note = str(compiled.get_property("INFERENCE_PRECISION_HINT"))
        self.result = aligned(shape)
        request = compiled.create_infer_request()
        request.set_input_tensor(openvino.Tensor(x, shared_memory=True))
        request.set_output_tensor(openvino.Tensor(self.result, shared_memory=True))
        self._compiled, self._request, self._x = compiled, request, x

    def run(self):
        self._request.infer(share_outputs=True)  # start_async and wait take 7 µs longer


class OpenVino:
    name = "OpenVINO"
    threads_are = "as many as asked"

    def __init__(self, threads):
        self._core = openvino.Core()
        self._settings = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # the process is pinned already
            "INFERENCE_PRECISION_HINT": "f32",  # the default is bf16 where the CPU has it
        }

    def prepare(self, problem, arrays):
        model, x = model_of(problem, arrays)
        try:
            compiled = self._core.compile_model(self._core.read_model(model), "CPU", self._settings)
            return _OpenVinoRun(compiled, x, problem.shapes[problem.unknown])
        except RuntimeError as error:
            raise Refusal(str(error).splitlines()[0]) from error
