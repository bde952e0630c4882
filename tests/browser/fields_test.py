"""The page: what one may change, sizes and numbers, and what it answers."""
import itertools
import re
import struct
import zlib

import numpy as np
import pytest


def test_fields_change_the_layer(page):
    page.preset("2d")
    page.fill("#stride-0", "2")
    page.fill("#before_-0", "1")
    page.check("input[name=view][value=input]")
    assert page.tab.inner_text("#problem") == "conv2d-dx n1 g1 ic1 oc1 i3x3 k2x2 s2x1 d1 p1:0x0"
    page.check("input[name=direction][value=true]")
    page.check("input[name=axes][value='3']")
    page.select("#boundary-2", "circular")
    assert page.tab.inner_text("#problem").startswith("convt3d-dx") and "bzerosxzerosxcircular" in page.tab.inner_text("#problem")


def test_errors_offer_the_nearest_legal_values(page):
    page.preset("2d")
    page.fill("#kernel-1", "5")
    assert "kernel x is 5" in page.tab.inner_text("#error")
    page.tab.wait_for_selector("#error button")
    offers = page.tab.locator("#error button").all_inner_texts()
    assert "Kernel x = 3" in offers and "Padding before x = 2" in offers
    page.click("text='Kernel x = 3'")
    assert page.tab.is_hidden("#error") and "k2x3" in page.tab.inner_text("#problem")
    for place in ("#input_channels--1", "#output_channels--1"):
        page.fill(place, "300")
    assert "explanations are for reading" in page.tab.inner_text("#error"), "a layer that is legal, but too large to look at"
    page.fill("#input_channels--1", "1")
    assert page.tab.is_hidden("#error") and "oc300" in page.tab.inner_text("#problem")
    page.fill("#input-0", "1" + 30 * "0")
    assert "#" not in page.tab.inner_text("#error") and page.tab.is_visible("#error")


def test_numbers_typed_drawn_and_from_a_picture(page, tmp_path):
    page.preset("2d")
    page.fill("[data-source=weights]", "0 -1 0.5 2")
    page.blur("[data-source=weights]")
    assert page.tab.evaluate("state.shown.coarse.values") == [-2 + 2 + 10, -3 + 2.5 + 12, -5 + 3.5 + 16, -6 + 4 + 18]
    page.fill("[data-source=weights]", "1 2")
    page.blur("[data-source=weights]")
    assert "2 numbers were given, the kernel has 4 cells" in page.tab.inner_text("#error")
    page.click("#random")
    x, w, y = (np.array(page.tab.evaluate(f"state.shown.{side}.values")) for side in ("fine", "weights", "coarse"))
    x, w = x.reshape(3, 3), w.reshape(2, 2)
    assert (y == [(x[i:i + 2, j:j + 2] * w).sum() for i in (0, 1) for j in (0, 1)]).all() and len(set(x.ravel())) > 1
    (tmp_path / "p.png").write_bytes(png(3, 3))
    page.tab.set_input_files("#picture", tmp_path / "p.png")
    page.tab.wait_for_function("state.shown.fine.values[8] === 202")
    assert page.values("fine") == [0, 1, 2, 100, 101, 102, 200, 201, 202]


def png(height, width):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(range(100 * y, 100 * y + width)) for y in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_a_picture_is_dropped_on_the_page(page):
    page.preset("2d")
    drop = """([bytes, name]) => {
      const dropped = new DataTransfer();
      dropped.items.add(new File([Uint8Array.from(bytes)], name));
      document.querySelector('#code').dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, bubbles: true, cancelable: true }));
    }"""
    page.tab.evaluate(drop, [list(png(3, 3)), "p.png"])
    page.tab.wait_for_function("state.shown.fine.values[8] === 202")
    page.tab.evaluate(drop, [[1, 2, 3], "p.txt"])
    page.tab.wait_for_selector("text=p.txt is no picture that this browser can read")


def test_numbers_typed_within_one_frame_all_count(page):
    page.preset("2d-padding")
    page.cell("weights", 0).focus()
    page.tab.evaluate("""() => {
      for (const key of ['5', 'Tab', '6', 'Tab', '7', 'Enter'])
        document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    }""")
    page.settle()
    assert page.values("weights") == [5, 6, 7, 4]


