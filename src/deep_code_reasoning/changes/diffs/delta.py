"""What a patch changes, as against what it only moves: words of one side, numbers replaced, versions raised.

A refactoring takes out and puts in the same words; what stands on one side alone, or beside a number that was replaced,
is what behaves otherwise afterwards. Lines that cannot matter (comments, imports, log statements) are left out first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from deep_code_reasoning.changes.diffs.line_versions import versions_of_lines
from deep_code_reasoning.changes.diffs.words import identifiers, is_inert_line, stems, stems_and_identifiers

MOST_LINES = 400
NUMBER = re.compile(r"(?<![\w.])(\d[\d_]*(?:\.\d+)?)\s*(?:\*\s*)?((?:time\.|TimeUnit\.)?[A-Za-z]+\b)?")
SETTING = re.compile(
    r"([A-Za-z_][\w.\-]*)[\"']?\s*(?:[:=]|:=|=>)\s*(?:[A-Za-z]\w*\s*[=(]\s*)?"
    r"[\"']?(\d[\d_]*(?:\.\d+)?)[\"']?\s*(?:\*\s*)?"
    r"((?:time\.)?[A-Za-z]+\b)?"
)
CALL = re.compile(r"([A-Za-z_]\w*)\(((?:[^()]|\([^()]*\))*)\)")
VERSION = re.compile(r"(?<![\w.])(?=v|\d+\.\d+\.\d)v?(\d+)\.(\d+)(?:\.(\d+))?(?![\w.])(?:[-+][\w.]+)?")
_COUNTS = re.compile(r"(?<![\w.])v?\d")
"""Lines without any of these have no number that could be replaced, and no version."""
UNITS = {
    "nanosecond": 1e-9, "ns": 1e-9, "microsecond": 1e-6, "us": 1e-6, "millisecond": 1e-3, "milli": 1e-3, "ms": 1e-3,
    "second": 1.0, "sec": 1.0, "s": 1.0, "minute": 60.0, "min": 60.0, "m": 60.0, "hour": 3600.0, "h": 3600.0,
    "day": 86400.0, "d": 86400.0, "kb": 1e3, "ki": 1024.0, "k": 1e3, "mb": 1e6, "mi": 1024.0**2, "gb": 1e9,
    "gi": 1024.0**3, "g": 1e9,
}  # fmt: skip


@dataclass(frozen=True)
class Replaced:
    """A number that another took the place of. `name` is the setting or the function it was given to."""

    name: str
    before: float
    after: float
    shown: frozenset[float]
    """The new number as it may be written: 300 for 300 ms, and 0.3."""
    was: frozenset[float]

    @property
    def moved(self) -> str:
        return "down" if self.after < self.before else "up"


@dataclass(frozen=True)
class Delta:
    """`net` are stems on one side of the patch only, or beside a replaced number or version; `touched` all others.

    `names` are identifiers on one side, and dependencies that took more than a patch. `bump` is the largest step of a
    version: none, patch, minor or major.
    """

    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    net: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    numbers: tuple[Replaced, ...] = ()
    bump: str = "none"
    has_lines: bool = False
    """The patch holds lines at all, be they inert."""

    @property
    def is_empty(self) -> bool:
        """There are lines, and nothing of them runs."""
        return self.has_lines and not (self.net or self.touched or self.removed or self.added)


@dataclass
class _Sides:
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)


def delta_of(patch: str) -> Delta:
    """Of the hunks of one commit."""
    sides, has_lines = _Sides(), False
    for line in patch.splitlines():
        if line[:1] not in ("+", "-"):
            continue
        has_lines = True
        side = sides.added if line[0] == "+" else sides.removed
        if len(side) < MOST_LINES and not is_inert_line(line[1:]):
            side.append(line[1:])
    removed, added = _without_moved(sides.removed, sides.added)
    if not removed and not added:
        return Delta(has_lines=has_lines)
    counted = [[line for line in side if _COUNTS.search(line)] for side in (removed, added)]
    pairs = versions_of_lines(*counted)
    numbers, about = _replaced(*counted, pairs)
    bump, bumped = _bump(pairs)
    (left, one), (right, other) = (stems_and_identifiers("\n".join(side)) for side in (removed, added))
    net = (left ^ right) | stems(" ".join(about)) | stems(" ".join(bumped))
    return Delta(
        tuple(line for line in removed if not _names_version(line)),
        tuple(line for line in added if not _names_version(line)),
        net,
        (left | right) - net,
        (one ^ other) | identifiers(" ".join(about)) | _dependencies(bumped if bump in ("minor", "major") else ()),
        tuple(numbers),
        bump,
        has_lines,
    )


def _without_moved(removed: list[str], added: list[str]) -> tuple[list[str], list[str]]:
    """Without lines that only moved or were indented otherwise."""
    plain = [["".join(line.split()) for line in side] for side in (removed, added)]
    moved = frozenset(plain[0]).intersection(plain[1])
    if not moved:
        return removed, added
    kept = [
        [line for line, text in zip(side, texts, strict=True) if text not in moved]
        for side, texts in zip((removed, added), plain, strict=True)
    ]
    return kept[0], kept[1]


def _replaced(removed: list[str], added: list[str], pairs: list[tuple[str, str]]) -> tuple[list[Replaced], list[str]]:
    """Numbers replaced, by the name of what they set, else by the place in a line; and the lines they stand in."""
    found, about = {}, []
    if not removed or not added:
        return [], []
    before, after = _settings(removed), _settings(added)
    for name in before.keys() & after.keys():
        (old, old_line), (new, new_line) = before[name], after[name]
        if old[0] != new[0]:
            found[name] = _replacement(name, old, new)
            about += [old_line, new_line]
    for old_line, new_line in pairs:
        if _names_version(old_line) or old_line in about:
            continue
        olds, news = _numbers(old_line), _numbers(new_line)
        if len(olds) != len(news):
            continue
        for old, new in zip(olds, news, strict=True):
            if old[0] != new[0]:
                found.setdefault(f"line {len(found)}", _replacement(_nearest_name(new_line), old, new))
                about += [old_line, new_line]
    return list(found.values()), about


def _settings(lines: Iterable[str]) -> dict[str, tuple[tuple[float, float], str]]:
    """Name -> (number in base units, as written), line. A number given to a function bears the function's name."""
    found: dict[str, tuple[tuple[float, float], str]] = {}
    for line in lines:
        if _names_version(line):
            continue
        for name, number, unit in SETTING.findall(line):
            found.setdefault(name.lower(), (_value(number, unit), line))
        for function, arguments in CALL.findall(line) if "(" in line else ():
            for place, number in enumerate(_numbers(arguments)):
                found.setdefault(f"{function.lower()}#{place}", (number, line))
    return found


