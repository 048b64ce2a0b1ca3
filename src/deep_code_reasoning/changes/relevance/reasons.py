"""Why a commit stands where it does, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deep_code_reasoning.changes.relevance.commit_text import CommitText
from deep_code_reasoning.changes.relevance.features import NAMES, Features
from deep_code_reasoning.changes.relevance.similarity import Matches
from deep_code_reasoning.changes.relevance.terms import weight

WORDS = 4
LEAST_SHARE = 0.15
"""A word is told if it gives this much of what the best one gives."""
TELLING = 0.5
TEXT = ("subject", "paths", "code", "everything", "best_word")
NEWEST = 10


def reasons(
    place: int, commits: Sequence[CommitText], found: Features, parts: np.ndarray, touched: Sequence[str], known: bool
) -> tuple[str, ...]:
    """`parts` holds commits x features: what each adds to the score."""
    commit = commits[place]
    lean = dict(zip(NAMES, parts[place] - parts.mean(axis=0), strict=True))
    told: list[tuple[float, str]] = []
    if touched:
        told.append(
            (9.0, f"touches {touched[0]}" + (f" and {len(touched) - 1} more of the files" if touched[1:] else ""))
        )
    elif known:
        told.append((8.0, "touches none of the files known to be involved"))
    if words := said(found.matches, place, len(commits)):
        told.append((abs(sum(lean[name] for name in TEXT)), words))
    if (file := found.named[place]) and file not in touched:
        told.append((abs(lean["names_its_file"]), f"the report names its file {file}"))
    if place < NEWEST:
        told.append((abs(lean["newer_commits"] + lean["hours"]), f"the {ordinal(place + 1)} newest"))
    if place in found.taken_back:
        told.append((abs(lean["taken_back"]), f"already taken back by {commits[found.taken_back[place]].sha[:10]}"))
    for name, words in (
        ("only_documents", "changes nothing but documents"),
        ("only_tests", "changes nothing but tests"),
        ("is_revert", "takes another change back itself"),
    ):
        if found.values[place, NAMES.index(name)]:
            told.append((abs(lean[name]), words))
    if not told:
        told.append((0.0, f"nothing ties it to the report; the {ordinal(place + 1)} newest of {len(commits)}"))
    if not commit.files:
        told.append((0.0, "its files are not known"))
    return tuple(words for _, words in sorted(told, key=lambda one: -one[0]))


def said(matches: Matches, place: int, commits: int) -> str:
    """says 'netty' (in 2 of 200 commits), 'leak' (in 5): the words of the report that tell most, names without their
    parts, no plain words."""
    gives = matches.by_term[place]
    telling = [at for at in range(len(gives)) if gives[at] > 0 and weight(matches.terms[at]) >= TELLING]
    if not telling:
        return ""
    most = max(gives[at] for at in telling)
    words: dict[str, int] = {}
    for at in sorted(telling, key=lambda at: (-round(gives[at], 9), at)):
        if gives[at] >= LEAST_SHARE * most:
            words.setdefault(matches.words[at], int(matches.holding[at]))
    names = [word.lower() for word in words]
    kept = [word for word in words if not any(word.lower() in name and word.lower() != name for name in names)][:WORDS]
    return "says " + ", ".join(
        f"'{word}' (in {words[word]}{'' if number else f' of {commits} commits'})" for number, word in enumerate(kept)
    )


def ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"
