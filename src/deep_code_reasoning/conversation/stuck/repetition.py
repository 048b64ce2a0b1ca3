"""Counts how often the same failure was met again in spite of edits that were to repair it.

The state of each failure (failures.py) follows the runs in their order:
- *repeated*: it fails, edits follow, and it fails again. Counted where the edits have to do with it (the output names
  an edited file, the command names the failing test or the edited place, or nothing else fails in that run), and where
  the run shows no progress: not fewer failures than ever since. Fewer failures set all counts of that run to 0, for
  whoever works off a list of errors is not stuck. A failure that is gone starts anew at 0.
- *returned*: it was gone after edits, and is there again within RETURN_EDITS more: repaired by turns, or by luck. It is
  not counted where a mere rerun made it go away and nobody aims at it: a flaky test beside the road.
A run again without an edit in between says nothing, nor does a failure of the machine (a missing package, no network).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from deep_code_reasoning.conversation.stuck.events import PASTED, Edit, Event, Run
from deep_code_reasoning.conversation.stuck.failures import Failures, Fingerprint, failures_of

RETURN_EDITS = 3
MOST_EVENTS = 4_000
SHORTEST_NAME = 4
_TEST_AFFIX = re.compile(r"^(?:test[_-]|it_)|(?:[_-](?:test|tests|spec)|Test|Tests|Spec|IT)$")


@dataclass(frozen=True)
class Repetition:
    """The open failure that was met most often, at the end of the events; zeros where nothing repeats.

    `edits` were made in its spite, in `approaches` that differ; `undone` of them took back an earlier one, or redid it.
    """

    failure: str = ""
    repeated: int = 0
    returned: int = 0
    edits: int = 0
    approaches: int = 0
    undone: int = 0

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass
class _State:
    seen_at: int  # how many edits there were at its last sight
    is_open: bool = True
    gone_after_edit: bool = False
    gone_at: int = 0
    aimed: bool = False
    is_flaky: bool = False
    repeated: int = 0
    returned: int = 0
    first_edit: int = 0
    edits: int = 0
    approaches: set[int] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


@dataclass
class _Course:
    edits: list[Edit] = field(default_factory=list)
    states: dict[Fingerprint, _State] = field(default_factory=dict)
    fewest: dict[str, int] = field(default_factory=dict)
    places: dict[str, frozenset[str]] = field(default_factory=dict)


def repetition_of(events: Iterable[Event]) -> Repetition:
    """Of events in their order; of more than MOST_EVENTS, of the last."""
    course = _Course()
    for event in list(events)[-MOST_EVENTS:]:
        if isinstance(event, Edit):
            course.edits.append(event)
        else:
            _follow(course, event, failures_of(event.output, failed=bool(event.failed)))
    still = [(one, state) for one, state in course.states.items() if state.is_open]
    if not still:
        return Repetition()
    worst, state = max(still, key=lambda pair: (pair[1].repeated + pair[1].returned, pair[1].seen_at))
    return Repetition(
        failure=str(worst),
        repeated=state.repeated,
        returned=state.returned,
        edits=state.edits,
        approaches=len(state.approaches),
        undone=_undone(course.edits[state.first_edit :]),
    )


def _follow(course: _Course, run: Run, failures: Failures) -> None:
    if failures.is_environment:
        return
    now = len(course.edits)
    progress = failures.size < course.fewest.get(run.key, failures.size)
    course.fewest[run.key] = min(failures.size, course.fewest.get(run.key, failures.size))
    look = _Look.of(run, failures, course.places.get(run.key, frozenset()))
    for one in failures.found:
        state = course.states.get(one)
        if state is None:
            course.states[one] = _State(seen_at=now, first_edit=now, keys={run.key})
            continue
        batch = course.edits[state.seen_at :]
        aimed = _is_aimed(one, look, batch)
        state.aimed = state.aimed or aimed
        if progress:
            state.repeated, state.edits, state.approaches, state.first_edit = 0, 0, set(), now
        elif state.is_open and batch and aimed:
            state.repeated += 1
            state.edits += len(batch)
            state.approaches.add(hash(tuple(sorted((edit.file, edit.hunks) for edit in batch))))
        elif not state.is_open:
            _come_back(state, now, aimed)
        state.is_open, state.seen_at = True, now
        state.keys.add(run.key)
    if run.key != PASTED:
        _close(course, run.key, failures.found, now)
    course.places[run.key] = failures.places
    if not failures.found:
        course.fewest.pop(run.key, None)


def _come_back(state: _State, now: int, aimed: bool) -> None:
    near = now - state.gone_at <= RETURN_EDITS
    if state.gone_after_edit and near and (state.aimed or aimed) and not (state.is_flaky and not aimed):
        state.returned += 1
        state.edits += now - state.seen_at
    elif not near:
        state.returned = 0
        state.first_edit, state.edits = now, 0


def _close(course: _Course, key: str, found: frozenset[Fingerprint], now: int) -> None:
    for one, state in course.states.items():
        if state.is_open and key in state.keys and one not in found:
            state.is_open = False
            state.gone_at = now
            state.gone_after_edit = now > state.seen_at
            state.is_flaky = state.is_flaky or not state.gone_after_edit
            state.repeated = 0
            state.approaches = set()


@dataclass(frozen=True)
class _Look:
    """What a run says of where its failures are: words of the command, files in the output (now and before)."""

    command: str
    words: frozenset[str]
    places: frozenset[str]
    stems: frozenset[str]
    is_sole: bool
    is_pasted: bool

    @classmethod
    def of(cls, run: Run, failures: Failures, before: frozenset[str]) -> _Look:
        places = before | failures.places
        words = frozenset(map(_stem, re.findall(r"[\w.-]+", run.command)))
        is_sole = len(failures.found) == 1
        return cls(run.command, words, places, frozenset(map(_stem, places)), is_sole, run.key == PASTED)


def _is_aimed(one: Fingerprint, look: _Look, batch: Sequence[Edit]) -> bool:
    """Do these edits, or this run, have to do with the failure?"""
    if look.is_pasted or one.kind in ("exit", "compile"):
        return True
    name, own = _parts(one.id)
    if len(name) >= SHORTEST_NAME and name in look.command:
        return True
    if batch and look.words & (own or look.stems):
        return True
    for edit in batch:
        path = PurePosixPath(edit.file)
        stem = _stem(path.name)
        if path.name in look.places or stem in look.stems or stem in own:
            return True
        if look.is_sole and (one.kind == "exception" or look.words & {stem, path.parent.name.lower()}):
            return True
    return False


@lru_cache(4096)
def _parts(id: str) -> tuple[str, frozenset[str]]:
    """The last name in what failed, and the stems of its files and of names that say "test"."""
    name = re.split(r"::|\.|/| > | › ", re.sub(r"\[.*|\(.*", "", id))[-1].strip()
    parts = re.findall(r"[\w-]+(?:\.\w{1,5}\b)?", id)
    return name, frozenset(_stem(part) for part in parts if _stem(part) != part.lower())


@lru_cache(4096)
def _stem(name: str) -> str:
    """`orders` of orders.py, test_orders.py, orders.test.ts, OrdersTest.java."""
    stem = name.rpartition("/")[2].partition(".")[0]
    return _TEST_AFFIX.sub("", stem).lower() or stem.lower()


def _undone(edits: Sequence[Edit]) -> int:
    """Edits that bring back what an earlier one of the same file replaced, or make it once more."""
    seen: set[tuple[str, str, str]] = set()
    count = 0
    for edit in edits:
        for before, after in edit.hunks:
            count += (edit.file, after, before) in seen or (edit.file, before, after) in seen
            seen.add((edit.file, before, after))
    return count
