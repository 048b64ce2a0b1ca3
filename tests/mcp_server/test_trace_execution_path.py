"""`trace_execution_path` on a real server process: every form of the call, paths, roots, pages, what ran."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp import Client

from call_graph.programs import write
from deep_code_reasoning.mcp_server import catalogue
from mcp_server.driver import ERAS, call, drive, error_line

TOOL = "trace_execution_path"
PROGRAM = {
    "shop/cart.py": (
        "import threading\n\nfrom shop.price import price\n\n\nclass Cart:\n    lock = threading.Lock()\n\n"
        "    # What a customer owes.\n    @staticmethod\n    def check(user):\n        with Cart.lock:\n"
        "            return price(user.id, 1)\n"
    ),
    "shop/price.py": "import requests\n\n\ndef price(who, n):\n    return requests.get(who)\n",
    "shop/web.py": "from shop.cart import Cart\n\n\ndef handle(user):\n    return Cart.check(user)\n",
    "odd [größe] & <co>.py": "def f():\n    return 1\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    return write(work, PROGRAM)


def traced(folder: Path, arguments: dict[str, Any], **how: Any) -> dict[str, Any]:
    result = call(folder, TOOL, arguments, **how)
    assert not result.is_error, result.content
    Draft202012Validator(catalogue.tools()[TOOL].output_schema or {}).validate(result.structured_content)
    return result.structured_content


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    "arguments",
    [
        {"entry_point": {"file": "shop/cart.py", "line": 11}, "max_depth": 5, "include_data_flow": True},
        {
            "entryPoint": {"file": "shop/cart.py", "line": 13, "functionName": "check"},
            "maxDepth": 5,
            "includeDataFlow": True,
        },
    ],
    ids=["snake_case", "camelCase"],
)
def test_a_path(folder: Path, era: str, arguments: dict[str, Any]) -> None:
    found = traced(folder, arguments, era=era)
    assert [(one["function"], one.get("parent"), one["at"]) for one in found["steps"]] == [
        ("Cart.check", None, "shop/cart.py:11-13"),
        ("price", 1, "shop/price.py:4-5"),
    ]
    assert found["steps"][1]["flows"] == ["user.id -> who -> requests.get:? at 5", "1 -> n"]
    assert found["steps"][1]["locks_held"] == ["Cart.lock"]
    assert found["steps"][1]["effects"] == ["remote 5: requests.get()"]
    assert [(one["function"], one["file"], one["call_line"]) for one in found["callers"]] == [
        ("handle", "shop/web.py", 5)
    ]
    assert [(one["call"], one["why"]) for one in found["unresolved"]] == [
        ("requests.get(who)", "requests is not in this tree")
    ]
    assert found["narrative"].startswith(
        "From Cart.check (shop/cart.py:11): 2 steps, 2 functions, 1 calls deep; 1 callers."
    )
    assert found["cost"]["dollars"] == 0


ENTRIES: list[tuple[dict[str, Any], str]] = [
    ({"file": "shop/cart.py", "line": 9}, "Cart.check"),  # the comment above
    ({"file": "shop/cart.py", "line": 10}, "Cart.check"),  # the decorator
    ({"file": "cart.py", "line": 12}, "Cart.check"),  # the end of the path
    ({"file": "/app/build/shop/cart.py", "line": 12}, "Cart.check"),  # as a container names it
    ({"file": "shop/cart.py", "line": 1, "function_name": "check"}, "Cart.check"),  # the line is old, the name is not
    ({"file": "shop/cart.py", "function_name": "Cart.check"}, "Cart.check"),
    ({"file": "shop/web.py", "line": 4, "function_name": "renamed_since"}, "handle"),
    ({"file": "odd [größe] & <co>.py", "line": 1}, "f"),
]


def test_what_an_entry_point_may_be(folder: Path) -> None:
    entries = [*ENTRIES, ({"file": str(folder / "shop/cart.py"), "line": 12}, "Cart.check")]

    async def conversation(client: Client) -> list[Any]:
        return [await client.call_tool(TOOL, {"entry_point": entry}) for entry, _ in entries]

    for (entry, function), result in zip(entries, drive(folder, conversation), strict=True):
        assert not result.is_error, (entry, result.content)
        assert result.structured_content["steps"][0]["function"] == function, entry


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "entry_point: missing; expected {file, line, function_name?}"),
    ({"entry_point": "shop/cart.py:9"}, "entry_point: expected an object"),
    ({"entry_point": {"file": "shop/cart.py"}}, "entry_point.line: missing; expected a line of the function"),
    ({"entry_point": {"file": "shop/cart.py", "line": 0}}, "entry_point.line: 0; expected a number from 1"),
    (
        {"entry_point": {"file": "shop/cart.py", "line": 1}},
        "shop/cart.py:1: no function holds this line; the next: Cart.check at 11",
    ),
    (
        {"entry_point": {"file": "shop/prise.py", "line": 1}},
        "shop/prise.py: no source file of this tree (4 files); there are shop/price.py",
    ),
    ({"entry_point": {"file": "lib/cart.py", "line": 1}}, "there are shop/cart.py"),
    ({"entry_point": {"file": "a\0b", "line": 1}}, "entry_point.file: no path can hold this"),
    ({"entry_point": {"file": "n" * 5_000, "line": 1}}, "no source file of this tree"),
    ({"entry_point": {"file": "/etc/passwd", "line": 1}}, "/etc/passwd: no source file of this tree"),
    ({"entry_point": {"file": "shop/cart.py", "line": 11}, "max_depth": -1}, "max_depth: -1; expected a number from 0"),
    ({"entry_point": {"file": "shop/cart.py", "line": 11}, "root": "/etc"}, "/etc: outside of the allowed roots"),
    ({"entry_point": {"file": "shop/cart.py", "line": 11}, "root": "nowhere"}, "nowhere: not a folder"),
    (
        {"entry_point": {"file": "shop/cart.py", "line": 11}, "revision": "v1"},
        "revision 'v1' asked for, but it is no git repository",
    ),
    (
        {"entry_point": {"file": "shop/cart.py", "line": 11}, "investigation": "none-such"},
        "no investigation 'none-such'",
    ),
]


def test_bad_input_is_one_line_that_says_what_was_tried(folder: Path) -> None:
    async def conversation(client: Client) -> list[Any]:
        return [await client.call_tool(TOOL, arguments) for arguments, _ in BAD]

    for (arguments, line), result in zip(BAD, drive(folder, conversation), strict=True):
        said = error_line(result)
        assert line in said, (arguments, said)
        assert str(folder) not in said


def test_a_repository_that_the_client_announces(folder: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other", {"lib/a.py": "def g():\n    h()\n\n\ndef h():\n    pass\n"})
    (other / ".git").mkdir()
    arguments = {"entry_point": {"file": str(other / "lib/a.py"), "line": 1}}
    assert "no source file of this tree" in error_line(call(folder, TOOL, arguments))
    found = traced(folder, arguments, roots=[other])
    assert [one["at"] for one in found["steps"]] == ["lib/a.py:1-2", "lib/a.py:5-6"]


def test_a_long_path_is_paged_to_the_end(folder: Path) -> None:
    many = "def start():\n" + "".join(f"    f{n}(1)\n" for n in range(200))
    many += "".join(f"\n\ndef f{n}(number_{n}):\n    return number_{n}\n" for n in range(200))
    write(folder, {"many.py": many})

    async def conversation(client: Client) -> tuple[list[Any], int]:
        result = await client.call_tool(TOOL, {"entry_point": {"file": "many.py", "line": 1}})
        steps, pages = [], 0
        while True:
            assert len(result.content[0].text) < 20_000
            page = result.structured_content
            steps, pages = steps + page.get("steps", []), pages + 1
            if not page.get("next_cursor"):
                return steps, pages
            result = await client.call_tool(TOOL, {"cursor": page["next_cursor"]})

    steps, pages = drive(folder, conversation)
    assert pages > 1
    assert [one["number"] for one in steps] == list(range(1, 202))


def test_what_ran_is_told_beside_the_steps(folder: Path) -> None:
    stack = (
        'Traceback (most recent call last):\n  File "/app/shop/cart.py", line 13, in check\n'
        '  File "/app/shop/price.py", line 5, in price\nTimeoutError: 9'
    )
    record = {"ts": "2026-01-01T00:00:00Z", "level": "ERROR", "message": "failed", "exception.stacktrace": stack}
    (folder / "app.log").write_text((json.dumps(record) + "\n") * 3)

    async def conversation(client: Client) -> Any:
        loaded = await client.call_tool("load_evidence", {"evidence": ["app.log"]})
        arguments = {
            "entry_point": {"file": "shop/cart.py", "line": 11},
            "investigation": loaded.structured_content["investigation"],
        }
        return await client.call_tool(TOOL, arguments)

    found = drive(folder, conversation).structured_content
    assert [one["observed"] for one in found["steps"]] == [{"failing_stacks": 3, "failing_share": 1.0}] * 2
    (stacks, *_) = [one for one in found["joined"] if one["signal"] == "failing stacks"]
    assert (stacks["rows"], stacks["rows_on_path"], stacks["elsewhere"]) == (3, 3, {})
