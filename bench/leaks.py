"""Draws the texts of leaks.toml: with secrets as they leak in production, and alike without any.

A second set beside planted_secrets.py: of settings, commands, addresses and dumps as they are found in the field, each
a whole text. Of every kind the texts at odd places are the held-out half.
"""

from __future__ import annotations

import base64
import random
import re
import string
import tomllib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from planted_secrets import ALNUM, B64, HEX, URL64, Planted, _jwt, _some, _word

SEEN, HELD_OUT = 0, 1
_ALPHABETS = {
    "hex": HEX, "HEX": HEX.upper(), "alnum": ALNUM, "url64": URL64, "b64": B64, "digits": string.digits,
    "upper": string.ascii_uppercase + string.digits, "lowernum": string.ascii_lowercase + string.digits,
    "base32": string.ascii_uppercase + "234567", "bech": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
}  # fmt: skip
_MARK = re.compile(r"<(?:(\w+):(\d+)|(pass|uuid|jwt|secret64|card))>")
_CATALOGUE: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _secret64(rng: random.Random) -> str:
    return base64.b64encode(f"{_some(rng, ALNUM, rng.randrange(3, 9))}:{_word(rng)}".encode()).decode()


def _card(rng: random.Random) -> str:
    """Fifteen digits and the one that Luhn's check wants; written in one or in groups of four."""
    digits = f"4{_some(rng, string.digits, 14)}"
    doubled = sum(int(d) if n % 2 else sum(divmod(2 * int(d), 10)) for n, d in enumerate(digits))
    digits += str(-doubled % 10)
    return rng.choice(("", " ", "-")).join(digits[start : start + 4] for start in range(0, 16, 4))


_MADE: dict[str, Callable[[random.Random], str]] = {
    "pass": _word, "jwt": _jwt, "secret64": _secret64, "card": _card,
    "uuid": lambda rng: str(uuid.UUID(int=rng.getrandbits(128))),
}  # fmt: skip


def drawn(text: str, rng: random.Random) -> str:
    def one(mark: re.Match[str]) -> str:
        return _MADE[mark[3]](rng) if mark[3] else _some(rng, _ALPHABETS[mark[1]], int(mark[2]))

    return _MARK.sub(one, text)


def leaks(half: int, seed: int, each: int) -> Iterator[Planted]:
    """`each` of every text of that half. The secrets of one text are joined by line ends."""
    rng = random.Random(seed * 2 + half)
    for kind, row in _CATALOGUE["secrets"].items():
        for text in row["texts"][half::2]:
            for _ in range(each):
                secrets: list[str] = []
                pieces = drawn(text, rng).split("§")
                secrets = [drawn(row["value"], rng) for _ in pieces[1:]]
                whole = pieces[0] + "".join(s + piece for s, piece in zip(secrets, pieces[1:], strict=True))
                yield Planted(kind, text.strip().splitlines()[0][:50], whole, "\n".join(secrets))


def alike(half: int, seed: int, each: int) -> Iterator[tuple[str, str]]:
    """(kind, text) without a secret."""
    rng = random.Random(seed * 2 + half)
    for kind, texts in _CATALOGUE["alike"].items():
        for text in texts[half::2]:
            for _ in range(each):
                yield kind, drawn(text, rng)
