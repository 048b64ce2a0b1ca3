"""How surprising the counts of log templates are: tests, traffic and overdispersion taken out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, median
from typing import Any

from deep_code_reasoning.detectors.significance import binomial_tail, deviance, more_often, normal_tail

Row = dict[str, Any]

CHI_SQUARE_MEDIAN = 0.4549
"""The median of chi-square with one degree of freedom: what G^2 shows half of the time when nothing changed."""

SHARED_TEMPLATES = 5
"""From so many templates of both windows on, a service's own change of traffic is estimated; else all services'."""


def weigh(rows: Sequence[Row], seconds_after: float, seconds_before: float) -> None:
    """Adds to each row `expected_ratio` (after/before if nothing changed), `g2` and `p_value`, both corrected by the
    overdispersion, and `rises`.

    Rows with traces to count in are compared as shares of the operation's runs; the others as line counts, scaled by
    the median ratio of the service's templates (Anders & Huber, "Differential expression analysis for sequence
    count data", 2010: robust to the few that changed) or by time (lines that a clock writes), whichever explains
    them better. The overdispersion is the median G^2 over its median under chance, at least 1 (Devlin & Roeder,
    "Genomic control for association studies", 1999).
    """
    in_traces = [row for row in rows if counts_traces(row)]
    in_lines = [row for row in rows if not counts_traces(row)]
    of_time = max(seconds_after, 1e-9) / max(seconds_before, 1e-9)
    factors = _traffic(in_lines, of_time)
    for row in in_traces:
        _compare_shares(row)
    for row in in_lines:
        _compare_lines(row, min((factors[row["service_name"]], of_time), key=lambda f: _line_deviance(row, f)))
    for group in (in_traces, in_lines):
        _discount(group)


def counts_traces(row: Row) -> bool:
    return bool(row["operation"] is not None and row["after_traces"] and row["before_traces"])


def _compare_shares(row: Row) -> None:
    after, before = row["after_traces"], row["before_traces"]
    hit_after, hit_before = round(row["after_with"]), round(row["before_with"])
    share = (hit_after + hit_before) / (after + before)
    observed = (hit_after, after - hit_after, hit_before, before - hit_before)
    expected = (after * share, after * (1 - share), before * share, before * (1 - share))
    row["expected_ratio"] = after / before
    row["rises"] = hit_after * before > hit_before * after
    row["g2"] = deviance(observed, expected)
    up, down = (hit_after, after, hit_before, before), (hit_before, before, hit_after, after)
    row["p_value"] = min(1.0, 2 * more_often(*(up if row["rises"] else down)))


def _compare_lines(row: Row, factor: float) -> None:
    after, before = row["after_lines"], row["before_lines"]
    chance = factor / (1 + factor)
    total = after + before
    row["expected_ratio"] = factor
    row["rises"] = after > before * factor
    row["g2"] = _line_deviance(row, factor)
    tail = binomial_tail(after, total, chance) if row["rises"] else binomial_tail(before, total, 1 - chance)
    row["p_value"] = min(1.0, 2 * tail)


def _line_deviance(row: Row, factor: float) -> float:
    after, before = row["after_lines"], row["before_lines"]
    expected = (after + before) * factor / (1 + factor)
    return deviance((after, before), (expected, after + before - expected))


def _traffic(rows: Sequence[Row], of_time: float) -> dict[str | None, float]:
    """Lines after / lines before that the change of traffic alone explains, a service."""
    ratios: dict[str | None, list[float]] = defaultdict(list)
    for row in rows:
        if row["after_lines"] and row["before_lines"]:
            ratios[row["service_name"]].append(row["after_lines"] / row["before_lines"])
    everywhere = [ratio for own in ratios.values() for ratio in own]
    overall = median(everywhere) if len(everywhere) >= SHARED_TEMPLATES else of_time
    services = {row["service_name"] for row in rows}
    return {name: median(ratios[name]) if len(ratios[name]) >= SHARED_TEMPLATES else overall for name in services}


def _discount(rows: Sequence[Row]) -> None:
    judged = [row["g2"] for row in rows if row["after_lines"] + row["before_lines"] >= SHARED_TEMPLATES]
    inflation = max(1.0, median(judged) / CHI_SQUARE_MEDIAN) if len(judged) >= SHARED_TEMPLATES else 1.0
    for row in rows:
        row["g2"] /= inflation
        if inflation > 1 and 0 < row["p_value"] < 1:
            row["p_value"] = 2 * normal_tail(-NormalDist().inv_cdf(row["p_value"] / 2) / sqrt(inflation))
