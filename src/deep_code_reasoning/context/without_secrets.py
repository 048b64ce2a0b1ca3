"""Candidates without secrets: those that patterns, names of keys or a scanner find, wherever else they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from deep_code_reasoning.context.candidate import Candidate, Refused
from deep_code_reasoning.context.packing.code_queue import CodeOrder

if TYPE_CHECKING:
    from deep_code_reasoning.context.redact import Redactor
    from deep_code_reasoning.context.scanner import Scanner
    from deep_code_reasoning.progress import Work


def without_secrets(
    candidates: Sequence[Candidate], order: CodeOrder, redactor: Redactor, scanner: Scanner | None, work: Work
) -> tuple[list[Candidate], CodeOrder]:
    """Ids and titles too: a commit's subject or a file's name may hold one. Later duplicates of an id are dropped."""
    cleaned: list[Candidate] = []
    for c in candidates:
        work.check()
        fields = {name: redactor.clean(getattr(c, name)) for name in ("id", "title", "reason", "text", "revision")}
        cleaned.append(replace(c, **fields))
    if scanner:
        for found in scanner.secrets([part for c in cleaned for part in (c.id, c.title, c.reason, c.text)]):
            redactor.remember(found, "scanner")
    sweep = redactor.sweep
    swept = [
        replace(c, id=sweep(c.id), title=sweep(c.title), reason=sweep(c.reason), text=sweep(c.text)) for c in cleaned
    ]
    names = {before.id: after.id for before, after in zip(candidates, swept, strict=True)}
    unique: dict[str, Candidate] = {}
    for c in swept:
        unique.setdefault(c.id, c)
    return list(unique.values()), _renamed(order, names)


def without_secrets_in_names(refused: Iterable[Refused], redactor: Redactor) -> list[Refused]:
    def clean(text: str) -> str:
        return redactor.sweep(redactor.clean(text))

    return [replace(r, id=clean(r.id), title=clean(r.title), reason=clean(r.reason)) for r in refused]


def _renamed(order: CodeOrder, names: dict[str, str]) -> CodeOrder:
    return CodeOrder(
        tuple(names[file] for file in order.files),
        tuple((names[file], lines) for file, lines in order.chunks),
        tuple((names[file], lines) for file, lines in order.outlines),
    )
