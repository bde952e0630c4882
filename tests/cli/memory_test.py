"""Where the system gives little memory, every command works, or ends soon with exit status 2 and one line."""
import resource
import subprocess

import numpy as np
import pytest

MEGABYTE = 1 << 20
# what the program itself takes is some 50; a buffer of OpenBLAS takes 128
LIMITS = [*range(40, 100, 10), *range(100, 420, 40)]

PROBLEM = "conv2d ic2 oc3 i20x20 k3x3 p1"
CALLS = {
    "version": ["--version"],
    "conv": ["conv", "x.npy", "--weight", "w.npy", "-o", "y.npy"],
    "conv of blocks": ["conv", "x.npy", "--weight", "w.npy", "--stream", "-o", "y.npy"],
    "conv of a picture": ["conv", "x.png", "--kernel", "gaussian:2", "-o", "y.png"],
    "conv of a large array": ["conv", "large.npy", "--weight", "w.npy", "-o", "y.npy"],
    "conv-transpose": ["conv-transpose", "x.npy", "--weight", "t.npy", "-o", "y.npy"],
    **{f"conv by {name}": ["conv", "x.npy", "--weight", "w.npy", "--algorithm", name, "--threads", "2", "-o", "y.npy"]
       for name in ("sliding_window", "kernel_matrix", "im2col_blas", "polyphase", "depthwise", "fully_connected", "winograd", "fft", "kn2row")},
    "grad": ["grad", "weight", "g.npy", "--input", "x.npy", "--kernel-size", "3x3", "--padding", "1", "-o", "y.npy"],
    "matrix": ["matrix", "--problem", "conv2d i5x5 k3x3", "--symbolic", "-o", "y.html"],
    "explain": ["explain", "--problem", "conv2d i5x5 k3x3", "--format", "json"],
    "shape": ["shape", "--json", PROBLEM],
    "plan": ["plan", PROBLEM],
    "check": ["check", PROBLEM],
    "tune": ["tune", PROBLEM, "--seconds", "0.01", "--wisdom", "wisdom.json"],
    "bench": ["bench", PROBLEM, "--seconds", "0.01"],
    "nonsense": ["nonsense"],
}


def run(faltung, arguments, megabytes):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * MEGABYTE, megabytes * MEGABYTE))

    return subprocess.run([faltung.program, *arguments], cwd=faltung.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=30, check=False, preexec_fn=limit)


@pytest.fixture
def files(faltung, random):
    from PIL import Image
    faltung.save("x.npy", random.standard_normal((1, 2, 20, 20), np.float32))
    faltung.save("large.npy", np.zeros((1, 2, 2000, 2000), np.float32))
    faltung.save("w.npy", random.standard_normal((3, 2, 3, 3), np.float32))
    faltung.save("t.npy", random.standard_normal((2, 3, 3, 3), np.float32))
    faltung.save("g.npy", random.standard_normal((1, 3, 20, 20), np.float32))
    Image.fromarray(random.integers(0, 256, (30, 20, 3), np.uint8)).save(faltung.folder / "x.png")
    return faltung


def test_where_memory_is_short_there_is_an_answer(files):
    limits = [limit for limit in LIMITS if run(files, ["--version"], limit).returncode == 0]  # the loader has enough
    assert len(limits) >= 10

    def answer(call):
        (name, arguments), limit = call
        try:
            done = run(files, arguments, limit)
        except subprocess.TimeoutExpired:
            return name, limit, "no answer"
        error = done.stderr
        one_line = error.startswith("faltung: ") and error.endswith("\n") and error.count("\n") == 1
        if done.returncode == 0 and not error or done.returncode == 2 and one_line:
            return name, limit, done.returncode
        return name, limit, f"exit status {done.returncode}: {error}"

    # a call after the other: they write the same file
    answers = [answer((call, limit)) for limit in limits for call in CALLS.items()]
    wrong = [one for one in answers if one[2] not in (0, 2)]
    assert not wrong, wrong
    most = {name: status for name, limit, status in answers if limit == limits[-1]}
    assert {name for name, status in most.items() if status == 2} == {"nonsense"}
    assert [status for name, limit, status in answers if name == "conv by im2col_blas"][0] == 2
