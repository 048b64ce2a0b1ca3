"""Reads the queries that lie beside this folder's modules."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def query(name: str) -> str:
    return (Path(__file__).parent / "queries" / f"{name}.sql").read_text("utf-8")
