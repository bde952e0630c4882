"""300 and more hostile calls of the command, generated: (words, a part of the line that must name what is wrong).

`python3 tests/cli/hostile.py` prints the table that stands in hostile.txt; a test compares the two.
"""
import io
import struct
import zlib

import numpy as np

LONG = "7" * 5000
NO_NUMBERS = ["x", "2x", "x2", "two", "nan", "1e3", "1.5", "0b1", "+1", " 1", "1;ls", "%s%n", "２", "\x1b[31m", "1\n2", "--", "9223372036854775808", LONG]


def calls():
    conv = ["conv", "x.npy", "--weight", "w.npy", "-o", "y.npy"]
    back = ["conv-transpose", "x.npy", "--weight", "back.npy", "-o", "y.npy"]
    shape = ["shape", "--input", "9x9", "--kernel-size", "3x3"]
    yield from numbers(conv, back, shape)
    yield from words(conv)
    yield from strings()
    yield from files()
    yield from outputs(conv)
    yield from shapes()


def numbers(conv, back, shape):
    for option in ["--stride", "--dilation", "--padding"]:
        for value in NO_NUMBERS:
            yield [*conv, option, value], option
        for value in ["-1", "1x1x1", "-9223372036854775808", *(["9223372036854775807"] if option != "--stride" else [])]:
            yield [*conv, option, value], option[2:]
    for option in ["--stride", "--dilation"]:
        yield [*conv, option, "0"], option[2:]
    for option in ["--output-padding", "--output-size", "--output-shape"]:
        name = option[2:].replace("-", " ").split()[0]
        for value in ["x", "1.5", LONG, "-1", "1x1x1", "9223372036854775807"]:
            yield [*back, "--stride", "2", option, value], name
    for option in ["--input", "--kernel-size"]:
        for value in ["", "0", "-3", "3x0", "9x9x9x9", "a", "3X3", "3,3", LONG]:
            yield ["shape", "--input", "9x9", "--kernel-size", "3x3"][:1] + (["--kernel-size", "3x3"] if option == "--input" else ["--input", "9x9"]) + \
                [option, value], ("kernel" if option == "--kernel-size" else "input")
    for option in ["--batch", "--groups", "--in-channels", "--out-channels"]:
        for value in ["x", "-1", "99999999999999999999", "1.5"]:
            yield [*shape, option, value], option[2:].split("-")[-1]
    yield [*shape, "--groups", "0"], "groups"
    yield [*shape, "--in-channels", "3", "--groups", "2"], "groups"
    yield [*shape, "--batch", "9223372036854775807"], "64 bits"
    for option in ["--threads"]:
        for value in ["x", "-1", "4097", "99999999999"]:
            yield [*conv, option, value], "threads"
    for option, value in [("--pixel-limit", "x"), ("--sample-limit", "1.5"), ("--memory", "ten")]:
        yield [*conv, option, value], option
    for value in ["0", "-5", "2000000000"]:
        yield [*conv, "--stream", "--memory", value], "--memory"
    for option, value in [("--seed", "-1"), ("--seed", "x"), ("--threads", "-2")]:
        yield ["check", "conv1d i9 k3", option, value], option[2:]
    for value in ["-1", "nan", "1e9", "x"]:
        yield ["bench", "conv1d i9 k3", "--seconds", value], "--seconds"


def words(conv):
    for option in ["--boundary", "--algorithm", "--accuracy", "--dtype"]:
        for value in ["", "none", "ZEROS", "zeros ", "../../etc/passwd", "é", "a" * 3000]:
            yield [*conv, option, value], option if not value or option != "--algorithm" else "algorithm"
    yield [*conv, "--boundary", "zerosxzerosxzeros"], "boundary"
    for value in ["", "gaussian", "gaussian:", "gaussian:0", "gaussian:-1", "gaussian:nan", "gaussian:inf", "gaussian:1e9", "gaussian:2x", "box", "box:0",
                  "box:-3", "box:9999", "box:3x3x3", "bilinear:0", "bilinear:1.5", "bilinear:2x2", "sobel", "sobel-x:3", "laplacian:", "-", "%n", LONG]:
        yield ["conv", "grey.png", "-o", "y.png", "--kernel", value], "--kernel"
    for unknown in ["--strde", "--no-such", "-z", "--stride=1=2", "--weight"]:
        yield [*conv, unknown], unknown[:8]
    for command in ["convolve", "CONV", "conv2d", "matrices", "é", "a" * 300, "con\x07v"]:
        yield [command], "is no command"
    yield ["grad", "everything"], "everything"
    yield [*conv, "extra.npy"], "extra.npy"


