"""What kind of file a path is, and the factor by which that changes its score."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Kind:
    """`name`: tests, docs, vendored, migrations, code or other."""

    name: str
    factor: float


@cache
def kind_of(path: str) -> Kind:
    lower = path.lower()
    return next(kind for kind, pattern in _kinds() if pattern.search(lower))


@cache
def _kinds() -> tuple[tuple[Kind, re.Pattern[str]], ...]:
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return tuple((Kind(name, kind["factor"]), re.compile("|".join(kind["patterns"]))) for name, kind in data.items())
