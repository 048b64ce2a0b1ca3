"""Tools over a small incident and a git repository of two services, with secrets in both."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from context.incident_tables import DATABASE_PASSWORD, SHA, diagnosis, logs, spans
from deep_code_reasoning.context.redact import Redactor
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists.citations import sections_of
from deep_code_reasoning.specialists.port import ToolAnswer, ToolCall
from deep_code_reasoning.specialists.tools.toolbox import Toolbox, toolbox_for
from store.rows import tables_of

LEASE = f"""import locks

DSN = "postgresql://shop:{DATABASE_PASSWORD}@db:5432/orders"


def renew_lease(order):
    lock = locks.acquire(order, ttl=1)
    lock.release()
    charge(order)


def charge(order):
    return order
"""


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


def repository(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    return folder


@contextmanager
def toolbox(
    path: Path, *, redactor: Redactor | None = None, files: dict[str, str] | None = None, **more: Any
) -> Iterator[Toolbox]:
    """The allowed root is `path`/code; what lies beside it may not be read."""
    code = path / "code"
    tree = repository(
        code / "payment", {"src/lease.py": LEASE, "src/stock.py": "def stock():\n    return 1\n"} | (files or {})
    )
    rows: dict[str, Any] = {"spans": spans(), "logs": logs()} | more
    commits = [
        {"sha": SHA, "repository": str(tree), "author_name": "Ada", "time_unix_nano": 1, "message": "Shorten the lease"}
    ]
    patch = {
        "sha": SHA,
        "repository": str(tree),
        "path": "src/lease.py",
        "status": "modified",
        "patch": "@@ -1 +1 @@\n-ttl=9\n+ttl=1",
    }
    with tables_of(path / "store", commits=commits, commit_files=[patch], **rows) as tables:
        yield toolbox_for(
            tables, diagnosis(), roots=[code], redactor=redactor or Redactor(),
            settings=Settings(state_dir=path / "state"),
        )  # fmt: skip


def call(tools: Toolbox, name: str, /, **arguments: Any) -> ToolAnswer:
    return tools.answer(ToolCall("c1", name, arguments), Work())


def shown(answer: ToolAnswer) -> dict[str, str]:
    """Id -> text of the items of an answer."""
    assert not answer.is_error, answer.text
    return {section.id: section.text for section in sections_of(answer.text)}
