"""`faltung tune`, and what plans make of its times."""
import json
import os
import subprocess

import numpy as np
import pytest

LAYER = "conv2d ic4 oc4 i12x12 k3x3"


def with_wisdom(faltung, *arguments, path="wisdom.json"):
    return subprocess.run([faltung.program, *arguments], cwd=faltung.folder, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=True, env={**os.environ, "FALTUNG_WISDOM": path})


def test_what_tune_measures_a_plan_shows_and_obeys(faltung):
    text = with_wisdom(faltung, "tune", LAYER, "--seconds", "0", "--threads", "1").stdout
    assert "← fastest" in text and text.endswith("kept in wisdom.json\n")
    wisdom = json.loads((faltung.folder / "wisdom.json").read_text())
    (machine,), = [wisdom["machines"]]
    (problem, times), = machine["problems"].items()
    assert LAYER.split()[1] in problem and times["polyphase"]["run"] > 0
    times["sliding_window"] = {"run": 1e-12, "pack": 0}
    (faltung.folder / "wisdom.json").write_text(json.dumps(wisdom, indent=3, sort_keys=True))
    plan = with_wisdom(faltung, "plan", LAYER, "--threads", "1").stdout
    assert "chosen   sliding_window" in plan and "measured" in plan
    faltung.save("x.npy", np.ones((1, 4, 12, 12), np.float32))
    faltung.save("w.npy", np.ones((4, 4, 3, 3), np.float32))
    conv = ["conv", "x.npy", "--weight", "w.npy", "--threads", "1", "-o", "y.npy"]
    assert "by sliding_window" in with_wisdom(faltung, *conv).stdout
    assert "by sliding_window" not in with_wisdom(faltung, *conv, path="").stdout


def test_a_corpus_says_how_often_the_model_was_right(faltung):
    (faltung.folder / "layers.txt").write_text("conv1d i100 k3\nconvt2d ic2 oc2 i8x8 k3x3 s2\n")
    text = faltung("tune", "--corpus", "layers.txt", "--seconds", "0", "--once", "--wisdom", "w.json").stdout
    assert "untuned choices: " in text and " of 2 within 1.1 × of the fastest" in text
    assert len(json.loads((faltung.folder / "w.json").read_text())["machines"][0]["problems"]) == 2


@pytest.mark.parametrize("content, says", [("{", "no wisdom, no JSON"), ("{}", "another format"), ("[]", "no wisdom")])
def test_damaged_wisdom_is_a_warning(faltung, content, says):
    (faltung.folder / "wisdom.json").write_text(content)
    result = with_wisdom(faltung, "plan", LAYER)
    assert result.stderr.startswith("faltung: warning: wisdom.json: ") and says in result.stderr and result.stderr.count("\n") == 1
    assert "chosen" in result.stdout


@pytest.mark.parametrize("arguments, names", [
    (["tune"], "--input"),
    (["tune", LAYER], "--wisdom"),  # the tests' environment has none
    (["tune", LAYER, "--wisdom", "/proc/none/w.json", "--seconds", "0"], "/proc/none"),
    (["tune", LAYER, "--seconds", "nan", "--wisdom", "w.json"], "--seconds"),
    (["tune", LAYER, "--corpus", "x.txt", "--wisdom", "w.json"], "--corpus"),
    (["tune", LAYER, "--accuracy", "0", "--wisdom", "w.json"], "--accuracy"),
    (["tune", LAYER, "--accuracy", "1e-12", "--wisdom", "w.json"], "accuracy"),
])
def test_refusals(faltung, arguments, names):
    assert names in faltung.refuses(*arguments)


def test_a_wrong_target_is_not_the_fault_of_the_wisdom(faltung):
    result = subprocess.run([faltung.program, "plan", LAYER], cwd=faltung.folder, capture_output=True, text=True, timeout=60, check=False,
                            env={**os.environ, "FALTUNG_WISDOM": "none.json", "FALTUNG_TARGET": "none"})
    assert result.returncode == 2 and result.stderr.startswith("faltung: FALTUNG_TARGET is `none`") and result.stderr.count("\n") == 1
