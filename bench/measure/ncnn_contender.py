"""ncnn: a network of one layer, f32 throughout, its own packed layouts inside, plain arrays outside."""

import os

import ncnn
import numpy as np

from library import Refusal

# The layers' parameters, by number: ncnn's docs/developer-guide/operators.md. Axes are x, y, z here.
KERNEL = (1, 11, 21)
DILATION = (2, 12, 22)
STRIDE = (3, 13, 23)
PAD_BEFORE = (4, 14, 24)
PAD_AFTER = (15, 16, 17)
SURPLUS = (18, 19, 20)  # output_pad_right, _bottom, _behind of the deconvolutions


def layer_of(problem):
    transposed = problem.unknown == "fine"
    name = ("Deconvolution" if transposed else "Convolution") + ("DepthWise" if problem.groups > 1 else "")
    name += {1: "1D", 2: "", 3: "3D"}[problem.rank]
    weights = int(np.prod(problem.shapes["weights"]))
    parameters = {0: problem.fine_channels if transposed else problem.coarse_channels, 5: 0, 6: weights}
    if problem.groups > 1:
        parameters[7] = problem.groups
    rows = [(KERNEL, problem.kernel), (DILATION, problem.dilation), (STRIDE, problem.stride), (PAD_BEFORE, problem.pad_before)]
    rows.append((PAD_AFTER, problem.pad_after))
    if transposed:
        rows.append((SURPLUS, problem.surplus))
    for numbers, values in rows:
        parameters.update(zip(numbers, reversed(values)))
    text = " ".join(f"{number}={value}" for number, value in parameters.items())
    return name, f"7767517\n2 2\nInput in 0 1 x\n{name} layer 1 1 x y {text}\n"


def weights_of(problem, weights):
    """ncnn wants [output, input/groups, taps], group after group, for both directions."""
    if problem.unknown == "fine":
        groups = problem.groups
        by_group = weights.reshape(groups, problem.coarse_channels // groups, *weights.shape[1:])
        weights = by_group.swapaxes(1, 2)
    return np.ascontiguousarray(weights)


class _NcnnRun:
    def __init__(self, network, allocators, x, note):
        self.note = note
        self._network, self._allocators = network, allocators
        self._mat = ncnn.Mat(x).clone()  # with its own alignment of channels
        self._y = None

    def run(self):
        self._y = None  # back to the allocator, which hands it out again
        extractor = self._network.create_extractor()
        extractor.input("x", self._mat)
        _, self._y = extractor.extract("y")

    @property
    def result(self):
        return np.array(self._y)[np.newaxis]

    def __del__(self):
        # in this order: arrays, network, allocators
        self._y = self._mat = None
        self._network.clear()
        self._network = None


class Ncnn:
    name = "ncnn"
    threads_are = "as many as asked"

    def __init__(self, threads, scratch):
        self._threads, self._scratch = threads, scratch

    def prepare(self, problem, arrays):
        if problem.unknown == "weights":
            raise Refusal("no weight gradients")
        if problem.batch != 1 or not problem.plain:
            raise Refusal("only batch 1, f32, zeros, unflipped")
        layer, text = layer_of(problem)
        network = ncnn.Net()
        network.opt.num_threads = self._threads
        # without these every call asks the system for its output anew and pays for the page faults
        allocators = (ncnn.PoolAllocator(), ncnn.PoolAllocator())
        network.opt.blob_allocator, network.opt.workspace_allocator = allocators
        for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_packed", "use_bf16_storage"):
            setattr(network.opt, option, False)
        # a tag of four zero bytes says that f32 numbers follow
        path = os.path.join(self._scratch, "ncnn.bin")
        with open(path, "wb") as file:
            file.write(b"\0\0\0\0" + weights_of(problem, arrays["weights"]).tobytes())
        try:
            if network.load_param_mem(text) != 0 or network.load_model(path) != 0:
                raise Refusal(f"cannot load {layer}")
        finally:
            os.remove(path)
        given = "fine" if problem.unknown == "coarse" else "coarse"
        return _NcnnRun(network, allocators, arrays[given][0], layer)
