"""Whether latencies shifted up between the windows: ranks for the middle, exceedances for the tail, logs for the few.

Reads the temporary tables that a detector fills, `latency_subjects` and `latency_samples` (subject_number,
trace_number, phase, value_nano, total_nano, delay_nano, span_number), one sample a trace, because spans of one trace
are no independent witnesses.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from deep_code_reasoning.detectors.contract import code_location, sql_beside
from deep_code_reasoning.detectors.groundwork.latency import small_samples
from deep_code_reasoning.detectors.significance import FALSE_SHARE, false_discovery_rates, more_often, rank_sum_tail
from deep_code_reasoning.detectors.wording import change, milliseconds
from deep_code_reasoning.finding import Contrast, Evidence, Location, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

FEWEST_AFTER = 2
"""Traces in the incident below which nothing is said: one slow call is an outlier. Before it one is enough."""

FEWEST_FOR_RANKS = 5
"""With 4 against 4 even a full separation has p = 0.014, which no correction for many operations survives."""

FEW_GROWTH = 2.0
"""With fewer, latencies must have doubled at least."""

LARGE = 0.64
"""The chance that a value of the incident exceeds one of the baseline from which an effect is at least medium
(A. Vargha, H. Delaney, "A critique and improvement of the CL common language effect size statistics", 2000)."""

TAIL_GROWTH = 2.0
"""The tail has grown when at least twice as many traces exceed the baseline's 95th percentile; and it is what to tell
of a shift when it grew by more than twice as much as the median."""

LEAST_PART = 0.5
"""Of what a trace takes longer than usual, the part from which a subject is why."""


@dataclass(frozen=True)
class Shift:
    """One subject's figures, ns. `superiority` is P(incident > baseline); `part` the test: middle, tail or few."""

    subject: dict[str, Any]
    figures: dict[str, Any]
    p_value: float
    superiority: float
    part: str
    added_nano: float
    entry_added_nano: float

    @property
    def moved(self) -> Literal["median", "p95", "mean"]:
        """The figure that shows the shift: the median, unless the 95th percentile grew by more than twice as much.

        Ranks can shift without moving either (a third of the calls, say); then the mean, which always has.
        """
        at_median, at_p95 = self._growth("median"), self._growth("p95")
        if self.part != "tail" and at_median > 0 and at_p95 <= TAIL_GROWTH * at_median:
            return "median"
        return "p95" if at_p95 > 0 else "mean"

    def _growth(self, name: str) -> float:
        return self.figures[f"{name}_after"] / max(self.figures[f"{name}_before"], 1.0) - 1

    @property
    def before_nano(self) -> float:
        return self.figures[f"{self.moved}_before"]

    @property
    def after_nano(self) -> float:
        return self.figures[f"{self.moved}_after"]

    @property
    def shift_nano(self) -> float:
        return self.after_nano - self.before_nano

    @property
    def share(self) -> float | None:
        """Of what the entry operations became slower by; None where they did not."""
        return self.added_nano / self.entry_added_nano if self.entry_added_nano > 0 else None


def shifts(tables: Tables) -> tuple[list[Shift], list[dict[str, Any]]]:
    """Those that shifted up, the largest addition to a trace first, and the subjects that were tested at all."""
    rows = tables.dicts(sql_beside(__file__), fewest_after=FEWEST_AFTER)
    if not rows:
        return [], []
    tests = _tests(rows)
    rates = false_discovery_rates([test.p_value for test in tests])  # over both tests of all subjects
    added = {row["subject_number"]: row for row in tables.dicts(sql_beside(__file__, "share"))}
    subjects = {row["subject_number"]: row for row in tables.dicts("SELECT * FROM latency_subjects")}
    found: dict[int, Shift] = {}
    for test, rate in zip(tests, rates, strict=True):
        number = test.row["subject_number"]
        if rate > FALSE_SHARE or not test.is_large or number in found:
            continue
        more = added.get(number, {"added_nano": 0.0, "entry_added_nano": 0.0})
        found[number] = Shift(
            subjects[number],
            test.row,
            test.p_value,
            _superiority(test.row),
            test.part,
            more["added_nano"],
            more["entry_added_nano"],
        )
    order = sorted(found.values(), key=lambda s: (-s.added_nano, s.p_value, s.subject["subject_number"]))
    return order, [subjects[row["subject_number"]] for row in rows]


