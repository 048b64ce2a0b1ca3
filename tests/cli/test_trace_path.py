"""`dcr trace-path` on a folder, as text and as JSON, and joined with the spans of an investigation."""

from __future__ import annotations

import json
from pathlib import Path

from cli.conftest import Dcr

SOURCE = """import threading


class Cart:
    def __init__(self):
        self.lock = threading.Lock()

    def check(self, user):
        with self.lock:
            for line in self.lines:
                price(line, user)


def price(line, who):
    return requests.get(line)
"""


def tree(folder: Path) -> Path:
    (folder / "cart.py").write_text(SOURCE)
    return folder


def test_as_a_tree(dcr: Dcr, tmp_path: Path) -> None:
    run = dcr("trace-path", "cart.py:9", "--root", tree(tmp_path))
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[0] == "Cart.check  cart.py:8"
    assert "    lock at 9: self.lock" in lines
    assert "  price  cart.py:14  <- line 11  (in a for statement at line 10; under self.lock)" in lines
    assert "      user -> who" in lines
    assert "      remote at 15: requests.get()" in lines


def test_as_json(dcr: Dcr, tmp_path: Path) -> None:
    run = dcr("trace-path", "Cart.check", "--root", tree(tmp_path), "--depth", "1", "--no-data-flow", "--json")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["schema"] == "execution-path/1"
    assert [(row["number"], row["parent"], row["function"], row["flows"]) for row in found["steps"]] == [
        (1, None, "Cart.check", []),
        (2, 1, "price", []),
    ]


def test_an_entry_that_is_not_there(dcr: Dcr, tmp_path: Path) -> None:
    run = dcr("trace-path", "nothing.py:1", "--root", tree(tmp_path))
    assert run.returncode == 2
    assert "nothing.py: no source file of this tree" in run.stderr


def test_what_spans_saw(dcr: Dcr, tmp_path: Path) -> None:
    times = {"startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000050000000"}
    about = {"code.function.name": "price", "code.file.path": "/srv/cart.py", "code.line.number": 14}
    attributes = [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in about.items()
    ]
    span = {"traceId": "a" * 32, "spanId": "b" * 16, "name": "GET", "kind": 3, **times, "attributes": attributes}
    evidence = tmp_path / "spans.json"
    evidence.write_text(json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [span]}]}]}))
    loaded = dcr("load", evidence, "--json")
    assert loaded.returncode == 0, loaded.stderr
    source = tmp_path / "source"
    source.mkdir()
    name = json.loads(loaded.stdout)["investigation"]
    run = dcr("trace-path", "Cart.check", "--root", tree(source), "--investigation", name, "--json")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    seen = {row["function"]: row["observed"] for row in found["steps"]}
    assert seen == {
        "Cart.check": None,
        "price": {"spans": 1, "frames": 0, "total_ms": 50.0, "longest_ms": 50.0},
    }
