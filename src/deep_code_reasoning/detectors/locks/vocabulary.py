"""Reads leases.toml: the attribute names and words by which spans speak of leases."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@cache
def _data() -> dict:
    return tomllib.loads(Path(__file__).with_name("leases.toml").read_text(encoding="utf-8"))


def words() -> dict[str, str]:
    """The regular expressions, as the parameters that the SQL names."""
    return {**_data()["operations"], **_data()["outcomes"]}


def attributes() -> pa.Table:
    """role, key, factor: an attribute's role, its name, and what makes nanoseconds of its number (1 for texts)."""
    import pyarrow as pa

    rows = []
    for role, entry in _data()["attributes"].items():
        factors = entry.get("factors", {"names": 1.0})
        rows += [
            {"role": role, "key": key, "factor": factor} for unit, factor in factors.items() for key in entry[unit]
        ]
    return pa.Table.from_pylist(rows)
