"""A handful of calls before or after: too few for ranks, enough when the shift is beyond anything seen elsewhere.

A t-test on logarithms whose variance is moderated: drawn towards the middle of all subjects' variances, as if each had
been seen a few times more (G. Smyth, "Linear models and empirical Bayes methods for assessing differential
expression", 2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import median
from typing import Any

from deep_code_reasoning.detectors.significance import student_tail

PRIOR_FREEDOM = 4.0
"""How many degrees of freedom the other subjects' variance counts for."""

LEAST_VARIANCE = 0.01
"""Latencies are never taken to vary by less than a tenth."""

Row = dict[str, Any]


def usual_variance(rows: Sequence[Row]) -> float:
    """The middle of the subjects' variances of ln(latency) within a window."""
    variances = [_variance(row) for row in rows if row["after"] + row["before"] > 2]
    return max(LEAST_VARIANCE, median(variances)) if variances else LEAST_VARIANCE


def shift_tail(row: Row, usual: float) -> float:
    """The chance of a shift up at least as large, if nothing changed."""
    freedom = row["after"] + row["before"] - 2
    variance = (PRIOR_FREEDOM * usual + freedom * _variance(row)) / (PRIOR_FREEDOM + freedom)
    spread = sqrt(variance * (1 / row["after"] + 1 / row["before"]))
    return student_tail((row["log_mean_after"] - row["log_mean_before"]) / spread, PRIOR_FREEDOM + freedom)


def _variance(row: Row) -> float:
    """Within the windows, pooled; a window of one call has none."""
    after, before = row["after"] - 1, row["before"] - 1
    within = after * (row["log_variance_after"] or 0.0) + before * (row["log_variance_before"] or 0.0)
    return within / (after + before)
