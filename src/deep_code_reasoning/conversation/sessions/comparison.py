"""Two conversations about the same brief, turn by turn: what each concluded, and what each took.

A root cause of one is the same as one of the other where the type is the same and they name a common place: a file, or
an evidence id that both cite and that stands there. Where neither names any place, the type alone decides. Pairs are
made greedily, those with the most places in common first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from deep_code_reasoning.conversation.sessions.records import Session, Turn
from deep_code_reasoning.conversation.sessions.summary import cost_of

_FILE = re.compile(r"[\w./-]*\w\.[A-Za-z]\w{0,11}(?=:\d|\b)")


@dataclass(frozen=True)
class Pair:
    """A root cause that both name, with either's confidence."""

    type: str
    before: str
    after: str
    before_confidence: float
    after_confidence: float
    places: tuple[str, ...]


@dataclass(frozen=True)
class TurnComparison:
    """`same_first`: both hold the same cause for the most likely; None where one of them names none."""

    turn: int
    question: str
    same_first: bool | None
    both: tuple[Pair, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    before_cost: Mapping[str, Any]
    after_cost: Mapping[str, Any]
    error: str | None = None


@dataclass(frozen=True)
class Comparison:
    before: Session
    after: Session
    turns: tuple[TurnComparison, ...]
    before_cost: Mapping[str, Any]
    after_cost: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {
            "before": self.before.as_json(),
            "after": self.after.as_json(),
            "turns": [asdict(turn) for turn in self.turns],
            "before_cost": dict(self.before_cost),
            "after_cost": dict(self.after_cost),
        }


def compared(before: Session, old: Sequence[Turn], after: Session, new: Sequence[Turn]) -> Comparison:
    """Over the turns that both have; questions alone count, summaries do not."""
    olds = [turn for turn in old if turn.kind == "question"]
    news = [turn for turn in new if turn.kind == "question"]
    pairs = list(zip(olds, news, strict=False))
    return Comparison(
        before, after, tuple(_turn(a, b) for a, b in pairs), cost_of(a for a, _ in pairs), cost_of(b for _, b in pairs)
    )


def _turn(old: Turn, new: Turn) -> TurnComparison:
    before, after = _causes(old), _causes(new)
    matched = _matched(before, after)
    return TurnComparison(
        turn=new.number,
        question=new.question,
        same_first=(0, 0) in matched if before and after else None,
        both=tuple(_pair(before[i], after[j]) for i, j in sorted(matched)),
        only_before=tuple(c["description"] for i, c in enumerate(before) if i not in {m for m, _ in matched}),
        only_after=tuple(c["description"] for j, c in enumerate(after) if j not in {m for _, m in matched}),
        before_cost=old.cost(),
        after_cost=new.cost(),
        error=new.error,
    )


def _causes(turn: Turn) -> list[Mapping[str, Any]]:
    return list((turn.analysis or {}).get("root_causes", ()))


def _matched(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> set[tuple[int, int]]:
    scored = []
    for i, one in enumerate(before):
        for j, other in enumerate(after):
            mine, theirs = _places(one), _places(other)
            common = len(mine & theirs)
            if one["type"] == other["type"] and (common or not (mine or theirs)):
                scored.append((-common, i, j))
    matched: dict[int, int] = {}
    for _, i, j in sorted(scored):
        if i not in matched and j not in matched.values():
            matched[i] = j
    return set(matched.items())


def _places(cause: Mapping[str, Any]) -> frozenset[str]:
    """Evidence ids that are cited and stand there, and the names of files, without folders or lines."""
    refs = {c["ref"] for claim in cause.get("claims", ()) for c in claim["citations"] if not c.get("problem")}
    texts = [*refs, cause["description"], cause.get("fix", "")]
    files = {match.group().rpartition("/")[2] for text in texts for match in _FILE.finditer(text)}
    return frozenset({ref for ref in refs if not _FILE.search(ref)} | files)


def _pair(one: Mapping[str, Any], other: Mapping[str, Any]) -> Pair:
    return Pair(
        one["type"],
        one["description"],
        other["description"],
        one["confidence"],
        other["confidence"],
        tuple(sorted(_places(one) & _places(other))),
    )
