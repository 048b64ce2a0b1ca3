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


def test_what_an_investigation_saw(dcr: Dcr, tmp_path: Path) -> None:
    name = loaded(dcr, tmp_path / "evidence")
    source = tmp_path / "source"
    source.mkdir()
    run = dcr("trace-path", "Cart.check", "--root", tree(source), "--investigation", name, "--json")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    seen = {row["function"]: row["observed"] for row in found["steps"]}
    nothing = {"spans": 0, "total_ms": None, "longest_ms": None}
    assert seen == {
        "Cart.check": nothing
        | {"failing_stacks": 2, "failing_share": 2 / 3, "cpu_share": 0.75, "cpu_share_itself": 0.25},
        "price": {"spans": 1, "total_ms": 50.0, "longest_ms": 50.0}
        | {"failing_stacks": 3, "failing_share": 1.0, "cpu_share": 0.5, "cpu_share_itself": 0.5},
    }
    assert [(one["signal"], one["rows"], one["rows_on_path"]) for one in found["joined"]] == [
        ("spans", 1, 1),
        ("failing stacks", 3, 3),
        ("CPU samples", 8, 6),
    ]
    text = dcr("trace-path", "Cart.check", "--root", source, "--investigation", name).stdout
    assert "seen in 1 spans, 50.0 ms; in 3 failing stacks (100%); in 50.0% of the CPU samples (50.0% itself)" in text
    assert "note: CPU samples: 75.0% touch this path; 2 of 4 places in them are its steps" in text


def loaded(dcr: Dcr, folder: Path) -> str:
    """A span with an exception, the same exception as a log of that span, two of no span, and a profile."""
    folder.mkdir()
    times = {"startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000050000000"}
    ids = {"traceId": "a" * 32, "spanId": "b" * 16}
    about = {"code.function.name": "price", "code.file.path": "/srv/cart.py", "code.line.number": 14}
    head = "Traceback (most recent call last):\n"
    outer, inner = '  File "/srv/cart.py", line 11, in check\n', '  File "/srv/cart.py", line 15, in price\n'
    stack = head + outer + inner + "KeyError: 1"
    event = {"name": "exception", "timeUnixNano": times["endTimeUnixNano"], "attributes": raised(stack)}
    span = {**ids, "name": "GET", "kind": 3, **times, "attributes": attributes(about), "events": [event]}
    record = {"timeUnixNano": times["endTimeUnixNano"], "body": {"stringValue": "failed"}}
    logs = [
        {**record, **ids, "attributes": raised(stack)},
        {**record, "attributes": raised(stack)},
        {**record, "attributes": raised(head + inner + "KeyError: 2")},
    ]
    (folder / "spans.json").write_text(
        json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [span]}]}]})
    )
    (folder / "logs.json").write_text(
        json.dumps({"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": logs}]}]})
    )
    check, price = "check (/srv/cart.py:11)", "price (/srv/cart.py:15)"
    (folder / "cpu.collapsed").write_text(f"main;{check};{price} 4\nmain;{check} 2\nmain (/srv/main.py:1) 2\n")
    run = dcr("load", folder, "--json")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)["investigation"]


def raised(stack: str) -> list[dict]:
    return attributes({"exception.type": "KeyError", "exception.stacktrace": stack})


def attributes(about: dict[str, str | int]) -> list[dict]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in about.items()
    ]
