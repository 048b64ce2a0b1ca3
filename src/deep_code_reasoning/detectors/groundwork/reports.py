"""Lines and exceptions that speak of one thing, by service: has it become more frequent, and in which traces?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import sql_beside
from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.detectors.rates import RateRatio, rate_ratio
from deep_code_reasoning.finding import Evidence, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

SLICES = 30
NOTHING = "^\\b$"
"""Matches no line."""

SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Reports:
    """Of one service in the incident: how many (one a trace), how many before, and the ratio of the rates."""

    service: str | None
    lines: int
    lines_before: int
    ratio: RateRatio | None
    support: Support | None
    interval: TimeWindow
    texts: tuple[str, ...]
    evidence: tuple[Evidence, ...]

    @property
    def is_more(self) -> bool:
        """The whole 99 % interval of the rates' ratio lies above 1; with nothing to compare every line is more."""
        return self.ratio is None or self.ratio.low > 1

    def numbers(self, name: str) -> dict[str, float | int | str]:
        """`<name>`, `<name>_baseline` and the ratio of the rates."""
        found: dict[str, float | int | str] = {name: self.lines, f"{name}_baseline": self.lines_before}
        if self.ratio:
            found |= {"rate_ratio": round(self.ratio.ratio, 2), "rate_ratio_low": round(self.ratio.low, 2)}
        return found


def reports(tables: Tables, incident: Incident, told: str, not_told: str = NOTHING) -> list[Reports]:
    """Who says something that matches `told` (RE2) in the incident, the most lines first."""
    tables.execute(sql_beside(__file__), told=told, not_told=not_told, **bounds(incident))
    found = []
    for row in tables.dicts(sql_beside(__file__, "counts")):
        shown = tables.rows(sql_beside(__file__, "shown"), service_name=row["service_name"])
        counted = Support(row["symptomatic_with"], row["symptomatic"], row["healthy_with"], row["healthy"])
        found.append(
            Reports(
                service=row["service_name"],
                lines=row["lines"],
                lines_before=row["lines_before"],
                ratio=_ratio(tables, incident, row["service_name"]),
                support=counted if row["traced"] * 2 >= row["lines"] else None,
                interval=TimeWindow(row["first_nano"], max(row["first_nano"], row["last_nano"])),
                texts=tuple(text for _, text in shown),
                evidence=tuple(Evidence(ref, text[:SHOWN_CHARACTERS]) for ref, text in shown),
            )
        )
    return found


def _ratio(tables: Tables, incident: Incident, service: str | None) -> RateRatio | None:
    now, before = incident.incident, incident.baseline
    if not (now and before and now.seconds and before.seconds):
        return None
    counts = {"incident": [0] * SLICES, "baseline": [0] * SLICES}
    slices = tables.rows(sql_beside(__file__, "slices"), service_name=service, slices=SLICES, **bounds(incident))
    for phase, at, lines in slices:
        counts[phase][min(at, SLICES - 1)] += lines
    return rate_ratio(counts["incident"], now.seconds, counts["baseline"], before.seconds)