def strings():
    for text, name in [
            ("conv", "conv"), ("conv4d i3 k2", "conv4d"), ("conv0d i3 k2", "conv0d"), ("convt i3 k2", "convt"), ("conv2d-dy i3x3 k2x2", "conv2d-dy"),
            ("Conv2d i3x3 k2x2", "Conv2d"), ("conv2d", "conv2d"), ("conv2d i3x3", "k"), ("conv2d k2x2", "i"), ("conv2d i3 k2x2", "i3"), ("conv2d i3x3 k2", "k2"),
            ("conv2d i3x3 k4x4", "kernel"), ("conv2d i3x3 k2x2 s0", "stride"), ("conv2d i3x3 k2x2 d0", "dilation"), ("conv2d i3x3 k2x2 p-1", "padding"),
            ("conv2d i3x3 k2x2 g2", "groups"), ("conv2d i3x3 k2x2 n-1", "batch"), ("conv2d i3x3 k2x2 ic0", "channels"), ("conv2d i3x3 k2x2 q7", "q7"),
            ("conv2d i3x3 k2x2 bmirror", "b"), ("conv2d i3x3 k2x2 f16", "f16"), ("conv2d i3x3 k2x2 s2 s2", "s2"), ("conv2d i3x3 k2x2 o9x9", "output"),
            ("conv2d i3x3 k2x2 flip flip", "flip"), ("convt2d i3x3 k2x2 o99x99", "output"), ("convt1d i1 k1 p9", "output"),
            ("conv1d i9223372036854775807 k1", "64 bits"), ("conv3d i2097152x2097152x2097152 k1x1x1", "64 bits"),
            ("conv1d i4611686018427387904 k3 p4611686018427387904", "64 bits"), ("conv1d i9 k3 s99999999999999999999", "s"),
            ("conv1d i9 k4611686018427387904 d4611686018427387904", "64 bits"), ("conv2d i3x3 k2x2 ic4611686018427387904 oc4611686018427387904", "64 bits"),
            ("conv1d i9 k3 p1:2:3", "p"), ("conv1d i9 k3 p", "p"), ("conv1d i9 k3 \x01", "?"), ("conv1d " + "i9 " * 900, "i9"), ("é" * 3000, "4096")]:
        yield ["plan", text], name
    for command in ["matrix", "shape", "check", "bench", "explain"]:
        yield [command, "--problem", "conv1d i3 k9"], "kernel"
        yield [command, "conv1d i3 k9"], "kernel"
    for option in [["--input", "3x3"], ["--kernel-size", "2x2"], ["--stride", "2"], ["--dilation", "2"], ["--padding", "1"], ["--boundary", "reflect"],
                   ["--output-padding", "1"], ["--output-size", "9x9"], ["--output-shape", "9x9"], ["--dtype", "f64"], ["--batch", "2"],
                   ["--groups", "2"], ["--in-channels", "2"], ["--out-channels", "2"], ["--transposed"], ["--flip"]]:
        yield ["shape", "conv2d i3x3 k2x2", *option], option[0]
    yield ["matrix", "conv2d i3x3 k2x2", "--problem", "conv2d i3x3 k2x2"], "problem"
    yield ["matrix", "conv2d i3x3 k7x2 p3", "--weight", "w.npy"], "weight"


def files():
    for name in sorted(hostile_files()):
        if name.endswith(".npy"):
            yield ["conv", name, "--weight", "w.npy", "-o", "y.npy"], name
            yield ["conv", "x.npy", "--weight", name, "-o", "y.npy"], name
            yield ["conv", name, "--weight", "w.npy", "--stream", "-o", "y2.npy"], name
        else:
            yield ["conv", name, "--weight", "w.npy", "-o", "y.npy"], name
    for name in ["none.npy", "folder", "folder.npy", "pipe.npy", "/dev/zero", "none/none.png", "none.wav"]:
        yield ["conv", name, "--weight", "w.npy", "-o", "y.npy"], name
    yield ["conv", "grey.png", "--weight", "w.npy", "--pixel-limit", "10", "-o", "y.npy"], "grey.png"
    yield ["bench", "--corpus", "text.npy"], "text.npy"
    yield ["bench", "--corpus", "none.txt"], "none.txt"
    yield ["grad", "input", "none.npy", "--weight", "w.npy"], "none.npy"
    yield ["grad", "bias", "half.npy"], "half.npy"
    yield ["matrix", "--input", "9x9", "--weight", "text.npy"], "text.npy"


def outputs(conv):
    base = conv[:-1]
    for name in ["x.npy", "w.npy", "./x.npy", "folder/../w.npy", "y", "y.", ".npy/y", "y.tiff", "y.npy.gz", "none/y.npy", "folder", "folder.npy", "pipe.npy", "/dev/full",
                 "/proc/y.npy", "y" * 300 + ".npy", "y.wav"]:
        yield [*base, name], name[:60]
    for name in ["m", "m.pdf", "m.npy", "m.mtx", "m.npz", "none/m.html", "folder.npy"]:
        yield ["matrix", "--input", "3x3", "--kernel-size", "2x2", "-o", name], name


