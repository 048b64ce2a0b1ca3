"""Text as counted terms: whole identifiers, and the stems of their parts."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import cache, lru_cache
from pathlib import Path

_WORD = re.compile(r"#\d{1,12}|[A-Za-z0-9_]{2,64}|[^\W\d_a-zA-Z]{2,64}")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
_LEAST_STEM = 4
_ENDINGS = (
    *(("ies", "y"), ("sses", "ss"), ("ations", "at"), ("ation", "at"), ("ions", ""), ("ion", ""), ("ings", "")),
    *(("ing", ""), ("ers", ""), ("ments", ""), ("ment", ""), ("ness", ""), ("ably", ""), ("able", ""), ("ibly", "")),
    *(("ible", ""), ("ally", "al"), ("edly", ""), ("ly", ""), ("er", ""), ("ed", ""), ("es", ""), ("e", ""), ("s", "")),
)


def terms(text: str) -> Counter[str]:
    """How often each term is in `text`. A name of several parts is a term (in lower case, without underscores) beside
    its parts; the number of an issue is one with its sign (#123)."""
    found: Counter[str] = Counter()
    for word, count in Counter(words(text)).items():
        for term in terms_of(word):
            found[term] += count
    return found


def words(text: str) -> list[str]:
    return _WORD.findall(text)


def spelled(text: str) -> dict[str, str]:
    """The first word of `text` that each of its terms comes from, in lower case when it is a plain word."""
    found: dict[str, str] = {}
    for word in words(text):
        for term in terms_of(word):
            parts = [part for part in _PART.findall(word) if stem(part.lower()) == term]
            found.setdefault(term, parts[0].lower() if parts else word)
    return found


@lru_cache(maxsize=1 << 17)
def terms_of(word: str) -> tuple[str, ...]:
    """The stems of a word's parts and, where there are several, the word."""
    if word[0] == "#":
        return (word,)
    parts = [part.lower() for part in _PART.findall(word)]
    found = [stem(part) for part in parts if len(part) > 1]
    whole = word.replace("_", "").lower()
    if len(parts) > 1 and len(whole) > 2:
        found.append(whole)
    return tuple(dict.fromkeys(found))


def stem(word: str) -> str:
    """A light stemmer: one ending off where four letters remain, then one of two equal last letters."""
    if len(word) < 5 or word.isdigit():
        return word[:-1] if len(word) == 4 and word[-1] == "s" and word[-2] not in "su" else word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) + len(instead) >= _LEAST_STEM:
            if ending == "s" and word[-2] in "su":  # class, status
                break
            word = word[: len(word) - len(ending)] + instead
            break
    if len(word) > _LEAST_STEM and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word


@cache
def _plain() -> dict[str, float]:
    lists = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    return {
        term: lists[name]["weight"] for name in ("talk", "function") for term in terms(lists[name]["words"])
    }  # what is in both is a function word


def weight(term: str) -> float:
    """What a term of a report counts: 1, or less for plain words (words.toml)."""
    return _plain().get(term, 1.0)
