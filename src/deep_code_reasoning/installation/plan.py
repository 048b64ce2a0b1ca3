"""What would be written into a client's configuration: read, planned as a difference, and only then written.

Nothing but our own entry changes: the rest of the file, its order and (in TOML) its comments stay as they are. A JSON
file with comments cannot be written back without losing them, so it is left alone and the entry is told instead.
"""

from __future__ import annotations

import difflib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.installation.clients import Client, Scope

SERVER = "deep-code-reasoning"
COMMAND = "deep-code-reasoning-mcp"


@dataclass(frozen=True)
class Plan:
    """`before` is None where the file does not exist. `diff` is empty where there is nothing to do."""

    client: Client
    path: Path
    before: str | None
    after: str

    @property
    def diff(self) -> str:
        old, new = ((text or "").splitlines() for text in (self.before, self.after))
        lines = list(difflib.unified_diff(old, new, str(self.path), str(self.path), lineterm=""))
        return "\n".join([*lines, ""]) if lines else ""

    @property
    def changes(self) -> bool:
        return self.after != self.before


def plan(client: Client, scope: Scope, here: Path, *, remove: bool = False) -> Plan:
    """Raises UsageError where the file cannot be read as what it should be; nothing is written then."""
    path = client.path(scope, here)
    before = _read(path)
    edit = _edited_toml if client.format == "toml" else _edited_json
    return Plan(client, path, before, edit(client, path, before, None if remove else entry(client, here)))


def entry(client: Client, here: Path) -> dict[str, Any]:
    """The command by its full path: a client started from a desktop has another PATH than a terminal.

    One that starts servers anywhere gets `here` as the only folder to read: its working directory may be `/`, which
    would be everything.
    """
    wanted = _started(client)
    return {**wanted, "env": {"DCR_ALLOWED_ROOTS": str(here)}} if client.starts_anywhere else wanted


def _started(client: Client) -> dict[str, Any]:
    found = shutil.which(COMMAND) or str(Path(sys.executable).parent / COMMAND)
    if Path(found).exists():
        return {**client.entry, "command": found, "args": []}
    return {**client.entry, "command": sys.executable, "args": ["-m", "deep_code_reasoning.mcp_server"]}


def write(made: Plan) -> Path | None:
    """Writes the file in one step; what was there is kept beside it, and its path returned."""
    made.path.parent.mkdir(parents=True, exist_ok=True)
    target = made.path.resolve()  # a link stays one
    if _read(made.path) != made.before:
        raise UsageError(f"{made.path}: changed in the meantime; nothing was written, try again")
    kept = None
    if made.before is not None:
        kept = target.with_name(f"{target.name}.before-{SERVER}")
        shutil.copy2(target, kept)
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(made.after)
    if made.before is not None:
        shutil.copymode(target, draft)
    draft.replace(target)
    return kept


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None


def _edited_json(client: Client, path: Path, before: str | None, wanted: Mapping[str, Any] | None) -> str:
    try:
        table = json.loads(before) if before and before.strip() else {}
    except ValueError as error:
        told = json.dumps({client.key: {SERVER: wanted}}, indent=2)
        raise UsageError(
            f"{path}: not plain JSON ({error}), perhaps for its comments; it was left alone. Put this into it:\n{told}"
        ) from None
    servers = table.get(client.key, {}) if isinstance(table, dict) else None
    if not isinstance(table, dict) or not isinstance(servers, dict):
        raise UsageError(f"{path}: {client.key!r} is not an object; the file was left alone")
    if wanted is None:
        if SERVER not in servers:
            return before or ""
        del servers[SERVER]
    elif _is_kept(servers.get(SERVER), wanted):
        return before or ""
    else:
        old = servers.get(SERVER)
        servers[SERVER] = _merged(old if isinstance(old, dict) else {}, wanted)
    table[client.key] = servers
    return json.dumps(table, indent=_indent(before), ensure_ascii=False) + "\n"


def _edited_toml(client: Client, path: Path, before: str | None, wanted: Mapping[str, Any] | None) -> str:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(before or "")
    except TOMLKitError as error:
        raise UsageError(f"{path}: not TOML ({error}); the file was left alone") from None
    servers = document.setdefault(client.key, tomlkit.table(is_super_table=True))
    if not isinstance(servers, dict):
        raise UsageError(f"{path}: {client.key!r} is not a table; the file was left alone")
    if wanted is None:
        if SERVER not in servers:
            return before or ""
        del servers[SERVER]
    elif _is_kept(servers.get(SERVER), wanted):
        return before or ""
    else:
        ours = servers.setdefault(SERVER, tomlkit.table())
        for name, value in wanted.items():
            ours[name] = value
    return tomlkit.dumps(document)


def _merged(old: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What the user added stays: other keys, and of `env` all that was set."""
    merged = {**old, **wanted}
    if isinstance(kept := old.get("env"), dict) and "env" in wanted:
        merged["env"] = {**wanted["env"], **kept}
    return merged


def _is_kept(old: object, wanted: Mapping[str, Any]) -> bool:
    return isinstance(old, dict) and _merged(old, wanted) == old


def _indent(before: str | None) -> int:
    """As wide as the file's own."""
    for line in (before or "").splitlines()[1:]:
        if line.strip():
            return max(len(line) - len(line.lstrip(" ")), 1)
    return 2
