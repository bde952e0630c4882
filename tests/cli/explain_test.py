"""`faltung explain`, and the pictures of docs/: they are what it draws today, and the pages show every one of them."""
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import pty
import re
import subprocess
import xml.etree.ElementTree

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOADER = importlib.machinery.SourceFileLoader("pictures", str(ROOT / "tools" / "pictures"))
pictures = importlib.util.module_from_spec(importlib.util.spec_from_loader("pictures", LOADER))
LOADER.exec_module(pictures)


def test_pictures_are_fresh(tmp_path):
    pictures.draw(tmp_path)
    drawn = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in pictures.FOLDER.glob("*.svg")}
    stale = [name for name in sorted(drawn.keys() | kept.keys()) if drawn.get(name) != kept.get(name)]
    assert not stale, f"draw them again with tools/pictures: {stale}"
    assert len(drawn) >= 15
    for name, data in drawn.items():
        assert xml.etree.ElementTree.fromstring(data).tag.endswith("svg"), name


def test_the_pages_show_every_picture():
    shown = set()
    for page in (ROOT / "docs").glob("*.md"):
        for target in re.findall(r"\]\((pictures/[^)]+)\)", page.read_text()):
            assert (ROOT / "docs" / target).exists(), f"{page.name}: {target}"
            shown.add(pathlib.Path(target).stem)
    missing = {name for name, _ in pictures.pictures()} - shown
    assert not missing, f"in no page: {missing}"


def test_answers_by_name(faltung):
    assert "O21 = K11·I21 + K12·I22 + K21·I31 + K22·I32 = 1·4 + 2·5 + 3·7 + 4·8 = 67\n" in faltung(
        "explain", "--input", "3x3", "--kernel-size", "2x2", "--cell", "O21").stdout
    assert "∂I22 = ∂O11·K22 + ∂O12·K21 + ∂O21·K12 + ∂O22·K11 = 1·4 + 2·3 + 3·2 + 4·1 = 20\n" in faltung(
        "explain", "--input", "3x3", "--kernel-size", "2x2", "--cell", "dI22").stdout
    assert faltung("explain", "--problem", "conv2d i3x3 k2x2", "--gradient", "weight", "--symbolic").stdout.endswith(
        "∂K22 = ∂O11·I22 + ∂O12·I23 + ∂O21·I32 + ∂O22·I33\n")


def test_takes_numbers_from_files(faltung):
    x = faltung.save("x.npy", np.array([[2, -1, 0.5]]).ravel())
    w = faltung.save("w.npy", np.array([3, -4]))
    text = faltung("explain", "--problem", "conv1d i3 k2", "--input-file", x, "--weight", w).stdout
    assert "O1 = K1·I1 + K2·I2 = 3·2 + (-4)·(-1) = 10\n" in text and "= 3·(-1) + (-4)·0.5 = -5\n" in text
    assert "it has 3 cells: give one for each" in faltung.refuses("explain", "--problem", "conv1d i3 k2", "--input-file", w)


def test_writes_each_format_by_its_ending(faltung):
    for ending, start in {"txt": "Convolution: ", "svg": "<svg ", "html": "<!doctype html>", "json": "{\n"}.items():
        faltung("explain", "--problem", "conv1d i3 k2", "-o", f"page.{ending}")
        assert faltung.files()[f"page.{ending}"].decode().startswith(start)
    page = json.loads(faltung.files()["page.json"])
    assert page["problem"] == "conv1d n1 g1 ic1 oc1 i3 k2 s1 d1 p0 f32"
    assert ".txt, .svg, .html and .json" in faltung.refuses("explain", "--problem", "conv1d i3 k2", "-o", "page.pdf")


@pytest.mark.parametrize("no_color, coloured", [(None, True), ("", True), ("1", False)])
def test_colour_only_for_terminals_that_want_it(faltung, no_color, coloured):
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    if no_color is not None:
        environment["NO_COLOR"] = no_color
    ours, theirs = pty.openpty()
    subprocess.run([faltung.program, "explain", "--problem", "conv1d i3 k2"], stdin=subprocess.DEVNULL, stdout=theirs,
                   env=environment, timeout=60, check=True)
    os.close(theirs)
    assert ("\x1b[" in os.read(ours, 65536).decode()) == coloured
    os.close(ours)
    assert "\x1b[" not in faltung("explain", "--problem", "conv1d i3 k2").stdout


@pytest.mark.parametrize("arguments, words", [
    (["--view", "sideways"], "views are steps, cell, matrix"),
    (["--cell", "Q9"], "the cells of `conv1d"),
    (["--gradient", "bias"], "by the input and by the weight"),
    (["--format", "pdf"], "formats are text, svg"),
    (["--view", "three-views"], "a transposed convolution"),
    (["--view", "cell"], "name it, like O11"),
])
def test_refuses(faltung, arguments, words):
    assert words in faltung.refuses("explain", "--problem", "conv1d i3 k2", *arguments)


def test_refuses_what_nobody_can_read(faltung):
    assert "explanations are for reading" in faltung.refuses("explain", "--problem", "conv2d ic64 oc64 i224x224 k3x3")
    assert "64 bits" in faltung.refuses("explain", "--problem", "conv1d i9223372036854775807 k3 p9")
