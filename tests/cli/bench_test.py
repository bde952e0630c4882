"""`faltung check` and `faltung bench`."""
import pytest


def test_check_has_a_line_for_every_property(faltung):
    text = faltung("check", "conv2d ic2 oc3 i8x8 k3x3 s2 p1").stdout
    for algorithm in ["sliding_window", "kernel_matrix", "im2col_blas"]:
        for name in ["matrix", "adjoint", "linearity", "impulse", "shift"]:
            line = next(line for line in text.splitlines() if line.split()[:2] == [algorithm, name])
            assert line.endswith("holds") and float(line.split()[2]) <= float(line.split()[3])


def test_bench_times_every_algorithm_of_a_corpus(faltung):
    (faltung.folder / "layers.txt").write_text("# two layers\nconv1d i100 k3  # small\n\nconvt2d ic2 oc2 i8x8 k3x3 s2 i64\r\n")
    text = faltung("bench", "--corpus", "layers.txt", "--seconds", "0").stdout
    assert text.count("sliding_window") == 2 and text.count("the plan's choice") == 2
    assert "im2col_blas     refused" in text


@pytest.mark.parametrize("arguments, names", [
    (["bench", "--corpus", "none.txt"], "none.txt"),
    (["bench", "--corpus", "bad.txt"], "line 2"),
    (["bench", "conv1d i9 k3", "--corpus", "bad.txt"], "--corpus"),
    (["bench", "conv1d i9 k3", "--seconds", "-1"], "--seconds"),
    (["bench"], "--input"),
    (["check", "conv1d i3 k9"], "kernel"),
    (["check", "conv1d i9 k3", "--threads", "-1"], "threads"),
    (["check", "conv1d i9 k3", "--seed", "-1"], "--seed"),
])
def test_refusals(faltung, arguments, names):
    (faltung.folder / "bad.txt").write_text("conv1d i9 k3\nconv1d i3 k9\n")
    assert names in faltung.refuses(*arguments)
