"""Merges the shapes of log bodies into templates: where alike shapes differ in what is a value, it becomes `<*>`.

Only the distinct shapes are looked at. Two shapes are alike when they have the same words and separators in the same
places, but for
- values: the word alone in quotes or brackets, or behind a word such as `user`; dotted_or_underscored
  names. A place with FEW or more values (SOME for names) is variable.
- any one word of the rest: a place with SOME or more values is variable, MANY for a first word (it is the subject).
This is the second stage of template miners (He et al. 2017, Drain; Yu et al. 2023, Brain), with the variable places
found by counting distinct values over the shapes instead of by a similarity threshold.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from deep_code_reasoning.store import log_template_masking

MASK = log_template_masking.MASK.decode()
FEW, SOME, MANY = 3, 5, 10
LEAST_WORDS = 3  # constant words that a shape needs for one of them to become variable
MOST_SHAPES = 50_000  # the rest stay as they are: more means that bodies are prose or noise
MOST_TOKENS = 200
ROUNDS = 4
NAMING = frozenset(("user", "username", "account", "host", "hostname"))
_TOKEN = re.compile(r"""<\*>|[ ,;=()\[\]{}"'<>|!?&`:]|\.\.|(?:(?!\.\.)[^ ,;=()\[\]{}"'<>|!?&`:])+""")
_PUNCTUATION = frozenset(""" ,;=()[]{}"'<>|!?&`:.-+""") | {".."}
_CLOSING = {"(": ")", '"': '"', "'": "'", "[": "]"}
_VALUE, _NAME = "\0", "\1"

Tokens = tuple[str, ...]


def merged(shapes: Iterable[str]) -> dict[str, str]:
    """Template by shape, for those shapes whose template is another text. `shapes`: distinct, most frequent first."""
    of: dict[str, Tokens] = {}
    for text in shapes:
        if len(of) == MOST_SHAPES:
            break
        tokens = tuple(_TOKEN.findall(text))
        if len(tokens) <= MOST_TOKENS:
            of[text] = tokens
    became: dict[Tokens, Tokens] = {tokens: tokens for tokens in of.values()}
    for _ in range(ROUNDS):
        found = _values_merged(set(became.values()))
        became = {before: found.get(after, after) for before, after in became.items()}
        found = _words_merged(set(became.values()))
        if not found:
            break
        became = {before: found.get(after, after) for before, after in became.items()}
    templates = {text: "".join(became[tokens]) for text, tokens in of.items()}
    return {text: template for text, template in templates.items() if template != text}


def _values_merged(shapes: set[Tokens]) -> dict[Tokens, Tokens]:
    alike: dict[Tokens, list[Tokens]] = defaultdict(list)
    for tokens in shapes:
        alike[_without_values(tokens)].append(tokens)
    became = {}
    for frame, group in alike.items():
        if len(group) < 2 or not any(token > _NAME and _is_word(token) for token in frame):
            continue
        variable = set()
        for at, token in enumerate(frame):
            if token <= _NAME:
                values = {tokens[at] for tokens in group}
                if MASK in values or len(values) >= (FEW if token == _VALUE else SOME):
                    variable.add(at)
        for tokens in group:
            became[tokens] = tuple(MASK if at in variable else token for at, token in enumerate(tokens))
    return became


def _without_values(tokens: Tokens) -> Tokens:
    frame = list(tokens)
    for at, token in enumerate(tokens):
        if not _is_word(token):
            continue
        before = frame[at - 1] if at else ""
        following = tokens[at + 1] if at + 1 < len(tokens) else ""
        is_alone = before in _CLOSING and following == _CLOSING[before]
        is_named = before == " " and at > 1 and frame[at - 2] in NAMING
        if token == MASK or is_alone or is_named:
            frame[at] = _VALUE
        elif "." in token or "_" in token[1:-1]:
            frame[at] = _NAME
    return tuple(frame)


def _words_merged(shapes: set[Tokens]) -> dict[Tokens, Tokens]:
    """Shapes that differ in one word, merged where that place has enough values; the place with most values first."""
    values: dict[tuple[int, int, int], set[str]] = defaultdict(set)
    places: dict[Tokens, list[tuple[int, tuple[int, int, int]]]] = {}
    subject: set[tuple[int, int, int]] = set()
    for tokens in shapes:
        words = [at for at, token in enumerate(tokens) if token != MASK and _is_word(token)]
        masks = [at for at, token in enumerate(tokens) if token == MASK]
        whole = sum(hash(item) for item in enumerate(tokens))
        first = min(words[:1] + masks[:1], default=0)
        keys = [(at, (len(tokens), at, whole - hash((at, tokens[at])))) for at in words + masks]
        for at, key in keys:
            values[key].add(tokens[at])
            if at == first:
                subject.add(key)
        places[tokens] = keys if len(words) >= LEAST_WORDS else []
    became = {}
    for tokens, keys in places.items():
        best = max(keys, key=lambda place: len(values[place[1]]), default=None)
        if best is None or tokens[best[0]] == MASK:
            continue
        at, key = best
        found = values[key]
        if len(found) >= (MANY if key in subject else SOME) or (MASK in found and key not in subject):
            became[tokens] = (*tokens[:at], MASK, *tokens[at + 1 :])
    return became


def _is_word(token: str) -> bool:
    return token not in _PUNCTUATION
