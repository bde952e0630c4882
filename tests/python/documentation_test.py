"""Every public name is documented with an example that runs; the stubs are what the module says of itself."""
import doctest
import importlib
import inspect
import pathlib
import pkgutil
import subprocess
import sys

import pytest

import faltung

STUBS = pathlib.Path(__file__).parents[2] / "bindings/python/faltung/_core.pyi"
FUNCTIONS = sorted(name for name in faltung.__all__ if inspect.isfunction(getattr(faltung, name)))


MODULES = ["faltung"] + sorted(found.name for found in pkgutil.walk_packages(faltung.__path__, "faltung.", onerror=lambda name: None)
                               if not found.name.endswith("__main__"))


@pytest.mark.parametrize("module", MODULES)
def test_examples_run(module):
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        pytest.skip(f"{error.name} is not installed")
    assert doctest.testmod(loaded).failed == 0


@pytest.mark.parametrize("name", FUNCTIONS + ["Plan"])
def test_functions_are_documented(name):
    text = inspect.getdoc(getattr(faltung, name))
    for heading in ("Parameters", "Raises", "Examples") + (() if name == "Plan" else ("Returns", )):
        assert f"{heading}\n{'-' * len(heading)}" in text
    for parameter in inspect.signature(getattr(faltung, name)).parameters:
        assert parameter in text


def test_stubs_are_fresh(tmp_path):
    made = tmp_path / "_core.pyi"
    subprocess.run([sys.executable, "-m", "nanobind.stubgen", "-m", "faltung._core", "-o", made], check=True)
    assert made.read_text() == STUBS.read_text(), f"{sys.executable} -m nanobind.stubgen -m faltung._core -o {STUBS}"


def test_problems_are_values():
    problem = faltung.Plan((1, 2, 9), [[[1.0] * 3] * 2]).problem
    assert faltung.Problem(str(problem)) == problem and hash(faltung.Problem(str(problem))) == hash(problem)
    assert repr(problem) == f"faltung.Problem('{problem}')"
    assert problem != faltung.Problem("conv1d i9 k3") and problem.axes[0].fine == 9


@pytest.mark.parametrize("readme", [STUBS.parents[1] / "README.md", STUBS.parents[3] / "README.md"], ids=["module", "project"])
def test_the_readmes_run(readme):
    result = doctest.testfile(str(readme), module_relative=False)
    assert result.failed == 0 and result.attempted > 3
