"""Signs beyond words that a file is meant: it is named, defines what is named, holds a message that was printed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deep_code_reasoning.code.index.code_index import CodeIndex
from deep_code_reasoning.code.index.words import WORD
from deep_code_reasoning.code.ranking.mentions import Mention, mentions, quotations, routes, tables
from deep_code_reasoning.code.ranking.places import files_meant
from deep_code_reasoning.code.ranking.query import Query, is_worth
from deep_code_reasoning.code.ranking.symbols import definitions
from deep_code_reasoning.code.ranking.weights import Weights

MOST_HOLDING = 10
"""Files that may hold a quotation word for word: so many of the likeliest are read."""
MOST_QUOTATIONS = 12
HINTS_AT_FULL = 3
"""More hinted files share what so many get: naming everything names nothing."""

Place = tuple[int, str]
"""Number of the index, path."""


@dataclass(frozen=True)
class Sign:
    """`amount` in shares of the best score by words, at most `most` for all signs of its kind on one file."""

    kind: str
    amount: float
    reason: str
    line: int | None = None
    function: str | None = None


def signs(indexes: Sequence[CodeIndex], query: Query, weights: Weights) -> dict[Place, list[Sign]]:
    found: defaultdict[Place, list[Sign]] = defaultdict(list)
    for place, sign in (
        *_mentioned(indexes, query, weights),
        *_located(indexes, query, weights),
        *_hinted(indexes, query, weights),
        *_quoted(indexes, query, weights),
    ):
        found[place].append(sign)
    if weights.definition:
        for place, names in definitions(indexes, query).items():
            for defined in names:
                amount = weights.definition * defined.weight
                function = re.split(r"\.|::|#", defined.name)[-1]
                found[place].append(Sign("definition", amount, f"defines {defined.name}", function=function))
    return dict(found)


def total(given: Sequence[Sign], weights: Weights) -> float:
    """All signs of a file together: of each kind at most twice its weight, so that repeating does not win."""
    by_kind: defaultdict[str, float] = defaultdict(float)
    for sign in given:
        by_kind[sign.kind] += sign.amount
    return sum(min(amount, 2 * getattr(weights, kind)) for kind, amount in sorted(by_kind.items()))


def _mentioned(indexes: Sequence[CodeIndex], query: Query, weights: Weights) -> Iterator[tuple[Place, Sign]]:
    if not weights.mention:
        return
    seen: set[tuple[Place, bool]] = set()
    for mention in mentions(query.all_text):
        places = _meant(indexes, mention)
        for place in places:
            is_first = (place, mention.is_module) not in seen
            seen.add((place, mention.is_module))
            amount = weights.mention / len(places) if is_first else 0.0
            yield place, Sign("mention", amount, f"mentions {mention.said}", mention.line, mention.function)


def _located(indexes: Sequence[CodeIndex], query: Query, weights: Weights) -> Iterator[tuple[Place, Sign]]:
    for location in query.locations:
        mention = Mention("/".join(p for p in location.path.replace("\\", "/").split("/") if p), location.line)
        places = _meant(indexes, mention)
        for place in places:
            reason = f"seen at run time: {mention.said}" + (f" in {location.function}" if location.function else "")
            amount = weights.location / len(places)
            yield place, Sign("location", amount, reason, location.line, location.function)


def _hinted(indexes: Sequence[CodeIndex], query: Query, weights: Weights) -> Iterator[tuple[Place, Sign]]:
    share = min(1.0, HINTS_AT_FULL / max(1, len(query.files)))
    for hint in query.files:
        name, _, line = hint.rpartition(":")
        mention = Mention(name, int(line)) if name and line.isdigit() else Mention(hint)
        mention = Mention(mention.path.replace("\\", "/").strip("/"), mention.line)
        places = _meant(indexes, mention)
        for place in places:
            amount = weights.hint * share / len(places)
            yield place, Sign("hint", amount, f"named as a hint: {hint}", mention.line)


def _quoted(indexes: Sequence[CodeIndex], query: Query, weights: Weights) -> Iterator[tuple[Place, Sign]]:
    if not weights.quotation:
        return
    text = query.all_text
    sought = [(one, "holds the text") for one in quotations(text)]
    sought += [(one, "holds the route") for one in routes(text)]
    sought += [(one, "names the table") for one in tables(text)]
    for what, reason in sought[:MOST_QUOTATIONS]:
        places = list(_holding(indexes, what))
        for place in places if len(places) <= MOST_HOLDING // 2 else ():
            yield place, Sign("quotation", weights.quotation / len(places), f'{reason} "{what[:80]}"')


def _holding(indexes: Sequence[CodeIndex], text: str) -> Iterator[Place]:
    """Files in which the text stands, however its blanks are; also parted by quotes, as long literals are."""
    words = [word.lower() for word in WORD.findall(text)]
    asked = list(dict.fromkeys(word for word in words if is_worth(word)))
    pattern = re.compile(r"[\s\"'+\\]+".join(re.escape(part) for part in text.split()))
    for number, index in enumerate(indexes):
        if index.documents is None or not asked:
            continue
        files = index.documents.holding(asked, MOST_HOLDING)
        paths = sorted(index.paths[file] for file in files if file in index.paths)
        for path, data in index.read(paths).items():
            if pattern.search(data.decode("utf-8", "replace")):
                yield number, path


def _meant(indexes: Sequence[CodeIndex], mention: Mention) -> list[Place]:
    """Over all repositories: those whose files share the most of the path."""
    if not indexes:
        return []
    return [(number, path) for number, index in enumerate(indexes) for path in files_meant(index, mention)]
