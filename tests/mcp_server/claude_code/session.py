"""A real Claude Code in print mode, in a home of its own, with the scripted model as its only world."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp_server.claude_code.model import Model
from mcp_server.driver import environment

BINARY = os.environ.get("DCR_CLAUDE", "claude")
PREFIX = "mcp__deep-code-reasoning__"
_SECONDS = 120
_QUIET = ("DISABLE_AUTOUPDATER", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_TELEMETRY")


@dataclass
class Session:
    """`said` is every message of the client, as it came (see its stream-json output)."""

    process: subprocess.Popen[str]
    said: list[dict[str, Any]] = field(default_factory=list)
    reader: threading.Thread | None = None

    def ask(self, prompt: str) -> None:
        self.send({"type": "user", "message": {"role": "user", "content": prompt}})

    def interrupt(self) -> None:
        """What Escape does in a terminal."""
        self.send({"type": "control_request", "request_id": "stop", "request": {"subtype": "interrupt"}})

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """Nothing more will be asked; returns when the client has left."""
        assert self.process.stdin and self.reader
        self.process.stdin.close()
        self.process.wait(_SECONDS)
        self.reader.join(10)

    def first(self, type_: str, number: int = 1) -> dict[str, Any]:
        """The first message of a type, or a later one; waits for it."""
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            found = [message for message in list(self.said) if message["type"] == type_]
            if len(found) >= number:
                return found[number - 1]
            time.sleep(0.05)
        raise AssertionError(f"no {type_} among {[message['type'] for message in self.said]}")


@contextmanager
def claude(folder: Path, model: Model, *options: str, **settings: str) -> Iterator[Session]:
    """The client, started in `folder`, its home beside it; of our server it knows what the folder's .mcp.json says."""
    command = [
        BINARY, "-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose",
        f"--allowedTools={PREFIX[:-2]},Bash", *options,
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=folder, env=_environment(folder, model, settings), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    session = Session(process)
    session.reader = threading.Thread(target=_read, args=(session,), daemon=True)
    session.reader.start()
    try:
        yield session
    finally:
        process.kill()
        process.wait()
        session.reader.join(10)


def run(folder: Path, model: Model, prompt: str, *options: str, **settings: str) -> Session:
    """One prompt, played to its end."""
    with claude(folder, model, *options, **settings) as session:
        session.ask(prompt)
        session.end()
    return session


def outside(folder: Path, *arguments: str) -> str:
    """What a command of the client itself says, `claude mcp list` for one. No model is asked."""
    done = subprocess.run(
        [BINARY, *arguments], cwd=folder, env=_environment(folder, Model(()), {}), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=_SECONDS,
    )  # fmt: skip
    return f"{done.returncode}\n{done.stdout}{done.stderr}"


def _environment(folder: Path, model: Model, settings: dict[str, str]) -> dict[str, str]:
    """No account, no telemetry, no way out but the model on loopback."""
    kept = {
        name: value
        for name, value in environment(folder.parent / "state", **settings).items()
        if not name.startswith(("ANTHROPIC_", "CLAUDE"))
    }
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    quiet = dict.fromkeys(_QUIET, "1")
    known = {name: value for name, value in settings.items() if name.startswith("CLAUDE")}
    account = {"ANTHROPIC_API_KEY": "none-needed", "ANTHROPIC_BASE_URL": model.url}
    return {**kept, **quiet, **known, **account, "HOME": str(home), "DCR_PROVIDERS_DENIED": "anthropic"}


def _read(session: Session) -> None:
    assert session.process.stdout
    for line in session.process.stdout:
        session.said.append(json.loads(line))
