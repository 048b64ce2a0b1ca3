"""What secrets look like, from secrets.toml: patterns, names of keys, names of files."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Pattern:
    """`example` and `counter_example` as written in the file."""

    id: str
    regex: re.Pattern[str]
    needles: tuple[str, ...]
    example: str
    counter_example: str
    is_optional: bool


@cache
def patterns() -> tuple[Pattern, ...]:
    return tuple(
        Pattern(
            entry["id"],
            re.compile(entry["regex"]),
            tuple(entry["needles"]),
            entry["example"],
            entry["counter_example"],
            entry.get("optional", False),
        )
        for entry in _data()["pattern"]
    )


@cache
def key_names() -> dict[str, list[str]]:
    return _data()["key_names"]


@cache
def file_names() -> dict[str, list[str]]:
    """Shell patterns on names in lower case: `refused`, and those `accepted` all the same."""
    return _data()["files"]


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "secrets.toml").read_text("utf-8"))
