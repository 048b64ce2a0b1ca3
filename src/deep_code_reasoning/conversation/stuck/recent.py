"""The recent events of a session, from a call's arguments or from the transcript that it names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deep_code_reasoning.conversation.stuck.events import Event, events_of
from deep_code_reasoning.conversation.stuck.transcript import TAIL_BYTES, of_entries, read_tail, recorded
from deep_code_reasoning.errors import OutsideRootsError, UsageError


def recent_events(given: Sequence[Any], transcript: str | None, roots: Sequence[Path]) -> list[Event]:
    """What the agent did, oldest first: the transcript's end, then what the call itself holds.

    Raises OutsideRootsError, and UsageError where the transcript is no file that can be read.
    """
    events = _of_file(transcript, roots) if transcript else []
    messages = [_as_entry(item) for item in given]
    if any(messages):
        return [*events, *(one.event for one in of_entries(messages))]
    if len(given) == 1 and isinstance(given[0], str):
        told = [one.event for one in recorded(given[0].encode("utf-8", "replace").splitlines())]
        return [*events, *(told or events_of(given))]
    return [*events, *events_of(given)]


def _of_file(transcript: str, roots: Sequence[Path]) -> list[Event]:
    path = Path(os.path.realpath(transcript))
    if not any(path.is_relative_to(os.path.realpath(root)) for root in roots):
        raise OutsideRootsError(f"transcript: {transcript!r} lies outside the allowed roots")
    try:
        if not path.is_file():
            raise UsageError(f"transcript: {transcript!r} is no file")
        events = [one.event for one in read_tail(path)]
        if events or path.suffix == ".jsonl":
            return events
        with path.open("rb") as file:
            return list(events_of([file.read(TAIL_BYTES).decode("utf-8", "replace")]))
    except OSError as error:
        raise UsageError(f"transcript: {transcript!r} cannot be read: {error.strerror}") from None


def _as_entry(item: Any) -> dict[str, Any] | None:
    """A line of a transcript as it is; a message of a chat API in the shape of one."""
    if not isinstance(item, dict):
        return None
    if isinstance(item.get("message"), dict):
        return item
    if item.get("role") in ("user", "assistant") and isinstance(item.get("content"), list):
        return {"type": item["role"], "message": item}
    return None
