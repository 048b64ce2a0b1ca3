"""What an escalation reads when the call names no evidence, as the original server's calls never did."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.errors import MissingEvidenceError

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.request import EscalationRequest


def with_evidence_at_hand(
    request: EscalationRequest, loaded_here: str | None, roots: Sequence[Path]
) -> EscalationRequest:
    """The request with something to read: what was last loaded from this directory, else the repositories in question.

    Another project's investigation is never taken. Repositories are those that hold the files of the scope, else the
    working directory's, under `roots` only. Raises UsageError where there is nothing.
    """
    if request.evidence or request.investigation:
        return request
    if loaded_here:
        return replace(request, investigation=loaded_here)
    found = _repositories(request.code_scope.files, roots) or _repositories([str(Path.cwd())], roots)
    if not found:
        raise MissingEvidenceError(
            "evidence: missing; nothing was loaded from this directory and no git repository holds the files of the "
            "scope; name paths of traces, logs, metrics, deploys or git repositories as `evidence`"
        )
    return replace(request, evidence=tuple(found))


def _repositories(paths: Iterable[str], roots: Sequence[Path]) -> list[str]:
    allowed = [Path(os.path.realpath(root)) for root in roots]
    found: dict[str, None] = {}
    for path in paths:
        real = Path(os.path.realpath(path))
        for folder in (real, *real.parents):
            if not any(folder.is_relative_to(root) for root in allowed):
                break
            if (folder / ".git").exists():
                found[str(folder)] = None
                break
    return list(found)
