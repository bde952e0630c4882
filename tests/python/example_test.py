"""The example does what it says, on a smaller photograph."""
import importlib.util
import pathlib

from PIL import Image

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples/python"


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_photograph_is_deblurred(tmp_path):
    deblur = load("deblur")
    with Image.open(deblur.PHOTOGRAPH) as photograph:
        photograph.resize((128, 150)).save(tmp_path / "small.png")
    blurred, deblurred = deblur.main(tmp_path / "small.png", tmp_path)
    assert deblurred < 0.6 * blurred
    with Image.open(tmp_path / "deblurred.png") as picture:
        assert picture.size == (3 * 128, 150)