def _numbers(text: str) -> list[tuple[float, float]]:
    return [_value(number, unit) for number, unit in NUMBER.findall(text)]


def _value(number: str, unit: str) -> tuple[float, float]:
    plain = float(number.replace("_", ""))
    word = unit.lower().removeprefix("time.").removeprefix("timeunit.")
    return plain * UNITS.get(word, UNITS.get(word.removesuffix("s"), 1.0)), plain


def _replacement(name: str, old: tuple[float, float], new: tuple[float, float]) -> Replaced:
    return Replaced(name.split("#")[0], old[0], new[0], _as_written(new), _as_written(old))


def _as_written(value: tuple[float, float]) -> frozenset[float]:
    base, plain = value
    return frozenset({plain} if base == plain else {plain, base, base * 1000})


def _dependencies(lines: Iterable[str]) -> frozenset[str]:
    """The packages on lines without their versions, by the last part of their names that is no major version."""
    found = set()
    for line in lines:
        for name in re.findall(r"[A-Za-z@][\w.@/-]+", line):
            parts = [part for part in re.split(r"[/:]", name) if part and not re.fullmatch(r"v\d+", part)]
            found.update(part.lower() for part in parts[-1:] if len(part) > 3)
    return frozenset(found)


def _names_version(line: str) -> bool:
    return "." in line and VERSION.search(line) is not None


def _nearest_name(line: str) -> str:
    match = re.search(r"[A-Za-z_][\w.\-]*", line)
    return match[0].lower() if match else ""


def _bump(pairs: Iterable[tuple[str, str]]) -> tuple[str, list[str]]:
    """The largest step of a version, and the lines of steps that are more than a patch."""
    largest, about = 0, []
    for old, new in pairs:
        was, now = VERSION.search(old), VERSION.search(new)
        if not was or not now or was.groups() == now.groups():
            continue
        step = 3 if was[1] != now[1] else 2 if was[2] != now[2] else 1
        largest = max(largest, step)
        about.append(VERSION.sub("", new))
    return ("none", "patch", "minor", "major")[largest], about
