"""What reported outcomes say about the thresholds of escalation, and about the models. Nothing is written here.

The model, with its reasons in docs/decisions/0014-learning-from-outcomes.md. Let x be a measure of an escalation
(files, services ...) and T its threshold. Escalating for this measure was worth it with

    p(x) = logistic(SLOPE * (ln(x + 1) - ln(T + 1)))

and as any one measure is enough, with all of them together (a noisy or; c is what a specialist can achieve at best)

    P(worth it) = FLOOR + (c - FLOOR) * (1 - product over the measures of (1 - p))

`solved` counts 1, `partly` one half, `wrong` 0. Prior: ln(T + 1) is normal around the mission's default with
standard deviation PRIOR_SD (a factor of 2.7 either way is 95 %), cut at a factor of 8; c is uniform on its grid. Each
T has its posterior on a grid, c and the other measures held at their expectation, in turns (mean field).

A threshold is proposed only with NEEDED outcomes that tell something about it (the measure is within a factor of 8 of
the default, and no other measure explains the outcome anyway) and where the posterior is SURE that it lies on that
side of the default. Escalations that did not happen teach nothing: a threshold goes down by outcomes of escalations
that were made below it, on a person's or an agent's own wish.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.settings import EscalationThresholds

if TYPE_CHECKING:
    from deep_code_reasoning.specialists.track_record import TrackRecord

SLOPE = 3.0
FLOOR = 0.05
PRIOR_SD = 0.5
BOUND = math.log(8)
GRID_STEPS = 101
SWEEPS = 8
NEEDED = 10
SURE = 0.9
TOLD = 0.5  # an outcome tells something of a measure where the others leave this much open
WORTH = {"solved": 1.0, "partly": 0.5, "wrong": 0.0}


@dataclass(frozen=True)
class LearnedThreshold:
    """`learned` is the posterior mean, `interval` holds 90 % of it; `proposed` is None where it stays, and `why`."""

    measure: str
    default: int
    in_force: int
    learned: int
    interval: tuple[int, int]
    outcomes: int
    proposed: int | None
    why: str


@dataclass(frozen=True)
class Flip:
    """A recorded decision that would be another one under the proposed thresholds."""

    decision_id: str
    decided_at_unix_nano: int
    was: bool
    would_be: bool
    because: tuple[str, ...]


@dataclass(frozen=True)
class ModelRecord:
    """How often a model solves such a task: Beta(1, 1) and its outcomes, `partly` as half of each."""

    task: str
    model: str
    solved: int
    partly: int
    wrong: int
    mean: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Tuning:
    outcomes: int
    decisions: int
    thresholds: tuple[LearnedThreshold, ...]
    flips: tuple[Flip, ...]
    models: tuple[ModelRecord, ...]

    @property
    def learned(self) -> dict[str, int]:
        """What `--write` keeps: the proposed values by measure."""
        return {one.measure: one.proposed for one in self.thresholds if one.proposed is not None}

    def as_json(self) -> dict[str, Any]:
        return {"schema": "tuning/1", **dataclasses.asdict(self)}


def tune(
    judged: Sequence[Mapping[str, Any]],
    decisions: Sequence[Mapping[str, Any]],
    records: Sequence[TrackRecord],
    in_force: EscalationThresholds,
    learned_before: Mapping[str, int] | None = None,
) -> Tuning:
    """Rows as `Ledger.judged`, `Ledger.reasons` and `Ledger.track_record` give them.

    A threshold in force that is neither the default nor `learned_before` was set by a person, and is left alone.
    """
    defaults = EscalationThresholds()
    values = [{reason["measure"]: reason["value"] for reason in row["reasons"]} for row in judged]
    worth = [WORTH[row["outcome"]] for row in judged]
    measures = list(EscalationThresholds.__struct_fields__)
    posteriors = _posteriors(values, worth, {name: getattr(defaults, name) for name in measures})
    thresholds = []
    for name in measures:
        default, now = getattr(defaults, name), getattr(in_force, name)
        is_own = now != (learned_before or {}).get(name, default)
        thresholds.append(_learned(name, default, now, posteriors[name], is_own))
    proposed = {one.measure: one.proposed for one in thresholds if one.proposed is not None}
    would_hold = {name: proposed.get(name, _unlearned(name, in_force, learned_before)) for name in measures}
    return Tuning(
        outcomes=len(judged),
        decisions=len(decisions),
        thresholds=tuple(thresholds),
        flips=tuple(flip for row in decisions if (flip := _flip(row, would_hold))),
        models=tuple(_model_record(record) for record in records if record.solved + record.partly + record.wrong),
    )


def _unlearned(name: str, in_force: EscalationThresholds, learned_before: Mapping[str, int] | None) -> int:
    """What holds where nothing is learned: a person's value, else the default."""
    now = getattr(in_force, name)
    return getattr(EscalationThresholds(), name) if now == (learned_before or {}).get(name) else now


@dataclass(frozen=True)
class _Posterior:
    """Of ln(T + 1) - ln(default + 1), on a grid; `told` outcomes that say something about it."""

    grid: Any
    weights: Any
    told: int

    def at(self, share: float) -> float:
        import numpy as np

        return float(self.grid[int(np.searchsorted(np.cumsum(self.weights), share).clip(0, len(self.grid) - 1))])

    @property
    def mean(self) -> float:
        return float(self.grid @ self.weights)


