"""The day of a shop: few at night, many in the evening."""

from __future__ import annotations

from math import cos, tau

DAY_S = 86_400.0
PEAK_HOUR = 18.5
SWING, NOON_SWING = 0.65, 0.12
MOST = 1.0 + SWING + NOON_SWING
"""No rate of the day is higher."""


def of_day(at_s: float) -> float:
    """How busy it is `at_s` seconds after a midnight (UTC), as a factor with mean 1 over a day."""
    hour = at_s / 3600.0
    return 1.0 + SWING * cos(tau * (hour - PEAK_HOUR) / 24.0) + NOON_SWING * cos(tau * (hour - 12.5) / 12.0)
