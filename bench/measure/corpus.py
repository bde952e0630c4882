"""Problems to measure: from a corpus file, or drawn by a seed."""

import random

from library import Refusal
from usage import UsageError

# Drawn problems lie between these: the floor, and what one core does in about ten seconds with every peer together.
LEAST_FLOPS, MOST_FLOPS = 5e6, 2e9
MOST_NUMBERS = 1 << 24  # per array: 64 MiB


def read(library, path):
    problems = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            words = line.split("#")[0].split(maxsplit=1)
            if not words:
                continue
            if len(words) == 1:
                raise UsageError(f"{path}:{number}: `{words[0]}`: a line is a name and a problem string: put a name before the problem")
            try:
                problems.append(library.problem(words[0], words[1].strip()))
            except Refusal as error:
                raise UsageError(f"{path}:{number}: {error}") from error
    names = [problem.name for problem in problems]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{path}: `{name}` names two problems: names in a corpus are unique: rename one")
    return problems


def _draw(r):
    rank = r.choices((1, 2, 3), (2, 6, 2))[0]
    transposed = r.random() < 0.5
    largest = {1: 20000, 2: 300, 3: 48}[rank]
    extents = [round(2 ** r.uniform(2, largest.bit_length())) for _ in range(rank)]
    if r.random() < 0.6:
        extents = extents[:1] * rank
    kernel = [r.choices((1, 2, 3, 4, 5, 7, 9, 15), (2, 2, 6, 2, 2, 1, 1, 1))[0] for _ in range(rank)]
    if r.random() < 0.7:
        kernel = kernel[:1] * rank
    channels = lambda: round(2 ** r.uniform(0, 9)) if r.random() < 0.7 else 2 ** r.randint(0, 9)
    inputs, outputs, groups = channels(), channels(), 1
    if r.random() < 0.2:
        groups = outputs = inputs
    elif r.random() < 0.1:
        groups = r.choice((2, 3, 4))
        inputs, outputs = inputs * groups, outputs * groups
    stride, dilation = r.choices((1, 2, 3, 4), (5, 4, 1, 1))[0], r.choices((1, 2, 3), (8, 1, 1))[0]
    pad = "x".join(str(r.choice((0, (k - 1) * dilation // 2))) for k in kernel)
    layer = f"conv{'t' if transposed else ''}{rank}d"
    i, k = "x".join(map(str, extents)), "x".join(map(str, kernel))
    return f"{layer} g{groups} ic{inputs} oc{outputs} i{i} k{k} s{stride} d{dilation} p{pad}"


def drawn(library, count, seed):
    """The same problems for the same seed; refused and too small or too large ones are drawn again."""
    r = random.Random(seed)
    problems = []
    while len(problems) < count:
        try:
            problem = library.problem(f"r{len(problems) + 1}", _draw(r))
        except Refusal:
            continue
        numbers = max(_count(shape) for shape in problem.shapes.values())
        if LEAST_FLOPS <= problem.flops <= MOST_FLOPS and numbers <= MOST_NUMBERS:
            problems.append(problem)
    return problems


def _count(shape):
    product = 1
    for extent in shape:
        product *= extent
    return product
