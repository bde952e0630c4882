"""`faltung.tune`: what is measured decides, here and in other programs, and a damaged file is a warning."""
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import faltung

LAYER = "conv2d ic4 oc4 i12x12 k3x3"


def test_the_fastest_comes_first_and_a_file_keeps_the_times(tmp_path):
    path = tmp_path / "new" / "wisdom.json"
    times = faltung.tune(LAYER, threads=1, seconds=0, wisdom=path)
    assert list(times.values()) == sorted(times.values()) and "polyphase" in times and "sliding_window" not in times
    (problem, kept), = json.loads(path.read_text())["machines"][0]["problems"].items()
    assert problem == str(faltung.Problem(LAYER)) and kept["polyphase"]["run"] == pytest.approx(times["polyphase"], rel=1e-3)


def test_plans_and_problems_and_gradients(tmp_path):
    plan = faltung.Plan((1, 2, 9), np.ones((3, 2, 3), np.float32))
    for problem in (plan, plan.problem, plan.problem.input_gradient(), plan.problem.weight_gradient()):
        assert faltung.tune(problem, once=True, seconds=0, wisdom=tmp_path / "w.json")
    assert len(json.loads((tmp_path / "w.json").read_text())["machines"][0]["problems"]) == 3


CHOICE = """
import faltung, numpy as np
x, w = np.ones((1, 4, 12, 12), np.float32), np.ones((4, 4, 3, 3), np.float32)
print(faltung.Plan(x.shape, w, threads=1).algorithm)
"""


@pytest.mark.parametrize("content, says", [(None, ""), ("{", "UserWarning"), ("{}", "another format")])
def test_another_program_obeys_the_file(tmp_path, content, says):
    path = tmp_path / "wisdom.json"
    faltung.tune(LAYER, threads=1, seconds=0, wisdom=path)
    wisdom = json.loads(path.read_text())
    next(iter(wisdom["machines"][0]["problems"].values()))["sliding_window"] = {"run": 1e-12, "pack": 0}
    path.write_text(json.dumps(wisdom) if content is None else content)
    result = subprocess.run([sys.executable, "-c", CHOICE], capture_output=True, text=True, check=True, cwd=tmp_path,
                            env={**os.environ, "FALTUNG_WISDOM": str(path)})
    assert (result.stdout == "sliding_window\n") == (content is None)
    assert says in result.stderr and bool(says) == bool(result.stderr)


def test_refusals(tmp_path):
    with pytest.raises(TypeError, match="problem is a int"):
        faltung.tune(3)
    with pytest.raises(ValueError, match="seconds is -1"):
        faltung.tune(LAYER, seconds=-1)
    with pytest.raises(ValueError, match="accuracy"):
        faltung.tune(LAYER, accuracy="exact")
    with pytest.raises(ValueError, match="accuracy of 1e-12"):
        faltung.tune(LAYER, accuracy=1e-12)
    with pytest.raises(OSError, match="/proc/none"):
        faltung.tune(LAYER, seconds=0, wisdom="/proc/none/wisdom.json")


def test_an_accuracy_is_an_error():
    x, w = np.ones((1, 4, 12, 12), np.float32), np.ones((4, 4, 3, 3), np.float32)
    assert np.array_equal(faltung.conv(x, w, accuracy=1e-4), faltung.conv(x, w, accuracy="strict"))
    with pytest.raises(ValueError, match="direct sums of f32 have"):
        faltung.conv(x, w, accuracy=1e-9)
    with pytest.raises(TypeError, match="accuracy is None"):
        faltung.conv(x, w, accuracy=None)
