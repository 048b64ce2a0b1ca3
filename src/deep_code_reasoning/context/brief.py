"""The brief: what a specialist reads of an incident, within a token budget, and the manifest of what it holds.

Deterministic: the same evidence, diagnosis and budget give the same bytes. In order of work: gather candidates, take
secrets out, fence, share the budget, lay out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.budget import FILL, Share, share_out
from deep_code_reasoning.context.candidate import Candidate, Refused
from deep_code_reasoning.context.fence import fence_for, fenced, preamble
from deep_code_reasoning.context.manifest import Item, LeftOut, Manifest, Redaction
from deep_code_reasoning.context.redact import Redactor
from deep_code_reasoning.context.select import candidates_for
from deep_code_reasoning.context.tokens import count_tokens, hundredths
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.progress import Progress

if TYPE_CHECKING:
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

__all__ = ["Brief", "Item", "LeftOut", "Manifest", "Redaction", "build_brief"]

LEAST_TOKENS = 500
# The order of reading: what is the same from turn to turn first, the question last.
_LAYOUT = (
    "verdict", "finding", "timeline", "graph", "deploys", "trace", "logs", "commit", "code", "unread", "question",
)  # fmt: skip


@dataclass(frozen=True)
class Brief:
    text: str
    manifest: Manifest


def build_brief(
    tables: Tables,
    diagnosis: Diagnosis,
    *,
    budget_tokens: int,
    question: str | None = None,
    code_files: Sequence[Path] = (),
    roots: Sequence[Path] = (),
    work: Work,
) -> Brief:
    """Packs at most nine tenths of `budget_tokens` (the count is an estimate, see tokens.py).

    `code_files` (files or folders) and the places that findings name are read from disk now, under `roots` only.
    Raises UsageError for a budget under 500 tokens.
    """
    if budget_tokens < LEAST_TOKENS:
        raise UsageError(f"budget {budget_tokens}: a brief takes at least {LEAST_TOKENS} tokens")
    work.report(Progress("brief", 0, None, "", "gathering evidence"))
    redactor = Redactor()
    found = candidates_for(tables, diagnosis, question, code_files, roots, redactor, work)
    candidates = _without_secrets([c for c in found if isinstance(c, Candidate)], redactor, work)
    refused = _without_secrets_in_names([r for r in found if isinstance(r, Refused)], redactor)
    fence = fence_for(f"{c.id}\0{c.title}\0{c.text}" for c in candidates)
    head = preamble(fence)
    limit = int(budget_tokens * FILL) * 100 - hundredths(head)
    work.report(Progress("brief", 1, None, "", f"sharing {budget_tokens:,} tokens among {len(candidates)} items"))
    shares, left_out = share_out(candidates, limit, lambda candidate: fenced(candidate, fence))
    laid_out = sorted(shares, key=lambda share: _LAYOUT.index(share.candidate.kind))
    text = head + "".join(fenced(share.candidate, fence) for share in laid_out)
    manifest = Manifest(
        items=tuple(_item(share) for share in laid_out),
        left_out=tuple(entry for _, entry in left_out)
        + tuple(LeftOut(r.id, r.kind, r.title, 0, f"not read: {r.reason}") for r in refused),
        redactions=redactor.used_in(text),
        tokens=count_tokens(text),
        budget_tokens=budget_tokens,
    )
    return Brief(text, manifest)


def _without_secrets(candidates: list[Candidate], redactor: Redactor, work: Work) -> list[Candidate]:
    """Ids and titles too: a commit's subject or a file's name may hold one. Later duplicates of an id are dropped."""
    cleaned: dict[str, Candidate] = {}
    for c in candidates:
        work.check()
        id_, title = redactor.clean(c.id), redactor.clean(c.title)
        cleaned.setdefault(id_, replace(c, id=id_, title=title, text=redactor.clean(c.text)))
    sweep = redactor.sweep
    return [
        replace(c, id=sweep(c.id), title=sweep(c.title), reason=sweep(redactor.clean(c.reason)), text=sweep(c.text))
        for c in cleaned.values()
    ]


def _without_secrets_in_names(refused: list[Refused], redactor: Redactor) -> list[Refused]:
    def clean(text: str) -> str:
        return redactor.sweep(redactor.clean(text))

    return [replace(r, id=clean(r.id), title=clean(r.title), reason=clean(r.reason)) for r in refused]


def _item(share: Share) -> Item:
    c = share.candidate
    return Item(c.id, c.kind, c.title, -(-share.cost // 100), c.reason)