def shapes():
    for bias in ["w.npy", "x.npy", "empty.npy"]:
        yield ["conv", "x.npy", "--weight", "w.npy", "--bias", bias, "-o", "y.npy"], bias
    yield ["conv", "x.npy", "--weight", "back.npy", "-o", "y.npy"], "x.npy"
    yield ["conv", "empty.npy", "--weight", "w.npy", "-o", "y.npy"], "empty.npy"
    yield ["conv", "x.npy", "--weight", "empty.npy", "-o", "y.npy"], "kernel"
    yield ["conv", "x.npy", "--weight", "six.npy", "-o", "y.npy"], "weight"
    yield ["conv", "half.npy", "--weight", "half.npy", "--dtype", "i64", "-o", "y.npy"], "half.npy"
    yield ["conv", "x.npy", "-o", "y.npy"], "--weight"
    yield ["conv", "x.npy", "--weight", "w.npy", "--kernel", "box:3", "-o", "y.npy"], "--kernel"
    yield ["conv"], "input"


def npy(header, data=b"", version=1, length=None):
    text = header.encode("latin-1")
    length = len(text) if length is None else length
    return b"\x93NUMPY" + bytes([version, 0]) + length.to_bytes(2 if version == 1 else 4, "little") + text + data


def header(descr="'<f8'", order="False", shape="(2,)"):
    return "{'descr': %s, 'fortran_order': %s, 'shape': %s, }\n" % (descr, order, shape)


def png(width, height, data=b""):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def wav(data=b"\0\0" * 10, claim=None, bits=16, channels=1, kind=1):
    claim = len(data) if claim is None else claim
    fmt = struct.pack("<HHIIHH", kind, channels, 48000, 48000 * channels * bits // 8, channels * bits // 8, bits)
    return b"RIFF" + struct.pack("<I", (36 + claim) & 0xFFFFFFFF) + b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", claim) + data


def hostile_files():
    """{name: bytes} of files that are not what they seem."""
    two = b"\0" * 16
    return {
        "nothing.npy": b"", "magic.npy": b"\x93NUMPY", "text.npy": b"1 2 3\n", "version.npy": npy(header(), two, 9), "long.npy": npy(header(), two, 1, 60000),
        "longer.npy": npy(header(), two, 2, 0xFFFFFFFF), "short.npy": npy(header(), two[:-1]), "more.npy": npy(header(), two + b"\0"),
        "huge.npy": npy(header(shape="(4611686018427387904, 4)"), two), "lie.npy": npy(header(shape="(1000000000000,)"), two),
        "negative.npy": npy(header(shape="(-2,)"), two), "digits.npy": npy(header(shape="(99999999999999999999999,)"), two),
        "axes.npy": npy(header(shape="(" + "1," * 99 + ")"), two[:8]), "object.npy": npy(header("'|O'"), two), "complex.npy": npy(header("'<c16'"), two),
        "string.npy": npy(header("'<U4'"), two), "record.npy": npy(header("[('a', '<f8')]"), two), "quad.npy": npy(header("'<f16'"), two),
        "open.npy": npy("{'descr': '<f8", two), "key.npy": npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), 'x': 1}\n", two),
        "missing.npy": npy("{'descr': '<f8', 'shape': (2,)}\n", two), "call.npy": npy("__import__('os').system('touch y')\n", two),
        "uint.npy": npy(header("'<u8'"), b"\xff" * 16),
        "bomb.png": png(60000, 60000), "giant.png": png(0x7FFFFFFF, 0x7FFFFFFF), "lie.png": png(16000, 16000), "zero.png": png(0, 5), "cut.png": png(20, 20, zlib.compress(b"\0" * 1220))[:60],
        "bits.png": png(20, 20, b"not deflated"), "nothing.png": b"", "text.png": b"hello", "named.jpg": b"\xff\xd8\xff\xe0not a picture",
        "bomb.jpg": b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01\xff\xd9",
        "nothing.wav": b"", "text.wav": b"RIFFxxxxWAVE", "cut.wav": wav(claim=4000), "lie.wav": wav(claim=0x7FFFFFF0), "riff.wav": b"RIFF\x04\0\0\0WAVE",
        "bits.wav": wav(bits=3), "channels.wav": wav(channels=0), "kind.wav": wav(kind=99), "none.wav2.wav": b"RIFF" + b"\xff" * 40,
    }


def make_files(folder):
    """Everything that the calls name."""
    for name, data in hostile_files().items():
        (folder / name).write_bytes(data)
    arrays = {"x": np.ones((1, 1, 9, 9)), "w": np.ones((1, 1, 3, 3)), "back": np.ones((2, 1, 3, 3)), "empty": np.ones((0,)), "half": np.full((3, 3), 0.5),
              "six": np.ones((1,) * 6)}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    np.save(folder / "back.npy", np.ones((1, 2, 3, 3)))
    from PIL import Image
    Image.fromarray(np.zeros((10, 10), np.uint8)).save(folder / "grey.png")
    (folder / "folder").mkdir()
    (folder / "folder.npy").mkdir()
    import os
    os.mkfifo(folder / "pipe.npy")


def table():
    """One line a call: what must be named, then the words, long ones cut."""
    out = io.StringIO()
    for number, (arguments, name) in enumerate(calls(), 1):
        shown = " ".join(repr(word)[:60] for word in arguments)
        print(f"{number:3}  {name[:30]:30}  {shown}", file=out)
    return out.getvalue()


if __name__ == "__main__":
    print(table(), end="")
