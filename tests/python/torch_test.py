"""PyTorch computes the same, and differentiates through the library."""
import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed")
functional = torch.nn.functional

import faltung  # noqa: E402
import faltung.torch  # noqa: E402

MODES = ["zeros", "reflect", "replicate", "circular"]


def whole(random, shape, dtype=torch.float64):
    """Small whole numbers: every sum is exact, equal means equal."""
    return torch.from_numpy(random.integers(-3, 4, shape)).to(dtype)


@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
@settings(max_examples=150)
@given(st.integers(1, 3), st.booleans(), st.sampled_from([torch.float32, torch.float64]), st.integers(0, 2**32 - 1))
def test_functions_equal_pytorch(axes, transposed, dtype, seed):
    random = np.random.default_rng(seed)
    each = lambda low, high: tuple(int(n) for n in random.integers(low, high + 1, axes))
    kernel, stride, dilation, padding, groups = each(1, 3), each(1, 3), each(1, 2), each(0, 1), int(random.integers(1, 3))
    x = whole(random, (2, 2 * groups, *each(6, 8)), dtype)
    if random.integers(2):
        x = x.transpose(-1, 1).contiguous().transpose(-1, 1)  # not dense
    w = whole(random, (2 * groups, 3, *kernel) if transposed else (3 * groups, 2, *kernel), dtype)
    b = whole(random, 3 * groups, dtype) if random.integers(2) else None
    if random.integers(2):
        stride, dilation, padding = stride[0], dilation[0], padding[0]
    words = dict(stride=stride, padding=padding, dilation=dilation, groups=groups)
    if transposed:
        words["output_padding"] = tuple(int(random.integers(max(s, d))) for s, d in
                                        zip(np.broadcast_to(stride, axes), np.broadcast_to(dilation, axes)))
    elif random.integers(3) == 0:
        words.update(stride=1, padding=str(random.choice(["same", "valid"])))
    if random.integers(4) == 0:
        x = x[0]  # without a batch
    name = f"conv_transpose{axes}d" if transposed else f"conv{axes}d"
    results, leaves = [], [tensor for tensor in (x, w, b) if tensor is not None]
    for module in (functional, faltung.torch):
        given_tensors = [None if tensor is None else tensor.clone().requires_grad_() for tensor in (x, w, b)]
        y = getattr(module, name)(*given_tensors, **words)
        cotangent = torch.arange(y.numel(), dtype=dtype).reshape(y.shape) % 5 - 2
        y.backward(cotangent)
        results.append([y.detach()] + [tensor.grad for tensor in given_tensors if tensor is not None])
    assert len(results[0]) == len(leaves) + 1
    for wanted, got in zip(*results):
        assert got.dtype == dtype and torch.equal(got, wanted)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_gradcheck(axes, transposed):
    torch.manual_seed(axes)
    leaf = lambda *shape: torch.randn(shape, dtype=torch.float64, requires_grad=True)
    function = getattr(faltung.torch, f"conv_transpose{axes}d" if transposed else f"conv{axes}d")
    words = dict(stride=2, padding=1, groups=2)
    for boundary in ("zeros", "reflect"):
        run = lambda x, w, b: function(x, w, b, padding_mode=boundary, **words)
        tensors = leaf(1, 4, *(5, 4, 3)[:axes]), leaf(4, 2, *(3, 2, 2)[:axes]), leaf(4)
        assert torch.autograd.gradcheck(run, tensors)
        assert torch.autograd.gradgradcheck(run, tensors)


