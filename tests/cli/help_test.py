"""--help of every command, and what `shape` and `plan` print."""
import re

import pytest


def commands_of(text):
    return re.findall(r"^  ([a-z-]+) ", text.split("Subcommands:\n")[1].split("\n\n")[0], re.MULTILINE)


def test_every_command_has_help_with_examples_that_parse(faltung):
    commands = commands_of(faltung("--help").stdout)
    assert {"conv", "conv-transpose", "matrix", "shape", "plan"} <= set(commands)
    for command in commands:
        result = faltung(command, "--help")
        assert result.stderr == "" and f"faltung {command}" in result.stdout
        assert "Example" in result.stdout, command


@pytest.mark.parametrize("command", ["matrix", "shape", "plan"])
def test_examples_of_help_run(faltung, command):
    examples = re.findall(rf"^  faltung ({command} .*)$", faltung(command, "--help").stdout, re.MULTILINE)
    assert examples
    for example in examples:
        faltung(*[word.strip('"') for word in re.findall(r'"[^"]*"|\S+', example)])


def test_version(faltung):
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", faltung("--version").stdout)


def test_shape_fills_in_the_formula(faltung):
    text = faltung("shape", "--input", "224x224", "--kernel-size", "3x3", "--stride", 2, "--padding", 1).stdout
    assert "out    = 1 + (padded − k) // stride = 1 + (226 − 3) // 2 = 112" in text
    assert "output   [1, 1, 112, 112]" in text
    text = faltung("shape", "--input", "2x2", "--kernel-size", "2x2", "--stride", 2, "--padding", 1, "--transposed").stdout
    assert "= (2 − 1)·2 + 2 + 0 = 4" in text and "out    = tmp − before − after = 4 − 1 − 1 = 2" in text


def test_plan_lists_every_algorithm(faltung):
    text = faltung("plan", "conv2d ic64 oc64 i56x56 k3x3 p1 i64").stdout
    lines = text.split("\n")
    assert lines[0] == "conv2d n1 g1 ic64 oc64 i56x56 k3x3 s1 d1 p1 i64" and lines[1].split()[0] == "chosen"
    for algorithm in ("sliding_window", "kernel_matrix", "im2col_blas", "polyphase"):
        assert algorithm in text
    assert re.search(r"im2col_blas +\D.*(float|integer|BLAS)", text)  # refused, with the reason
