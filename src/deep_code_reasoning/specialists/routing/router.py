"""Chooses who is asked, and says why. A named model is asked or refused, never replaced.

Of the models that can do the task the one that is worth most is first, by docs/decisions/0013-routing.md:

    worth = chance of a right answer x dollars of a right answer - dollars of the call
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.errors import NoKeyError, PrivacyError
from deep_code_reasoning.specialists.catalogue import LOCAL, Model, find_model, models
from deep_code_reasoning.specialists.data_policy import why_not_allowed
from deep_code_reasoning.specialists.providers.endpoints import why_not
from deep_code_reasoning.specialists.routing.candidates import LOCAL_ANALYST, Candidate, Need, candidates, money
from deep_code_reasoning.specialists.routing.tasks import RoutedTask, task_named
from deep_code_reasoning.specialists.track_record import TrackRecord

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

_SAME = 5e-5
"""Dollars and chances that are shown alike are said to be alike."""


@dataclass(frozen=True)
class RunnerUp:
    """`qualifies`: it could be asked too; otherwise `why` says why it could not."""

    entry: Model
    why: str
    qualifies: bool
    chance: float
    dollars: float | None

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.entry.id,
            "provider": self.entry.provider,
            "qualifies": self.qualifies,
            "chance_of_a_right_answer": round(self.chance, 4),
            "dollars_at_most": self.dollars,
            "why_not_first": self.why,
        }


@dataclass(frozen=True)
class Route:
    """`provider` is "local" where no model is asked; then nothing leaves the machine. Runners-up: the next best first,
    then those that cannot be asked. `is_named`: nobody else may answer, unless there are runners-up that qualify."""

    entry: Model
    reason: str
    runners_up: tuple[RunnerUp, ...] = ()
    is_named: bool = False

    @property
    def model(self) -> str:
        return self.entry.id

    @property
    def provider(self) -> str:
        return self.entry.provider

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "provider": self.provider,
            "reason": self.reason,
            "runners_up": [runner_up.as_json() for runner_up in self.runners_up],
        }


def choose(settings: Settings, need: Need, record: Sequence[TrackRecord] = ()) -> Route:
    """The same for the same arguments.

    Raises UsageError for an unknown task or model, NoKeyError where a model is named whose provider has no key,
    PrivacyError where one is named that the settings keep what is sent from.
    """
    task = task_named(need.analysis_type)
    named = need.model or settings.model
    if named == LOCAL:
        return Route(LOCAL_ANALYST, "local analyst, as asked: nothing leaves this machine", is_named=True)
    if named:
        entry = _named(named, need, settings)
        reason = f"{entry.id}, as {'asked' if need.model else 'set in the settings'}"
        if not settings.fall_back_from_named:
            return Route(entry, reason, is_named=True)
        return Route(entry, reason, _others(entry, "another was named", task, need, settings, record), is_named=True)
    made = candidates(models(settings), task, need, settings, record)
    ranked, barred = _ranked(made, task)
    too_long = [one for one in made if one.is_too_long]
    if not ranked and too_long:
        most = max(too_long, key=lambda one: one.entry.context_window).entry
        reason = f"{most.id}: no model holds brief and answer whole, and it holds most; it needs a smaller brief"
        return Route(most, reason, tuple(one for one in barred if one.entry != most))
    if not ranked:
        return Route(LOCAL_ANALYST, _nobody(barred), barred)
    first, *rest = ranked
    runners_up = tuple(_runner_up(one, _why_not_first(first, one, task)) for one in rest)
    return Route(first.entry, _why_first(first, rest, task), (*runners_up, *barred))


def stay(settings: Settings, need: Need, model: str, record: Sequence[TrackRecord] = ()) -> Route:
    """To the model that a conversation is held with; the others may take over where it fails, by worth.

    Where `need` names a model that one was named, and it is as for `choose`. Raises as `choose` does for a named model.
    """
    if need.model or model == LOCAL:
        return choose(settings, replace(need, model=model), record)
    entry = _named(model, need, settings)
    why = f"the conversation is held with {entry.id}"
    others = _others(entry, why, task_named(need.analysis_type), need, settings, record)
    return Route(entry, why, others)


def _others(
    entry: Model, why: str, task: RoutedTask, need: Need, settings: Settings, record: Sequence[TrackRecord]
) -> tuple[RunnerUp, ...]:
    known = [one for one in models(settings) if one != entry]
    ranked, barred = _ranked(candidates(known, task, need, settings, record), task)
    able = (_runner_up(one, f"{why}; {one.figures}") for one in ranked if one.entry != LOCAL_ANALYST)
    return (*able, *barred)


def _named(name: str, need: Need, settings: Settings) -> Model:
    found = find_model(name, settings)
    if reason := why_not(found.provider, settings, need.why_not_client):
        raise NoKeyError(
            f"{found.id} cannot be asked: {reason}; or ask without a model (the local analyst answers where none can)"
        )
    if reason := why_not_allowed(found, settings, private=need.private):
        raise PrivacyError(
            f"{found.id} may not be asked: {reason}; name a model that may, change the setting, or ask without a model"
        )
    return found


def _ranked(made: Sequence[Candidate], task: RoutedTask) -> tuple[list[Candidate], tuple[RunnerUp, ...]]:
    """Those that can do it, worth most first, the catalogue's order where as much; and those that cannot."""
    able = [one for one in made if one.why_not is None]
    dearest = max((one.dollars for one in able if one.dollars is not None), default=0.0)
    able.sort(key=lambda one: -round(one.worth(task, dearest), 9))
    return able, tuple(_runner_up(one, one.why_not) for one in made if one.why_not is not None)


def _runner_up(one: Candidate, why: str) -> RunnerUp:
    return RunnerUp(one.entry, why, one.why_not is None, one.chance, one.dollars)


def _nobody(barred: Sequence[RunnerUp]) -> str:
    if not barred:
        return "local analyst: there is no model to ask"
    reasons = "; ".join(dict.fromkeys(one.why for one in barred))
    return f"local analyst: no model can be asked ({reasons})"


def _why_first(first: Candidate, rest: Sequence[Candidate], task: RoutedTask) -> str:
    if first.entry == LOCAL_ANALYST:
        beside = "is worth more than any model that could be asked" if rest else "is all there is"
        return f"no model: for {task.name} what the diagnosis itself calls it {beside}; nothing leaves this machine"
    wanted = [name for name in task.wants if name in first.entry.capabilities]
    has = f"; has {' and '.join(wanted)}" if wanted else ""
    place = "worth most of" if len(rest) else "the only one of"
    return f"{first.entry.id}: {place} {len(rest) + 1} that can do {task.name}: {first.figures}{has}"


def _why_not_first(first: Candidate, one: Candidate, task: RoutedTask) -> str:
    """In what it is better, in what worse, and what that is worth in dollars."""
    if one.dollars is None or first.dollars is None:
        return f"{one.figures}; without a price it counts as dear as the dearest"
    points, more = one.chance - first.chance, one.dollars - first.dollars
    worth = f"which is worth {money(abs(points) * task.dollars_of_a_right_answer)} here"
    likely = f"{abs(points) * 100:.1f} points {'more' if points > 0 else 'less'} likely, {worth}"
    price = f"{money(abs(more))} {'dearer' if more > 0 else 'cheaper'}"
    if abs(points) < _SAME:
        compared = "as likely and as dear, later in the catalogue" if abs(more) < _SAME else f"as likely, {price}"
    elif abs(more) < _SAME:
        compared = likely
    else:
        compared = f"{likely}, {'and' if (points < 0) == (more > 0) else 'but'} {price}"
    return f"{compared}: {one.figures}"
