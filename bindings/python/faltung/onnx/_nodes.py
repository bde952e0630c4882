"""An ONNX node in this library's words. Source: ONNX operator specification, Conv 22, ConvTranspose 22, ConvInteger 10."""
from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import onnx

from .. import _core
from .._layer import problem_of, words

OPERATIONS = ("Conv", "ConvTranspose", "ConvInteger")


def is_convolution(node: onnx.NodeProto) -> bool:
    return node.domain in ("", "ai.onnx") and node.op_type in OPERATIONS


class Layer(NamedTuple):
    """What a node says, apart from its arrays."""

    transposed: bool
    words: dict[str, Any]


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    said = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in said.items()}


def name_of(node: onnx.NodeProto) -> str:
    return f"{node.op_type} '{node.name or (node.output[0] if node.output else '')}'"


def layer_of(node: onnx.NodeProto, x_shape: Sequence[int], w_shape: Sequence[int]) -> Layer:
    """The node's words for arrays of these shapes."""
    said, axes = _attributes(node), len(w_shape) - 2
    kernel = said.get("kernel_shape", list(w_shape[2:]))
    if list(kernel) != list(w_shape[2:]):
        raise ValueError(f"{name_of(node)} has kernel_shape {kernel}: w has shape {tuple(w_shape)}: both must name the same "
                         "kernel: leave kernel_shape out")
    for name, count in (("strides", axes), ("dilations", axes), ("output_padding", axes), ("output_shape", axes),
                        ("pads", 2 * axes)):
        if len(said.get(name, [])) not in (0, count):
            raise ValueError(f"{name_of(node)} has {name} {said[name]}: the kernel has {axes} axes: give {count} numbers")
    stride = tuple(said.get("strides", (1,) * axes))
    dilation = tuple(said.get("dilations", (1,) * axes))
    result: dict[str, Any] = {"stride": stride, "dilation": dilation, "groups": said.get("group", 1)}
    auto_pad, pads = said.get("auto_pad", "NOTSET"), said.get("pads", [0] * (2 * axes))
    padding = {"NOTSET": tuple(zip(pads[:axes], pads[axes:])), "VALID": "valid", "SAME_UPPER": "same",
               "SAME_LOWER": "same_lower"}
    if auto_pad not in padding:
        raise ValueError(f"{name_of(node)} has auto_pad {auto_pad}: words are {', '.join(padding)}: use one of them")
    result["padding"] = padding[auto_pad]
    if node.op_type != "ConvTranspose":
        return Layer(False, result)
    extra = said.get("output_padding", [0] * axes)
    result["output_padding"] = tuple(extra)
    if said.get("output_shape"):  # it computes the pads, whatever pads says
        sides, surplus = [], []
        for extent, k, s, d, more, wanted in zip(x_shape[2:], w_shape[2:], stride, dilation, extra, said["output_shape"]):
            total = (extent - 1) * s + (k - 1) * d + 1 + more - wanted
            small = max(0, total) // 2
            large = max(0, total) - small
            sides.append((small, large) if auto_pad == "SAME_UPPER" else (large, small))
            surplus.append(max(0, -total) + more)  # what is missing comes behind
        result.update(padding=tuple(sides), output_padding=tuple(surplus))
    return Layer(True, result)


def problem_of_node(node: onnx.NodeProto, x_shape: tuple[int, ...], w_shape: tuple[int, ...], dtype: str) -> _core.Problem:
    transposed, said = layer_of(node, x_shape, w_shape)
    return problem_of(transposed, x_shape, w_shape, dtype,
                      words(said["stride"], said["padding"], said["dilation"], said["groups"], "zeros", False,
                            said.get("output_padding", 0)))
