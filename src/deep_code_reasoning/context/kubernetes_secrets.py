"""Finds what a Kubernetes Secret holds: every value below its `data` and `stringData`, in YAML, JSON and diffs of them.

Names of its keys tell nothing (`config.json`, `url`), and base64 of a value looks like any other.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator

_MOST_BLOCK = 40_000
_QUOTE = r"""\\{0,3}["']"""
_KEY = r"[\w.-]{1,253}"
_KIND = re.compile(rf"\bkind(?:{_QUOTE})?[ \t]{{0,8}}:[ \t]{{0,8}}(?:{_QUOTE})?(?P<kind>[A-Za-z]{{1,64}})")
_BOUND = re.compile(r"^[ +-]?---[ \t]*$", re.MULTILINE)
_DATA = re.compile(
    rf"(?P<indent>^[ \t+-]{{0,40}})?(?<![\w.-])(?P<quote>{_QUOTE})?(?:data|stringData)(?(quote)(?P=quote))[ \t]{{0,8}}:"
    r"(?:\s{0,8}(?P<flow>\{)|[ \t]{0,8}\n)",
    re.MULTILINE,
)
_IN_FLOW = re.compile(
    rf"(?<![\w.-])(?:{_QUOTE})?{_KEY}(?:{_QUOTE})?\s{{0,8}}:\s{{0,8}}(?:{_QUOTE})?"
    + r"""(?P<value>[^\s"'\\,{}]{3,40000})"""
)
# A line of the block: `key: value`, `key: |`, a line of such a text, or an empty one.
_IN_BLOCK = re.compile(
    r"(?P<indent>[ \t+-]{1,40})(?:"
    rf"""["']?{_KEY}["']?[ \t]{{0,8}}:[ \t]{{0,8}}"""
    r"""(?:[|>][+-]?|(?P<quote>["']?)(?P<value>[^\s"'#|>][^\n"']{2,}?)(?P=quote))"""
    r"|(?P<line>[^\s:#]{3,})|)[ \t]*"
)


def values_of_kubernetes_secrets(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each value, in order. A `data` is a Secret's where the `kind` before or behind it says so.

    The kind is sought up to the document's end (`---`), or on the line itself where the whole object is on one.
    """
    kinds = [(match.start(), match["kind"] == "Secret") for match in _KIND.finditer(text)]
    if not any(is_secret for _, is_secret in kinds):
        return
    starts = [start for start, _ in kinds]
    bounds = [match.start() for match in _BOUND.finditer(text)]
    end = 0
    for match in _DATA.finditer(text):
        if match.start() < end or not _is_of_a_secret(text, match, kinds, starts, bounds):
            continue
        spans, end = _in_flow(text, match) if match["flow"] else _in_block(text, match)
        yield from spans


def _is_of_a_secret(
    text: str, match: re.Match[str], kinds: list[tuple[int, bool]], starts: list[int], bounds: list[int]
) -> bool:
    low, high = 0, len(text)
    place = bisect.bisect(bounds, match.start())
    if place:
        low = bounds[place - 1]
    if place < len(bounds):
        high = bounds[place]
    if match["flow"] and not match["indent"]:  # within a line that may be one object of many
        line = text.rfind("\n", 0, match.start()) + 1
        if text[line : line + 1] == "{" and text[line + 1 : line + 2] not in ("\n", ""):
            low = max(low, line)
            found = text.find("\n", match.end())
            high = min(high, found if found >= 0 else high)
    after = bisect.bisect(starts, match.start())
    return any(
        0 <= near < len(kinds) and low <= kinds[near][0] < high and kinds[near][1] for near in (after - 1, after)
    )


def _in_flow(text: str, match: re.Match[str]) -> tuple[list[tuple[int, int]], int]:
    """The values, and where the block ends."""
    close = text.find("}", match.end(), match.end() + _MOST_BLOCK)
    last = close if close >= 0 else min(len(text), match.end() + _MOST_BLOCK)
    return [found.span("value") for found in _IN_FLOW.finditer(text, match.end(), last)], last


def _in_block(text: str, match: re.Match[str]) -> tuple[list[tuple[int, int]], int]:
    """Lines that are deeper than `data` itself; a diff's sign counts as a blank."""
    spans: list[tuple[int, int]] = []
    own = len(match["indent"] or "")
    start = match.end()
    while start < len(text):
        stop = text.find("\n", start)
        stop = len(text) if stop < 0 else stop
        line = _IN_BLOCK.fullmatch(text, start, stop)
        if text[start:stop].strip():
            if line is None or len(line["indent"]) <= own:
                break
            spans += [line.span(name) for name in ("value", "line") if line[name]]
        start = stop + 1
    return spans, min(start, len(text))