def test_only_the_gradients_that_are_wanted():
    x, w, b = torch.ones(1, 1, 5), torch.ones(1, 1, 3, requires_grad=True), torch.ones(1)
    faltung.torch.conv1d(x, w, b).sum().backward()
    assert x.grad is None and b.grad is None and w.grad.tolist() == [[[3, 3, 3]]]
    with torch.no_grad():
        assert not faltung.torch.conv1d(x, w).requires_grad


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("mode", MODES)
def test_modules_equal_their_twins(axes, mode):
    torch.manual_seed(3)
    words = dict(kernel_size=3, stride=2, padding=1, groups=2, dilation=1)
    x = torch.randn(2, 4, *(8, 7, 6)[:axes], dtype=torch.float64)
    for kind, more in (("Conv", dict(padding_mode=mode)), ("ConvTranspose", dict(output_padding=1))):
        theirs = getattr(torch.nn, f"{kind}{axes}d")(4, 6, **words, **more).double()
        ours = getattr(faltung.torch, f"{kind}{axes}d")(4, 6, **words, **more).double()
        ours.load_state_dict(theirs.state_dict())
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-12, atol=1e-12)
        if kind == "ConvTranspose":
            size = [n * 2 for n in x.shape[2:]]
            torch.testing.assert_close(ours(x, output_size=size), theirs(x, output_size=size), rtol=1e-12, atol=1e-12)


class Own(torch.nn.Conv2d):
    """Derived: left alone."""


def test_replace_keeps_everything_else():
    torch.manual_seed(5)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, padding="same", padding_mode="circular"), torch.nn.BatchNorm2d(8), torch.nn.ReLU(),
                                torch.nn.Sequential(torch.nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1)), Own(4, 2, 1)).double()
    swapped = faltung.torch.replace(copy.deepcopy(model))
    assert [type(swapped[0]), type(swapped[3][0]), type(swapped[4])] == [faltung.torch.Conv2d, faltung.torch.ConvTranspose2d, Own]
    x = torch.randn(2, 3, 6, 5, dtype=torch.float64)
    for one in (model, swapped):
        optimizer = torch.optim.SGD(one.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            one(x).square().mean().backward()
            optimizer.step()
    for wanted, got in zip(model.parameters(), swapped.parameters()):
        torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-12)
    again = pickle.loads(pickle.dumps(swapped)).eval()
    torch.testing.assert_close(again(x), swapped.eval()(x))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_halves_are_summed_in_float32(dtype):
    torch.manual_seed(1)
    x, w = torch.randn(1, 8, 20).to(dtype), torch.randn(4, 8, 5).to(dtype)
    got = faltung.torch.conv1d(x, w, accuracy="strict")
    assert got.dtype == dtype
    assert torch.equal(got, faltung.torch.conv1d(x.float(), w.float(), accuracy="strict").to(dtype))


def test_whole_numbers_stay_exact():
    x, w = torch.full((1, 1, 3), 2**61), torch.ones(1, 1, 2, dtype=torch.int64)
    assert faltung.torch.conv1d(x, w).tolist() == [[[2**62, 2**62]]]


def test_refusals():
    x, w = torch.ones(1, 2, 8, 8), torch.ones(4, 2, 3, 3)
    for call, error, text in (
        (lambda: faltung.torch.conv2d(x.numpy(), w), TypeError, "input is a ndarray: it must be a torch.Tensor"),
        (lambda: faltung.torch.conv2d(x, w.double()), TypeError, "weight is of type torch.float64, input of torch.float32"),
        (lambda: faltung.torch.conv1d(x, w), ValueError, r"weight has shape \(4, 2, 3, 3\): with 1 axes it has 3"),
        (lambda: faltung.torch.conv2d(x[:, :1], w), ValueError, "input has 1 channels: weight of shape"),
        (lambda: faltung.torch.conv2d(x, w, torch.ones(3)), ValueError, "a bias of 3 numbers"),
        (lambda: faltung.torch.conv2d(x, w, padding_mode="mirror"), ValueError, "boundary"),
        (lambda: faltung.torch.conv2d(x.to("meta"), w), ValueError, "it must be dense, in the CPU's memory"),
        (lambda: faltung.torch.conv2d(x.to_sparse(), w), ValueError, "it must be dense")):
        with pytest.raises(error, match=text):
            call()
