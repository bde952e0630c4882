"""Sounds: what `faltung conv` makes of .wav files, compared with SciPy; written and read by Python's own wave module."""
import wave

import numpy as np
import pytest
from scipy import signal

RATE = 48000


def write(path, samples, width=2, rate=RATE):
    """samples [channels, frames] of whole steps."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[0])
        file.setsampwidth(width)
        file.setframerate(rate)
        steps = samples.T.astype("<i4").ravel()
        if width == 1:
            file.writeframes((steps + 128).astype(np.uint8).tobytes())
        else:
            file.writeframes(steps.view(np.uint8).reshape(-1, 4)[:, :width].tobytes())
    return path.name


def read(path):
    """[channels, frames] of whole steps, bytes of a sample, rate."""
    with wave.open(str(path), "rb") as file:
        width, channels = file.getsampwidth(), file.getnchannels()
        raw = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, width)
        wide = np.zeros((raw.shape[0], 4), np.uint8)
        wide[:, 4 - width:] = raw ^ (0x80 if width == 1 else 0)
        steps = wide.view("<i4").ravel() >> (32 - 8 * width)
        return steps.reshape(-1, channels).T, width, file.getframerate()


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("stream", [[], ["--stream"]], ids=["whole", "stream"])
def test_the_identity_keeps_every_sample_and_the_format(faltung, random, width, stream):
    half = 2 ** (8 * width - 1)
    samples = random.integers(-half, half, (2, 1001))
    samples[0, :4] = [-half, half - 1, half // 2 + 1, -1]
    write(faltung.folder / "in.wav", samples, width, 44100)
    faltung.save("one.npy", np.ones(1))
    text = faltung("conv", "in.wav", "--weight", "one.npy", *stream, "-o", "out.wav").stdout
    result, result_width, rate = read(faltung.folder / "out.wav")
    assert (result_width, rate) == (width, 44100) and np.array_equal(result, samples)
    assert "clipped" not in text


@pytest.mark.parametrize("channels, impulse_channels", [(1, 1), (2, 1), (2, 2), (1, 2)])
@pytest.mark.parametrize("stream", [[], ["--stream"]], ids=["whole", "stream"])
def test_reverberation(faltung, random, channels, impulse_channels, stream):
    sound, impulse = random.integers(-9000, 9000, (channels, 700)), random.integers(-900, 900, (impulse_channels, 90))
    write(faltung.folder / "in.wav", sound)
    write(faltung.folder / "impulse.wav", impulse)
    faltung("conv", "in.wav", "--weight", "impulse.wav", "--padding", "full", *stream, "-o", "out.wav")
    result, _, _ = read(faltung.folder / "out.wav")
    count = max(channels, impulse_channels)
    expected = np.array([signal.convolve(sound[c % channels] / 2**15, impulse[c % impulse_channels] / 2**15) for c in range(count)])
    assert result.shape == (count, 700 + 90 - 1)
    assert np.abs(result - expected * 2**15).max() <= 0.51


def test_the_way_back_correlates(faltung, random):
    sound, impulse = random.integers(-9000, 9000, (1, 300)), random.integers(-900, 900, (1, 40))
    write(faltung.folder / "in.wav", sound)
    write(faltung.folder / "impulse.wav", impulse)
    faltung("conv-transpose", "in.wav", "--weight", "impulse.wav", "--padding", "full", "-o", "out.wav")
    result, _, _ = read(faltung.folder / "out.wav")
    expected = signal.correlate(sound[0] / 2**15, impulse[0] / 2**15, mode="valid")
    assert np.abs(result[0] - expected * 2**15).max() <= 0.51


def test_clipping_is_told_and_normalize_avoids_it(faltung):
    sound = np.array([[0, 30000, -30000, 100]])
    write(faltung.folder / "in.wav", sound)
    faltung.save("two.npy", np.array([2.0]))
    text = faltung("conv", "in.wav", "--weight", "two.npy", "-o", "out.wav").stdout
    assert "2 samples were clipped, the peak is 1.83" in text
    assert read(faltung.folder / "out.wav")[0].tolist() == [[0, 32767, -32768, 200]]
    text = faltung("conv", "in.wav", "--weight", "two.npy", "--normalize", "-o", "out.wav").stdout
    assert "clipped" not in text
    assert read(faltung.folder / "out.wav")[0].tolist() == [[0, 32767, -32767, 109]]


def test_a_stride_changes_the_sample_rate(faltung):
    write(faltung.folder / "in.wav", np.arange(100)[None])
    faltung.save("one.npy", np.ones(1))
    faltung("conv", "in.wav", "--weight", "one.npy", "--stride", "2", "-o", "half.wav")
    assert read(faltung.folder / "half.wav")[2] == RATE // 2
    faltung("conv-transpose", "half.wav", "--weight", "one.npy", "--stride", "2", "-o", "back.wav")
    assert read(faltung.folder / "back.wav")[2] == RATE


def test_streams_have_the_bits_of_the_whole(faltung, random):
    write(faltung.folder / "in.wav", random.integers(-9000, 9000, (2, 50000)))
    faltung.save("w.npy", random.standard_normal(300))
    for padding in ["full", "100:7"]:
        options = ["conv", "in.wav", "--weight", "w.npy", "--padding", padding, "--boundary", "reflect", "--accuracy", "strict"]
        faltung(*options, "-o", "whole.wav")
        text = faltung(*options, "--stream", "--memory", "1", "-o", "stream.wav").stdout
        assert int(text.split(" blocks")[0].split()[-1]) > 1
        assert (faltung.folder / "whole.wav").read_bytes() == (faltung.folder / "stream.wav").read_bytes()


def test_float_formats_keep_what_integers_would_clip(faltung, random):
    samples = (random.standard_normal((1, 50)) * 4).astype(np.float32)
    data = samples.tobytes()
    head = b"RIFF" + (36 + len(data)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    head += (3).to_bytes(2, "little") + (1).to_bytes(2, "little") + RATE.to_bytes(4, "little") + (4 * RATE).to_bytes(4, "little")
    head += (4).to_bytes(2, "little") + (32).to_bytes(2, "little") + b"data" + len(data).to_bytes(4, "little")
    (faltung.folder / "in.wav").write_bytes(head + data)
    faltung.save("two.npy", np.array([2.0], np.float32))
    assert "clipped" not in faltung("conv", "in.wav", "--weight", "two.npy", "-o", "out.wav").stdout
    faltung("conv", "out.wav", "--weight", "two.npy", "-o", "y.npy")
    assert np.array_equal(faltung.load("y.npy"), samples * 4)


@pytest.mark.parametrize("arguments, names", [
    (["conv", "cut.wav", "--weight", "w.npy"], "cut.wav: it promises"),
    (["conv", "text.wav", "--weight", "w.npy"], "text.wav"),
    (["conv", "in.wav", "--weight", "w.npy", "--sample-limit", "10"], "--sample-limit"),
    (["conv", "in.wav", "--weight", "slow.wav"], "slow.wav at 8000 Hz"),
    (["conv", "in.wav", "--kernel", "gaussian:2", "-o", "out.wav"], "gaussian"),
    (["conv", "x.npy", "--weight", "w.npy", "-o", "out.wav"], "out.wav"),
    (["conv", "in.wav", "--weight", "w.npy", "-o", "in.wav"], "in.wav"),
    (["conv", "in.wav", "--weight", "w.npy", "--stream", "-o", "out.npy"], "--stream"),
    (["conv", "in.wav", "--weight", "w.npy", "--stream"], "--stream"),
    (["conv", "in.wav", "--weight", "w.npy", "--stream", "--normalize", "-o", "out.wav"], "--normalize"),
    (["conv", "in.wav", "--weight", "w.npy", "--stream", "--memory", "0", "-o", "out.wav"], "--memory"),
    (["conv", "in.wav", "--weight", "nan.npy", "-o", "out.wav"], "not a number"),
])
def test_refusals(faltung, arguments, names):
    write(faltung.folder / "in.wav", np.arange(100)[None])
    write(faltung.folder / "slow.wav", np.arange(10)[None], rate=8000)
    (faltung.folder / "cut.wav").write_bytes((faltung.folder / "in.wav").read_bytes()[:-3])
    (faltung.folder / "text.wav").write_text("not a sound at all")
    faltung.save("w.npy", np.ones(3))
    faltung.save("x.npy", np.ones(9))
    faltung.save("nan.npy", np.array([np.nan]))
    assert names in faltung.refuses(*arguments)
