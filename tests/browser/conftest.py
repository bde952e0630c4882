"""The page in Debian's Chromium, opened from disk as by a double click."""
import contextlib
import os
import pathlib

import pytest
from playwright.sync_api import sync_playwright

PAGE = pathlib.Path(os.environ["FALTUNG_PAGE"]).resolve()


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


class Page:
    """One tab; whatever the console calls an error fails the test."""

    def __init__(self, context):
        self.tab = context.new_page()
        self.faults = []
        self.tab.on("console", lambda message: self.faults.append(message.text) if message.type in ("error", "warning") else None)
        self.tab.on("pageerror", lambda error: self.faults.append(str(error)))

    def open(self, address=""):
        self.tab.goto("about:blank")
        self.tab.goto(PAGE.as_uri() + address)
        self.tab.wait_for_selector("html[data-ready]")
        self.settle()
        return self

    def go(self, address):
        """Another address in the same tab, as when somebody edits it."""
        self.tab.evaluate("address => new Promise(done => { addEventListener('hashchange', done, { once: true }); location.hash = address; })", address)
        self.settle()

    def settle(self):
        self.tab.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    # what draws in the next frame: act, then wait for it
    def preset(self, name):
        self.select("#preset", name)

    def select(self, place, value):
        self.tab.select_option(place, value)
        self.settle()

    def fill(self, place, value):
        self.tab.fill(place, value)
        self.settle()

    def blur(self, place):
        self.tab.locator(place).blur()
        self.settle()

    def check(self, place):
        self.tab.check(place)
        self.settle()

    def click(self, place):
        self.tab.click(place)
        self.settle()

    def press(self, *keys):
        for key in keys:
            self.tab.keyboard.press(key)
        self.settle()

    def address(self):
        """What the page wrote, once it has written all."""
        self.tab.wait_for_function("addressTimer === null")
        return self.tab.evaluate("location.hash")

    def values(self, side):
        return self.tab.evaluate("side => state.shown[side].values", side)

    def formula(self):
        return self.tab.inner_text("#formula")

    def cell(self, side, index):
        return self.tab.locator(f"#arrays [data-side={side}] [data-index='{index}']")

    def hover(self, side, name):
        index = self.tab.evaluate("([side, name]) => state.shown[side].names.indexOf(name)", [side, name])
        assert index >= 0, name
        self.cell(side, index).hover()
        return self.formula()

    def lit(self, side):
        return self.tab.evaluate(
            "side => [...document.querySelectorAll(`#arrays [data-side=${side}] .cell.lit`)].map(cell => state.shown[side].names[cell.dataset.index])", side)


@contextlib.contextmanager
def pages_of(chromium):
    contexts = []
    pages = []

    def make(**options):
        contexts.append(chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", **options}))
        pages.append(Page(contexts[-1]))
        return pages[-1]

    yield make
    for page in pages:
        assert not page.faults
    for context in contexts:
        context.close()


@pytest.fixture
def make_page(chromium):
    with pages_of(chromium) as make:
        yield make


@pytest.fixture
def page(make_page):
    return make_page().open()


@pytest.fixture(scope="module")
def tour(chromium):
    """One page for all presets: what one leaves behind must not change the next."""
    with pages_of(chromium) as make:
        yield make().open()
