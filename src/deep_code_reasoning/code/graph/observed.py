"""Joins a path with what was seen when the program ran: spans' code attributes and frames of stacks, as plain rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from deep_code_reasoning.code.graph.execution_path import ExecutionPath, Observed, Step


@dataclass(frozen=True)
class SpanRow:
    """`code.file.path`, `code.function.name`, `code.line.number` as spans state them (any may be missing), how many
    such spans there are, and their time."""

    function: str | None = None
    file: str | None = None
    line: int | None = None
    count: int = 1
    total_ms: float | None = None
    longest_ms: float | None = None


@dataclass(frozen=True)
class FrameRow:
    """A frame of a stack trace or profile, and how often it stood there."""

    function: str | None = None
    file: str | None = None
    line: int | None = None
    count: int = 1


@dataclass
class _Seen:
    spans: int = 0
    frames: int = 0
    times: list[float] = field(default_factory=list)
    longest: list[float] = field(default_factory=list)


def mark_observed(path: ExecutionPath, spans: Iterable[SpanRow] = (), frames: Iterable[FrameRow] = ()) -> list[str]:
    """Sets `observed` on the steps that rows speak of; gives back the rows of spans that speak of none, as text.

    A row speaks of a step whose file it names (by the end of the path, in whole names) and whose lines hold its line,
    or, without a line, whose function bears its name; without a file the qualified name alone has to agree.
    """
    steps = list(path.steps())
    seen: dict[int, _Seen] = {}
    without = []
    for row in spans:
        told = [step for step in steps if _speaks_of(row, step)]
        for step in told:
            entry = seen.setdefault(step.number, _Seen())
            entry.spans += row.count
            entry.times += [row.total_ms] if row.total_ms is not None else []
            entry.longest += [row.longest_ms] if row.longest_ms is not None else []
        if not told:
            without.append(f"{row.function or '?'} ({row.file or '?'}:{row.line or '?'})")
    for row in frames:
        for step in steps:
            if _speaks_of(row, step):
                seen.setdefault(step.number, _Seen()).frames += row.count
    for step in steps:
        if entry := seen.get(step.number):
            total = sum(entry.times) if entry.times else None
            step.observed = Observed(entry.spans, entry.frames, total, max(entry.longest, default=None))
    return without


def _speaks_of(row: SpanRow | FrameRow, step: Step) -> bool:
    if row.file:
        if not _same_file(row.file, step.file):
            return False
        if row.line:
            return step.line <= row.line <= step.end_line
        return bool(row.function) and _names(row.function or "")[-1:] == _names(step.function)[-1:]
    names, own = _names(row.function or ""), _names(step.function)
    if not names or names[-1] != own[-1]:
        return False
    if len(own) > 1:
        return len(names) > 1 and names[-2] == own[-2]
    module = _names(step.file.rpartition(".")[0].replace("/", "."))
    return len(names) > 1 and names[-2] in module[-2:]


def _same_file(said: str, file: str) -> bool:
    """`/app/shop/cart.py` and `shop/cart.py`; a single name has to be the whole name."""
    one, other = (text.replace("\\", "/").strip("/").split("/") for text in (said, file))
    count = min(len(one), len(other))
    return one[-count:] == other[-count:]


def _names(function: str) -> list[str]:
    """`github.com/x/shop.(*Cart).Check`, `com.x.Cart.check`, `Shop::Cart#check` -> [..., Cart, check]"""
    plain = re.sub(r"\(\*?(\w+)\)", r"\1", function)
    plain = re.sub(r"\([^()]*\)|<[^<>]*>", "", plain)
    return [name for name in re.split(r"[^\w$?!~]+", plain) if name]