class Question(NamedTuple):
    row: dict[str, Any]
    part: str
    p_value: float
    is_large: bool


def _tests(rows: list[dict[str, Any]]) -> list[Question]:
    """Two for each subject with enough traces, the middle's first; one for the others."""
    usual = small_samples.usual_variance(rows)
    tests = []
    for row in rows:
        is_up = row["mean_after"] > row["mean_before"]
        if min(row["after"], row["before"]) < FEWEST_FOR_RANKS:
            is_large = is_up and exp(row["log_mean_after"] - row["log_mean_before"]) >= FEW_GROWTH
            tests.append(Question(row, "few", small_samples.shift_tail(row, usual), is_large))
            continue
        middle = rank_sum_tail(row["u"], row["after"], row["before"], row["ties"])
        tail = more_often(row["tail_after"], row["after"], row["tail_before"], row["before"])
        tests.append(Question(row, "middle", middle, is_up and _superiority(row) >= LARGE))
        tests.append(Question(row, "tail", tail, is_up and _has_longer_tail(row)))
    return tests


def _superiority(row: dict[str, Any]) -> float:
    return row["u"] / (row["after"] * row["before"])


def _has_longer_tail(row: dict[str, Any]) -> bool:
    return row["tail_after"] / row["after"] >= TAIL_GROWTH * max(row["tail_before"] / row["before"], 0.05)


def numbers(shift: Shift) -> dict[str, float | int | str]:
    """The figures of a finding, ms."""
    row = shift.figures
    found: dict[str, float | int | str] = {
        "traces_incident": row["after"],
        "traces_baseline": row["before"],
        "median_before_ms": _ms(row["median_before"]),
        "median_after_ms": _ms(row["median_after"]),
        "mad_before_ms": _ms(row["mad_before"]),
        "p95_before_ms": _ms(row["p95_before"]),
        "p95_after_ms": _ms(row["p95_after"]),
        "moved": shift.moved,
        f"{shift.moved}_before_ms": _ms(shift.before_nano),
        f"{shift.moved}_after_ms": _ms(shift.after_nano),
        "ratio": round(shift.after_nano / max(shift.before_nano, 1.0), 2),
        "superiority": round(shift.superiority, 3),
        "p_value": float(f"{shift.p_value:.2g}"),
        "shifted": shift.part,
        "added_ms_per_trace": _ms(shift.added_nano),
    }
    if shift.share is not None:
        found["share_of_entry_increase"] = round(shift.share, 3)
    return found


def change_in_words(shift: Shift) -> str:
    """`median 12 → 81.5 ms`."""
    return f"{shift.moved} {change(shift.before_nano, shift.after_nano)}"


def _ms(nanoseconds: float) -> float:
    return round(nanoseconds / 1e6, 3)


@dataclass(frozen=True)
class Exemplars:
    evidence: tuple[Evidence, ...]
    location: Location | None


def exemplars(tables: Tables, shift: Shift) -> Exemplars:
    """The slowest spans of the incident and a usual one of the baseline."""
    rows = tables.dicts(
        sql_beside(__file__, "exemplars"),
        subject_number=shift.subject["subject_number"],
        median_before=shift.figures["median_before"],
    )
    evidence = tuple(
        Evidence(
            f"span:{row['trace_id']}/{row['span_id']}",
            f"{milliseconds(row['value_nano'])} in the {row['phase']}",
        )
        for row in rows
    )
    return Exemplars(evidence, next((place for row in rows if (place := code_location(row))), None))


@dataclass(frozen=True)
class Counted:
    """Traces that take longer because of the subject, and from when to when."""

    support: Support
    contrast: Contrast
    interval: TimeWindow | None


def counted(tables: Tables, shift: Shift, least_part: float = LEAST_PART) -> Counted:
    """`least_part` 0: of waiting that no span of the trace holds, all traces where it is long count."""
    row = tables.dicts(
        sql_beside(__file__, "support"),
        subject_number=shift.subject["subject_number"],
        limit_nano=shift.figures["p95_before"],
        least_part=least_part,
    )[0]
    first, last = row.pop("first_nano"), row.pop("last_nano")
    contrast = Contrast(*(row.pop(name) for name in ("incident_with", "incident", "baseline_with", "baseline")))
    return Counted(Support(**row), contrast, TimeWindow(first, max(first, last)) if first is not None else None)
