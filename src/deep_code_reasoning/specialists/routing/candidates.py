"""Which models could do a task, how likely each is to be right, and for how much: docs/decisions/0013-routing.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deep_code_reasoning.context.tokens import as_counted_by
from deep_code_reasoning.specialists.budget import Limits
from deep_code_reasoning.specialists.catalogue import LOCAL, Model
from deep_code_reasoning.specialists.data_policy import why_not_allowed
from deep_code_reasoning.specialists.port import Usage
from deep_code_reasoning.specialists.prices import price_of
from deep_code_reasoning.specialists.providers.endpoints import NO_SESSION, why_not
from deep_code_reasoning.specialists.routing.tasks import DOMAIN, RoutedTask
from deep_code_reasoning.specialists.track_record import TrackRecord, chance_of_right, prior_mean

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

LOCAL_ANALYST = Model(LOCAL, LOCAL)
LOCAL_PRIOR = 0.4
"""How likely what the diagnosis itself calls a thing is right, for small tasks."""


@dataclass(frozen=True)
class Need:
    """What is to be done: `analysis_type` is a task of tasks.toml or `domain:NAME`.

    `brief_tokens` as counted for Gemma (context/tokens.py), 0 where not known yet. `model`: the one that was named, and
    no other. `capabilities`: without all of these a model is out of question. `private`: what is sent may not leave
    this machine. `dollars_left`: what the budget still holds; None: what the settings allow an escalation.
    `why_not_client`: why the client's own model cannot be asked; None where it can.
    """

    analysis_type: str
    brief_tokens: int = 0
    model: str | None = None
    capabilities: tuple[str, ...] = ()
    private: bool = False
    depth_level: int = 3
    dollars_left: float | None = None
    why_not_client: str | None = NO_SESSION


@dataclass(frozen=True)
class Candidate:
    """`dollars`: the most that one call may cost, None where no price is known. `why_not`: why it cannot do it;
    `is_too_long`: for no other reason than that brief and answer do not fit its window."""

    entry: Model
    chance: float
    dollars: float | None
    record: TrackRecord | None
    why_not: str | None = None
    is_too_long: bool = False

    def worth(self, task: RoutedTask, dearest: float) -> float:
        """In dollars; what no price is known of is taken to be as dear as the dearest."""
        return self.chance * task.dollars_of_a_right_answer - (dearest if self.dollars is None else self.dollars)

    @property
    def figures(self) -> str:
        price = "price not known" if self.dollars is None else f"{money(self.dollars)} a call at most"
        return f"{self.chance:.1%} likely to be right ({_evidence(self.record)}), {price}"


def candidates(
    known: Sequence[Model], task: RoutedTask, need: Need, settings: Settings, record: Sequence[TrackRecord]
) -> list[Candidate]:
    """All of `known`, and the local analyst for small tasks; those with `why_not` None can do it."""
    of_task = {entry.model: entry for entry in record if entry.task == task.name}
    made = [_candidate(entry, task, need, settings, of_task.get(entry.id)) for entry in known]
    if task.is_small and not need.capabilities:
        own = of_task.get(LOCAL)
        made.append(Candidate(LOCAL_ANALYST, chance_of_right(LOCAL_PRIOR, own), 0.0, own))
    return made


def _candidate(entry: Model, task: RoutedTask, need: Need, settings: Settings, record: TrackRecord | None) -> Candidate:
    prior = prior_mean(
        is_strength=bool({task.name, task.like} & set(entry.strengths)),
        is_first_choice=bool({task.name, task.like} & set(entry.default_for)),
        knows_domain=task.name.startswith(DOMAIN) and task.name in entry.strengths,
        is_too_small=entry.size == "small" and not task.is_small,
        missing=len(set(task.wants) - set(entry.capabilities)),
    )
    chance = chance_of_right(prior, record)
    if barred := _barred(entry, need, settings):
        return Candidate(entry, chance, None, record, barred)
    usage = Usage(
        as_counted_by(entry.provider, need.brief_tokens),
        min(task.allowance(need.depth_level).output_tokens, entry.max_output_tokens),
    )
    needed = usage.input_tokens + usage.output_tokens
    if entry.context_window and needed > entry.context_window:
        said = f"does not fit: brief and answer take {needed:,} tokens, it holds {entry.context_window:,}"
        return Candidate(entry, chance, None, record, said, is_too_long=True)
    dollars = price_of(entry, usage)
    return Candidate(entry, chance, dollars, record, _too_dear(dollars, need, settings))


def _barred(entry: Model, need: Need, settings: Settings) -> str | None:
    if reason := why_not(entry.provider, settings) or why_not_allowed(entry, settings, private=need.private):
        return reason
    if missing := [name for name in need.capabilities if name not in entry.capabilities]:
        return f"has no {' and no '.join(missing)}"
    return None


def _too_dear(dollars: float | None, need: Need, settings: Settings) -> str | None:
    limits = Limits.of(settings)
    if dollars is None:
        return "no price is known, and unpriced_models = refuse" if limits.refuses_unpriced() else None
    left = limits.dollars_per_escalation if need.dollars_left is None else need.dollars_left
    if left is not None and dollars > left:
        return f"too dear: {money(dollars)} a call at most, {money(left)} are left"
    return None


def _evidence(record: TrackRecord | None) -> str:
    if record is None or not (record.outcomes or record.refused_or_failed):
        return "by the catalogue alone"
    said = f"{record.solved} solved, {record.partly} partly, {record.wrong} wrong"
    return said + (f", {record.refused_or_failed} calls failed" if record.refused_or_failed else "")


def money(dollars: float) -> str:
    return f"${dollars:.2f}" if dollars >= 1 or not dollars else f"${dollars:.4f}"
