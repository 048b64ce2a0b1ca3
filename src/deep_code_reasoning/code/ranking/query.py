"""What is asked of a ranking, and how much each of its words weighs."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deep_code_reasoning.code.index.words import WORD, forms, is_compound

MOST_CHARACTERS = 60_000
"""Of a text; what is behind is not read: a pasted log has told by then what it has to tell."""
MOST_WORDS = 400


@dataclass(frozen=True)
class Location:
    """A place in code that evidence names: a span's `code.file.path`, a frame, a finding's line."""

    path: str
    line: int | None = None
    function: str | None = None


@dataclass(frozen=True)
class Query:
    """`title` says it in a line, `text` at length, frames, logs and statements included.

    `files`, `symbols`, `services` are hints: what somebody believes, which may be wrong, so they only help.
    `locations` were seen at run time.
    """

    title: str = ""
    text: str = ""
    files: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    locations: tuple[Location, ...] = ()

    @property
    def all_text(self) -> str:
        return f"{self.title}\n{self.text}"[:MOST_CHARACTERS]


def weighted_words(query: Query, title: float, compound: float) -> dict[str, float]:
    """Word -> weight: each word of a part counts once, one that is a name `compound`, all of the title `title` times.

    At most MOST_WORDS, those of the title and the first of the text.
    """
    weights: defaultdict[str, float] = defaultdict(float)
    for part, times in ((query.title, title), (query.text[:MOST_CHARACTERS], 1.0), (" ".join(query.symbols), 1.0)):
        seen: dict[str, float] = {}
        for word in WORD.findall(part):
            whole, *parts = forms(word) or [""]
            if is_worth(whole):
                seen[whole] = max(seen.get(whole, 0.0), compound if is_compound(word) else 1.0)
            for one in filter(is_worth, parts):
                seen.setdefault(one, 1.0)
        for word, weight in seen.items():
            if word in weights or len(weights) < MOST_WORDS:
                weights[word] += weight * times
    return dict(weights)


def is_worth(word: str) -> bool:
    """Neither a word of every text nor a single character."""
    return len(word) > 1 and word not in stop_words()


@cache
def stop_words() -> frozenset[str]:
    data = tomllib.loads(Path(__file__).with_name("stop_words.toml").read_text(encoding="utf-8"))
    return frozenset(data["words"].split())
