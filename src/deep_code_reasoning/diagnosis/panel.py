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
MOST_TRACES = 5_400
"""Of more, every n-th is looked at: 90 buckets of 60 traces tell apart what lasts for some of them."""

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
    """One row a kind, one column a bucket: in how many traces the operation ran (`runs`) and the sum over those of what
    is measured, 0 to 1 a trace. Bucket k begins at edges[k] (ns); the buckets of windows[n] begin with firsts[n].
    """

    kinds: tuple[Kind, ...]
    sums: np.ndarray
    runs: np.ndarray
    edges: np.ndarray
    firsts: tuple[int, ...]

    @property
    def values(self) -> np.ndarray:
        """How far the traces of a bucket are, in sum, above the kind's mean."""
        rate = self.sums.sum(axis=1) / self.runs.sum(axis=1)
        return self.sums - self.runs * rate[:, None]


@dataclass(frozen=True)
class Difference:
    """Between two sides: the chance of one so large in any series if nothing differs, and what differs most.

    `deviations`: by kind, how far the later side is above the earlier in standard deviations, for those alone that
    are sure by themselves; `most` is the largest, sure or not.
    """

    p_value: float
    most: Kind
    deviations: dict[Kind, float]


def panel_of(tables: Tables, stretches: Stretches, *windows: TimeWindow) -> Panel | None:
    """The operations' series over windows in order of time, in buckets of equally many traces; None without any."""
    import numpy as np

    own = []
    stride = 1 + sum(stretches.count(window) for window in windows) // MOST_TRACES
    for window in windows:
        begin, end = np.searchsorted(stretches.counted, [window.start, window.end])
        own.append(np.arange(begin, end, stride))
    most = [len(places) // TRACES_A_BUCKET for places in own]
    if not len(stretches.traces) or not all(most):
        return None
    share = min(1.0, MOST_BUCKETS / sum(most))
    wanted = [max(1, round(buckets * share)) for buckets in most]
    firsts = np.concatenate([[0], np.cumsum(wanted)])
    buckets = np.concatenate(
        [
            first + np.arange(len(places)) * n // len(places)
            for first, places, n in zip(firsts, own, wanted, strict=False)
        ]
    )
    places = np.concatenate(own)
    edges = stretches.counted[places[np.flatnonzero(np.diff(buckets, prepend=-1))]]
    edges = np.append(edges, stretches.counted[places[-1]] + 1)
    _register(tables, stretches.traces[places], buckets)
    return _panel(tables, edges, tuple(int(first) for first in firsts[:-1]))


def _register(tables: Tables, traces: np.ndarray, buckets: np.ndarray) -> None:
    import pyarrow as pa

    tables.register("trace_buckets", pa.table({"trace_number": traces, "bucket": buckets}))


def _panel(tables: Tables, edges: np.ndarray, firsts: tuple[int, ...]) -> Panel | None:
    import numpy as np

    here, buckets = Path(__file__), len(edges) - 1
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
    kept = []
    for kind, found in sums.items():
        ran = runs[kind.service, kind.operation]
        if ran.sum() >= FEWEST_RUNS and np.abs(found * ran.sum() - ran * found.sum()).max() > 1e-9:
            kept.append((kind, found, ran))
    if not kept:
        return None
    kinds, all_sums, all_runs = zip(*kept, strict=True)
    return Panel(kinds, np.array(all_sums), np.array(all_runs), edges, firsts)


def difference(panel: Panel, first_later: int, false_alarms: float, seed: int = 0) -> Difference:
    """Between the buckets before `first_later` and those from it on."""
    import numpy as np

    values = panel.values
    buckets = values.shape[1]
    later = buckets - first_later
    centred = values - values.mean(axis=1, keepdims=True)
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
