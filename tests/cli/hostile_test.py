"""Hostile calls: exit status 2, one line that names the argument, no report of a sanitizer, no file left or changed."""
import os
import pathlib
import subprocess
from concurrent.futures import ThreadPoolExecutor

import hostile


def fault_of(program, folder, arguments, name):
    """What is wrong with the answer; nothing if it is right."""
    environment = {**os.environ, "ASAN_OPTIONS": "allocator_may_return_null=1:max_allocation_size_mb=2048"}
    result = subprocess.run([program, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False, env=environment)
    line = result.stderr.decode("utf-8")
    if result.returncode != 2:
        return f"exit status {result.returncode}: {result.stdout[:200]} {line[:2000]}"
    if result.stdout or not line.startswith("faltung: ") or line.count("\n") != 1 or not line.endswith("\n"):
        return f"not one line: {result.stdout[:200]} {line[:2000]}"
    if len(line) > 900 or any(ord(c) < 32 for c in line[:-1]):
        return f"not to be read: {line[:900]!r}"
    return None if name in line else f"does not name {name}: {line}"


def test_every_call_is_refused_by_name_and_leaves_nothing(tmp_path):
    hostile.make_files(tmp_path)
    before = {path: path.read_bytes() if path.is_file() else None for path in tmp_path.rglob("*")}
    program = os.environ["FALTUNG"]
    calls = list(hostile.calls())
    with ThreadPoolExecutor(2) as pool:
        faults = list(pool.map(lambda call: fault_of(program, tmp_path, *call), calls))
    wrong = [f"{[word[:80] for word in arguments]}: {fault}" for (arguments, _), fault in zip(calls, faults) if fault]
    assert not wrong, f"{len(wrong)} of {len(calls)}:\n" + "\n".join(wrong)
    assert {path: path.read_bytes() if path.is_file() else None for path in tmp_path.rglob("*")} == before


def test_the_table_lists_300_different_calls():
    calls = [tuple(arguments) for arguments, _ in hostile.calls()]
    assert len(calls) >= 300 and len(set(calls)) == len(calls)
    assert (pathlib.Path(__file__).parent / "hostile.txt").read_text() == hostile.table(), "make it again: python3 tests/cli/hostile.py > tests/cli/hostile.txt"
