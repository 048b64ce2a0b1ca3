"""The transcript of a session of Claude Code: JSON lines, of which the last megabytes are read.

A line is a message (`type` user or assistant) whose content holds calls of tools (`tool_use`) and their results
(`tool_result`, by `tool_use_id`); other lines are the program's own notes. Broken lines, such as the one that the cut
went through, are skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deep_code_reasoning.conversation.stuck.events import PASTED, Event, Run, call_events, text_of

TAIL_BYTES = 2_000_000
MOST_LINE_BYTES = 2_000_000
_OF_A_PERSON = "user"


@dataclass(frozen=True)
class Recorded:
    """An event with the id of the call it came from ("" for a person's words)."""

    call_id: str
    event: Event


def read_tail(path: Path, most_bytes: int = TAIL_BYTES) -> list[Recorded]:
    """The events of the end of a transcript. Raises OSError where it cannot be read; a pipe must not be given."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - most_bytes))
        data = file.read(most_bytes)
    lines = data.split(b"\n")
    return list(recorded(lines[1:] if size > most_bytes else lines))


def recorded(lines: Iterable[bytes]) -> Iterator[Recorded]:
    """The events of the lines of a transcript."""
    return of_entries(_decoded(lines))


def of_entries(entries: Iterable[Any]) -> Iterator[Recorded]:
    """The events of the decoded lines; what is no message is skipped."""
    calls: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("message"), dict):
            yield from _of_message(entry, calls)


def _decoded(lines: Iterable[bytes]) -> Iterator[Any]:
    import msgspec

    decoder = msgspec.json.Decoder()
    for line in lines:
        if len(line) <= MOST_LINE_BYTES and b'"message"' in line:
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue


def _of_message(entry: dict[str, Any], calls: dict[str, tuple[str, Mapping[str, Any]]]) -> Iterator[Recorded]:
    content = entry["message"].get("content")
    is_person = entry.get("type") == _OF_A_PERSON and not entry.get("isMeta")
    at = _seconds(entry.get("timestamp"))
    if isinstance(content, str) and is_person:
        yield from _pasted(content, at)
    for block in content if isinstance(content, list) else ():
        if not isinstance(block, dict):
            continue
        if block.get("type") == "tool_use" and isinstance(block.get("input"), dict):
            calls[str(block.get("id"))] = (str(block.get("name")), block["input"])
        elif block.get("type") == "tool_result":
            call_id = str(block.get("tool_use_id"))
            tool, given = calls.pop(call_id, ("", {}))
            failed = bool(block.get("is_error"))
            for event in call_events(tool, given, text_of(block.get("content")), failed, at):
                yield Recorded(call_id, event)
        elif block.get("type") == "text" and is_person and isinstance(block.get("text"), str):
            yield from _pasted(block["text"], at)


def _pasted(text: str, at: float | None) -> Iterator[Recorded]:
    """A person's words count where they hold more than a line: what failed, pasted."""
    if "\n" in text.strip() and not text.lstrip().startswith("<"):
        yield Recorded("", Run(PASTED, "", text[:200_000], None, at))


def _seconds(timestamp: Any) -> float | None:
    try:
        return datetime.fromisoformat(timestamp).timestamp()
    except (TypeError, ValueError):
        return None