def test_numbers_are_typed_into_the_cells(page):
    page.preset("2d-padding")
    page.cell("weights", 0).click()
    page.tab.keyboard.type("-0.5")
    page.press("Enter")
    assert page.values("weights") == [-0.5, 2, 3, 4] and page.values("coarse")[3] == -2.5 + 12 + 24 + 36
    page.press("ArrowRight", "7", "Tab", "8", "Enter")  # Tab goes on to the next cell, as in a spreadsheet
    assert page.values("weights") == [-0.5, 7, 8, 4]
    page.cell("padded", 6).click()
    page.cell("padded", 6).click()  # a second click, where there is no keyboard yet
    assert page.tab.input_value(".editor") == "1"
    page.tab.fill(".editor", "9")
    page.press("Escape")
    assert page.values("fine")[0] == 1 and not page.tab.locator(".editor").count()
    page.press("F2")
    page.tab.fill(".editor", "9")
    page.blur(".editor")
    page.settle()
    assert page.values("fine")[0] == 9 and page.values("coarse")[0] == 4 * 9
    page.cell("padded", 6).click()
    page.press("x", "3", "e", "Enter")
    assert page.values("fine")[0] == 9, "no number"
    for side, index in (("padded", 0), ("coarse", 0)):  # a margin and what is computed are not typed
        page.cell(side, index).click()
        page.press("5")
        assert not page.tab.locator(".editor").count()
    page.check("input[name=view][value=weight]")
    page.cell("coarse", 1).click()
    page.press("6", "Enter")
    assert page.values("coarse") == [1, 6, 3, 4]


def test_numbers_are_typed_into_large_arrays(page):
    page.open("#p=conv2d+i12x12+k3x3+p1")
    grid = page.tab.locator("#arrays [data-side=padded] .dense")
    grid.focus()
    assert page.formula().startswith("I'1,1 goes to"), "one stop, at its first cell"
    page.press("ArrowRight", "ArrowDown", "ArrowDown", "End", "ArrowLeft", "4", "2", "Enter")
    assert page.values("fine")[23] == 42 and page.tab.evaluate("document.activeElement.matches('.dense')")
    assert grid.inner_text().split("\n")[2].split()[12] == "42"
    row = page.tab.locator("#chosen-cell")
    assert row.get_attribute("aria-label") == "I'3,13 = 42" and row.get_attribute("aria-colindex") == "13"
    box = grid.bounding_box()
    page.tab.mouse.move(box["x"] + 1.5 * box["width"] / 14, box["y"] + 2.5 * box["height"] / 14)
    assert page.formula().startswith("I'3,13 goes to"), "typing pins"
    page.press("Escape")
    page.tab.mouse.move(box["x"] + 2.5 * box["width"] / 14, box["y"] + 2.5 * box["height"] / 14)
    assert page.formula().startswith("I'3,3 goes to")


def test_a_bias_is_typed(page):
    page.open("#p=convt2d+oc2+i2x2+k2x2+breflectxzeros+p1+s2")
    page.fill("[data-source=bias]", "100 -7")
    page.blur("[data-source=bias]")
    page.settle()
    assert page.hover("fine", "O2.12").startswith("O2.12 = B2 + ")
    before = page.values("padded")
    page.click("#first")
    assert page.tab.locator("#arrays [data-side=padded] b").all_text_contents() == 4 * ["0"] + 8 * ["100"] + 8 * ["0"] + 8 * ["-7"] + 4 * ["0"]
    for _ in range(4):
        page.click("#after")
    assert page.tab.locator("#arrays [data-side=padded] b").all_text_contents() == [str(int(value)) for value in before]
    page.click("#numpy")
    assert "b = np.array([100, -7])" in page.tab.input_value("#exported")
    again = page.address()
    assert "b=100%2C-7" in again
    page.check("input[name=view][value=weight]")
    page.check("input[name=view][value='']")
    assert page.values("padded") == before, "kept while the gradient is looked at"


