"""`preview_escalation` on a real server process: what would be sent, for how much, and that nothing is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp import Client

from changes.histories import History
from conversation.telemetry import write_traces
from conversation.test_request import CAMEL_CALL, MISSION_CALL
from deep_code_reasoning.mcp_server import catalogue
from mcp_server.driver import ERAS, call, drive, error_line

TOOL = "preview_escalation"
SECRET = "AKIA" + "QZ7Y4M2LXW8RT3VB"
FILES = {
    "user_service.go": (
        "package users\n\nfunc Find(id string) string {\n\treturn lookup(id)\n}\n\n"
        f'// a key that stood in the source\nconst key = "{SECRET}"\n'
    ),
    "order_service.go": "package users\n\nfunc lookup(id string) string {\n\treturn id\n}\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with a secret in its source, beside traces of four services."""
    shop = History(tmp_path / "work")
    write_traces(shop.folder / "traces.json", ["cart", "mail", "order", "payment"], span_seconds=600, lines=50)
    shop.commit("first", 1, FILES)
    return shop.folder


def previewed(result: Any) -> dict[str, Any]:
    assert not result.is_error, result.content
    Draft202012Validator(catalogue.tools()[TOOL].output_schema or {}).validate(result.structured_content)
    assert len(result.content[0].text) < 20_000
    return result.structured_content


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("mission", [MISSION_CALL, CAMEL_CALL], ids=["snake_case", "camelCase"])
def test_the_manifest(folder: Path, era: str, mission: dict[str, Any]) -> None:
    result = call(folder, TOOL, {**mission, "evidence": ["traces.json", "."]}, era=era)
    found = previewed(result)
    titles = {item["title"]: item for item in found["items"]}
    assert any("user_service.go" in title for title in titles)
    assert all(item["reason"] and item["tokens"] > 0 for item in found["items"])
    assert 0 < found["tokens"] <= 0.9 * found["budget_tokens"]
    assert SECRET not in result.content[0].text
    assert [(one["count"], len(one["places"])) for one in found["redactions"]] == [(1, 1)]
    models = found["models"]
    assert models
    assert all(one["has_key"] is False and "no key" in one["why"] for one in models)
    assert any(one["dollars"] > one["dollars_input"] > 0 for one in models if one["dollars"] is not None)
    assert found["warnings"] == []
    assert [len(tree["commit"]) for tree in found["trees"]] == [40]
    assert "nothing was sent" in found["narrative"]
    assert "1 places with secrets were redacted" in found["narrative"]
    assert found["cost"]["dollars"] == 0


def test_everything_is_optional_and_a_tree_that_moved_is_told(folder: Path) -> None:
    async def conversation(client: Client) -> Any:
        await client.call_tool("load_evidence", {"evidence": ["."]})
        (folder / "order_service.go").write_text("package users\n\nfunc lookup(id string) string { return id + id }\n")
        return await client.call_tool(TOOL, {})

    found = previewed(drive(folder, conversation))
    assert len(found["warnings"]) == 1
    assert found["warnings"][0].endswith("1 tracked files are not as committed")


def test_a_smaller_depth_leaves_more_out_and_says_what_more_would_bring(folder: Path) -> None:
    long = "\n".join(f"func Find{n}(id string) string {{\n\treturn lookup(id)\n}}\n" for n in range(4_000))
    (folder / "long_service.go").write_text("package users\n\n" + long)
    scope = {"claude_context": {"code_scope": {"files": ["long_service.go"]}}, "evidence": ["traces.json"]}

    async def conversation(client: Client) -> list[Any]:
        return [await client.call_tool(TOOL, {**scope, "depth_level": depth}) for depth in (1, 5)]

    small, large = map(previewed, drive(folder, conversation))
    assert small["budget_tokens"] * 16 == large["budget_tokens"]
    assert small["tokens"] < large["tokens"]
    assert small["next_additions_count"] > 0
    assert all(one["tokens"] > 0 and one["title"] for one in small["next_additions"])
    assert "A budget 50,000 tokens larger would add" in small["narrative"]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"analysis_type": "magic"}, "analysis_type: 'magic'; expected one of"),
    ({"claude_context": []}, "claude_context: expected an object"),
    ({"evidence": ["nowhere.json"]}, "nowhere.json"),
    ({"investigation": "never-loaded"}, "no investigation 'never-loaded'"),
    ({"depth_level": 9}, "depth_level: 9; expected a number from 1 to 5"),
]


def test_bad_input_is_one_line_that_names_it(folder: Path) -> None:
    async def conversation(client: Client) -> list[Any]:
        return [await client.call_tool(TOOL, arguments) for arguments, _ in BAD]

    for (arguments, line), result in zip(BAD, drive(folder, conversation), strict=True):
        said = error_line(result)
        assert line in said, (arguments, said)
        assert str(folder) not in said
