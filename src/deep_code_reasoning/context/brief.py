"""The brief: what a specialist reads of an incident, within a token budget, and the manifest of what it holds.

Deterministic: the same evidence, diagnosis and budget give the same bytes. In order of work: gather candidates, take
secrets out, fence, share the budget, lay out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.candidate import Candidate, ReadFile
from deep_code_reasoning.context.fence import fence_for, fenced, preamble
from deep_code_reasoning.context.freshness import trees_now
from deep_code_reasoning.context.manifest import Addition, Item, LeftOut, Manifest, NotRanked, Redaction, Tree
from deep_code_reasoning.context.packing.fill import FILL, Share, pack
from deep_code_reasoning.context.ranked_code import RankedFile
from deep_code_reasoning.context.redact import Redactor
from deep_code_reasoning.context.render.source_trees import source_trees
from deep_code_reasoning.context.select import candidates_for
from deep_code_reasoning.context.source_trees import SourceTrees
from deep_code_reasoning.context.tokens import as_counted_by, count_tokens, factor, hundredths
from deep_code_reasoning.context.visible import one_line
from deep_code_reasoning.context.without_secrets import without_secrets, without_secrets_in_names
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.progress import Progress

if TYPE_CHECKING:
    from deep_code_reasoning.context.scanner import Scanner
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

__all__ = ["Addition", "Brief", "Item", "LeftOut", "Manifest", "Redaction", "Tree", "build_brief"]

LEAST_TOKENS = 500
_TREES_WEIGHT = 0.6
# The order of reading: what is the same from turn to turn first, the question last.
_LAYOUT = (
    "verdict", "finding", "timeline", "graph", "deploys", "trees", "trace", "logs", "metric", "commit", "code",
    "unread", "question",
)  # fmt: skip


@dataclass(frozen=True)
class Brief:
    """`files`: those whose code it shows, as they were read, to see later whether they changed."""

    text: str
    manifest: Manifest
    files: tuple[ReadFile, ...] = ()


def build_brief(
    tables: Tables,
    diagnosis: Diagnosis,
    *,
    budget_tokens: int,
    question: str | None = None,
    code_files: Sequence[Path] = (),
    ranked: Sequence[RankedFile] = (),
    not_ranked: Sequence[NotRanked] = (),
    roots: Sequence[Path] = (),
    provider: str = "",
    emails: bool = False,
    scanner: Scanner | None = None,
    redactor: Redactor | None = None,
    work: Work,
) -> Brief:
    """Packs at most nine tenths of `budget_tokens` (the count is an estimate, see tokens.py).

    `code_files` (files or folders), the places that findings name and the files of a ranking are read from disk now,
    under `roots` only. Tokens are counted as `provider` counts them. `emails`: addresses of mail are taken out too;
    `scanner` is asked for secrets that the patterns miss. `redactor` is one that goes on being used, for what is sent
    after the brief; it has `emails` of its own. Raises UsageError for a budget under 500 tokens, RedactionError where
    the scanner fails.
    """
    if budget_tokens < LEAST_TOKENS:
        raise UsageError(f"budget {budget_tokens}: a brief takes at least {LEAST_TOKENS} tokens")
    work.report(Progress("brief", 0, None, "", "gathering evidence"))
    redactor = redactor or Redactor(emails=emails)
    trees = SourceTrees(tables, roots)
    found = candidates_for(tables, diagnosis, question, code_files, ranked, trees, redactor, work)
    now = list(trees_now(tables, trees))
    gathered = [*found.candidates, *_trees(now)]
    candidates, order = without_secrets(gathered, found.code_order, redactor, scanner, work)
    fence = fence_for(f"{c.id}\0{c.title}\0{c.text}" for c in candidates)
    head = preamble(fence)
    limit = int(budget_tokens * FILL * 100 / factor(provider)) - hundredths(head)
    work.report(Progress("brief", 1, None, "", f"sharing {budget_tokens:,} tokens among {len(candidates)} items"))
    packed = pack(candidates, order, limit, lambda candidate: fenced(candidate, fence))
    laid_out = sorted(packed.shares, key=lambda share: _LAYOUT.index(share.candidate.kind))
    sections = {share.candidate.id: fenced(share.candidate, fence) for share in laid_out}
    text = head + "".join(sections.values())
    refused = without_secrets_in_names(found.refused, redactor)
    manifest = Manifest(
        items=tuple(_item(share, provider) for share in laid_out),
        left_out=tuple(replace(left, tokens=as_counted_by(provider, left.tokens)) for left in packed.left_out)
        + tuple(LeftOut(r.id, r.kind, r.title, 0, f"not read: {r.reason}") for r in refused),
        redactions=redactor.used_in(sections),
        tokens=count_tokens(text, provider),
        budget_tokens=budget_tokens,
        next_additions=tuple(replace(one, tokens=as_counted_by(provider, one.tokens)) for one in packed.next_additions),
        trees=tuple(_clean_tree(tree, redactor) for tree in now),
        not_ranked=tuple(_clean_names(one, redactor) for one in not_ranked),
    )
    return Brief(text, manifest, tuple(share.candidate.file for share in laid_out if share.candidate.file))


def _trees(trees: Sequence[Tree]) -> list[Candidate]:
    if not trees:
        return []
    title = "source trees, as they are on disk now"
    return [Candidate("trees", "trees", title, "which commit the code is of", _TREES_WEIGHT, source_trees(trees))]


def _item(share: Share, provider: str) -> Item:
    c = share.candidate
    return Item(c.id, c.kind, c.title, as_counted_by(provider, -(-share.cost // 100)), c.reason)


def _clean_names(one: NotRanked, redactor: Redactor) -> NotRanked:
    examples = tuple(one_line(redactor.sweep(redactor.clean(name))) for name in one.examples)
    reason, repository = (redactor.sweep(redactor.clean(text)) for text in (one.reason, one.repository))
    return replace(one, repository=repository, reason=reason, examples=examples)


def _clean_tree(tree: Tree, redactor: Redactor) -> Tree:
    def clean(text: str) -> str:
        return redactor.sweep(redactor.clean(text))

    deployed = tuple(replace(one, service=clean(one.service), version=clean(one.version)) for one in tree.deployed)
    return replace(tree, repository=clean(tree.repository), warning=clean(tree.warning), deployed=deployed)
