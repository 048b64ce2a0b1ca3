"""What a brief holds, what stays out, and what it would cost, as tables."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from typing import TYPE_CHECKING

from deep_code_reasoning.cli.output import print_table

if TYPE_CHECKING:
    from deep_code_reasoning.answer import Preview
    from deep_code_reasoning.context.manifest import Manifest
    from deep_code_reasoning.specialists.offers import Offer

_PLACES_TOLD = 3


def print_preview(preview: Preview) -> None:
    print_manifest(preview.brief.manifest)
    print("\nModels that could take it")
    header = [
        "model",
        "input tokens",
        "fits",
        "dollars, input",
        "dollars, with an answer at most",
        "dollars, next turn",
        "why",
    ]
    print_table(header, [_offer(offer) for offer in preview.offers])
    print("\nNothing was sent.")


def print_manifest(manifest: Manifest, *, to_error: bool = False) -> None:
    """On standard error beside a brief, so that `dcr brief DIR > brief.md` holds the brief alone."""
    with redirect_stdout(sys.stderr) if to_error else nullcontext():
        print(f"\n{manifest.tokens:,} of {manifest.budget_tokens:,} tokens")
        print_table(["item", "tokens", "title", "why"], [[i.id, i.tokens, i.title, i.reason] for i in manifest.items])
        if manifest.trees:
            print("\nSource trees")
            header = ["repository", "commit", "changed files", "warning"]
            print_table(
                header, [[t.repository, t.commit[:12], _number(t.changed_files), t.warning] for t in manifest.trees]
            )
        if manifest.left_out:
            print("\nLeft out")
            rows = [[left.id, left.tokens, left.title, left.reason] for left in manifest.left_out]
            print_table(["item", "tokens", "title", "why"], rows)
        if manifest.next_additions:
            print("\nThe next 50,000 tokens would add")
            rows = [[a.id, a.tokens, a.lines, a.title] for a in manifest.next_additions]
            print_table(["item", "tokens", "lines", "title"], rows)
        if manifest.redactions:
            print("\nRedacted")
            rows = [[r.kind, r.placeholder, r.count, _places(r.places)] for r in manifest.redactions]
            print_table(["kind", "placeholder", "count", "in"], rows)


def _offer(offer: Offer) -> list[str]:
    fits = "?" if offer.fits is None else "yes" if offer.fits else "no"
    return [
        offer.model, f"{offer.input_tokens:,}", fits, _dollars(offer.dollars_input), _dollars(offer.dollars),
        _dollars(offer.dollars_next_turn), offer.why,
    ]  # fmt: skip


def _dollars(value: float | None) -> str:
    return "?" if value is None else f"{value:.4f}"


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)


def _places(places: tuple[str, ...]) -> str:
    more = f" and {len(places) - _PLACES_TOLD} more" if len(places) > _PLACES_TOLD else ""
    return ", ".join(places[:_PLACES_TOLD]) + more
