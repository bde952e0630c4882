"""What the tests of the command share: a way to call it, arrays in files, the photograph."""
import os
import pathlib
import subprocess

import numpy as np
import pytest

os.environ["FALTUNG_WISDOM"] = ""  # what the user tuned is not for tests

PHOTOGRAPH = pathlib.Path("/usr/share/matplotlib/mpl-data/sample_data/grace_hopper.jpg")


class Faltung:
    """Calls the command in a folder of its own, with standard input closed."""

    def __init__(self, folder):
        self.folder = folder
        self.program = os.environ["FALTUNG"]

    def __call__(self, *arguments, status=0):
        result = subprocess.run([self.program, *map(str, arguments)], cwd=self.folder, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=60, check=False)
        assert result.returncode == status, (arguments, result.returncode, result.stdout, result.stderr)
        return result

    def refuses(self, *arguments):
        """Exit status 2, one line on stderr, nothing on stdout, and the folder as it was. Returns the line."""
        before = self.files()
        result = self(*arguments, status=2)
        assert result.stdout == ""
        assert result.stderr.startswith("faltung: ") and result.stderr.endswith("\n") and result.stderr.count("\n") == 1
        assert self.files() == before
        return result.stderr

    def files(self):
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}

    def save(self, name, array):
        np.save(self.folder / name, array)
        return name

    def load(self, name):
        return np.load(self.folder / name)


@pytest.fixture
def faltung(tmp_path):
    return Faltung(tmp_path)


@pytest.fixture
def random():
    return np.random.default_rng(1)
