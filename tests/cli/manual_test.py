"""The man page and the shell completions: as tools/manual makes them of --help, and what they do."""
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANUAL = ROOT / "apps/cli/manual"


def test_they_say_what_help_says(tmp_path):
    subprocess.run([ROOT / "tools/manual", tmp_path], check=True)
    for path in tmp_path.iterdir():
        assert path.read_text() == (MANUAL / path.name).read_text(), f"{path.name} is old: run tools/manual"


def test_man_formats_the_page():
    if not shutil.which("man"):
        pytest.skip("no man here")
    done = subprocess.run(["man", "--warnings", "--encoding=UTF-8", "--local-file", MANUAL / "faltung.1"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    text = done.stdout
    assert "conv-transpose" in text and "f = c·s + k·d − p" in text and "EXIT STATUS" in text and "\\" not in text


def complete(folder, *words):
    """What bash offers for the last of the words."""
    script = f'source {MANUAL}/faltung.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _faltung; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", script, "bash", *words], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("words, offers", [
    (["faltung", "con"], ["conv", "conv-transpose"]),
    (["faltung", "--ver"], ["--version"]),
    (["faltung", "conv", "--bo"], ["--boundary"]),
    (["faltung", "conv", "x.npy", "--boundary", "re"], ["reflect", "replicate"]),
    (["faltung", "conv", "--stride", ""], []),
    (["faltung", "conv", "x"], ["x.npy"]),
    (["faltung", "conv", "x.npy", "--weight", "w"], ["w.npy"]),
    (["faltung", "grad", "we"], ["weight"]),
    (["faltung", "grad", "weight", "--in"], ["--input"]),
    (["faltung", "matrix", "--form", ""], ["folded", "padded"]),
    (["faltung", "nonsense", "--x"], []),
])
def test_bash_completes(tmp_path, words, offers):
    for name in ["x.npy", "w.npy"]:
        (tmp_path / name).touch()
    assert complete(tmp_path, *words) == offers


def test_every_command_and_option_is_offered(faltung):
    from help_test import commands_of
    commands = commands_of(faltung("--help").stdout)
    assert set(commands) <= set(complete(faltung.folder, "faltung", ""))
    for command in commands:
        said = faltung(command, "--help").stdout
        for option in complete(faltung.folder, "faltung", command, "-"):
            assert option in said, (command, option)
        assert "--help" in complete(faltung.folder, "faltung", command, "--h")


@pytest.mark.parametrize("shell, name", [("zsh", "_faltung"), ("fish", "faltung.fish")])
def test_other_shells_read_theirs(shell, name):
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    assert subprocess.run([shell, "--no-execute" if shell == "fish" else "-n", MANUAL / name], capture_output=True, check=True).stderr == b""
