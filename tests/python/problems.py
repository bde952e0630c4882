"""Problems for Hypothesis: every feature, small enough for the reference."""
import dataclasses
from typing import Any

import numpy as np
from hypothesis import strategies as st

from reference import Layer

BOUNDARIES = ("zeros", "reflect", "symmetric", "replicate", "circular")


@dataclasses.dataclass
class Case:
    """A layer: words for the library, the reference that knows the same layer, and the shapes of its arrays."""

    transposed: bool
    words: dict[str, Any]
    layer: Layer
    x_shape: tuple[int, ...]
    w_shape: tuple[int, ...]
    y_shape: tuple[int, ...]
    seed: int

    def __repr__(self):
        return f"Case(transposed={self.transposed}, x={self.x_shape}, w={self.w_shape}, {self.words}, seed={self.seed})"

    def arrays(self, dtype=np.float64, largest=3):
        """Input, weights, output-like, bias: small whole numbers, so that every sum is exact in any order and type."""
        random = np.random.default_rng(self.seed)
        make = lambda shape: random.integers(-largest, largest + 1, shape).astype(dtype)
        return make(self.x_shape), make(self.w_shape), make(self.y_shape), make(self.y_shape[1:2])

    def forward(self, x, w):
        return self.layer.scatter(x, w) if self.transposed else self.layer.gather(x, w)

    def input_gradient(self, grad, w):
        return self.layer.gather(grad, w) if self.transposed else self.layer.scatter(grad, w)

    def weight_gradient(self, grad, x):
        return self.layer.correlate(grad, x, self.w_shape) if self.transposed else self.layer.correlate(x, grad, self.w_shape)


@st.composite
def cases(draw, max_axes=3):
    axes = draw(st.integers(1, max_axes))
    largest = {1: 20, 2: 9, 3: 5}[axes]
    each = lambda strategy: tuple(draw(strategy) for _ in range(axes))
    transposed, groups, batch = draw(st.booleans()), draw(st.integers(1, 3)), draw(st.integers(0, 3))
    fine_channels, coarse_channels = (groups * draw(st.integers(1, 3)) for _ in range(2))
    kernel, stride, dilation = each(st.integers(1, 4)), each(st.integers(1, 4)), each(st.integers(1, 3))
    pads, boundary = each(st.tuples(st.integers(0, 6), st.integers(0, 6))), each(st.sampled_from(BOUNDARIES))
    flip = draw(st.booleans())
    span = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    words = dict(stride=stride, dilation=dilation, padding=pads, boundary=boundary, groups=groups, flip=flip)
    if transposed:
        surplus = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation))
        # the fewest cells that leave something after the cut
        fewest = [max(1, -(-(1 + sum(p) - reach - extra) // s) + 1)
                  for p, reach, extra, s in zip(pads, span, surplus, stride)]
        coarse = tuple(draw(st.integers(low, low + largest // 2)) for low in fewest)
        fine = tuple((c - 1) * s + reach + extra - sum(p)
                     for c, s, reach, extra, p in zip(coarse, stride, span, surplus, pads))
        words["output_padding"] = surplus
    else:
        fine = tuple(draw(st.integers(max(1, reach - sum(p)), largest + max(1, reach - sum(p)))) for reach, p in zip(span, pads))
        coarse = tuple((n + sum(p) - reach) // s + 1 for n, p, reach, s in zip(fine, pads, span, stride))
    sides = {False: (batch, fine_channels, *fine), True: (batch, coarse_channels, *coarse)}
    return Case(transposed, words, Layer(fine, coarse, kernel, stride, dilation, pads, boundary, groups, flip),
                sides[transposed], (coarse_channels, fine_channels // groups, *kernel), sides[not transposed],
                draw(st.integers(0, 2**32 - 1)))
