"""The entries of a feed of changes, one by one: an array, one a line, or pages of a list (`{"items": [...]}`).

The document is not held, so that a feed that breaks off keeps what came before; pages whose list stands behind other
objects are held whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from json import JSONDecoder
from typing import Any, NamedTuple

from deep_code_reasoning.sources.changes.deploy import Deploy
from deep_code_reasoning.sources.json_documents import BROKEN_JSON
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

PAGES = "items values results events entries deployments"
_LISTS = (*PAGES.split(), "data")  # entered only where it is a list: an envelope calls its content so too
_PAGE = re.compile(rf'"(?:{"|".join(_LISTS)})"\s*:\s*\[')
_MOST_FIRST = 100
_NO_START = rb"(?!)"  # behind a break the next line that begins a document is looked for


class Entry(NamedTuple):
    """One JSON value of the feed, with the line (from 1) and the byte offset where it, or its page, begins."""

    line: int
    offset: int
    value: Any


def is_json(sample: Sample) -> bool:
    return sample.head.lstrip(b" \t\r\n\0\x1e")[:1] in (b"{", b"[")


def names_all(sample: Sample, patterns: Iterable[re.Pattern[bytes]]) -> bool:
    """Whether the sample is JSON and has every one of `patterns` in it."""
    return is_json(sample) and all(pattern.search(sample.head) for pattern in patterns)


def first_objects(sample: Sample) -> list[dict[str, Any]]:
    """The first objects of a document that may be cut off: of its list, of a page, or one after another."""
    text, decoder, at = sample.head.decode("utf-8", "replace"), JSONDecoder(strict=False), 0
    found: list[dict[str, Any]] = []
    while is_json(sample) and len(found) < _MOST_FIRST and (opening := text.find("{", at)) >= 0:
        try:
            value, at = decoder.raw_decode(text, opening)
        except (ValueError, RecursionError):
            page = None if found else _PAGE.search(text, at)
            if page is None:
                break
            at = page.end()
        else:
            found += [one for one in _turned(value) if isinstance(one, dict)]
    return found


def entries(stream: EvidenceStream, start: bytes = _NO_START) -> Iterator[Entry | Skipped]:
    """Every entry in order; one that is broken is Skipped at its place.

    `start`: how an entry begins, a regular expression that fits nothing inside of one; reading goes on there behind
    a break.
    """
    from deep_code_reasoning.sources.otlp.values import parse
    from deep_code_reasoning.sources.traces.json_elements import elements, form

    for part in elements(stream, form(PAGES, start)):
        if isinstance(part, Skipped):
            yield part
            continue
        try:
            value = parse(part.text.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            yield Skipped(part.line, part.offset, BROKEN_JSON)
            continue
        for one in _turned(value):
            yield Entry(part.line, part.offset, one)


def _turned(value: Any) -> list[Any]:
    """The list of a page, or the value itself."""
    if isinstance(value, dict):
        pages = [value[name] for name in _LISTS if isinstance(value.get(name), list)]
        if len(pages) == 1 and any(isinstance(one, dict) for one in pages[0]):
            return pages[0]
    return [value]


def read_deploys(
    stream: EvidenceStream,
    deploys_of: Callable[[Entry], Iterable[Deploy | str]],
    rest: Callable[[], Iterable[Deploy]] = tuple,
) -> Iterator[Batch | Skipped]:
    """Batches of what `deploys_of` makes of each entry; a text is the reason why something of it is left out.

    `rest`: what had to wait for the end.
    """
    from deep_code_reasoning.sources.arrow_tables import BATCH_ROWS, Rows

    rows = Rows("deploys")
    for entry in entries(stream):
        if isinstance(entry, Skipped):
            yield entry
            continue
        for deploy in deploys_of(entry):
            if isinstance(deploy, str):
                yield Skipped(entry.line, entry.offset, deploy)
            else:
                rows.add(list(deploy))
        if len(rows) >= BATCH_ROWS:
            yield rows.take()
    for deploy in rest():
        rows.add(list(deploy))
        if len(rows) >= BATCH_ROWS:
            yield rows.take()
    if len(rows):
        yield rows.take()
