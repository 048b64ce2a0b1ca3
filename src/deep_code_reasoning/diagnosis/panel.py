"""Every operation over time at once: how long it takes, how often it fails and is called, which lines it logs.

Hundreds of series that go together: a slow database makes a hundred of them slow. They are judged as one. Each is
centred by its own mean, so that the mix of requests does not matter, and the largest of all standardised differences
is held against the largest one after shuffling the buckets, of all series alike (Westfall and Young, "Resampling-Based
Multiple Testing", 1993: the chance of any false alarm among them, whatever their dependence).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    from deep_code_reasoning.diagnosis.stretches import Stretches
    from deep_code_reasoning.incident import TimeWindow
    from deep_code_reasoning.store.tables import Tables

TRACES_A_BUCKET = 3
"""At least: neighbouring traces are alike (one user, one loop of a job), and are shuffled together."""

MOST_BUCKETS = 90
MOST_TRACES = 20_000
"""Of more, every n-th is looked at: 90 buckets of 200 traces tell apart what matters."""

FEWEST_RUNS = 10
"""An operation that ran in fewer traces shows no difference that is more than chance among so many."""

SHUFFLES = 999


class Kind(NamedTuple):
    """What is measured of which operation; `measure` is "latency", "errors", "calls" or "lines"."""

    measure: str
    service: str | None
    operation: str
    template: int | None = None

    def __str__(self) -> str:
        what = f"lines of template:{self.template}" if self.measure == "lines" else self.measure
        return f"{what} of {' '.join(filter(None, (self.service, self.operation)))}"


@dataclass(frozen=True)
class Panel:
    """`values`: one row a kind, one column a bucket, the sum of what the traces deviate from the kind's mean."""

    kinds: tuple[Kind, ...]
    values: np.ndarray


@dataclass(frozen=True)
class Difference:
    """Between two sides: the chance of one so large in any series if nothing differs, and what differs most.

    `deviations`: by kind, how far the later side is above the earlier in standard deviations, for those alone that
    are sure by themselves; `most` is the largest, sure or not.
    """

    p_value: float
    most: Kind
    deviations: dict[Kind, float]


def panel_of(tables: Tables, stretches: Stretches, earlier: TimeWindow, later: TimeWindow) -> tuple[Panel, int] | None:
    """The operations' series in buckets of traces of two windows, and the first bucket of the later one."""
    import numpy as np

    starts, traces = stretches.counted, stretches.traces
    if not len(traces):
        return None
    columns, first_later = [], 0
    stride = 1 + (stretches.count(earlier) + stretches.count(later)) // MOST_TRACES
    for window in (earlier, later):
        begin, end = np.searchsorted(starts, [window.start, window.end])
        own = traces[begin:end:stride]
        buckets = len(own) // TRACES_A_BUCKET
        if not buckets:
            return None
        columns.append((own, buckets))
    share = min(1.0, MOST_BUCKETS / sum(buckets for _, buckets in columns))
    numbered = []
    for own, buckets in columns:
        first_later = len(numbered) and int(numbered[-1][-1]) + 1
        wanted = max(1, round(buckets * share))
        numbered.append(first_later + np.arange(len(own)) * wanted // len(own))
    _bucketed(tables, np.concatenate([own for own, _ in columns]), np.concatenate(numbered))
    panel = _panel(tables, int(numbered[-1][-1]) + 1)
    return (panel, first_later) if panel else None


def _bucketed(tables: Tables, traces: np.ndarray, buckets: np.ndarray) -> None:
    import pyarrow as pa

    tables.register("trace_buckets", pa.table({"trace_number": traces, "bucket": buckets}))


def _panel(tables: Tables, buckets: int) -> Panel | None:
    import numpy as np

    here = Path(__file__)
    runs: dict[tuple[str | None, str], np.ndarray] = {}
    sums: dict[Kind, np.ndarray] = {}
    for row in tables.dicts(here.with_name("onset_operations.sql").read_text(encoding="utf-8")):
        who = row["service_name"], row["operation"]
        runs.setdefault(who, np.zeros(buckets))[row["bucket"]] = row["runs"]
        for measure in ("latency", "errors", "calls"):
            sums.setdefault(Kind(measure, *who), np.zeros(buckets))[row["bucket"]] = row[measure]
    for row in tables.dicts(here.with_name("onset_templates.sql").read_text(encoding="utf-8")):
        kind = Kind("lines", row["service_name"], row["operation"], row["template_id"])
        sums.setdefault(kind, np.zeros(buckets))[row["bucket"]] = row["lines"]
    kinds, values = [], []
    for kind, found in sums.items():
        ran = runs[kind.service, kind.operation]
        centred = found - ran * (found.sum() / ran.sum())
        if ran.sum() >= FEWEST_RUNS and np.abs(centred).max() > 1e-9:
            kinds.append(kind)
            values.append(centred)
    return Panel(tuple(kinds), np.array(values)) if kinds else None


def difference(panel: Panel, first_later: int, false_alarms: float, seed: int = 0) -> Difference:
    """Between the buckets before `first_later` and those from it on."""
    import numpy as np

    buckets = panel.values.shape[1]
    later = buckets - first_later
    centred = panel.values - panel.values.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=1) * later * first_later / (buckets - 1))
    random = np.random.default_rng(seed)
    chosen = np.zeros((buckets, SHUFFLES + 1))
    chosen[first_later:, 0] = 1
    for turn in range(1, SHUFFLES + 1):
        chosen[random.permutation(buckets)[:later], turn] = 1
    deviations = centred @ chosen / np.where(spread > 0, spread, np.inf)[:, None]
    largest = np.abs(deviations).max(axis=0)
    limit = float(np.quantile(largest[1:], 1 - false_alarms))
    seen = deviations[:, 0]
    return Difference(
        p_value=float(1 + (largest[1:] >= largest[0] - 1e-9).sum()) / (SHUFFLES + 1),
        most=panel.kinds[int(np.abs(seen).argmax())],
        deviations={panel.kinds[at]: float(seen[at]) for at in np.flatnonzero(np.abs(seen) > limit)},
    )
