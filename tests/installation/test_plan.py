"""What is written into a client's configuration, and what is left alone."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.installation.clients import client_named, clients
from deep_code_reasoning.installation.plan import SERVER, entry, plan, write

JSON_CLIENTS = [name for name, client in clients().items() if client.format == "json" and client.project]


def servers(path: Path, key: str) -> dict[str, Any]:
    read = tomllib.loads if path.suffix == ".toml" else json.loads
    return read(path.read_text("utf-8")).get(key, {})


@pytest.mark.parametrize("name", [name for name, client in clients().items() if client.project])
def test_a_new_file_an_equal_one_and_none(name: str, tmp_path: Path) -> None:
    client = client_named(name)
    made = plan(client, "project", tmp_path)
    assert made.diff.count("\n+") > 3
    assert not made.path.exists(), "a plan writes nothing"
    assert write(made) is None
    assert servers(made.path, client.key)[SERVER] == entry(client, tmp_path)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert not plan(client, "project", tmp_path).changes, "a second time there is nothing to do"
    taken = plan(client, "project", tmp_path, remove=True)
    assert write(taken) is not None
    assert SERVER not in servers(made.path, client.key)


@pytest.mark.parametrize("name", [name for name, client in clients().items() if not client.project])
def test_without_a_configuration_of_a_project(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--user"):
        plan(client_named(name), "project", tmp_path)


def test_the_rest_of_a_json_file_stays(tmp_path: Path) -> None:
    before = {"mcpServers": {"other": {"command": "x", "env": {"A": "ü"}}}, "numbers": [1, 2.5, None]}
    path = tmp_path / ".mcp.json"
    path.write_text(json.dumps(before, indent=4, ensure_ascii=False), "utf-8")
    write(plan(client_named("claude"), "project", tmp_path))
    after = json.loads(path.read_text("utf-8"))
    assert after["mcpServers"].pop(SERVER)["type"] == "stdio"
    assert after == before
    assert '    "mcpServers"' in path.read_text("utf-8"), "the width of the indent stays"
    assert (tmp_path / f".mcp.json.before-{SERVER}").exists()


def test_what_the_user_added_to_our_entry_stays(tmp_path: Path) -> None:
    path = tmp_path / ".mcp.json"
    path.write_text(json.dumps({"mcpServers": {SERVER: {"command": "old", "env": {"DCR_THREADS": "1"}}}}))
    write(plan(client_named("claude"), "project", tmp_path))
    ours = json.loads(path.read_text())["mcpServers"][SERVER]
    assert ours["env"] == {"DCR_THREADS": "1"}
    assert ours["command"] != "old"


def test_a_client_that_starts_servers_anywhere_is_told_what_may_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    client, project = client_named("claude-desktop"), tmp_path / "project"
    made = plan(client, "user", project)
    write(made)
    assert servers(made.path, "mcpServers")[SERVER]["env"] == {"DCR_ALLOWED_ROOTS": str(project)}
    config = json.loads(made.path.read_text())
    config["mcpServers"][SERVER]["env"] = {"DCR_ALLOWED_ROOTS": "/srv/evidence", "GEMINI_API_KEY": "k"}
    made.path.write_text(json.dumps(config))
    assert not plan(client, "user", project).changes, "what the user has set is not set back"
    config["mcpServers"][SERVER] |= {"command": "old", "env": {"GEMINI_API_KEY": "k"}}
    made.path.write_text(json.dumps(config))
    write(plan(client, "user", project))
    assert servers(made.path, "mcpServers")[SERVER]["env"] == {
        "DCR_ALLOWED_ROOTS": str(project),
        "GEMINI_API_KEY": "k",
    }


def test_a_difference_is_told_line_by_line_where_the_file_ended_without_a_newline(tmp_path: Path) -> None:
    (tmp_path / ".mcp.json").write_text('{\n  "other": 1\n}')
    lines = plan(client_named("claude"), "project", tmp_path).diff.splitlines()
    assert '-  "other": 1' in lines
    assert '+  "other": 1,' in lines


def test_comments_of_a_toml_file_stay(tmp_path: Path) -> None:
    path = tmp_path / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_text('# my settings\nmodel = "x"  # the best\n\n[mcp_servers.other]\ncommand = "y"\n')
    write(plan(client_named("codex"), "project", tmp_path))
    text = path.read_text()
    assert text.startswith('# my settings\nmodel = "x"  # the best\n')
    table = tomllib.loads(text)
    assert table["mcp_servers"]["other"] == {"command": "y"}
    assert table["mcp_servers"][SERVER]["tool_timeout_sec"] == 120


@pytest.mark.parametrize(
    "text", ['{\n  // comments\n  "mcpServers": {}\n}', "[1, 2]", '{"mcpServers": []}', '{"mcpServers": ', "\0"]
)
def test_a_file_that_cannot_be_edited_is_left_alone(text: str, tmp_path: Path) -> None:
    path = tmp_path / ".mcp.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="left alone"):
        plan(client_named("claude"), "project", tmp_path)
    assert path.read_text() == text


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    made = plan(client_named("claude"), "project", tmp_path)
    made.path.write_text("{}")
    with pytest.raises(UsageError, match="changed in the meantime"):
        write(made)
    assert made.path.read_text() == "{}"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles.json").write_text("{}")
    (tmp_path / ".mcp.json").symlink_to(tmp_path / "dotfiles.json")
    write(plan(client_named("claude"), "project", tmp_path))
    assert (tmp_path / ".mcp.json").is_symlink()
    assert SERVER in (tmp_path / "dotfiles.json").read_text()


def test_a_client_that_nobody_knows() -> None:
    with pytest.raises(UsageError, match="expected one of claude,"):
        client_named("emacs")


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
)


@given(st.dictionaries(st.text().filter(lambda k: k != "mcpServers"), _values), st.dictionaries(st.text(), _values))
def test_whatever_the_file_holds_only_our_entry_changes(
    tmp_path_factory: pytest.TempPathFactory, rest: dict, others: dict
) -> None:
    folder = tmp_path_factory.mktemp("any")
    path = folder / ".mcp.json"
    path.write_text(json.dumps({**rest, "mcpServers": others}), "utf-8")
    write(plan(client_named("claude"), "project", folder))
    after = json.loads(path.read_text("utf-8"))
    after["mcpServers"].pop(SERVER)
    others.pop(SERVER, None)
    assert after == {**rest, "mcpServers": others}
