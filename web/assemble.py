"""Puts the page into one file that opens from disk: assemble.py FOLDER OUT.html; FOLDER has core.js and core.wasm."""
import base64
import gzip
import json
import pathlib
import sys

WEB = pathlib.Path(__file__).resolve().parent
# later files use what earlier ones define
SCRIPTS = ["words.js", "chinese.js", "core.js", "state.js", "grids.js", "dense.js", "matrix.js", "spread.js", "cell.js", "edit.js", "controls.js", "play.js",
           "export.js", "tour.js", "numbers.js", "main.js"]


def assemble(core, out):
    presets = json.dumps(json.loads((WEB / "presets.json").read_text()), ensure_ascii=False, separators=(",", ":"))
    packed = base64.b64encode(gzip.compress((core / "core.wasm").read_bytes(), mtime=0)).decode()
    script = "\n".join(["'use strict';", f"const presets = {presets};", f"const packedCore = '{packed}';", *((WEB / name).read_text() for name in SCRIPTS)])
    page = (WEB / "index.html").read_text()
    for mark, text in [("/* style */", (WEB / "style.css").read_text()), ("/* core */", (core / "core.js").read_text()), ("/* script */", script)]:
        assert page.count(mark) == 1, mark
        assert "</script" not in text and "</style" not in text, mark
        page = page.replace(mark, text)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page)
    print(f"{out}: {len(page.encode()) / 1000:.0f} kB")


if __name__ == "__main__":
    assemble(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
