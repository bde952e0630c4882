"""Lists a model's convolutions: their problems, the algorithm that the planner chooses, and the time against ONNX Runtime.

    python -m faltung.onnx MODEL.onnx [--input 1x3x480x640] [--threads 1] [--repeat 5]

Each node is run alone, as a model of one node, by both in turns; the shortest of the runs counts.
"""
from __future__ import annotations

import argparse
import sys
import time
from typing import Callable

import numpy as np
import onnx

from .._integer import conv_integer
from .._plan import Plan
from ._model import Convolution, convolutions, parse_inputs
from ._nodes import layer_of

try:
    import onnxruntime
except ImportError:
    onnxruntime = None


def ours(one: Convolution, threads: int) -> tuple[str, Callable[[], np.ndarray]]:
    """The algorithm, and a call that runs it into memory that is there."""
    transposed, said = layer_of(one.node, one.arrays[0].shape, one.arrays[1].shape)
    if one.node.op_type == "ConvInteger":
        x, w, *zeros = one.arrays
        points = {name: zero for name, zero in zip(("x_zero_point", "w_zero_point"), zeros) if zero is not None}
        return "conv_integer", lambda: conv_integer(x, w, threads=threads, **points, **said)
    plan = Plan(one.arrays[0].shape, *one.arrays[1:], transposed=transposed, threads=threads, **said)
    x, out = one.arrays[0], np.empty(plan.shape, one.arrays[0].dtype)
    return plan.algorithm, lambda: plan(x, out)


def theirs(one: Convolution, threads: int, model: onnx.ModelProto) -> Callable[[], np.ndarray]:
    """A session of the node alone, its weights constants as in the model."""
    kind = onnx.helper.np_dtype_to_tensor_dtype(one.arrays[0].dtype)
    result = onnx.TensorProto.INT32 if one.node.op_type == "ConvInteger" else kind
    given = {name: array for name, array in zip(one.node.input[1:], one.arrays[1:]) if array is not None}
    x = one.node.input[0]
    graph = onnx.helper.make_graph([one.node], "one", [onnx.helper.make_tensor_value_info(x, kind, one.arrays[0].shape)],
                                   [onnx.helper.make_tensor_value_info(one.node.output[0], result, None)],
                                   [onnx.numpy_helper.from_array(array, name) for name, array in given.items()])
    alone = onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(alone.SerializeToString(), options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    binding.bind_cpu_input(x, one.arrays[0])
    binding.bind_output(one.node.output[0])

    def run():
        session.run_with_iobinding(binding)
        return binding

    return run


def milliseconds(calls: list[Callable], repeat: int) -> list[float]:
    """The shortest run of each, in turns, so that what disturbs one disturbs the other."""
    best = [float("inf")] * len(calls)
    for _ in range(repeat):
        for number, call in enumerate(calls):
            start = time.perf_counter()
            call()
            best[number] = min(best[number], (time.perf_counter() - start) * 1e3)
    return best


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """The largest, in parts of the largest number."""
    scale = float(np.max(np.abs(b.astype(np.float64)), initial=0)) or 1.0
    return float(np.max(np.abs(a.astype(np.float64) - b), initial=0)) / scale


def table(model: onnx.ModelProto, found: list[Convolution], threads: int, repeat: int) -> None:
    names = [one.node.name or one.node.output[0] for one in found]
    name_width, width = (max(map(len, texts)) for texts in (names, [str(one.problem) for one in found]))
    head = f"{'node':{name_width}}  {'problem':{width}}  {'algorithm':14}  {'ms':>8}"
    print(head + (f"  {'ORT ms':>8}  {'ORT / ours':>10}  {'difference':>10}" if onnxruntime else ""))
    sums = [0.0, 0.0]
    for name, one in zip(names, found):
        algorithm, run = ours(one, threads)
        calls = [run] + ([theirs(one, threads, model)] if onnxruntime else [])
        results = [call() for call in calls]
        best = milliseconds(calls, repeat)
        line = f"{name:{name_width}}  {str(one.problem):{width}}  {algorithm:14}  {best[0]:8.3f}"
        if onnxruntime:
            apart = difference(results[0], results[1].copy_outputs_to_cpu()[0])
            line += f"  {best[1]:8.3f}  {best[1] / best[0]:10.2f}  {apart:10.1e}"
        print(line, flush=True)
        sums = [total + time_of_one for total, time_of_one in zip(sums, best + [0.0])]
    line = f"{len(found)} convolutions: {sums[0]:.3f} ms"
    print(line + (f", ONNX Runtime {sums[1]:.3f} ms, {sums[1] / sums[0]:.2f} times as long" if onnxruntime else
                  "; pip install onnxruntime for its times"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m faltung.onnx", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("model", metavar="MODEL.onnx")
    parser.add_argument("--input", metavar="[NAME=]1x3x480x640", action="append", default=[],
                        help="shape of an input, where the model leaves it open; may be repeated")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="for both (1)")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="runs of each (5)")
    said = parser.parse_args(arguments)
    try:
        for number, name in ((said.threads, "--threads"), (said.repeat, "--repeat")):
            if number < 1:
                raise ValueError(f"{name} {number}: it must be at least 1: give 1 or more")
        model = onnx.load(said.model)
        found = convolutions(model, parse_inputs(said.input))
        if not found:
            print(f"{said.model}: no Conv, ConvTranspose or ConvInteger in it")
            return 0
        table(model, found, said.threads, said.repeat)
    except (OSError, ValueError, TypeError) as error:
        print(f"faltung.onnx: {error}", file=sys.stderr)
        return 2
    except Exception as error:  # pylint: disable=broad-except  # protobuf's and ONNX's own, of a file that is not a model
        if type(error).__module__.split(".")[0] not in ("google", "onnx"):
            raise
        print(f"faltung.onnx: {said.model}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
