"""Sessions of a coding agent as transcripts of Claude Code, made from scripts that a person can read.

A script is a line a step:
    user: TEXT                           what the person says (\\n for a new line)
    say: TEXT                            what the agent says
    read FILE | grep WORDS               looks
    edit FILE | BEFORE => AFTER          one hunk
    undo FILE                            takes the last edit of it back
    write FILE | TEXT
    run RUNNER COMMAND :: FAILURES       `name = message ; name = message`, or `ok`; `{i}`, `{n}`, `{hex}` vary
    bash STATUS COMMAND :: OUTPUT
    wait MINUTES
    repeat TIMES ... end                 {i} counts
"""

from __future__ import annotations

import json
import random
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from conversation.transcripts.runners import Outcome, render

FOLDER = Path(__file__).parent
PARTS = ("chosen_on", "held_out", "unseen", "last")  # each was written without regard to the one before
MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Session:
    """`alarm`: is the agent truly stuck, so that it should be told? `part`: the file it is of (PARTS).
    `missed`: stuck, but in a way that the policy is known not to see."""

    name: str
    alarm: bool
    part: str
    script: str
    why: str
    missed: bool

    def transcript(self, seed: int = 0) -> list[bytes]:
        """Its lines; the last one of each call's result is where a hook would run."""
        return list(_Writer(random.Random(f"{self.name}/{seed}")).lines(self.script))


@cache
def sessions() -> tuple[Session, ...]:
    return tuple(
        Session(one["name"], one["alarm"], part, one["script"], one["why"], one.get("missed", False))
        for part in PARTS
        for one in tomllib.loads((FOLDER / f"{part}.toml").read_text("utf-8"))["session"]
    )


class _Writer:
    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._clock = MORNING
        self._calls = 0
        self._last: dict[str, tuple[str, str]] = {}

    def lines(self, script: str) -> Iterator[bytes]:
        yield json.dumps({"type": "summary", "summary": "a session", "leafUuid": "0"}).encode()
        for step in _unrolled([line.strip() for line in script.strip().splitlines() if line.strip()]):
            for entry in self._step(step):
                yield json.dumps(entry).encode()

    def _step(self, step: str) -> Iterator[dict[str, Any]]:
        verb, _, rest = step.partition(" ")
        self._clock += self._draw.uniform(4, 25)
        if verb == "user:":
            yield self._entry("user", rest.replace("\\n", "\n"))
        elif verb == "say:":
            yield self._entry("assistant", [{"type": "text", "text": rest}])
        elif verb == "wait":
            self._clock += float(rest) * 60
        elif verb == "read":
            yield from self._call(
                "Read", {"file_path": f"/repo/{rest}"}, f"     1\t# {rest}\n     2\traise ValueError('x')"
            )
        elif verb == "grep":
            yield from self._call("Grep", {"pattern": rest}, f"src/log.py:{self._draw.randint(1, 99)}: ERROR {rest}")
        elif verb == "edit":
            file, _, hunk = rest.partition(" | ")
            before, _, after = hunk.partition(" => ")
            self._last[file] = (before, after)
            yield from self._edit(file, before, after)
        elif verb == "undo":
            before, after = self._last[rest]
            self._last[rest] = (after, before)
            yield from self._edit(rest, after, before)
        elif verb == "write":
            file, _, text = rest.partition(" | ")
            yield from self._call("Write", {"file_path": f"/repo/{file}", "content": text}, "File written")
        elif verb == "run":
            yield from self._run(rest)
        elif verb == "bash":
            status, _, rest = rest.partition(" ")
            command, _, output = rest.partition(" :: ")
            yield from self._bash(command, output.replace("\\n", "\n"), int(status))
        else:
            raise ValueError(f"no step {step!r}")

    def _run(self, rest: str) -> Iterator[dict[str, Any]]:
        runner, _, rest = rest.partition(" ")
        command, _, said = rest.partition(" :: ")
        failures = []
        for part in said.split(" ; ") if said.strip() != "ok" else ():
            name, _, message = part.strip().partition(" = ")
            failures.append((name, message))
        outcome = Outcome(command, tuple(failures), self._draw.randint(8, 60))
        self._clock += self._draw.uniform(3, 60)
        yield from self._bash(command, render(runner, outcome, self._draw), 1 if failures else 0)

    def _bash(self, command: str, output: str, status: int) -> Iterator[dict[str, Any]]:
        is_piped = "| tail" in command or "| head" in command
        told = f"Exit code {status}\n{output}" if status and not is_piped else output
        yield from self._call("Bash", {"command": command, "description": "run"}, told, bool(status) and not is_piped)

    def _edit(self, file: str, before: str, after: str) -> Iterator[dict[str, Any]]:
        given = {"file_path": f"/repo/{file}", "old_string": before, "new_string": after}
        yield from self._call("Edit", given, f"The file /repo/{file} has been updated.")

    def _call(self, tool: str, given: dict[str, Any], output: str, failed: bool = False) -> Iterator[dict[str, Any]]:
        self._calls += 1
        name = f"toolu_{self._calls:06d}"
        yield self._entry("assistant", [{"type": "tool_use", "id": name, "name": tool, "input": given}])
        self._clock += self._draw.uniform(0.1, 4)
        result = {
            "type": "tool_result",
            "tool_use_id": name,
            "content": output,
            **({"is_error": True} if failed else {}),
        }
        yield self._entry("user", [result])

    def _entry(self, author: str, content: Any) -> dict[str, Any]:
        instant = datetime.fromtimestamp(self._clock, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "parentUuid": None,
            "isSidechain": False,
            "userType": "external",
            "cwd": "/repo",
            "sessionId": "session",
            "type": author,
            "message": {"role": author, "content": content},
            "uuid": f"{self._draw.getrandbits(64):016x}",
            "timestamp": instant,
        }


def _unrolled(lines: list[str]) -> Iterator[str]:
    index = 0
    while index < len(lines):
        if times := re.fullmatch(r"repeat (\d+)", lines[index]):
            end = lines.index("end", index)
            for turn in range(int(times[1])):
                yield from (line.replace("{i}", str(turn)) for line in lines[index + 1 : end])
            index = end + 1
        else:
            yield lines[index]
            index += 1
