"""Why a commit stands where it does, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deep_code_reasoning.changes.relevance.commit_text import CommitText
from deep_code_reasoning.changes.relevance.features import NAMES, Features
from deep_code_reasoning.changes.relevance.similarity import Matches

WORDS = 4
LEAST_SHARE = 0.15
"""A word is told if it gives this much of what the best one gives."""
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
        told.append((9.0, f"touches {touched[0]}" + (f" and {len(touched) - 1} more of the files" if touched[1:] else "")))
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
    """says 'netty', 'leak' (in 2 and 5 of 200 commits)"""
    gives = matches.by_term[place]
    if not gives.size or gives.max() <= 0:
        return ""
    best = [at for at in np.argsort(-gives, kind="stable") if gives[at] >= LEAST_SHARE * gives.max()]
    words: dict[str, int] = {}
    for at in best:
        words.setdefault(matches.words[at], int(matches.holding[at]))
    words = dict(list(words.items())[:WORDS])
    quoted = ", ".join(f"'{word}'" for word in words)
    counts = [str(count) for count in words.values()]
    return f"says {quoted} (in {', '.join(counts[:-1]) + ' and ' if counts[1:] else ''}{counts[-1]} of {commits} commits)"


def ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"
