"""An ONNX backend for Conv, ConvTranspose and ConvInteger.

`prepare`, `run_model`, `run_node`, `is_compatible` and `supports_device` are those of `onnx.backend.base.Backend`. A model of
other nodes than these three is refused. ``python -m faltung.onnx MODEL.onnx`` lists the convolutions of any model.

>>> import numpy as np, onnx, faltung.onnx
>>> node = onnx.helper.make_node("Conv", ["x", "w"], ["y"], auto_pad="SAME_UPPER", strides=[2])
>>> faltung.onnx.run_node(node, [np.ones((1, 1, 5)), np.ones((1, 1, 3))])[0]
array([[[2., 3., 2.]]])
"""
from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np
import onnx
from onnx.backend.base import Backend, BackendRep, namedtupledict
from onnx.numpy_helper import to_array

from .._arrays import numbers
from .._functions import conv, conv_transpose
from .._integer import conv_integer
from .._plan import Plan
from ._nodes import OPERATIONS, is_convolution, layer_of, name_of

__all__ = ["FaltungBackend", "PreparedModel", "is_compatible", "prepare", "run_model", "run_node", "supports_device"]


def _run(node: onnx.NodeProto, inputs: Sequence[Any]) -> np.ndarray:
    arrays = [None if array is None else numbers(array, name) for array, name in zip(inputs, node.input)]
    if len(arrays) < 2 or arrays[0] is None or arrays[1] is None:
        raise ValueError(f"{name_of(node)} has {len(arrays)} inputs: it needs x and w: give both")
    x, w, *rest = arrays
    transposed, said = layer_of(node, x.shape, w.shape)
    if node.op_type == "ConvInteger":
        zero_points = {name: array for name, array in zip(("x_zero_point", "w_zero_point"), rest) if array is not None}
        return conv_integer(x, w, **zero_points, **said)
    bias = rest[0] if rest else None
    return (conv_transpose if transposed else conv)(x, w, bias, **said)


class _Step:
    """One node. Where its weights are constants, their packed form is kept for the shape that was seen last."""

    def __init__(self, node: onnx.NodeProto, constants: Mapping[str, np.ndarray]) -> None:
        self.node = node
        self.inputs = [name for name in node.input]
        fixed = node.op_type != "ConvInteger" and all(name in constants for name in node.input[1:] if name)
        self.fixed = [constants[name] if name else None for name in node.input[1:]] if fixed else None
        self.plan: Plan | None = None

    def __call__(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        if self.fixed is None:
            return _run(self.node, [values[name] if name else None for name in self.inputs])
        x, plan = values[self.inputs[0]], self.plan
        if plan is None or x.shape != plan.problem.input_shape:
            transposed, said = layer_of(self.node, x.shape, self.fixed[0].shape)
            plan = self.plan = Plan(x.shape, *self.fixed, transposed=transposed, **said)
        return plan(x)


class PreparedModel(BackendRep):
    """A model that is run many times."""

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        self._constants = {one.name: to_array(one) for one in graph.initializer}
        self._inputs = [one.name for one in graph.input if one.name not in self._constants]
        self._outputs = [one.name for one in graph.output]
        self._steps = [_Step(node, self._constants) for node in graph.node]

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs for `inputs`: a list in the model's order, a dictionary by name, or the only array."""
        if isinstance(inputs, np.ndarray):
            inputs = [inputs]
        given = dict(inputs) if isinstance(inputs, Mapping) else dict(zip(self._inputs, inputs))
        if set(given) != set(self._inputs) or len(inputs) != len(self._inputs):
            raise ValueError(f"inputs are {len(inputs)} arrays: the model takes {', '.join(self._inputs)}: give all of them")
        values = {**self._constants, **{name: numbers(array, name) for name, array in given.items()}}
        for step in self._steps:
            values[step.node.output[0]] = step(values)
        return namedtupledict("Outputs", self._outputs)(*(values[name] for name in self._outputs))


class FaltungBackend(Backend):
    """`onnx.backend.base.Backend` for the CPU."""

    @classmethod
    def is_compatible(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether every node is one of the three."""
        return cls.supports_device(device) and all(map(is_convolution, model.graph.node))

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> PreparedModel:
        """Checks the model and makes it ready to run."""
        cls._check_device(device)
        super().prepare(model, device, **kwargs)
        for node in model.graph.node:
            cls._check_node(node)
        return PreparedModel(model)

    @classmethod
    def run_node(cls, node: onnx.NodeProto, inputs: Any, device: str = "CPU", outputs_info: Any = None,
                 **kwargs: Any) -> tuple[Any, ...]:
        """Runs one node on a list of arrays; None for an input that is left out."""
        cls._check_device(device)
        super().run_node(node, inputs, device, outputs_info, **kwargs)
        cls._check_node(node)
        return namedtupledict("Outputs", node.output)(_run(node, inputs))

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """CPU alone."""
        return device.split(":")[0] == "CPU"

    @classmethod
    def _check_device(cls, device: str) -> None:
        if not cls.supports_device(device):
            raise ValueError(f"device is {device}: there is only CPU: leave it out")

    @classmethod
    def _check_node(cls, node: onnx.NodeProto) -> None:
        if not is_convolution(node):
            raise NotImplementedError(f"{name_of(node)}: this backend runs {', '.join(OPERATIONS)}: cut the others out of the "
                                      "model, or list its convolutions with python -m faltung.onnx")


is_compatible = FaltungBackend.is_compatible
prepare = FaltungBackend.prepare
run_model = FaltungBackend.run_model
run_node = FaltungBackend.run_node
supports_device = FaltungBackend.supports_device
