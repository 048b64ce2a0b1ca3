"""Numbers as programs write them, with units: `5 * time.Second`, `Duration.ofMillis(500)`, `30_000`, `"10MiB"`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from deep_code_reasoning.changes.diffs.delta import UNITS

_TOKEN = re.compile(r"0[xX][0-9a-fA-F]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?|[A-Za-z]+|<<|[*+/%?:|&<>-]")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SPELLED = {
    "nanos": 1e-9, "micros": 1e-6, "millis": 1e-3, "msec": 1e-3, "secs": 1.0, "mins": 60.0, "hours": 3600.0,
    "kib": 1024.0, "mib": 1024.0**2, "gib": 1024.0**3,
}  # fmt: skip
_SILENT = frozenset(
    [
        "time",
        "duration",
        "timeunit",
        "unit",
        "span",
        "timespan",
        "std",
        "chrono",
        "of",
        "from",
        "new",
        "int",
        "long",
        "float",
        "double",
        "timedelta",
        "l",
        "u",
        "ul",
        "f",
        "d",
        "lu",
        "to",
        "i32",
        "i64",
        "u32",
        "u64",
        "usize",
        "i",
        "u",
        "uint",
        "integer",
        "number",
        "numeric",
        "in",
        "some",
        "value",
        "parse",
        "string",
    ]
)


@dataclass(frozen=True)
class Quantity:
    """`value` in seconds, bytes or as it is; `number` as written; `shown` is the text, `unit` the word for it."""

    value: float
    number: float
    shown: str
    unit: str = ""


def quantity(text: str) -> Quantity | None:
    """The number that an expression is; None where it depends on anything else."""
    plain = " ".join(text.split())
    if not plain or len(plain) > 60 or "," in plain:
        return None
    value, number, unit, shift = 1.0, 1.0, "", False
    seen, last = False, ""
    for token in _TOKEN.findall(plain.strip("\"'`")):
        if token[0].isdigit():
            one = _number(token)
            value, number = (
                (value * 2.0 ** min(one, 64), number * 2.0 ** min(one, 64)) if shift else (value * one, number * one)
            )
            seen, shift = True, False
        elif token[0].isalpha():
            for word in [token] if _size(token.lower()) is not None else _WORD.findall(token):
                size = None if last == "to" else _size(word.lower())  # toMillis(5 s) is 5 s still
                if size is not None:
                    value, unit = value * size, word.lower()
                elif word.lower() not in _SILENT and last != "to":
                    return None
                last = word.lower()
        elif token == "<<":
            shift = True
        elif token not in ("*", ":"):
            return None
    return Quantity(value, number, plain, unit) if seen and math.isfinite(value) else None


def _number(token: str) -> float:
    plain = token.replace("_", "")
    return float(int(plain, 16)) if plain[:2].lower() == "0x" else float(plain)


def _size(word: str) -> float | None:
    for table in (UNITS, _SPELLED):
        if word in table:
            return table[word]
        if word.removesuffix("s") in table and len(word) > 3:
            return table[word.removesuffix("s")]
    return None
