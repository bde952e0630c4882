"""The convolutions of a model: their shapes, and their constants where they are in the model."""
from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np
import onnx
from onnx.numpy_helper import to_array

from .. import _core
from .._arrays import types_of
from ._nodes import is_convolution, name_of, problem_of_node

Shape = tuple[int, ...]


class Convolution(NamedTuple):
    """A node, its problem, and arrays to run it with: the model's constants, random numbers for the others."""

    node: onnx.NodeProto
    problem: _core.Problem
    arrays: list[np.ndarray | None]


def parse_inputs(texts: Sequence[str]) -> dict[str, Shape]:
    """`1x3x480x640` (the only input, named ''), or `x=1x3x480x640`."""
    shapes = {}
    for text in texts:
        name, _, extents = text.rpartition("=")
        try:
            shapes[name] = tuple(int(extent) for extent in extents.split("x"))
        except ValueError:
            raise ValueError(f"--input {text}: it is a shape, with the input's name where there are several: write "
                             "1x3x480x640, or x=1x3x480x640") from None
        if min(shapes[name]) < 1:
            raise ValueError(f"--input {text}: extents are at least 1: give a shape with cells")
    return shapes


def _set_inputs(graph: onnx.GraphProto, shapes: dict[str, Shape]) -> None:
    constants = {one.name for one in graph.initializer}
    inputs = [one for one in graph.input if one.name not in constants]
    names = [one.name for one in inputs]
    for name, shape in shapes.items():
        if (name or len(inputs) != 1) and name not in names:
            raise ValueError(f"--input {name or 'x'.join(map(str, shape))}: the model's inputs are {', '.join(names)}: say which, "
                             f"as in --input {names[0] if names else 'x'}={'x'.join(map(str, shape))}")
        kind = inputs[names.index(name) if name else 0].type.tensor_type
        known = [extent.dim_value or None for extent in kind.shape.dim]
        if kind.HasField("shape") and (len(known) != len(shape) or any(k not in (None, s) for k, s in zip(known, shape))):
            raise ValueError(f"--input {'x'.join(map(str, shape))}: the model has {'x'.join(str(k or '?') for k in known)}: give "
                             "a shape that fits")
        kind.shape.CopyFrom(onnx.TensorShapeProto(dim=[onnx.TensorShapeProto.Dimension(dim_value=n) for n in shape]))


def _inferred(model: onnx.ModelProto) -> dict[str, tuple[int, tuple[int | None, ...]]]:
    """Type and shape of every array that has them."""
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    found = {}
    for one in (*graph.value_info, *graph.input, *graph.output):
        kind = one.type.tensor_type
        if kind.HasField("shape"):
            found[one.name] = (kind.elem_type, tuple(extent.dim_value if extent.HasField("dim_value") else None
                                                     for extent in kind.shape.dim))
    return found


def _constants(graph: onnx.GraphProto) -> dict[str, np.ndarray]:
    found = {one.name: to_array(one) for one in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = to_array(node.attribute[0].t)
    return found


def convolutions(model: onnx.ModelProto, inputs: dict[str, Shape]) -> list[Convolution]:
    """All of them, in the model's order."""
    _set_inputs(model.graph, inputs)
    inferred, constants = _inferred(model), _constants(model.graph)
    random = np.random.default_rng(1)  # the same numbers in every listing

    def array(node: onnx.NodeProto, name: str) -> np.ndarray | None:
        if not name or name in constants:
            return constants.get(name)
        kind, shape = inferred.get(name, (0, None))
        if shape is None or None in shape:
            known = ("unknown shape" if shape is None else
                     f"shape {'x'.join('?' if extent is None else str(extent) for extent in shape)}")
            raise ValueError(f"{name_of(node)} reads '{name}' of {known}: its sizes must be known: give the model's input a shape, "
                             "as in --input 1x3x480x640")
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind)
        if dtype.kind in "iu":
            return random.integers(0, 100, shape).astype(dtype)
        return random.standard_normal(shape).astype(dtype)

    found = []
    for node in filter(is_convolution, model.graph.node):
        arrays = [array(node, name) for name in node.input]
        name = types_of(arrays[0].dtype, arrays[1].dtype).name
        found.append(Convolution(node, problem_of_node(node, arrays[0].shape, arrays[1].shape, name), arrays))
    return found
