"""What a change costs and does otherwise, and the services that are seen to run it, with generated traces."""

from __future__ import annotations

from pathlib import Path

import pytest

from conversation.telemetry import MORNING
from deep_code_reasoning.changes.diffs.kinds import kinds
from deep_code_reasoning.changes.diffs.pattern_catalogue import all_patterns
from deep_code_reasoning.errors import OutsideRootsError, UsageError
from deep_code_reasoning.running_code.impact.changed_kinds import types_of
from running_code.repositories import change, commit, impact_of
from running_code.traffic import Request, write_traffic

SHOP = {
    "shared/price.py": "def price(product, quantity):\n    return product.cents * quantity\n",
    "orders/app.py": (
        "import requests\nfrom shared.price import price\n\n\ndef place(order, db):\n"
        "    rows = db.query('SELECT cents FROM products WHERE id = ANY(1)')\n    total = price(order.product, 1)\n"
        "    for line in order.lines:\n        total += rows[line]\n"
        '    requests.get(f"http://catalog/api/stock/{order.id}", timeout=5)\n    return total\n'
    ),
    "catalog/app.py": (
        'from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get("/api/stock/<product_id>")\n'
        "def stock(product_id):\n    return look(product_id)\n\n\ndef look(product_id):\n    return 1\n"
    ),
}
N_PLUS_ONE = SHOP["orders/app.py"].replace(
    "total += rows[line]", "total += db.query('SELECT cents FROM products WHERE id = 1', line)"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    commit(folder, SHOP)
    write_traffic(folder / "traces.jsonl", [3], seconds=60, a_request=60)
    return folder


def test_a_query_put_into_a_loop_is_told_with_how_often_it_runs(folder: Path) -> None:
    change(folder, {"orders/app.py": N_PLUS_ONE})
    report = impact_of(folder, "orders/app.py", evidence=(str(folder / "traces.jsonl"),))
    (impact,) = [one for one in report.impacts if one.kind == "call-in-loop"]
    assert (impact.type, impact.file, impact.line, impact.function) == ("performance", "orders/app.py", 9, "place")
    assert impact.operations == ("orders POST /orders",)
    assert impact.calls_per_second == pytest.approx(60 / 59, rel=0.02)  # a request a second
    assert impact.confidence == 1.0
    (operation,) = report.operations
    assert operation.how == "code attributes of its spans"
    assert operation.evidence[0].startswith("span:")


def test_services_upstream_with_their_depth_and_share(folder: Path) -> None:
    change(folder, {"catalog/app.py": SHOP["catalog/app.py"].replace("return 1", "raise ValueError(product_id)")})
    report = impact_of(folder, "catalog/app.py", evidence=(str(folder / "traces.jsonl"),))
    told = [(one.service, one.depth, one.calls_to, one.calls, one.share_of_calls) for one in report.services]
    assert told == [("orders", 1, "catalog", 60, 1.0), ("gateway", 2, "orders", 60, 1.0)]
    # `look` is reached by `stock`, whose route is that of the operation.
    (operation,) = report.operations
    assert (operation.operation, operation.confidence) == ("GET /api/stock/{id}", 1.0)
    assert operation.share_of_traces == 1.0
    assert report.owners == {"catalog": "runs it: GET /api/stock/{id}"}


def test_an_operation_within_a_service_is_reached_by_those_who_call_the_service(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    commit(folder, {"orders/rules.py": "def check(order):\n    return order\n"})
    change(folder, {"orders/rules.py": "def check(order):\n    return order or None\n"})
    lines = []
    for number in range(4):
        one = Request(number, MORNING + number * 10**9)
        gateway = one.span("gateway", "GET /cart", 0, 50, kind=2)
        orders = one.span("orders", "POST /orders", 5, 45, parent=gateway, kind=2)
        if number % 2:
            one.span("orders", "check", 6, 7, parent=orders, code__function__name="orders.rules.check")
        lines.append(one.line())
    (folder / "traces.jsonl").write_text("\n".join(lines) + "\n")
    report = impact_of(folder, "orders/rules.py", evidence=(str(folder / "traces.jsonl"),))
    (service,) = report.services
    assert (service.service, service.depth, service.calls) == ("gateway", 1, 2)
    assert (service.share_of_calls, service.share_of_its_traces) == (0.5, 0.5)


def test_a_shared_library_is_run_by_whoever_calls_it(folder: Path) -> None:
    change(folder, {"shared/price.py": SHOP["shared/price.py"].replace("* quantity", "* max(quantity, 1)")})
    report = impact_of(folder, "shared/price.py", evidence=(str(folder / "traces.jsonl"),))
    assert [(one.service, one.function.split()[0]) for one in report.operations] == [("orders", "place")]
    assert report.functions[0].callers[0].who == "place"


def test_what_runs_is_unknown_without_evidence_and_where_nothing_names_it(folder: Path) -> None:
    change(
        folder,
        {"shared/price.py": SHOP["shared/price.py"] + "\n\ndef unused(db):\n    return db.query('SELECT 1 FROM a')\n"},
    )
    report = impact_of(folder, "shared/price.py", evidence=(str(folder / "traces.jsonl"),))
    (impact,) = [one for one in report.impacts if one.kind == "query-added" and one.type == "performance"]
    assert impact.confidence is None
    assert impact.affected == ()
    without = impact_of(folder, "orders/app.py")
    assert without.services == []
    assert "run time: no evidence or investigation was given" in without.not_looked_at


def test_services_named_by_the_caller(folder: Path) -> None:
    change(folder, {"shared/new.py": "def nobody():\n    return 1\n"})
    evidence = (str(folder / "traces.jsonl"),)
    report = impact_of(folder, "shared/new.py", evidence=evidence, services=("orders", "nowhere"))
    assert report.owners == {"orders": "named by the caller"}
    assert [(one.service, one.depth) for one in report.services] == [("gateway", 1)]
    assert "service nowhere: no span of it in the evidence" in report.not_looked_at


BEHAVIOUR = [
    ("timeout-removed", ", timeout=5", ""),
    ("error-handling", "    return total", "    try:\n        return total\n    except KeyError:\n        return 0"),
    ("feature-flag", "    return total", '    if is_enabled("new-total"):\n        return 0\n    return total'),
]


@pytest.mark.parametrize(("kind", "old", "new"), BEHAVIOUR, ids=[kind for kind, *_ in BEHAVIOUR])
def test_behaviour(kind: str, old: str, new: str, folder: Path) -> None:
    assert old in SHOP["orders/app.py"]
    change(folder, {"orders/app.py": SHOP["orders/app.py"].replace(old, new)})
    report = impact_of(folder, "orders/app.py")
    assert kind in {one.kind for one in report.impacts if one.type == "behavioral"}


def test_files_as_they_are(folder: Path) -> None:
    change(folder, {"orders/app.py": N_PLUS_ONE})
    commit(folder, {})
    report = impact_of(folder, "orders/app.py")
    assert [one["state"] for one in report.scope] == ["unchanged"]
    assert [(one.name, one.state) for one in report.functions] == [("place", "in scope")]
    assert "call-in-loop" in {one.kind for one in report.impacts}
    assert not [one for one in report.impacts if one.type == "breaking"]


def test_every_kind_of_change_has_a_type() -> None:
    names = {kind.name for kind in kinds()} | set(all_patterns())
    assert {name for name in names if not types_of(name)} == set()


HOSTILE: dict[str, bytes] = {
    "min.js": b"function a(){" + b"b();" * 10_000 + b"}",
    "big.py": b"x = 1\n" * 300_000,
    "nul.py": b"def f():\n    return '\0'\n",
    "deep.py": b"x = " + b"(" * 5_000 + b")" * 5_000 + b"\n",
    "latin.py": "def größe(a):\n    return a\n".encode("latin-1"),
    "crlf.py": b"def f(a, b):\r\n    return a\r\n",
    "odd [x] & <y>.py": b"def odd(a, b):\n    return a\n",
}


def test_hostile_files_are_left_out_and_said(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    commit(folder, HOSTILE)
    change(folder, {name: data.replace(b"(a, b)", b"(a)") + b"\n# changed\n" for name, data in HOSTILE.items()})
    report = impact_of(folder, *HOSTILE, "none.py", "../../etc/passwd", "a\nb", "/etc/passwd")
    said = " ".join(report.not_looked_at)
    for name in ("none.py", "../../etc/passwd", "/etc/passwd", "min.js", "nul.py"):
        assert name in said
    changed = {one.file for one in report.impacts if one.kind == "parameters-changed"}
    assert changed == {"crlf.py", "odd [x] & <y>.py"}
    assert report.narrative()


def test_nothing_to_look_at_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    commit(folder, {"a.py": "x = 1\n"})
    with pytest.raises(UsageError, match=r"none can be looked at \(none.py: no such file, now or before\)"):
        impact_of(folder, "none.py")
    with pytest.raises(OutsideRootsError):
        impact_of(folder, "a.py", root=tmp_path)


def test_no_git_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    change(folder, SHOP)
    report = impact_of(folder, "shared/price.py")
    assert [one["state"] for one in report.scope] == ["no history"]
    assert report.functions[0].callers[0].who == "place"
    assert any(one.startswith("what changed: there is no history") for one in report.not_looked_at)


def test_a_git_directory_outside_of_the_roots_is_not_read(tmp_path: Path) -> None:
    folder, other = tmp_path / "work", tmp_path / "other"
    commit(other, {"a.py": "def secret(a, b):\n    return a\n"})
    change(folder, {"a.py": "def secret(a):\n    return a\n", ".git": f"gitdir: {other / '.git'}\n"})
    report = impact_of(folder, "a.py")
    assert [one["state"] for one in report.scope] == ["no history"]
    assert "outside of the allowed roots" in report.scope[0]["compared"]


def test_a_link_out_of_the_tree_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    commit(folder, {"a.py": "def f():\n    return 1\n"})
    (tmp_path / "outside.py").write_text("def outside(): pass\n")
    (folder / "link.py").symlink_to(tmp_path / "outside.py")
    report = impact_of(folder, "a.py", "link.py")
    assert [one["file"] for one in report.scope] == ["a.py"]
