"""Results that fit a client: under 20,000 characters of JSON, the rest to be had with `next_cursor`.

A result is some facts and some lists. The first page has the facts and as many list items as fit, in the order of the
lists; each further page goes on where the last one ended. A long text is a fact's head with its rest as a list,
so nothing is lost either. A result that does not fit is kept (conversation/answers.py), and survives a restart.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, time
from itertools import islice
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.errors import UsageError

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.settings import Settings

PAGE_CHARACTERS = 19_000
TEXT_CHARACTERS = 6_000  # of one fact's text
ITEM_CHARACTERS = 4_000  # of one text within a list item; `query_evidence` can substr() what is longer


@dataclass
class Result:
    """`facts` are small; `lists` may be of any length and come in the order of their importance."""

    facts: dict[str, Any]
    lists: dict[str, list[Any]] = field(default_factory=dict)


def first_page(settings: Settings, result: Result) -> dict[str, Any]:
    """The facts, how long each list is, and the first items. What does not fit is kept."""
    facts, lists = _with_long_texts_moved(_plain(result.facts), _plain(result.lists))
    facts |= {f"{name}_count": len(items) for name, items in lists.items()}
    page, position, complete = _filled(facts, lists, 0, at_least=0)
    if not complete:
        from deep_code_reasoning.conversation.answers import Answers

        page["next_cursor"] = f"{Answers(settings.state_dir).keep(lists)}:{position}"
    return page


def page_at(settings: Settings, cursor: Any, work: Work) -> dict[str, Any]:
    """The page that `next_cursor` promised. Raises UsageError where the cursor is none, or too old."""
    from deep_code_reasoning.conversation.answers import Answers

    answer, _, position = cursor.rpartition(":") if isinstance(cursor, str) else ("", "", "")
    if not answer or not position.isdecimal():
        raise UsageError(f"cursor: {str(cursor)[:60]!r}; expected the next_cursor of an earlier result")
    work.check()
    page, reached, complete = _filled({}, Answers(settings.state_dir).find(answer), int(position), at_least=1)
    if not complete:
        page["next_cursor"] = f"{answer}:{reached}"
    return page


def encoded(page: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A page as JSON text and as plain values; lone surrogates (file names that are not UTF-8) become `?`."""
    text = json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode("utf-8")
    return text, json.loads(text)


def _filled(
    page: dict[str, Any], lists: Mapping[str, list[Any]], position: int, at_least: int
) -> tuple[dict[str, Any], int, bool]:
    """Puts list items from `position` (counted through all lists) into the page while they fit, `at_least` so many."""
    room = PAGE_CHARACTERS - _size(page)
    reached, before = position, 0
    for name, items in lists.items():
        start = max(position - before, 0)
        before += len(items)
        for item in islice(items, start, None):
            size = _size(item) + len(name) + 6
            if size > room:
                if reached - position >= at_least:
                    return page, reached, False
                item, size = _fitting(item, room), room
            page.setdefault(name, []).append(item)
            room -= size
            reached += 1
    return page, reached, True


def _fitting(item: Any, room: int) -> Any:
    """An item that is larger than a page by itself, with its texts cut ever shorter; at last as a piece of its JSON."""
    for most in (1_000, 200, 40):
        item = _cut(item, most)
        if _size(item) <= room:
            return item
    return _cut(json.dumps(item, ensure_ascii=False), room // 2)


def _with_long_texts_moved(
    facts: dict[str, Any], lists: dict[str, list[Any]]
) -> tuple[dict[str, Any], dict[str, list]]:
    moved: dict[str, list[Any]] = {}
    for name, value in facts.items():
        if isinstance(value, str) and len(value) > TEXT_CHARACTERS:
            starts = range(TEXT_CHARACTERS, len(value), ITEM_CHARACTERS)
            moved[f"{name}_continued"] = [value[start : start + ITEM_CHARACTERS] for start in starts]
            facts[name] = value[:TEXT_CHARACTERS]
    return _cut(facts, TEXT_CHARACTERS), {**moved, **_cut(lists, ITEM_CHARACTERS)}


def _cut(value: Any, most: int) -> Any:
    """Shortens texts, at any depth, and says by how much."""
    if isinstance(value, str):
        return value if len(value) <= most else f"{value[:most]}… [+{len(value) - most:,} characters]"
    if isinstance(value, dict):
        return {name: _cut(item, most) for name, item in value.items()}
    if isinstance(value, list):
        return [_cut(item, most) for item in value]
    return value


def _plain(value: Any) -> Any:
    """What JSON can hold: dataclasses become objects, times ISO 8601, bytes hexadecimal, NaN and infinities text."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, set | frozenset):
        return sorted(_plain(item) for item in value)
    if isinstance(value, bytes | bytearray):
        return value.hex()
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
