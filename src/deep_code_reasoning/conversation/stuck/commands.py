"""What a shell command is for, and by what it is known again: the flags of a test run change from time to time."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

Kind = Literal["run", "read", "install", "edit"]

_SEPARATOR = re.compile(r"\s*(?:&&|\|\||;|\n)\s*")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=\S*$")
_WRITES = re.compile(r"\bcat\s*>{1,2}\s*\S|\btee\s+\S|<<\s*['\"]?\w+['\"]?\s*>{1,2}\s*\S")
_NOTHING = {"cd", "export", "set", "source", ".", "pushd", "popd", "clear", "ulimit", "unset"}
MOST_CHARACTERS = 2_000


def kind_of(command: str) -> Kind:
    """`run` where any part of it runs the program; a wait or a look beside that changes nothing."""
    parts = _parts(command)
    kinds = {_kind(part) for part in parts}
    for kind in ("edit", "run", "install"):
        if kind in kinds:
            return kind
    return "read"


def key_of(command: str) -> str:
    """The words of the part that runs, without flags, assignments, redirections and pipes."""
    parts = [part for part in _parts(command) if _kind(part) in ("run", "install")]
    part = min(parts, key=lambda part: _kind(part) != "run", default=[])
    return " ".join(word for word in part if not word.startswith("-"))


def _parts(command: str) -> list[list[str]]:
    found = []
    for part in _SEPARATOR.split(command[:MOST_CHARACTERS]):
        if _WRITES.search(part):
            found.append(["sed", "-i"])  # whatever it writes, it edits
            continue
        words = re.split(r"\s*(?:\||\d?>|<)", part, maxsplit=1)[0].split()
        words = _unwrapped(words)
        if words and words[0] not in _NOTHING:
            found.append(words)
    return found


def _unwrapped(words: list[str]) -> list[str]:
    wrappers = _catalogue()["wrappers"]
    while words and (_ASSIGNMENT.match(words[0]) or words[0] in wrappers):
        own = wrappers.get(words[0], 0)
        words = [word for word in words[1:2] if not word.startswith("-")] + words[2:] if own else words[1:]
        words = words[own:]
    return words


def _kind(words: list[str]) -> Kind:
    catalogue = _catalogue()
    program = (
        words[0].rpartition("/")[2]
        if words[0].startswith(("/", "./bin", "./node_modules", "venv", ".venv"))
        else words[0]
    )
    text = " ".join([program, *words[1:]]) + " "
    for kind, names in (("edit", "editors"), ("install", "installers"), ("read", "readers")):
        if any(text.startswith(f"{name} ") for name in catalogue[names]):
            return kind  # type: ignore[return-value]
    return "run"


@cache
def _catalogue() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("commands.toml").read_text("utf-8"))
