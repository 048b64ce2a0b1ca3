"""`cross_system_impact` and `performance_bottleneck` on a real server: spellings, roots, evidence, bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp import Client

from deep_code_reasoning.mcp_server import catalogue
from mcp_server.driver import ERAS, call, drive, error_line
from running_code.repositories import change, commit
from running_code.traffic import write_traffic

PROGRAM = {
    "shared/price.py": "def price(product, quantity, currency):\n    return product.cents * quantity\n",
    "orders/app.py": (
        "from shared.price import price\n\n\ndef place(order, db):\n    for line in order.lines:\n"
        "        db.query('SELECT cents FROM products WHERE id = 1', line)\n    return price(order, 1, 'EUR')\n"
    ),
    "catalog/größe [x] & <y>.py": "def odd():\n    return 1\n",
}
ENTRY = {"file": "orders/app.py", "line": 4}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    commit(folder, PROGRAM)
    change(folder, {"shared/price.py": PROGRAM["shared/price.py"].replace(", currency)", ")")})
    return folder


def answer(folder: Path, tool: str, arguments: dict[str, Any], **how: Any) -> dict[str, Any]:
    result = call(folder, tool, arguments, **how)
    assert not result.is_error, result.content
    Draft202012Validator(catalogue.tools()[tool].output_schema or {}).validate(result.structured_content)
    return result.structured_content


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    "arguments",
    [
        {"change_scope": {"files": ["shared/price.py"], "service_names": ["orders"]}, "impact_types": ["breaking"]},
        {"changeScope": {"files": ["shared/price.py"], "serviceNames": ["orders"]}, "impactTypes": ["breaking"]},
        {"change_scope": {"files": ["shared/price.py"]}},
    ],
    ids=["snake_case", "camelCase", "least"],
)
def test_impact(folder: Path, era: str, arguments: dict[str, Any]) -> None:
    found = answer(folder, "cross_system_impact", arguments, era=era)
    (impact,) = [one for one in found["impacts"] if one["type"] == "breaking"]
    assert impact["kind"] == "parameters-changed"
    assert [(one["file"], one["line"], one["state"], one["confidence"]) for one in impact["affected"]] == [
        ("orders/app.py", 7, "broken", 1.0)
    ]
    assert impact["evidence"] == ["code:shared/price.py:1", "code:orders/app.py:7"]
    assert str(folder) not in str(found)
    assert found["not_looked_at"]
    assert found["cost"]["dollars"] == 0


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    "arguments",
    [
        {"code_path": {"entry_point": ENTRY, "suspected_issues": ["N+1 queries"]}, "profile_depth": 3},
        {"codePath": {"entryPoint": ENTRY, "suspectedIssues": ["N+1 queries"]}, "profileDepth": 3},
        {"code_path": {"entry_point": {**ENTRY, "function_name": "place"}, "suspected_issues": ["N+1 queries"]}},
    ],
    ids=["snake_case", "camelCase", "named"],
)
def test_bottleneck(folder: Path, era: str, arguments: dict[str, Any]) -> None:
    found = answer(folder, "performance_bottleneck", arguments, era=era)
    assert [(one["kind"], one["line"]) for one in found["static"]] == [("query-in-loop", 6)]
    assert [(one["issue"], one["verdict"]) for one in found["suspected_issues"]] == [("N+1 queries", "seen")]
    assert found["measured_count"] == 0


def test_both_with_evidence_and_without_a_key(folder: Path) -> None:
    write_traffic(folder / "traces.jsonl", [1, 20])
    calls = [
        ("cross_system_impact", {"change_scope": {"files": ["orders/app.py"]}, "evidence": ["traces.jsonl"]}),
        ("performance_bottleneck", {"code_path": {"entry_point": ENTRY}, "evidence": ["traces.jsonl"]}),
    ]

    async def conversation(client: Client) -> list[Any]:
        return [await client.call_tool(tool, arguments) for tool, arguments in calls]

    impact, bottleneck = (one.structured_content for one in drive(folder, conversation))
    assert [(one["service"], one["depth"]) for one in impact["services"]] == [("gateway", 1)]
    assert impact["operations"][0]["operation"] == "POST /orders"
    assert bottleneck["measured"][0]["operation"] == "SELECT products"
    assert bottleneck["investigation"] == impact["investigation"]


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("cross_system_impact", {}, "change_scope: missing; expected {files, service_names?}"),
    ("cross_system_impact", {"change_scope": {}}, "change_scope.files: missing; expected a list of paths"),
    ("cross_system_impact", {"change_scope": {"files": []}}, "change_scope.files: empty; expected a list of paths"),
    ("cross_system_impact", {"change_scope": {"files": ["a\0b"]}}, "change_scope.files[0]: expected a path"),
    ("cross_system_impact", {"change_scope": {"files": ["none.py"]}}, "none can be looked at (none.py: no such file"),
    ("cross_system_impact", {"change_scope": {"files": ["/etc/passwd"]}}, "none can be looked at"),
    (
        "cross_system_impact",
        {"change_scope": {"files": ["a.py"]}, "root": "/etc"},
        "/etc: outside of the allowed roots",
    ),
    (
        "cross_system_impact",
        {"change_scope": {"files": ["shared/price.py"]}, "revision": "no-such"},
        "no commit 'no-such'",
    ),
    (
        "cross_system_impact",
        {"change_scope": {"files": ["shared/price.py"]}, "revision": "--help"},
        "no commit '--help'",
    ),
    (
        "cross_system_impact",
        {"change_scope": {"files": ["shared/price.py"]}, "impact_types": ["odd"]},
        "impact_types: 'odd'",
    ),
    (
        "cross_system_impact",
        {"change_scope": {"files": ["shared/price.py"]}, "investigation": "none"},
        "no investigation 'none'",
    ),
    ("performance_bottleneck", {}, "code_path: missing; expected {entry_point, suspected_issues?}"),
    (
        "performance_bottleneck",
        {"code_path": {}},
        "code_path.entry_point: missing; expected {file, line, function_name?}",
    ),
    (
        "performance_bottleneck",
        {"code_path": {"entry_point": {"file": "x.py", "line": 1}}},
        "no source file of this tree",
    ),
    (
        "performance_bottleneck",
        {"code_path": {"entry_point": ENTRY}, "profile_depth": 6},
        "profile_depth: 6; expected a number from 1 to 5",
    ),
    ("performance_bottleneck", {"code_path": {"entry_point": ENTRY}, "baseline": "then"}, "baseline: "),
    (
        "performance_bottleneck",
        {"code_path": {"entry_point": ENTRY}, "root": "/etc"},
        "/etc: outside of the allowed roots",
    ),
]


def test_bad_input_is_one_line_that_says_what_was_expected(folder: Path) -> None:
    async def conversation(client: Client) -> list[Any]:
        return [await client.call_tool(tool, arguments) for tool, arguments, _ in BAD]

    for (tool, arguments, line), result in zip(BAD, drive(folder, conversation), strict=True):
        said = error_line(result)
        assert line in said, (tool, arguments, said)
        assert str(folder) not in said


def test_names_that_no_one_should_refuse(folder: Path) -> None:
    name = "catalog/größe [x] & <y>.py"
    change(folder, {name: "def odd():\n    return {'<a>': '}'}\n"})
    found = answer(folder, "cross_system_impact", {"change_scope": {"files": [name, "none {x}.py"]}})
    assert [(one["file"], one["state"]) for one in found["scope"]] == [(name, "changed")]
    assert any(one.startswith("none {x}.py: no such file") for one in found["not_looked_at"])
