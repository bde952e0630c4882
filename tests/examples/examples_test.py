"""The examples run and print what they say; the README shows one of them, and its commands run."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ["FALTUNG"]).parent
EXAMPLES = sorted((ROOT / "examples").glob("*.cpp"))
README = (ROOT / "README.md").read_text()
PHOTOGRAPH = "/usr/share/matplotlib/mpl-data/sample_data/grace_hopper.jpg"


def run(command, folder):
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=True).stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_it_says(example, tmp_path):
    code, output = example.read_text().split("// Output:\n")
    assert len((code + output).splitlines()) < 60
    expected = "".join(line.removeprefix("//").removeprefix(" ") for line in output.splitlines(keepends=True))
    assert run([PROGRAMS / f"example_{example.stem}"], tmp_path) == expected


def test_the_readme_shows_an_example():
    shown = re.search(r"```cpp\n(.*?)```", README, re.DOTALL).group(1)
    assert len(shown.splitlines()) <= 25
    assert shown == (ROOT / "examples/convolution.cpp").read_text()


def test_the_commands_of_the_readme_run(tmp_path):
    shutil.copy(PHOTOGRAPH, tmp_path / "photo.jpg")
    commands = re.findall(r"^(?:    )?faltung (.*)$", README, re.MULTILINE)
    assert len(commands) >= 2
    for command in commands:
        words = shlex.split(command, comments=True)
        if words[0] == "serve":  # runs until it is stopped: tests/cli/serve_test.py
            words.append("--help")
        assert run([PROGRAMS / "faltung", *words], tmp_path)
        if "-o" in words:
            assert (tmp_path / words[words.index("-o") + 1]).stat().st_size > 0


def test_the_files_the_readme_names_are_there():
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).exists(), link