def reference(x, w, stride, dilation, padding, transposed):
    """One sample, groups 1, zeros around: by the definition."""
    rows, columns = ((np.array(w.shape[2:]) - 1) * dilation + 1).tolist()
    taps = list(itertools.product(range(w.shape[2]), range(w.shape[3])))
    if transposed:
        temporary = np.zeros((w.shape[1], (x.shape[1] - 1) * stride + rows, (x.shape[2] - 1) * stride + columns))
        for y, z in np.ndindex(*x.shape[1:]):
            for a, b in taps:
                temporary[:, y * stride + a * dilation, z * stride + b * dilation] += x[:, y, z] @ w[:, :, a, b]
        return temporary[:, padding:temporary.shape[1] - padding, padding:temporary.shape[2] - padding]
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    out = np.zeros((w.shape[0], (x.shape[1] - rows) // stride + 1, (x.shape[2] - columns) // stride + 1))
    for y, z in np.ndindex(*out.shape[1:]):
        out[:, y, z] = sum(w[:, :, a, b] @ x[:, y * stride + a * dilation, z * stride + b * dilation] for a, b in taps)
    return out


@pytest.mark.parametrize("transposed", [False, True])
def test_every_number_is_the_definitions(page, transposed):
    for i, (stride, dilation, padding) in enumerate(itertools.product((1, 2, 3), (1, 2), (0, 1))):
        page.go(f"#p={'convt2d' if transposed else 'conv2d'}+ic2+oc3+i5x6+k2x3+s{stride}+d{dilation}+p{padding}&x=r{i}&w=r{i + 50}")
        out, given = ("fine", "coarse") if transposed else ("coarse", "fine")
        x, w, y = (np.array(page.values(side)) for side in (given, "weights", out))
        expected = reference(x.reshape(2, 5, 6), w.reshape(*((2, 3) if transposed else (3, 2)), 2, 3), stride, dilation, padding, transposed)
        assert y.tolist() == expected.ravel().tolist(), page.tab.inner_text("#problem")


# names of frameworks and their words stay; the rest of a sentence is Chinese
KEPT = r"`[^`]*`|ONNX Runtime|ConvTranspose|F\.pad|\bPad\b|padding_mode|padding=\"same\"|auto_pad=\"\w+\"|transpose_kernel=\w+|dilation_rate|output_padding|\bmax\(|[xyzn]1?\b|\d+"


def test_everything_is_said_in_chinese(page):
    page.open("#p=convt2d+i2x2+k2x2&l=zh")
    said = page.tab.evaluate("""() => {
      const said = new Set(), tell = text => { if (text) said.add(text); };
      for (const transposed of [false, true]) for (const rank of [1, 2]) {
        const base = withRank({ ...structuredClone(state.fields), transposed, output_padding: [0, 0] }, rank);
        for (const [name, values] of Object.entries({ input: [0, 1, 2, 5, 2e15], kernel: [0, 1, 3, 9], stride: [0, 2, 3, 4, 9e15], dilation: [0, 2, 4], before_: [-1, 1, 2, 9], after_: [-1, 1, 9e15],
          output_padding: [-1, 1, 7], input_channels: [0, 3, 900], output_channels: [0, 3, 900], groups: [0, 2, 5] }))
          for (const value of values) for (const boundary of ['zeros', 'reflect', 'symmetric', 'circular']) for (const kernel of [2, 3]) for (const dilation of [1, 2, 3]) {
            let fields = { ...withValue(base, name, ['groups', 'input_channels', 'output_channels'].includes(name) ? -1 : 0, value), boundary: base.boundary.map(() => boundary) };
            if (name !== 'kernel') fields = withValue(fields, 'kernel', rank - 1, kernel);
            if (name !== 'dilation') fields = withValue(fields, 'dilation', 0, dilation);
            fields.flip = dilation === 3;
            const opened = core.open(fields);
            if (opened.error) { tell(opened.error); continue; }
            for (const words of core.words()) { tell(words.missing); for (const one of words.differs) tell(one.why), tell(one.words.replace(/^.*(?=, (half|the|which) )/, 'Pad').replace(/.*"$|.*None$/, '')); }
            const map = core.overlap();
            tell(map.verdict ?? map.error);
            for (const line of map.advice ?? []) tell(line);
          }
      }
      return [...said].map(text => [text, translated(text)]);
    }""")
    assert len(said) > 100
    english = [pair for pair in said if re.search(r"[A-Za-z]", re.sub(KEPT, "", pair[1]))]
    assert not english, english[:10]
    assert page.tab.evaluate("Object.keys(words.en).filter(word => !(word in words.zh))") == []
    page.go("#p=conv2d+i3x3+k2x2&l=zh")
    page.fill("#kernel-1", "5")
    page.tab.wait_for_selector("#error button")
    assert page.tab.inner_text("#error").startswith("卷积核 x 为 5")


def test_keyboard_alone(page):
    page.preset("2d")
    page.tab.locator("#arrays [data-side=fine] .cell").first.focus()
    assert page.lit("coarse") == ["O11"]
    page.tab.keyboard.press("ArrowRight")
    page.tab.keyboard.press("ArrowDown")
    assert page.formula().startswith("I22 goes to")
    page.tab.keyboard.press("Enter")
    page.hover("coarse", "O11")
    assert page.formula().startswith("I22 goes to"), "pinned"
    page.tab.keyboard.press("Escape")
    assert page.lit("coarse") == []
    page.tab.locator("#arrays [data-side=coarse] .cell").first.focus()
    page.tab.keyboard.press("Tab")  # out of the grid at once: one stop for each
    assert page.tab.evaluate("!document.activeElement.closest('[data-side=coarse]')")
