"""What a semantic diff pattern is: one module of `patterns/` that defines PATTERN and `find`.

    PATTERN = Pattern("DIFF001", "call-in-loop", "makes a call in a loop", frozenset({"latency", "calls"}))
    def find(delta: FileDelta) -> Iterator[Match]

The module's docstring is the pattern's page. `name` is also the kind of change (kinds.toml) that a match is of;
`symptoms` are names of [symptoms] there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from deep_code_reasoning.changes.diffs.delta import Replaced
from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.code.outline import Part

LONGEST_LINE = 160


@dataclass(frozen=True)
class Pattern:
    code: str
    name: str
    words: str
    symptoms: frozenset[str]


@dataclass(frozen=True)
class Match:
    """`line` counts from 1, in the file afterwards, or in the one before where `is_removal`; None where a patch does
    not tell it. `text` is that line, cut at 160 characters; `function` the qualified name of the one around it.
    """

    code: str
    pattern: str
    path: str
    line: int | None
    function: str | None
    text: str
    words: str
    is_removal: bool = False
    replaced: Replaced | None = None
    """Of a number that another took the place of."""
    about: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """The lines the fact consists of, without blanks: by them a fact that only moved between files is known."""

    @property
    def place(self) -> str:
        """`CartValidator.java:61 in validateLines`."""
        name = self.path.rsplit("/", 1)[-1] + (f":{self.line}" if self.line else "")
        return f"{name} in {self.function.rpartition('.')[2]}" if self.function else name

    def __str__(self) -> str:
        return f"{self.words}, at {self.place}"


@dataclass(frozen=True, eq=False)
class Fact:
    """Something that holds on one side. `key`: what makes it the same fact on the other side, wherever it stands there.

    `lines`: where it is stated; a change that touches none of them did not bring it about.
    """

    key: str
    part: Part
    words: str
    lines: tuple[int, ...] = ()
    replaced: Replaced | None = None

    @property
    def stated(self) -> tuple[int, ...]:
        return self.lines or (self.part.line,)


FactsOf = Callable[[Side], Iterable[Fact]]


def gained(delta: FileDelta, facts: FactsOf, *, swaps: bool = True) -> list[Fact]:
    """Facts of the side after that the side before does not have, as often.

    `swaps`: a fact that took the place of another one of its sort in the same function is no gain (a renamed call).
    """
    return _difference(delta.after, delta.before, facts, swaps) if delta.after else []


def lost(delta: FileDelta, facts: FactsOf, *, swaps: bool = True) -> list[Fact]:
    """Facts of the side before that are no more, of functions that are still there."""
    if delta.before is None or delta.after is None:
        return []
    was, still = (Counter(part.name for part in side.outline.of("function")) for side in (delta.before, delta.after))
    missing = _difference(delta.before, delta.after, facts, swaps)
    return [fact for fact in missing if (name := function_of(fact.part)) is None or still[name] >= was[name]]


def _difference(here: Side, there: Side | None, facts: FactsOf, swaps: bool) -> list[Fact]:
    mine = list(facts(here))
    if not any(line in here.reached for fact in mine for line in fact.stated):
        return []
    others = list(facts(there)) if there else []
    left = Counter(fact.key for fact in others)
    in_function = Counter((fact.key, function_of(fact.part)) for fact in others)
    mine.sort(key=lambda fact: any(line in here.reached for line in fact.stated))  # untouched ones first
    unmatched = []
    for fact in mine:  # those of the same function are the same, before others of the file are
        own = (fact.key, function_of(fact.part))
        if in_function[own] > 0:
            in_function[own] -= 1
            left[fact.key] -= 1
        else:
            unmatched.append(fact)
    new = []
    for fact in unmatched:
        if left[fact.key] > 0:
            left[fact.key] -= 1
        elif any(line in here.reached for line in fact.stated) and not _says_the_same(fact.part, there):
            new.append(fact)
    if not swaps or not new:
        return new
    spare = Counter[str | None]()
    for fact in others:
        if left[fact.key] > 0:
            left[fact.key] -= 1
            spare[function_of(fact.part)] += 1
    kept = []
    for fact in sorted(new, key=lambda fact: fact.part.start):
        if spare[function_of(fact.part)] > 0:
            spare[function_of(fact.part)] -= 1
        else:
            kept.append(fact)
    return kept


def _says_the_same(part: Part, there: Side | None) -> bool:
    """The function around stands on the other side as it is here: what lies beside it changed, and nothing of it."""
    outer = [*([part] if part.role == "function" else []), *part.around("function")]
    if not outer or there is None:
        return False
    function = outer[-1]
    if part.start < function.start or part.end > function.end:  # an annotation above it
        return False
    return function.data[function.start : function.end] in there.parsed.data


def function_of(part: Part) -> str | None:
    """The qualified name of the function that a part stands in (an annotation's: the one it annotates, if known)."""
    if part.role == "function":
        return part.name
    around = part.nearest("function")
    return around.name if around else None


def match_of(pattern: Pattern, delta: FileDelta, fact: Fact, *, is_removal: bool = False) -> Match:
    side = delta.before if is_removal else delta.after
    assert side is not None
    changed = [line for line in fact.stated if line in side.changed]
    line = fact.part.line if fact.part.line in side.changed or not changed else changed[0]
    text = side.text(line).strip()
    return Match(
        pattern.code,
        pattern.name,
        delta.path,
        side.real_line(line),
        function_of(fact.part),
        text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…",
        fact.words,
        is_removal,
        fact.replaced,
        tuple("".join(side.text(line).split()) for line in fact.stated),
    )


def matches(pattern: Pattern, delta: FileDelta, facts: Iterable[Fact], *, is_removal: bool = False) -> Iterator[Match]:
    for fact in facts:
        yield match_of(pattern, delta, fact, is_removal=is_removal)
