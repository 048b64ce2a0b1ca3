"""The words of loggers for severity, as OpenTelemetry's numbers."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# OpenTelemetry logs data model, "Displaying severity" and appendix B (mapping of syslog, log4j, .NET, Go zap ...).
_NUMBERS = {
    1: "trace all finest verbose silly v",
    5: "debug dbg finer fine d",
    9: "info information informational config i notice note success",
    13: "warn warning w",
    17: "error err e severe failure fail",
    18: "dpanic",
    21: "fatal critical crit alert emergency emerg panic f c",
}
_BY_WORD = {word: number for number, words in _NUMBERS.items() for word in words.split()}
_OTLP_NAMES = {
    f"{word}{step}": base + step - 1
    for base, word in ((1, "trace"), (5, "debug"), (9, "info"), (13, "warn"), (17, "error"), (21, "fatal"))
    for step in (1, 2, 3, 4)
}
_NODE_LEVELS = {10: 1, 20: 5, 30: 9, 40: 13, 50: 17, 60: 21}  # pino and bunyan write numbers

LONGEST_WORD = max(map(len, _BY_WORD))

_SYSLOG = ("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug")  # RFC 5424, 6.2.1


@lru_cache(maxsize=4096)
def severity_number(word: str) -> int | None:
    """1..24 for a level word in any case; None where the word is not known."""
    word = word.strip().strip("[]<>()").lower().removeprefix("severity_number_")
    return _BY_WORD.get(word) or _OTLP_NAMES.get(word)


def node_severity(level: int) -> int | None:
    """The severity of a numeric `level` as pino and bunyan write it."""
    return _NODE_LEVELS.get(level // 10 * 10)


def syslog_severity(priority: str) -> str | None:
    """The word for a priority: the severity is its lowest three bits."""
    return _SYSLOG[int(priority) % 8] if priority.isascii() and priority.isdecimal() and len(priority) <= 3 else None


@cache
def level_table() -> np.ndarray:
    """The words and their numbers for a kernel, as loggers spell them: info, INFO, Info."""
    from deep_code_reasoning.kernels.name_table import name_table

    words = {**_BY_WORD, **_OTLP_NAMES}
    return name_table({spell(word): words[word] for spell in (str.lower, str.upper, str.title) for word in words})
