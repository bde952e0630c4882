"""PyTorch on the CPU: functions and modules with the signatures of `torch.nn.functional` and `torch.nn`, differentiable to any
order, and `replace`, which makes a model use them.

A layer is one form, linear in its input x, its weights w and its output's cotangent y. Each of the three is computed from the
other two, and the gradient of each is one of the others: so one autograd function serves both directions and all their
derivatives.

>>> import torch, faltung.torch
>>> x, w = torch.ones(1, 2, 5, 5, requires_grad=True), torch.ones(4, 2, 3, 3)
>>> y = faltung.torch.conv2d(x, w, stride=2, padding=1, padding_mode="reflect")
>>> y.shape
torch.Size([1, 4, 3, 3])
>>> y.sum().backward()
>>> x.grad.shape
torch.Size([1, 2, 5, 5])
>>> model = faltung.torch.replace(torch.nn.Sequential(torch.nn.Conv1d(1, 2, 3), torch.nn.ReLU()))
>>> type(model[0])
<class 'faltung.torch.Conv1d'>
"""
from __future__ import annotations

from typing import Any, NamedTuple

import torch

from . import _functions
from ._layer import problem_of
from ._layer import words as words_of

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "conv1d", "conv2d", "conv3d",
           "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "replace"]


class _Layer(NamedTuple):
    """What is fixed while the three arrays vary."""

    transposed: bool
    x_shape: tuple[int, ...]
    w_shape: tuple[int, ...]
    words: dict[str, Any]


def _numbers(tensor: torch.Tensor, name: str) -> Any:
    """The tensor's memory as NumPy sees it; halves as float32, in which they are summed."""
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"{name} is a {type(tensor).__name__}: it must be a torch.Tensor: make it one with torch.as_tensor")
    if tensor.device.type != "cpu" or tensor.layout != torch.strided:
        raise ValueError(f"{name} is a {tensor.layout} tensor on {tensor.device}: it must be dense, in the CPU's memory: use "
                         f"{name}.cpu().to_dense()")
    tensor = tensor.detach()
    return (tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor).numpy()


class _Term(torch.autograd.Function):
    """One of x, w, y from the other two; `bias` is added to y."""

    @staticmethod
    def forward(ctx, wanted, layer, first, second, bias):
        ctx.wanted, ctx.layer, ctx.biased = wanted, layer, bias is not None
        ctx.save_for_backward(first, second)
        prefix = "conv_transpose" if layer.transposed else "conv"
        a, b = (_numbers(tensor, name) for tensor, name in zip((first, second), _others(wanted)))
        if wanted == "y":
            made = getattr(_functions, prefix)(a, b, None if bias is None else _numbers(bias, "bias"), **layer.words)
        elif wanted == "x":  # from w and y
            made = getattr(_functions, f"{prefix}_input_grad")(b, a, layer.x_shape, **layer.words)
        else:  # from x and y
            made = getattr(_functions, f"{prefix}_weight_grad")(b, a, layer.w_shape, **layer.words)
        result = torch.from_numpy(made)
        return result.to(first.dtype) if first.is_floating_point() else result

    @staticmethod
    def backward(ctx, cotangent):
        arrays = dict(zip(_others(ctx.wanted), ctx.saved_tensors))
        arrays[ctx.wanted] = cotangent
        gradients = []
        for name, needed in zip(_others(ctx.wanted), ctx.needs_input_grad[2:4]):
            given = [arrays[other] for other in _others(name)]
            gradients.append(_Term.apply(name, ctx.layer, *given, None) if needed else None)
        bias = cotangent.sum(dim=[0, *range(2, cotangent.dim())]) if ctx.biased and ctx.needs_input_grad[4] else None
        return None, None, *gradients, bias


def _others(wanted: str) -> tuple[str, str]:
    return {"x": ("w", "y"), "w": ("x", "y"), "y": ("x", "w")}[wanted]


def _apply(axes, transposed, x, w, bias, words):
    for tensor, name in ((x, "input"), (w, "weight"), *([(bias, "bias")] if bias is not None else [])):
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"{name} is a {type(tensor).__name__}: it must be a torch.Tensor: make it one with torch.as_tensor")
        if tensor.dtype != x.dtype:
            raise TypeError(f"{name} is of type {tensor.dtype}, input of {x.dtype}: they must be the same: convert one with .to")
    if w.dim() != axes + 2:
        raise ValueError(f"weight has shape {tuple(w.shape)}: with {axes} axes it has {axes + 2}: reshape it, or use the function "
                         f"for {w.dim() - 2} axes")
    words["boundary"] = words.pop("padding_mode")
    single = x.dim() == axes + 1  # no batch, as PyTorch allows
    batch = x.unsqueeze(0) if single else x
    layer = _Layer(transposed, tuple(batch.shape), tuple(w.shape), words)
    try:
        y = _Term.apply("y", layer, batch, w, bias)
    except ValueError:
        said = {name: word for name, word in words.items() if name not in ("algorithm", "accuracy", "threads")}
        problem_of(transposed, layer.x_shape, layer.w_shape, "f32", words_of(flip=False, **said), "input", "weight")
        raise
    return y.squeeze(0) if single else y


