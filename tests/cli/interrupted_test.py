"""A full disk, a read-only folder, a closed pipe, an interrupt: one line and exit status 2, and never half a file."""
import os
import resource
import signal
import subprocess
import time

import numpy as np
import pytest

LARGE = ["conv", "x.npy", "--weight", "w.npy", "--algorithm", "sliding_window"]


@pytest.fixture
def large(faltung):
    """A convolution of some seconds."""
    faltung.save("x.npy", np.zeros((2000, 2000), np.float32))
    faltung.save("w.npy", np.zeros((21, 21), np.float32))
    return faltung


def refused(result):
    assert result.returncode == 2, (result.returncode, result.stderr)
    assert result.stderr.startswith("faltung: ") and result.stderr.count("\n") == 1
    return result.stderr


WRITERS = [
    ["conv", "x.npy", "--weight", "w.npy", "-o", "y.npy"],
    ["conv", "x.npy", "--weight", "w.npy", "--stream", "-o", "y.npy"],
    ["conv", "photo.png", "--kernel", "box:3", "-o", "y.png"],
    ["conv", "photo.png", "--kernel", "box:3", "-o", "y.jpg"],
    ["conv", "sound.wav", "--weight", "tap.npy", "-o", "y.wav"],
    ["conv", "sound.wav", "--weight", "tap.npy", "--stream", "-o", "y.wav"],
    ["grad", "bias", "many.npy", "-o", "y.npy"],
    *[["matrix", "--input", "20x20", "--weight", "w.npy", "-o", name] for name in ["y.npy", "y.npz", "y.mtx", "y.txt", "y.md", "y.tex", "y.html"]],
]


@pytest.fixture
def full(faltung, random):
    from PIL import Image
    import wave
    faltung.save("x.npy", random.standard_normal((200, 200)))
    faltung.save("w.npy", random.standard_normal((2, 2)))
    faltung.save("tap.npy", np.ones(1))
    faltung.save("many.npy", np.ones((1, 9000, 1)))
    Image.fromarray(random.integers(0, 256, (200, 200), np.uint8)).save(faltung.folder / "photo.png")
    with wave.open(str(faltung.folder / "sound.wav"), "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
        file.writeframes(random.integers(-999, 999, 60000).astype("<i2").tobytes())
    return faltung


@pytest.mark.parametrize("arguments", WRITERS, ids=lambda a: f"{a[0]}-{a[-1]}{'-stream' if '--stream' in a else ''}")
def test_a_full_disk(full, arguments):
    """A limit of 1 kB on files stands for it."""
    before = full.files()
    result = subprocess.run([full.program, *arguments], cwd=full.folder, capture_output=True, text=True, check=False,
                            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)))
    assert arguments[-1] in refused(result)
    assert full.files() == before


def mounted(folder, options):
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


@pytest.mark.parametrize("options, says", [("size=64k", "No space left"), ("ro", "Read-only file system")])
def test_a_disk_that_is_full_or_read_only(full, options, says):
    disk = full.folder / "disk"
    disk.mkdir()
    mounted(disk, options)
    try:
        for extra in [[], ["--stream"]]:
            result = subprocess.run([full.program, "conv", "x.npy", "--weight", "w.npy", *extra, "-o", "disk/y.npy"], cwd=full.folder,
                                    capture_output=True, text=True, check=False)
            line = refused(result)
            assert says in line and "disk/y.npy" in line
            assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_closed_pipe(faltung):
    for arguments in [["matrix", "--input", "99x99", "--kernel-size", "2x2"], ["plan", "conv1d i9 k3"], ["check", "conv1d i9 k3"], ["--help"]]:
        ours, theirs = os.pipe()
        os.close(ours)
        result = subprocess.run([faltung.program, *arguments], cwd=faltung.folder, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False)
        os.close(theirs)
        if arguments == ["matrix", "--input", "99x99", "--kernel-size", "2x2"]:
            assert result.returncode == 2  # too large to print
        else:
            assert "standard output" in refused(result)


def notice_signals():
    """Undoes what nohup, or a shell that starts jobs in the background, makes a child ignore; the program leaves that as it is."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("stream", [[], ["--stream", "--memory", "1"]], ids=["whole", "stream"])
def test_an_interrupt_leaves_no_file(large, number, stream):
    before = large.files().keys()
    process = subprocess.Popen(
        [large.program, *LARGE, *stream, "-o", "y.npy"],
        cwd=large.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=notice_signals,
    )
    deadline = time.monotonic() + 20
    while stream and not [path for path in large.folder.iterdir() if path.name.startswith("y.npy.")]:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    time.sleep(0.1)
    assert process.poll() is None
    process.send_signal(number)
    assert process.wait() == -number
    assert large.files().keys() == before
