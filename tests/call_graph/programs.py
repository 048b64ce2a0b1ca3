"""Trees of files made by tests, and their paths."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deep_code_reasoning.code.graph.entry_point import Entry
from deep_code_reasoning.code.graph.execution_path import ExecutionPath
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.code.graph.trace import trace
from deep_code_reasoning.code.index.git_tree import tree_at
from deep_code_reasoning.progress import Work


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def path_of(
    folder: Path, entry: str, depth: int = 10, *, revision: str | None = None, work: Work | None = None
) -> ExecutionPath:
    return trace(Program(tree_at(folder, revision), work or Work()), Entry.parse(entry), max_depth=depth)
