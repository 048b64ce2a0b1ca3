"""The tasks that a model can be asked to do, from tasks.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.specialists.effort import SMALL, Allowance, allowance_of

DOMAIN = "domain:"
SMALL_BRIEF = 1_000


@dataclass(frozen=True)
class RoutedTask:
    """Fields as tasks.toml explains them."""

    name: str
    wants: tuple[str, ...]
    dollars_of_a_right_answer: float
    is_small: bool = False
    like: str = ""

    def allowance(self, depth_level: int) -> Allowance:
        return SMALL if self.is_small else allowance_of(depth_level)


@cache
def tasks() -> dict[str, RoutedTask]:
    data = tomllib.loads((Path(__file__).parent / "tasks.toml").read_text("utf-8"))
    return {name: RoutedTask(name, tuple(entry.pop("wants")), **entry) for name, entry in data.items()}


def task_named(name: str) -> RoutedTask:
    """Raises UsageError naming those that there are."""
    known = tasks()
    if name.startswith(DOMAIN) and name != DOMAIN:
        return replace(known[f"{DOMAIN}NAME"], name=name)
    if name not in known:
        raise UsageError(f"task {name!r}: expected one of {', '.join(known)}")
    return known[name]


def brief_tokens_of(task: str, depth_level: int, brief_tokens: int) -> int:
    """What a brief takes at this depth, `brief_tokens` at depth 3. A small task has a few lines."""
    found = task_named(task)
    return SMALL_BRIEF if found.is_small else round(brief_tokens * found.allowance(depth_level).brief_share)
