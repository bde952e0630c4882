"""The page: the article's formulas and numbers, lights, steps, address."""
import json
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRESETS = json.loads((ROOT / "web" / "presets.json").read_text())


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset["id"])
def test_presets_give_the_articles_formulas_and_numbers(tour, preset):
    page = tour
    page.preset(preset["id"])
    unknown = page.tab.evaluate("state.shown.unknown")
    for cell, symbols in preset.get("formulas", {}).items():
        # a temporary output without padding is the output itself
        side = unknown if page.tab.evaluate("side => side in cells", unknown) else "padded"
        name = cell if side == unknown else cell.replace("O", "t")
        assert page.hover(side, name).startswith(f"{name} = {symbols} = "), cell
    for cell, symbols in preset.get("temporary", {}).items():
        assert page.hover("padded", cell).startswith(f"{cell} = {symbols} = "), cell
    if "output" in preset:
        assert page.tab.evaluate("state.shown[state.shown.unknown].values") == preset["output"]
    if "matrix" in preset:
        rows = page.tab.evaluate("[...document.querySelectorAll('#matrix tr')].slice(1).map(row => [...row.querySelectorAll('.cell')].map(c => c.textContent).join(' '))")
        assert rows == preset["matrix"]
    for words in ("zh", "en"):
        page.select("#language", words)
        assert page.tab.inner_text("#tour-title") == preset["title"][words]
        assert page.tab.inner_text("#tour-text") == preset["text"][words]


def test_pointing_lights_everything_that_belongs_together(page):
    page.preset("2d")
    assert page.hover("fine", "I22") .startswith("I22 goes to\n")
    assert "O11 ← K22·I22 = 4·5 = 20" in page.formula() and "its gradient: ∂I22 = ∂O11·K22" in page.formula()
    assert page.lit("coarse") == ["O11", "O12", "O21", "O22"] and page.lit("weights") == ["K11", "K12", "K21", "K22"]
    assert page.lit("fine") == ["I22"]
    page.hover("coarse", "O12")
    assert page.lit("fine") == ["I12", "I13", "I22", "I23"]
    assert page.tab.locator("#matrix .cell.lit").all_inner_texts() == ["K11", "K12", "K21", "K22"]
    page.tab.locator("#matrix .cell[data-r='3'][data-c='8']").hover()
    assert page.lit("coarse") == ["O22"] and page.lit("fine") == ["I33"] and page.lit("weights") == ["K22"]
    assert page.formula().startswith("K22 in row O22, column I33")


def test_pointing_tells_the_padded_array_from_the_true_one(page):
    page.preset("2d-padding")
    page.hover("coarse", "O12")
    assert page.lit("padded") == ["I'13", "I'14", "I'23", "I'24"]
    assert page.tab.locator("#matrix .cell.lit").all_inner_texts() == ["K21", "K22"], "folded: the zeros are dropped"
    assert page.tab.locator("#arrays [data-side=padded] small").all_inner_texts()[6:9] == ["I11", "I12", "I13"]
    page.check("input[name=form][value=padded]")
    page.hover("coarse", "O12")
    assert page.tab.locator("#matrix .cell.lit").all_inner_texts() == ["K11", "K12", "K21", "K22"]
    page.preset("transposed-cut")
    page.hover("fine", "O21")
    assert page.lit("padded") == ["t32"] and page.lit("coarse") == ["I21"] and page.lit("weights") == ["K12"]
    page.hover("coarse", "I11")
    assert page.lit("padded") == ["t11", "t12", "t21", "t22"] and page.lit("fine") == ["O11"], "the rest is cut"


def test_play_step_and_scrub(page, make_page):
    page.preset("transposed")
    values = lambda: [int(text) for text in page.tab.locator("#arrays [data-side=padded] b").all_text_contents()]
    page.click("#first")
    assert values() == [0] * 9
    states = [[1, 2, 0, 3, 4, 0, 0, 0, 0], [1, 4, 4, 3, 10, 8, 0, 0, 0], [1, 4, 4, 6, 16, 8, 9, 12, 0], [1, 4, 4, 6, 20, 16, 9, 24, 16]]
    for state in states:
        page.click("#after")
        assert values() == state
    page.click("#before")
    assert values() == states[2]
    page.fill("#scrub", "1")
    assert values() == states[0] and page.lit("coarse") == ["I11"]
    again = make_page().open(page.address())
    assert again.tab.locator("#arrays [data-side=padded] b").all_text_contents() == [str(value) for value in states[0]]
    page.click("#play")
    page.tab.wait_for_function("state.step >= 3", timeout=5000)
    page.click("#play")


def test_the_address_brings_everything_back(make_page):
    page = make_page().open("#p=convt2d+ic2+oc2+i3x2+k3x3+s2+p1:0x1+breflect+flip&w=r7&x=" + ",".join(map(str, range(12))) + "&f=padded&c=t2.33&l=zh")
    before = page.tab.evaluate("[location.hash, state.shown.fine.values, state.padded, language, state.cell]")
    assert before[2] and before[3] == "zh"
    assert page.tab.evaluate("state.shown.coarse.values") == list(range(12)) and page.lit("padded") == ["t2.33"]
    again = make_page().open(before[0])
    assert again.tab.evaluate("[location.hash, state.shown.fine.values, state.padded, language, state.cell]") == before


def test_the_page_writes_its_address(make_page):
    page = make_page().open()
    page.preset("transposed-cut")
    page.fill("#kernel-1", "3")
    page.click("#random")
    page.check("input[name=form][value=padded]")
    page.select("#language", "zh")
    page.cell("padded", 3).click()
    seen = "[state.shown.problem, state.shown.fine.values, state.padded, language, state.cell, state.pinned]"
    before = page.tab.evaluate(seen)
    assert before[0].startswith("convt2d n1 g1 ic1 oc1 i2x2 k2x3 s2") and before[2:] == [True, "zh", {"side": "padded", "index": 3}, True]
    assert make_page().open(page.address()).tab.evaluate(seen) == before


