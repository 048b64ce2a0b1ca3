"""Which keys loggers use for what (log_keys.toml), and nested objects as dotted keys."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_MAX_KEYS = 512  # of one record; deeper and further ones stay together as JSON


@cache
def key_names() -> dict[str, list[str]]:
    """Column → keys in lower case, the most telling first."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {column: [key.lower() for key in keys] for column, keys in table.items()}


@cache
def key_ranks() -> dict[str, int]:
    """Key in lower case → its place among its column's keys, 0 the most telling."""
    return {key: rank for keys in key_names().values() for rank, key in enumerate(keys)}


@cache
def key_columns() -> dict[str, str]:
    """Key in lower case → column."""
    return {key: column for column, keys in key_names().items() for key in keys}


def flatten(record: dict[str, Any]) -> dict[str, Any]:
    """Nested objects as dotted keys: {"http": {"method": "GET"}} → {"http.method": "GET"}; lists stay whole."""
    if dict not in map(type, record.values()):
        return record
    flat: dict[str, Any] = {}
    pending = [("", record)]
    while pending:
        prefix, part = pending.pop()
        for key, value in part.items():
            name = f"{prefix}{key}"
            if isinstance(value, dict) and value and len(flat) + len(pending) < _MAX_KEYS and len(name) < 512:
                pending.append((f"{name}.", value))
            else:
                flat[name] = value
    return flat
