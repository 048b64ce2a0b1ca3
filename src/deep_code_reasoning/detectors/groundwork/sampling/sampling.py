"""Which traces were kept and which share that is: head and tail sampling, told by attributes, ids, metrics or logs.

Fills `trace_weights` (trace_number, weight: how many traces each one stands for) and

`trace_sampling` root_service, phase, kind (none, head, tail), told_by (attributes, trace ids, metrics, logs),
    kept_share (NULL where it differs from trace to trace in a way nobody tells: do not compare rates), error_share and
    other_share (of the traces with and without an error, by metrics or logs; NULL where they are not known), traces

A rate is corrected by counting `weight` instead of 1; `Sampling` says which rates cannot be compared. Shares of traces
(how many of a hundred fail) are not changed by head sampling. Tail sampling shifts them: where metrics or logs tell how
many failing and other traces were kept, the weights undo that for shares of failing traces, but not for rates of single
operations or slow traces.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from deep_code_reasoning.detectors.contract import sql_beside
from deep_code_reasoning.detectors.groundwork.sampling import trace_ids
from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.detectors.significance import more_often, normal_tail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

MOST_IDS = 2_000
FEWEST_REQUESTS = 50
CLEARLY_FEWER = 0.8
"""Traces without spans are put down to sampling when fewer than so many have some: lost spans and requests that lie
across the edge of a window explain the rest."""

PREFERRED = 1.5
UNLIKELY = 1e-4
"""Failing traces are kept so many times as often, with a chance below this (Fisher), or those kept are so many times as
slow as all (the mean's normal distribution): the sampler has seen the end."""


class Counted(NamedTuple):
    """Traces or requests that a signal that is not sampled knows, and how many of them have spans."""

    told_by: str
    error_kept: int
    errors: int
    other_kept: int
    others: int
    usual_nano: float | None = None
    kept_nano: float | None = None
    kept_error_nano: float | None = None

    @property
    def kept_share(self) -> float:
        return (self.error_kept + self.other_kept) / (self.errors + self.others)

    @property
    def prefers_errors(self) -> bool:
        if not self.errors or not self.others or self.other_kept >= self.others:
            return False
        kept = min(self.error_kept, self.errors)
        ratio = kept / self.errors * self.others / max(0.5, self.other_kept)
        return ratio >= PREFERRED and more_often(kept, self.errors, self.other_kept, self.others) < UNLIKELY

    @property
    def prefers_slow(self) -> bool:
        """Do the requests with spans take longer than all that the metric counts?"""
        if self.kept_share >= CLEARLY_FEWER or not self.usual_nano or not self.kept_nano or not self.kept_error_nano:
            return False
        unlikely = normal_tail((self.kept_nano - self.usual_nano) / self.kept_error_nano) < UNLIKELY
        return unlikely and self.kept_nano >= PREFERRED * self.usual_nano


class Kept(NamedTuple):
    """A row of trace_sampling but for its service and phase."""

    kind: str
    told_by: str | None
    kept_share: float | None
    error_share: float | None
    other_share: float | None
    traces: int


Key = tuple[str | None, str]


def prepare(tables: Tables, incident: Incident) -> None:
    """Creates the temporary tables; `trace_outcomes` has to be there."""
    import pyarrow as pa

    keys = _vocabulary()
    pairs = [(key, role) for role in ("probability", "count", "state", "policy") for key in keys[role]]
    columns = [pa.array([*(pair[at] for pair in pairs), *([("sampler.type", "sampler")[at]])]) for at in (0, 1)]
    tables.register("sampling_attributes", pa.table(columns, names=["key", "role"]))
    tables.execute(sql_beside(__file__))
    _write_states(tables)
    found = dict(_judged(tables, incident, "|".join(keys["requests"])))
    rows = [(service, phase, *kept) for (service, phase), kept in found.items()]
    kinds = [pa.string()] * 4 + [pa.float64()] * 3 + [pa.int64()]
    names = ["root_service", "phase", *Kept._fields]
    tables.register(
        "trace_sampling",
        pa.table([pa.array([row[at] for row in rows], kind) for at, kind in enumerate(kinds)], names=names),
    )
    tables.execute(sql_beside(__file__, "weights"))


@cache
def _vocabulary() -> Mapping:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _write_states(tables: Tables) -> None:
    import pyarrow as pa

    weights = {
        state: weight for (state,) in tables.rows(sql_beside(__file__, "states")) if (weight := weight_of(state))
    }
    columns = [pa.array(list(weights), pa.string()), pa.array(list(weights.values()), pa.float64())]
    tables.register("state_weights", pa.table(columns, names=["state", "weight"]))


def weight_of(state: str) -> float | None:
    """How many traces one stands for, by OpenTelemetry's part of the W3C trace state; None where it does not say.

    `th:c` is a rejection threshold in hex, padded with zeros to 56 bits: a quarter is kept. `p:3` keeps one of 2^3.
    """
    fields = dict(part.split(":", 1) for part in state.split(";") if ":" in part)
    try:
        if "th" in fields and len(fields["th"]) <= 14:
            rejected = int(fields["th"].ljust(14, "0"), 16) / 2.0**56
            return 1 / (1 - rejected)
        if "p" in fields and 0 <= int(fields["p"]) < 63:
            return 2.0 ** int(fields["p"])
    except (ValueError, ZeroDivisionError):
        return None
    return None


def _judged(tables: Tables, incident: Incident, requests: str) -> Iterator[tuple[Key, Kept]]:
    """What is known of every entry service and phase; the surest source counts: attributes, ids, metrics, logs."""
    ids = _by_key(tables.rows(sql_beside(__file__, "ids"), most=MOST_IDS))
    windows = bounds(incident)
    metrics = _nearest_to_all(tables.rows(sql_beside(__file__, "metrics"), requests=requests, **windows))
    logs = _by_key(tables.rows(sql_beside(__file__, "logs"), **windows))
    told = {(service, phase): row for service, phase, *row in tables.rows(sql_beside(__file__, "told"))}
    for service, phase, traces, with_policy in tables.rows(sql_beside(__file__, "services")):
        key = service, phase
        counts = [Counted("metrics", *row) for row in metrics.get(key, [])]
        counts += [Counted("logs", *row) for row in logs.get(key, [])]
        counts = [one for one in counts if one.errors + one.others >= FEWEST_REQUESTS and one.kept_share > 0]
        yield key, _kept(traces, with_policy, told.get(key), [row[0] for row in ids.get(key, [])], counts)


def _kept(traces: int, with_policy: int, told: list | None, ids: list[str], counts: list[Counted]) -> Kept:
    tail = next((one for one in counts if one.prefers_errors or one.prefers_slow), None)
    few = next((one for one in counts if one.kept_share < CLEARLY_FEWER), None)
    seen = tail or few
    shares = (_share(seen.error_kept, seen.errors), _share(seen.other_kept, seen.others)) if seen else (None, None)
    if told and told[0]:
        number, weight, differ = told
        kind = "tail" if tail or (differ and with_policy) else "head" if weight > 1 else "none"
        if number == traces:
            return Kept(kind, "attributes", 1 / weight, *shares, traces)
    if tail or with_policy:
        return Kept("tail", tail.told_by if tail else "attributes", None, *shares, traces)
    found = trace_ids.threshold(ids)
    if found:
        return Kept("head", "trace ids", found.share, *shares, traces)
    if few:
        return Kept("head", few.told_by, few.kept_share, *shares, traces)
    return Kept("none", counts[0].told_by if counts else None, 1.0, *shares, traces)


def _share(kept: int, of: int) -> float | None:
    return min(1.0, kept / of) if of else None


def _by_key(rows: Iterable[tuple]) -> dict[Key, list[list]]:
    found: dict[Key, list[list]] = defaultdict(list)
    for service, phase, *row in rows:
        found[service, phase].append(row)
    return found


def _nearest_to_all(rows: Iterable[tuple]) -> dict[Key, list[list]]:
    """Of several metrics of a service the one that claims least: another may count other requests as well."""
    found: dict[Key, list[list]] = {}
    for key, metrics in _by_key(rows).items():
        full = [row for row in metrics if row[1] + row[3]]
        found[key] = sorted(full, key=lambda row: abs(1 - (row[0] + row[2]) / (row[1] + row[3])))[:1]
    return found


class Sampling:
    """Reads `trace_sampling`: what can be said of the rates of an entry service."""

    def __init__(self, tables: Tables) -> None:
        columns = ", ".join(Kept._fields)
        rows = tables.rows(f"SELECT root_service, phase, {columns} FROM trace_sampling ORDER BY root_service, phase")
        self.kept = {(service, phase): Kept(*row) for service, phase, *row in rows}

    def comparable(self, service: str | None) -> bool:
        """May the rates of baseline and incident be compared once traces are weighted?

        Not where a share is unknown, nor where one window's is known by a signal that the other window lacks.
        """
        sides = [self.kept[service, phase] for phase in ("baseline", "incident") if (service, phase) in self.kept]
        if any(side.kept_share is None for side in sides):
            return False
        counted = {side.told_by for side in sides if side.told_by in ("metrics", "logs") and side.kind != "none"}
        return not counted or all(side.told_by is not None for side in sides)