def test_an_entry_of_the_matrix_is_pinned_and_kept(page, make_page):
    page.preset("2d")
    page.tab.locator("#matrix .cell[data-r='3'][data-c='8']").click()
    assert page.formula().startswith("K22 in row O22, column I33")
    again = make_page().open(page.address())
    assert again.formula() == page.formula() and again.lit("fine") == ["I33"]


def test_a_large_matrix_is_a_picture(page):
    page.open("#p=conv2d+i12x12+k3x3+p1")
    drawn = lambda r: page.tab.evaluate("""r => {
      const copy = new OffscreenCanvas(144, 1).getContext('2d');
      copy.drawImage(overlay.base, 0, r, 144, 1, 0, 0, 144, 1);
      return [...copy.getImageData(0, 0, 144, 1).data].flatMap((byte, i) => i % 4 === 3 && byte ? [i >> 2] : []);
    }""", r)
    assert drawn(0) == [0, 1, 12, 13]
    page.tab.locator("#matrix").scroll_into_view_if_needed()
    box, scale = page.tab.locator("#matrix canvas").first.bounding_box(), page.tab.evaluate("overlay.scale")
    move = lambda r, c: page.tab.mouse.move(box["x"] + 1 + (c + 0.5) * scale, box["y"] + 1 + (r + 0.5) * scale)
    move(0, 12)
    assert page.formula().startswith("K32 in row O1,1, column I2,1") and page.lit("weights") == ["K32"]
    move(1, 40)
    assert page.formula().startswith("O1,2 = "), "a zero: its row"
    page.tab.locator("#matrix").focus()
    page.press("ArrowDown")
    assert page.formula().startswith("O1,3 = ")
    for place, value in (("#before_-0", "2"), ("#after_-0", "2"), ("#dilation-0", "2")):
        page.fill(place, value)
    assert drawn(0) == [0, 1, 24, 25], "drawn anew, of the same size"


def test_a_transposed_convolution_is_a_sliding_window_too(page):
    page.open("#p=convt2d+ic2+i2x2+k3x2+s2+p1")
    assert page.tab.locator("#spread [data-side=coarse] .grid").first.inner_text().split() == (
        "0 0 0 0 0 0 0 0 0 0 0 I1.11 0 I1.12 0 0 0 0 0 0 0 I1.21 0 I1.22 0 0 0 0 0 0 0 0 0 0 0".split())
    assert page.tab.locator("#spread [data-side=weights] .grid").first.inner_text().split() == "K1.1.32 K1.1.31 K1.1.22 K1.1.21 K1.1.12 K1.1.11".split()
    # the window over an output cell multiplies what the formula says
    for cell in ("O11", "O31"):
        formula = page.hover("fine", cell)
        window = page.tab.locator("#spread [data-side=coarse] .cell.chosen").all_inner_texts()
        turned = page.tab.locator("#spread [data-side=weights] .cell").all_inner_texts()
        products = [f"{number}·{tap}" for number, tap in zip(window, turned) if number != "0"]
        assert len(window) == len(turned) == 12 and sorted(products) == sorted(formula.split(" = ")[1].split(" + "))
    page.tab.locator("#spread [data-side=coarse] [data-index='3']").hover()
    assert page.formula().startswith("I1.22 goes to")
    page.check("input[name=direction][value=false]")
    assert page.tab.is_hidden("#spread-section")


def test_a_broken_address_is_told(page):
    page.open("#p=conv2d+i3x3+k9x9")
    assert "kernel y is 9" in page.tab.inner_text("#error")


def test_the_overlap_map(page):
    page.open("#p=convt2d+i5x5+k3x3+s2+p1")
    assert page.tab.inner_text("#verdict").startswith("checkerboard: from 1 to 4 stamps")
    assert "2 or 4 for stride 2" in page.tab.inner_text("#advice")


def test_the_layer_in_other_words(page):
    page.preset("transposed-cut")
    text = page.tab.inner_text("#code")
    for framework in ("PyTorch", "Keras", "ONNX", "JAX"):
        assert framework in text
    assert "conv_transpose2d" in text


def test_exports(page, tmp_path):
    page.preset("2d")
    for button, start in (("#svg", b"<svg "), ("#png", b"\x89PNG")):
        with page.tab.expect_download() as download:
            page.tab.click(button)
        download.value.save_as(tmp_path / "out")
        assert (tmp_path / "out").read_bytes().startswith(start)
    page.preset("transposed-cut")
    assert len(page.tab.locator("#export-view option").all()) == 5, "no cell is chosen"
    page.cell("fine", 0).click()
    page.tab.hover("#svg")
    for view, words in enumerate(["Step by step", "O11, a cell of the output", "The matrix of the output", "three views of t22", "after I11", "How many stamps"]):
        page.tab.select_option("#export-view", str(view))
        with page.tab.expect_download() as download:
            page.tab.click("#svg")
        assert words in pathlib.Path(download.value.path()).read_text(), view
    page.preset("2d")
    page.tab.click("#latex")
    assert "K_{11} & K_{12} & 0 & K_{21}" in page.tab.input_value("#exported")
    assert "O_{11} &= K_{11} \\cdot I_{11}" in page.tab.input_value("#exported")
    page.tab.click("#numpy")
    names = {}
    exec(page.tab.input_value("#exported"), names)  # what the page wrote
    assert names["x"].shape == (1, 1, 3, 3) and names["y"].ravel().tolist() == [37, 47, 67, 77]
    assert names["indptr"].tolist() == [0, 4, 8, 12, 16]
