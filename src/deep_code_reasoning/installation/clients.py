"""The clients that can be told of the server, from clients.toml."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from deep_code_reasoning.errors import UsageError

Scope = Literal["user", "project"]


@dataclass(frozen=True)
class Client:
    """`user` and `project`: candidates for the path of the configuration, the first that exists goes before.

    `starts_anywhere`: the working directory of a server is no project's, and no roots are announced.
    """

    name: str
    title: str
    format: Literal["json", "toml"]
    key: str
    next: str
    user: tuple[str, ...] = ()
    project: tuple[str, ...] = ()
    entry: dict[str, Any] = field(default_factory=dict)
    starts_anywhere: bool = False

    def path(self, scope: Scope, here: Path) -> Path:
        """Raises UsageError where the client has no configuration of this scope."""
        if scope == "project":
            if not self.project:
                raise UsageError(f"{self.title} has no configuration of its own for a project; use --user")
            return here / self.project[0]
        places = [place for text in self.user if (place := _expanded(text))]
        return next((place for place in places if place.exists()), places[0])


@cache
def clients() -> dict[str, Client]:
    table = tomllib.loads((Path(__file__).parent / "clients.toml").read_text("utf-8"))
    return {name: _client(name, values) for name, values in table.items()}


def client_named(name: str) -> Client:
    """Raises UsageError naming those there are."""
    if name not in clients():
        raise UsageError(f"client {name!r}: expected one of {', '.join(clients())}")
    return clients()[name]


def _client(name: str, values: dict[str, Any]) -> Client:
    system = values.get(f"user_{sys.platform}", values.get("user", ()))
    plain = {key: value for key, value in values.items() if not key.startswith(("user", "project"))}
    return Client(name=name, user=_texts(system), project=_texts(values.get("project", ())), **plain)


def _texts(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(values)


def _expanded(text: str) -> Path | None:
    """None where it names a variable that is not set."""
    path = os.path.expandvars(text)
    return None if "$" in path else Path(path).expanduser()
