"""`preview_escalation`: the brief's manifest and what each model would take for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.mcp_server.pages import Result

if TYPE_CHECKING:
    from deep_code_reasoning.answer import Preview
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work


def paths(arguments: Mapping[str, Any]) -> list[str]:
    request = EscalationRequest.from_call(arguments, required=False)
    return [*request.evidence, *request.code_scope.files]


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:
    preview = desk.preview_escalation(EscalationRequest.from_call(arguments, required=False), work=work)
    manifest = preview.brief.manifest
    return Result(
        {
            "narrative": " ".join(_told(preview)),
            "tokens": manifest.tokens,
            "budget_tokens": manifest.budget_tokens,
            "warnings": [f"{tree.repository}: {tree.warning}" for tree in manifest.trees if tree.warning],
        },
        {
            "models": [_plain(offer) for offer in preview.offers],
            "items": [_plain(item) for item in manifest.items],
            "redactions": [_plain(one) for one in manifest.redactions],
            "left_out": [_plain(one) for one in manifest.left_out],
            "next_additions": [_plain(one) for one in manifest.next_additions],
            "trees": [_plain(tree) for tree in manifest.trees],
        },
    )


def _told(preview: Preview) -> Iterator[str]:
    manifest = preview.brief.manifest
    yield f"{len(manifest.items)} items, {manifest.tokens:,} of {manifest.budget_tokens:,} tokens; nothing was sent."
    secrets = sum(one.count for one in manifest.redactions)
    yield f"{secrets} places with secrets were redacted." if secrets else "No secrets were found in it."
    ready = [one for one in preview.offers if one.has_key and one.fits is not False]
    priced = [one for one in preview.offers if one.dollars is not None and one.fits is not False]
    if ready:
        price = "of unknown price" if ready[0].dollars is None else f"at most ${ready[0].dollars:.4f}"
        yield f"{ready[0].model} can be asked, {price}."
    elif priced:
        cheapest = min(priced, key=lambda one: one.dollars or 0.0)
        yield f"No model has a key here; the cheapest that holds it: {cheapest.model}, at most ${cheapest.dollars:.4f}."
    else:
        yield "No model of the catalogue can take it."
    if manifest.left_out:
        yield f"{len(manifest.left_out)} items stay out, see left_out."
    if manifest.next_additions:
        more = sum(one.tokens for one in manifest.next_additions)
        yield f"A budget 50,000 tokens larger would add {len(manifest.next_additions)} pieces, {more:,} tokens."


def _plain(row: Any) -> dict[str, Any]:
    """Without what is empty, so that more rows fit a page; unknown numbers stay, as null."""
    values = ((one.name, getattr(row, one.name)) for one in fields(row))
    return {name: value for name, value in values if value not in ("", ())}
