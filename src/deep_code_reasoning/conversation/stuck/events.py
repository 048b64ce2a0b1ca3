"""What an agent did, in its order: edits and runs, brought to one shape whatever the source.

Taken are calls of tools ({tool, input, output} in any spelling, also nested as Claude Code and the chat APIs have
them), texts of a person (what failed may be pasted), unified diffs, and bare text, which counts as the output of a run.
What says nothing of edits or runs (reading, searching, thinking) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deep_code_reasoning.conversation.arguments import snake
from deep_code_reasoning.conversation.stuck.commands import key_of, kind_of

MOST_TEXT = 200_000  # characters of one output that are kept at all
MOST_DEPTH = 6
PASTED = "(pasted by a person)"
_NO_CODE = re.compile(r"\.(?:md|rst|txt|adoc|lock|log)$|/(?:CHANGELOG|LICENSE)", re.IGNORECASE)
_DIFF = re.compile(r"^\+\+\+ (?:b/)?(\S+).*$", re.MULTILINE)
_EXIT = re.compile(r"^(?:Exit code|exit status|exit_code:?) ?(\d+)", re.MULTILINE | re.IGNORECASE)
_FAILS = re.compile(r"error|fail|exception|panic|traceback|timed out|not ok|assert", re.IGNORECASE)


@dataclass(frozen=True)
class Edit:
    """`hunks`: (before, after) of each place; ("", text) where a file was written as a whole."""

    file: str
    hunks: tuple[tuple[str, str], ...]
    at: float | None = None


@dataclass(frozen=True)
class Run:
    """`key` knows the command again; `failed` is its exit status, None where nothing tells."""

    key: str
    command: str
    output: str
    failed: bool | None
    at: float | None = None


Event = Edit | Run


def events_of(items: Iterable[Any]) -> Iterator[Event]:
    """Events of whatever the items are; what has no known shape is skipped."""
    for item in items:
        yield from _of(item, 0)


def call_events(
    tool: str, given: Mapping[str, Any], output: str, failed: bool | None, at: float | None = None
) -> Iterator[Event]:
    """The events of one call of a tool, told by its name and by what it was given."""
    given = {snake(str(name)): value for name, value in given.items()}
    command = given.get("command") or given.get("cmd") or given.get("script")
    if isinstance(command, list):
        command = " ".join(map(str, command))
    file = next((str(given[name]) for name in ("file_path", "path", "notebook_path", "file") if given.get(name)), "")
    hunks = tuple(_hunks(given))
    if file and hunks:
        if not failed and not _NO_CODE.search(file):
            yield Edit(file, hunks, at)
    elif isinstance(command, str) and not hunks:
        yield from _of_command(command, output, failed, at)
    elif "diff" in given or "patch" in given:
        yield from _of_diff(str(given.get("diff") or given.get("patch")), at)


def _of_command(command: str, output: str, failed: bool | None, at: float | None) -> Iterator[Event]:
    kind = kind_of(command)
    if kind == "edit":
        yield Edit(command[:200], (("", command[:2_000]),), at)
    elif kind == "run":
        if status := _EXIT.search(output[:2_000]):
            failed = status[1] != "0"
        yield Run(key_of(command), command[:2_000], output[:MOST_TEXT], failed, at)


def _hunks(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    edits = given.get("edits")
    for edit in edits if isinstance(edits, list) else [given]:
        if not isinstance(edit, Mapping):
            continue
        fields = {snake(str(name)): value for name, value in edit.items()}
        before = next(
            (fields[name] for name in ("old_string", "old_str", "old_text", "before") if name in fields), None
        )
        after = next((fields[name] for name in ("new_string", "new_str", "new_text", "after") if name in fields), None)
        whole = next(
            (fields[name] for name in ("content", "file_text", "new_source", "insert_text") if name in fields), None
        )
        if before is not None or after is not None:
            yield str(before or ""), str(after or "")
        elif whole is not None:
            yield "", str(whole)


def _of(item: Any, depth: int) -> Iterator[Event]:
    if depth > MOST_DEPTH:
        return
    if isinstance(item, str):
        yield from _of_text(item)
    elif isinstance(item, list | tuple):
        for part in item:
            yield from _of(part, depth + 1)
    elif isinstance(item, Mapping):
        fields = {snake(str(name)): value for name, value in item.items()}
        given = next(
            (fields[n] for n in ("input", "tool_input", "arguments", "args", "parameters") if n in fields), None
        )
        if not isinstance(given, Mapping) and {"file_path", "path", "command", "diff", "patch"} & fields.keys():
            given = fields  # the call itself, not wrapped
        tool = str(fields.get("tool") or fields.get("tool_name") or fields.get("name") or "")
        if isinstance(given, Mapping):
            output, failed = _outcome(fields)
            yield from call_events(tool, given, output, failed)
        else:
            text = next((fields[n] for n in ("output", "text", "content", "message", "error") if fields.get(n)), None)
            yield from _of(text, depth + 1)


def _outcome(fields: Mapping[str, Any]) -> tuple[str, bool | None]:
    """The output as text, and whether the call failed where it says so."""
    output = next(
        (
            fields[n]
            for n in ("output", "result", "tool_response", "response", "stdout", "content", "error")
            if fields.get(n)
        ),
        "",
    )
    failed = None
    for name in ("is_error", "failed"):
        if isinstance(fields.get(name), bool):
            failed = fields[name]
    code = fields.get("exit_code", fields.get("returncode"))
    if isinstance(code, int) and not isinstance(code, bool):
        failed = code != 0
    if failed is None and fields.get("error"):
        failed = True
    return text_of(output), failed


def text_of(output: Any, depth: int = 0) -> str:
    """Text of an output of any shape: a string, content blocks, or an object with stdout and stderr."""
    if isinstance(output, str):
        return output
    if depth > MOST_DEPTH:
        return ""
    if isinstance(output, list | tuple):
        return "\n".join(filter(None, (text_of(part, depth + 1) for part in output[:100])))
    if isinstance(output, Mapping):
        parts = [output.get(name) for name in ("text", "stdout", "stderr", "output", "content", "error")]
        return "\n".join(filter(None, (text_of(part, depth + 1) for part in parts if part)))
    return ""


def _of_text(text: str) -> Iterator[Event]:
    if _DIFF.search(text) and "@@" in text:
        yield from _of_diff(text, None)
    elif _FAILS.search(text):
        yield Run(PASTED, "", text[:MOST_TEXT], None)


def _of_diff(text: str, at: float | None) -> Iterator[Edit]:
    starts = list(_DIFF.finditer(text))
    ends = [*(one.start() for one in starts), len(text)][1:]
    for start, end in zip(starts, ends, strict=True):
        body = text[start.end() : end].splitlines()
        before = "\n".join(line[1:] for line in body if line.startswith("-") and not line.startswith("--- "))
        after = "\n".join(line[1:] for line in body if line.startswith("+"))
        if not _NO_CODE.search(start[1]):
            yield Edit(start[1], ((before, after),), at)
