"""How many tokens a text takes, counted without the model's tokenizer: the same on every machine, no download.

The text is cut into pieces (words by length, digits, runs of punctuation and of whitespace), each kind of piece has a
cost, and the costs were fitted to Gemma's tokenizer, whose vocabulary Gemini's is closest to. How it was fitted, and
how wrong it is (median 2 %, JSON and logs 1 to 2 %), is in docs/decisions/0002-token-counting-and-redaction.md.
"""

from __future__ import annotations

import re
from math import ceil

# The order of the alternatives is the order of the groups that COSTS names. Costs are in hundredths of a token.
_PIECES = re.compile(
    r"([0-9])"
    r"|([a-z])(?![a-z])|([A-Z][a-z]{1,3}|[a-z]{2,4})(?![a-z])|([A-Z][a-z]{4,6}|[a-z]{5,7})(?![a-z])|([A-Z]?[a-z]+)"
    r"|([A-Z])(?![A-Z])|([A-Z]{2,4})(?=[A-Z][a-z]|[^A-Za-z]|\Z)|([A-Z]+)(?![a-z])"
    r"|([!-/:-@\[-`{-~]{3,})|([!-/:-@\[-`{-~]{2})|([!-/:-@\[-`{-~])"
    r"|(\n+)|([ \t]{2,})|[ \t]|([^\x00-\x7f])"
)
_COSTS = (0, 81, 72, 146, 70, 75, 237, 103, 122, 136, 94, 112, 74, 97, 100)
_LONG_WORD_GROUP = 5
_LONG_WORD = 10
_EACH_LETTER_MORE = 21
_LETTER_AFTER_DIGIT = re.compile(r"(?<=[0-9])[A-Za-z]")
_COST_OF_LETTER_AFTER_DIGIT = 89
# Measured with the vocabularies that providers published: docs/decisions/0002-token-counting-and-redaction.md. Each is
# such that 95 of 100 texts take at most a ninth more than it says, the tenth that a brief leaves free.
_FACTORS = {"google": 1.0, "openai": 0.85, "anthropic": 1.0}


def hundredths(text: str) -> int:
    """The estimate in hundredths of a token. Where `a` ends in a newline, h(a) + h(b) >= h(a + b)."""
    total = _COST_OF_LETTER_AFTER_DIGIT * len(_LETTER_AFTER_DIGIT.findall(text))
    for piece in _PIECES.finditer(text):
        group = piece.lastindex or 0
        total += _COSTS[group]
        if group == _LONG_WORD_GROUP and (length := piece.end() - piece.start()) > _LONG_WORD:
            total += _EACH_LETTER_MORE * (length - _LONG_WORD)
    return total


def count_tokens(text: str, provider: str = "") -> int:
    """Tokens that `text` takes, rounded up; 0 for the empty text. Gemma's where no provider is named."""
    return -(-round(hundredths(text) * factor(provider)) // 100)


def factor(provider: str) -> float:
    """Tokens of this provider for one of Gemma's; 1 for a provider that nobody measured."""
    return _FACTORS.get(provider, 1.0)


def as_counted_by(provider: str, tokens: int) -> int:
    """Gemma's tokens in those of a provider, rounded up."""
    return ceil(tokens * factor(provider))
