"""Delimits evidence so that no text inside can close the delimiter, without randomness: same input, same fence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.visible import one_line


def fence_for(texts: Iterable[str]) -> str:
    """A mark derived from the texts' hash that occurs in none of them."""
    whole = "\0".join(texts)
    content = hashlib.sha256(whole.encode("utf-8", "surrogatepass"))
    for attempt in count():
        digest = hashlib.sha256(content.digest() + str(attempt).encode()).hexdigest()[:12]
        if digest not in whole:
            return f"evidence-{digest}"
    raise AssertionError("unreachable: a text holds finitely many marks")


def fenced(candidate: Candidate, fence: str) -> str:
    opening = f'<{fence} id="{one_line(candidate.id)}" kind="{candidate.kind}" title="{one_line(candidate.title)}">'
    return f"{opening}\n{candidate.text.rstrip()}\n</{fence}>\n\n"


def preamble(fence: str) -> str:
    return (Path(__file__).parent / "preamble.md").read_text("utf-8").replace("{fence}", fence)