def _conv(axes: int):
    def function(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, *, padding_mode="zeros", algorithm="auto",
                 accuracy="default", threads=None):
        return _apply(axes, False, input, weight, bias,
                      dict(stride=stride, padding=padding, dilation=dilation, groups=groups, padding_mode=padding_mode,
                           algorithm=algorithm, accuracy=accuracy, threads=threads))

    function.__name__ = function.__qualname__ = f"conv{axes}d"
    function.__doc__ = f"""`torch.nn.functional.conv{axes}d` by Faltung.

    Parameters
    ----------
    input, weight, bias, stride, padding, dilation, groups
        As there; `padding` also takes (before, after) pairs and the words of `faltung.conv`.
    padding_mode : str
        As in `torch.nn.Conv{axes}d`, and ``"symmetric"``.
    algorithm, accuracy, threads
        As in `faltung.conv`.

    Returns
    -------
    torch.Tensor

    Raises
    ------
    ValueError, TypeError
        As `faltung.conv`; also for tensors that are not in the CPU's memory, or of two types.
    """
    return function


def _conv_transpose(axes: int):
    def function(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1, *, output_size=None,
                 padding_mode="zeros", algorithm="auto", accuracy="default", threads=None):
        return _apply(axes, True, input, weight, bias,
                      dict(stride=stride, padding=padding, output_padding=output_padding, output_size=output_size,
                           dilation=dilation, groups=groups, padding_mode=padding_mode, algorithm=algorithm, accuracy=accuracy,
                           threads=threads))

    function.__name__ = function.__qualname__ = f"conv_transpose{axes}d"
    function.__doc__ = f"""`torch.nn.functional.conv_transpose{axes}d` by Faltung.

    Parameters
    ----------
    input, weight, bias, stride, padding, output_padding, groups, dilation
        As there.
    output_size, padding_mode
        As `output_size` and `boundary` in `faltung.conv_transpose`.
    algorithm, accuracy, threads
        As in `faltung.conv`.

    Returns
    -------
    torch.Tensor

    Raises
    ------
    ValueError, TypeError
        As `faltung.conv_transpose`; also for tensors that are not in the CPU's memory, or of two types.
    """
    return function


conv1d, conv2d, conv3d = (_conv(axes) for axes in (1, 2, 3))
conv_transpose1d, conv_transpose2d, conv_transpose3d = (_conv_transpose(axes) for axes in (1, 2, 3))


class _Conv:
    """What makes one of PyTorch's modules compute with Faltung."""

    def _conv_forward(self, input, weight, bias):
        function = (conv1d, conv2d, conv3d)[weight.dim() - 3]
        return function(input, weight, bias, self.stride, self.padding, self.dilation, self.groups, padding_mode=self.padding_mode)


class _ConvTranspose:
    def forward(self, input, output_size=None):
        axes = self.weight.dim() - 2
        function = (conv_transpose1d, conv_transpose2d, conv_transpose3d)[axes - 1]
        padding = dict(output_padding=self.output_padding) if output_size is None else \
            dict(output_size=tuple(output_size)[-axes:])
        return function(input, self.weight, self.bias, self.stride, self.padding, groups=self.groups, dilation=self.dilation,
                        **padding)


class Conv1d(_Conv, torch.nn.Conv1d):
    """`torch.nn.Conv1d` by Faltung."""


class Conv2d(_Conv, torch.nn.Conv2d):
    """`torch.nn.Conv2d` by Faltung."""


class Conv3d(_Conv, torch.nn.Conv3d):
    """`torch.nn.Conv3d` by Faltung."""


class ConvTranspose1d(_ConvTranspose, torch.nn.ConvTranspose1d):
    """`torch.nn.ConvTranspose1d` by Faltung."""


class ConvTranspose2d(_ConvTranspose, torch.nn.ConvTranspose2d):
    """`torch.nn.ConvTranspose2d` by Faltung."""


class ConvTranspose3d(_ConvTranspose, torch.nn.ConvTranspose3d):
    """`torch.nn.ConvTranspose3d` by Faltung."""


_TWINS = {twin.__mro__[2]: twin for twin in (Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)}


def replace(model: torch.nn.Module) -> torch.nn.Module:
    """Makes every convolution of a model a twin of this module, in place; parameters, hooks and names stay.

    Parameters
    ----------
    model : torch.nn.Module

    Returns
    -------
    torch.nn.Module
        The same model.

    Examples
    --------
    >>> import torch, faltung.torch
    >>> model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ConvTranspose2d(8, 3, 3))
    >>> [type(layer).__module__ for layer in faltung.torch.replace(model)]
    ['faltung.torch', 'faltung.torch']
    """
    for module in model.modules():
        if type(module) in _TWINS:  # a class derived from one of them has a reason of its own
            module.__class__ = _TWINS[type(module)]
    return model
