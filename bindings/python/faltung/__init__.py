"""Faltung: convolution and its transpose as one linear operator.

>>> import numpy as np, faltung
>>> x = np.random.default_rng(1).standard_normal((1, 3, 32, 32), np.float32)
>>> w = np.random.default_rng(2).standard_normal((8, 3, 3, 3), np.float32)
>>> y = faltung.conv(x, w, stride=2, padding=1)
>>> y.shape
(1, 8, 16, 16)
>>> faltung.conv_transpose(y, w, stride=2, padding=1, output_padding=1).shape
(1, 3, 32, 32)

Arrays are ``[N, C, *spatial]`` with one to three spatial axes; weights as in PyTorch. Bridges that import their framework
only when asked: `faltung.onnx`, `faltung.dask`, `faltung.torch`, `faltung.jax`.
"""
from ._core import AlgorithmInfo, Problem, __version__, algorithms, available_targets
from ._explain import explain
from ._functions import (conv, conv_bias_grad, conv_input_grad, conv_transpose, conv_transpose_bias_grad,
                         conv_transpose_input_grad, conv_transpose_weight_grad, conv_weight_grad)
from ._integer import conv_integer
from ._operator import ConvOperator, matrix, operator
from ._plan import Plan, shape
from ._tune import tune

__all__ = [
    "AlgorithmInfo", "ConvOperator", "Plan", "Problem", "__version__", "algorithms", "available_targets", "conv", "conv_bias_grad",
    "conv_input_grad", "conv_integer", "conv_transpose", "conv_transpose_bias_grad", "conv_transpose_input_grad",
    "conv_transpose_weight_grad", "conv_weight_grad", "explain", "matrix", "operator", "shape", "tune"
]
