"""The page: narrow, dark, read aloud, fast, small, and in pictures."""
import pathlib

import axe_playwright_python
import pytest

from conftest import PAGE

AXE = (pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


@pytest.mark.parametrize("preset", ["2d-padding", "channels", "transposed-cut-matrix"])
def test_a_phones_width(make_page, preset):
    page = make_page(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True).open()
    page.preset(preset)
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 360
    page.cell("weights", 0).tap()
    assert page.lit("weights")


@pytest.mark.parametrize("address, cell, options", [
    ("#t=2d-padding&p=conv2d+i3x3+k2x2+s2+p1", "K11", {}),
    ("#t=2d-padding&p=conv2d+i3x3+k2x2+s2+p1", "O22", {"color_scheme": "dark"}),
    ("#t=transposed-overlap&p=convt2d+i2x2+k3x3+s2", "t33", {}),
    ("#p=convt2d+i2x2+k3x3+s2+p1&l=zh", "O11", {"color_scheme": "dark"}),
    ("#p=conv2d-dw+i4x4+k2x2", "∂K11", {"color_scheme": "dark"}),
    ("#p=conv2d+i12x12+k3x3+p1", "O1,2", {}),
])
def test_accessible(make_page, address, cell, options):
    page = make_page(**options).open(f"{address}&c={cell}")
    assert page.lit("weights")
    page.tab.evaluate(AXE)
    result = page.tab.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})")
    assert [(fault["id"], [node["html"][:160] for node in fault["nodes"]][:3]) for fault in result["violations"]] == []


# handlers answer at once; what they ask for is drawn in the next frames, once however many ask
EVENTS = """async () => {
  const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  const real = requestAnimationFrame, found = {}, byId = id => document.getElementById(id);
  let drawing = 0;
  window.requestAnimationFrame = work => real(now => { const start = performance.now(); work(now); drawing += performance.now() - start; });
  const time = async (name, count, work) => {
    const handled = [], drawn = [];
    for (let i = 0; i < count; ++i) {
      drawing = 0;
      const start = performance.now();
      work(i);
      handled.push(performance.now() - start);
      await frame();
      await frame();
      drawn.push(drawing);
    }
    found[name] = [handled, drawn].map(list => list.sort((a, b) => a - b));
  };
  const point = side => i => {
    const grid = document.querySelector(`#arrays [data-side=${side}] .dense`), box = grid.getBoundingClientRect();
    grid.dispatchEvent(new PointerEvent('pointermove', { bubbles: true, clientX: box.left + (i % 16 + 0.5) * box.width / 18, clientY: box.top + (i * 7 % 16 + 0.5) * box.height / 18 }));
  };
  const put = (field, value) => { field.value = value; field.dispatchEvent(new Event('input', { bubbles: true })); field.dispatchEvent(new Event('change', { bubbles: true })); };
  const slide = (id, values) => i => put(document.querySelector(`#${id} ~ input`), values[i % values.length]);
  const weights = document.querySelectorAll('#arrays [data-side=weights] .cell');
  await time('point at the input', 5, point('padded'));
  await time('point at the output', 5, point('coarse'));
  await time('point at the kernel', 5, i => weights[i * 7].dispatchEvent(new PointerEvent('pointerover', { bubbles: true })));
  await time('step', 5, () => byId('after').click());
  await time('scrub', 5, i => put(byId('scrub'), i * 97));
  for (const [id, values] of [['input-1', [16, 15]], ['kernel-1', [3, 2]], ['stride-1', [1, 2]], ['dilation-0', [1, 2]], ['before_-1', [1, 0]], ['input_channels--1', [4, 3]], ['groups--1', [1, 2]]])
    await time(`slide ${id}`, 5, slide(id, values));
  await time('illegal', 5, i => put(byId('kernel-1'), i % 2 ? 30 : 3));
  await time('boundary', 5, i => put(byId('boundary-0'), i % 2 ? 'circular' : 'zeros'));
  await time('flip', 5, () => byId('flip').click());
  await time('random', 5, () => byId('random').click());
  await time('form', 5, i => document.querySelector(`[name=form][value=${i % 2 ? 'padded' : 'folded'}]`).click());
  await time('view', 5, i => document.querySelectorAll('[name=view]')[[0, 1, 2, 1, 0][i]].click());
  await time('direction', 5, i => document.querySelectorAll('[name=direction]')[i % 2].click());
  await time('language', 5, i => put(byId('language'), i % 2 ? 'zh' : 'en'));
  return found;
}"""


def test_an_event_takes_under_4_milliseconds(page):
    page.open("#p=conv2d+ic4+oc4+i16x16+k3x3+p1")
    found = page.tab.evaluate(EVENTS)
    for _ in range(2):  # the least counts: what else a shared machine does only adds, for as long as one round takes
        if all(handled[0] < 4 for handled, _ in found.values()):
            break
        again = page.tab.evaluate(EVENTS)
        found = {name: min(found[name], again[name]) for name in found}
    for name, (handled, drawn) in found.items():
        print(f"{name}: handled in {handled[0]:.1f} ms, at the median {handled[2]:.1f}; drawn in {drawn[0]:.1f}, {drawn[2]:.1f}")
    assert len(found) == 20 and {name: handled for name, (handled, _) in found.items() if handled[0] >= 4} == {}
    # what is drawn later takes long where there is much of it: 2,320 cells of large arrays must not be elements
    assert page.tab.locator("#arrays *").count() < 700


def test_the_page_is_small():
    assert PAGE.stat().st_size < 600_000


# what README and docs show: copied from here to docs/pictures/ after somebody has looked at them
@pytest.mark.parametrize("name, address, options", [
    ("page_convolution", "#p=conv2d+i3x3+k2x2+s2+p1&t=2d-padding&c=O22", {"viewport": {"width": 1280, "height": 930}}),
    ("page_transposed", "#p=convt2d+i2x2+k3x3+s2&t=transposed-overlap&c=t33", {"color_scheme": "dark"}),
    ("page_chinese", "#p=convt2d+i2x2+k2x2+s2+p1&t=transposed-cut&c=I12&l=zh", {}),
    ("page_channels", "#p=conv2d+ic4+oc4+i16x16+k3x3+p1&c=O1.5,5", {}),
    ("page_phone", "#p=convt2d+i2x2+k2x2&t=transposed&c=t22", {"viewport": {"width": 360, "height": 800}}),
])
def test_main_states_are_pictured(make_page, name, address, options):
    page = make_page(**options).open(address)
    assert page.lit("weights")
    folder = PAGE.parent / "screenshots"
    folder.mkdir(exist_ok=True)
    page.tab.screenshot(path=folder / f"{name}.png")
