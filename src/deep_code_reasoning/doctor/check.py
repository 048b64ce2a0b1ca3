"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Check:
    """`found` is what was seen, `advice` what to do about it; without advice where all is well."""

    name: str
    state: State
    found: str
    advice: str = ""
