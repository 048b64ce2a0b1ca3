"""Figures as a person reads them in a title: rounded to what matters, units always. `numbers` keeps them exact."""

from __future__ import annotations

from math import floor, log10

SIGNIFICANT = 3
"""Digits that matter to a reader; numbers from 100 on lose their decimals only."""


def figure(value: float, digits: int = SIGNIFICANT) -> str:
    """`55`, `0.803`, `2,553`: to `digits` significant digits, decimals without trailing zeros."""
    if not value:
        return "0"
    decimals = max(0, digits - 1 - floor(log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def milliseconds(nanoseconds: float) -> str:
    """`55 ms`."""
    return f"{figure(nanoseconds / 1e6)} ms"


def change(before_nano: float, after_nano: float) -> str:
    """`977 → 2,553 ms`, with as many digits as it takes to tell the two apart (15: all that a float has)."""
    before, after = before_nano / 1e6, after_nano / 1e6
    digits = next((n for n in range(SIGNIFICANT, 15) if figure(before, n) != figure(after, n)), 15)
    return f"{figure(before, digits)} → {figure(after, digits)} ms"


def measured(nanoseconds: float, error_nano: float) -> str:
    """`198.9 ± 0.2 ms`: digits as far as the error leaves them standing (one further where it begins with 1)."""
    return f"{with_error(nanoseconds / 1e6, error_nano / 1e6)} ms"


def with_error(value: float, error: float) -> str:
    """`-5.5 ± 0.2`, without a unit."""
    if error <= 0:
        return f"{figure(value)} ± 0"
    place = floor(log10(error))
    decimals = max(0, -place + (error < 2 * 10.0**place))
    return f"{value:,.{decimals}f} ± {error:,.{decimals}f}"


def percent(part: float, whole: float) -> str:
    """`29 %`; what is neither none nor all is never called so."""
    share = part / whole
    if 0 < share < 0.01:
        return "<1 %"
    return ">99 %" if 0.99 < share < 1 else f"{share:.0%}".replace("%", " %")