def _posteriors(
    values: Sequence[Mapping[str, float]], worth: Sequence[float], defaults: Mapping[str, int]
) -> dict[str, _Posterior]:
    import numpy as np

    grid = np.linspace(-BOUND, BOUND, GRID_STEPS)
    prior = -0.5 * (grid / PRIOR_SD) ** 2
    start = _normalised(prior)
    won = np.asarray(worth)
    # rows: escalations, columns: grid; how far each is above each threshold that is possible
    above = {
        name: np.log1p([max(float(row.get(name) or 0), 0.0) for row in values])[:, None] - math.log1p(default) - grid
        if values
        else np.zeros((0, GRID_STEPS))
        for name, default in defaults.items()
    }
    misses = {name: 1 / (1 + np.exp(np.clip(SLOPE * far, -500, 500))) for name, far in above.items()}
    weights = dict.fromkeys(defaults, start)
    ceilings = np.linspace(0.3, 1.0, 15)
    ceiling_weights = np.full(len(ceilings), 1 / len(ceilings))
    told = dict.fromkeys(defaults, 0)
    for _ in range(SWEEPS):
        for name in defaults if len(worth) else ():
            others = _product([misses[other] @ weights[other] for other in defaults if other != name], len(worth))
            near = np.abs(above[name][:, GRID_STEPS // 2]) <= BOUND
            told[name] = int((near & (others > TOLD)).sum())
            hit = 1 - others[:, None] * misses[name]
            weights[name] = _normalised(prior + _fit(hit, won, float(ceilings @ ceiling_weights)))
        hit = 1 - _product([misses[name] @ weights[name] for name in defaults], len(worth))
        ceiling_weights = _normalised(np.asarray([_fit(hit[:, None], won, c)[0] for c in ceilings]))
    return {name: _Posterior(grid, weights[name], told[name]) for name in defaults}


def _fit(hit: Any, won: Any, ceiling: float) -> Any:
    """Log likelihood of the outcomes, by column."""
    import numpy as np

    chance = FLOOR + (ceiling - FLOOR) * hit
    chance = np.clip(chance, 1e-9, 1 - 1e-9)
    return won @ np.log(chance) + (1 - won) @ np.log1p(-chance)


def _product(factors: Sequence[Any], length: int) -> Any:
    import numpy as np

    return np.prod(factors, axis=0) if factors else np.ones(length)


def _normalised(logs: Any) -> Any:
    import numpy as np

    shares = np.exp(logs - logs.max())
    return shares / shares.sum()


def _learned(name: str, default: int, in_force: int, posterior: _Posterior, is_own: bool) -> LearnedThreshold:
    def threshold(shift: float) -> int:
        return _two_digits(math.expm1(math.log1p(default) + shift))

    learned = threshold(posterior.mean)
    below = float(posterior.weights[posterior.grid < 0].sum())
    sure = max(below, 1 - below)
    proposed = None
    if is_own:
        why = "you set it: left alone"
    elif posterior.told < NEEDED:
        missing = NEEDED - posterior.told
        why = f"{posterior.told} outcomes tell something about it; {missing} more are needed"
    elif sure < SURE:
        why = f"only {sure:.0%} sure that it should be {'lower' if below > 0.5 else 'higher'}; {SURE:.0%} is needed"
    elif learned == default:
        why = "the default holds"
    else:
        proposed = learned
        why = f"{sure:.0%} sure that it should be {'lower' if below > 0.5 else 'higher'}"
    interval = (threshold(posterior.at(0.05)), threshold(posterior.at(0.95)))
    return LearnedThreshold(name, default, in_force, learned, interval, posterior.told, proposed, why)


def _two_digits(value: float) -> int:
    """Whole, and with two digits that mean something: 8,316 outcomes would not justify a third."""
    if value < 1:
        return max(round(value), 0)
    scale = 10 ** max(math.floor(math.log10(value)) - 1, 0)
    return round(value / scale) * scale


def _flip(row: Mapping[str, Any], would_hold: Mapping[str, int]) -> Flip | None:
    now = [reason for reason in row["reasons"] if reason["value"] > would_hold.get(reason["measure"], math.inf)]
    if bool(now) == bool(row["escalate"]):
        return None
    deciding = now or [reason for reason in row["reasons"] if reason["exceeded"]]
    because = tuple(
        f"{one['measure']} {one['value']:,.0f}: threshold {one['threshold']:,}, then {would_hold[one['measure']]:,}"
        for one in deciding
        if one["measure"] in would_hold
    )
    return Flip(row["decision_id"], row["decided_at_unix_nano"], bool(row["escalate"]), bool(now), because)


def _model_record(record: TrackRecord) -> ModelRecord:
    import numpy as np

    won = 1 + record.solved + record.partly / 2
    lost = 1 + record.wrong + record.partly / 2
    rates = (np.arange(1000) + 0.5) / 1000
    weights = _normalised((won - 1) * np.log(rates) + (lost - 1) * np.log1p(-rates))
    low, high = (float(rates[np.searchsorted(np.cumsum(weights), share)]) for share in (0.05, 0.95))
    mean = won / (won + lost)
    return ModelRecord(
        record.task, record.model, record.solved, record.partly, record.wrong, round(mean, 3), (low, high)
    )
