"""What a second analysis says otherwise than the first: the effect of having been told the caller's theory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deep_code_reasoning.specialists.analysis import Analysis, RootCause

_MOST = 120
_WORTH_TELLING = 0.05


def differences(before: Analysis, after: Analysis) -> tuple[str, ...]:
    """The leading cause, its confidence, and causes that came or went.

    Two causes are the same where their words are, or where they are of one type and share a citation that holds.
    """
    told = []
    first, second = _leading(before), _leading(after)
    if first is None or second is None or not _same(first, second):
        if first or second:
            told.append(f"leading cause: was {_name(first)}, now {_name(second)}")
    elif abs(first.confidence - second.confidence) >= _WORTH_TELLING:
        told.append(f"confidence in {_words(second)}: was {first.confidence:.2f}, now {second.confidence:.2f}")
    new = [a for a in after.root_causes if a != second and not any(_same(a, b) for b in before.root_causes)]
    gone = [b for b in before.root_causes if b != first and not any(_same(a, b) for a in after.root_causes)]
    told += [f"new: {_name(cause)}" for cause in new]
    told += [f"no longer held: {_name(cause)}" for cause in gone]
    return tuple(told)


def _leading(analysis: Analysis) -> RootCause | None:
    return max(analysis.root_causes, key=lambda cause: cause.confidence, default=None)


def _same(one: RootCause, other: RootCause) -> bool:
    if _words(one).lower() == _words(other).lower():
        return True
    return one.type == other.type and bool(_proof(one) & _proof(other))


def _proof(cause: RootCause) -> set[tuple[str, str]]:
    return {(c.ref, " ".join(c.quote.split())) for claim in cause.claims for c in claim.citations if c.problem is None}


def _words(cause: RootCause) -> str:
    return f'"{" ".join(cause.description.split())[:_MOST]}"'


def _name(cause: RootCause | None) -> str:
    return f"{_words(cause)} ({cause.confidence:.2f})" if cause else "none"
