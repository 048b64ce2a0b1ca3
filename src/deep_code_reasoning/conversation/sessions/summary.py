"""What a conversation came to, in one of three lengths: as the model puts it, else put together from what it said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from deep_code_reasoning.conversation.sessions.records import Turn

SummaryFormat = Literal["detailed", "concise", "actionable"]
FORMATS: tuple[SummaryFormat, ...] = get_args(SummaryFormat)


@dataclass(frozen=True)
class Summary:
    """`by` is the model that wrote it, "record" where it is put together from the kept analyses (`why` says why).

    `analysis` is that of the summary, or the last one given; `cost` is the whole conversation's.
    """

    session_id: str
    format: SummaryFormat
    text: str
    by: str
    why: str
    analysis: Mapping[str, Any] | None
    cost: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def cost_of(turns: Iterable[Turn]) -> dict[str, Any]:
    """The sums. Dollars are None where a reply has no known price; saved is what caches took off the bill."""
    costs = [turn.cost() for turn in turns]
    sums: dict[str, Any] = {
        name: sum(cost[name] for cost in costs)
        for name in ("input_tokens", "output_tokens", "cached_tokens", "thinking_tokens", "calls")
    }
    sums["seconds"] = round(sum(cost["seconds"] for cost in costs), 3)
    for name in ("dollars", "dollars_without_cache"):
        known = all(cost[name] is not None for cost in costs)
        sums[name] = round(sum(cost[name] for cost in costs), 6) if known else None
    sums["turns"] = len(costs)
    return sums


def text_from_record(turns: Sequence[Turn], verdict: str, summary_format: SummaryFormat) -> str:
    """From the analyses of the turns that were answered, the last word first; deterministic."""
    answered = [turn for turn in turns if turn.kind == "question" and turn.analysis]
    analyses = [turn.analysis or {} for turn in reversed(answered)]
    parts = [verdict] if not analyses else []
    if summary_format == "actionable":
        parts += _actions(analyses) or ["No action was proposed."]
    elif summary_format == "concise":
        parts += [*_causes(analyses[:1])[:1], *_actions(analyses[:1])[:1]] or [_said(answered[-1:])]
    else:
        parts += [*(_said([turn]) for turn in answered), *_causes(analyses[:1]), *_open(analyses), *_actions(analyses)]
    return "\n\n".join(part for part in parts if part)


def _said(turns: Sequence[Turn]) -> str:
    return "\n\n".join(
        f"{turn.number}. {turn.question.strip()}\n{(turn.analysis or {}).get('narrative', '')}".strip()
        for turn in turns
    )


def _causes(analyses: Sequence[Mapping[str, Any]]) -> list[str]:
    causes = [cause for analysis in analyses for cause in analysis.get("root_causes", ())]
    lines = [
        f"- {cause['description']} ({cause['type']}, confidence {cause['confidence']:.2f})"
        + (f"\n  Fix: {cause['fix']}" if cause.get("fix") else "")
        for cause in causes
    ]
    return ["Root causes, most likely first:\n" + "\n".join(lines)] if lines else []


def _open(analyses: Sequence[Mapping[str, Any]]) -> list[str]:
    ruled_out = _once(f"{one['what']}: {one['why']}" for a in analyses for one in a.get("ruled_out", ()))
    hypotheses = _once(one["statement"] for a in analyses[:1] for one in a.get("hypotheses", ()))
    missing = _once(one for a in analyses[:1] for one in a.get("missing_evidence", ()))
    return [*_list("Ruled out", ruled_out), *_list("Still open", hypotheses), *_list("Missing", missing)]


def _actions(analyses: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of all turns: later ones refine, and what is said twice is said once."""
    given = [analysis.get("recommendations") or {} for analysis in analyses]
    changes = [change for one in given for change in one.get("code_changes", ())]
    return [
        *_list("Now", _once(action for one in given for action in one.get("immediate_actions", ()))),
        *_list("In the code", _once(f"{_place(change)}: {change['change']}" for change in changes)),
        *_list("Next", _once(step for one in given for step in one.get("next_steps", ()))),
    ]


def _place(change: Mapping[str, Any]) -> str:
    return f"{change['path']}:{change['line']}" if change.get("line") else change["path"]


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text.strip()))


def _list(title: str, texts: Sequence[str]) -> list[str]:
    return [f"{title}:\n" + "\n".join(f"- {text}" for text in texts)] if texts else []
