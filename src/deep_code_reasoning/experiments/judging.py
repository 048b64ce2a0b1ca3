"""Whether an expectation holds of what was observed. The only judge: a model's word has no part in it."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from datetime import datetime
from typing import Any

from deep_code_reasoning.experiments.prediction import (
    FAILED,
    HELD,
    UNCHECKED,
    Expectation,
    Observation,
    Outcome,
    Prediction,
    Unobservable,
)
from deep_code_reasoning.experiments.weights import weight_of

_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
_MOST_SHOWN = 200
_RELATIVE = 1e-9
_LARGEST = 1 << 1000  # a larger one is no float


class NotComparable(Exception):
    """The message says of what."""


def judge(prediction: Prediction, seen: Observation | Unobservable) -> Outcome:
    """Held when every row has what is expected, failed when one has not; anything else could not be checked."""
    if isinstance(seen, Unobservable):
        return Outcome(prediction, UNCHECKED, seen.reason, why_not=seen.kind)
    try:
        held, value = verdict_of(prediction.expected, seen)
    except NotComparable as why:
        return Outcome(prediction, UNCHECKED, str(why), why_not="no_rows")
    tells, aside = _tells(prediction, seen) if held else (True, "")
    words = seen.told or f"{prediction.expected.column} is {_shown(value)}"
    return Outcome(
        prediction,
        HELD if held else FAILED,
        f"{words}{aside}",
        observed=value,
        weight_db=weight_of(prediction, seen, held=held, tells=tells),
        evidence=seen.evidence,
    )


def verdict_of(expected: Expectation, seen: Observation) -> tuple[bool, Any]:
    """Whether it holds, and the value that decides: the first that does not, else the first. Raises NotComparable."""
    if expected.column not in seen.columns:
        raise NotComparable(f"the answer has no column {expected.column!r}; it has {', '.join(seen.columns) or 'none'}")
    if not seen.rows:
        raise NotComparable("no rows to judge by")
    place = seen.columns.index(expected.column)
    values = [row[place] for row in seen.rows]
    undecided: NotComparable | None = None
    for value in values:
        try:
            if not compare(value, expected):
                return False, value
        except NotComparable as why:
            undecided = undecided or why
    if undecided:
        raise undecided
    if seen.truncated:
        raise NotComparable(f"more than {len(values):,} rows: what is cut off was not judged; aggregate")
    return True, values[0]


def compare(value: Any, expected: Expectation) -> bool:
    """Numbers with numbers (also such written as text), times with times, else text, for = and != alone.

    Numbers are equal within a billionth of the larger. Raises NotComparable: nothing is there, or the two are of
    different kinds.
    """
    if value is None:
        raise NotComparable(f"{expected.column} is NULL, which decides nothing")
    left, right = _number(value), _number(expected.value)
    if left is None or right is None:
        left, right = _time(value), _time(expected.value)
    if left is not None and right is not None:
        if not isinstance(left, datetime) and not isinstance(right, datetime) and _is_close(left, right):
            return expected.comparison in (">=", "<=", "=")
        return _HOLDS[expected.comparison](left, right)
    if expected.comparison in ("=", "!="):
        return _HOLDS[expected.comparison](_text(value), _text(expected.value))
    raise NotComparable(f"{_shown(value)} cannot be held against {_shown(expected.value)} with {expected.comparison}")


def _is_close(left: float, right: float) -> bool:
    return math.isclose(left, right, rel_tol=_RELATIVE)


def _tells(prediction: Prediction, seen: Observation) -> tuple[bool, str]:
    """False where the same held before the incident."""
    if seen.before is None:
        return True, ""
    try:
        held, value = verdict_of(prediction.expected, seen.before)
    except NotComparable as why:
        return True, f"; before the incident: {why}"
    if held:
        return False, f"; but so it was before the incident ({_shown(value)}), which tells nothing"
    return True, f"; before the incident it was {_shown(value)}"


def _number(value: Any) -> float | int | None:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        if value.strip().lower() in ("true", "false"):
            return int(value.strip().lower() == "true")
        try:
            value = float(value) if not value.strip().lstrip("+-").isdecimal() else int(value)
        except ValueError:
            return None
    if isinstance(value, int):
        return value if abs(value) < _LARGEST else None
    return value if isinstance(value, float) and math.isfinite(value) else None


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=None) - (moment.utcoffset() or (moment - moment))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _shown(value: Any) -> str:
    text = f"{value:,.6g}" if isinstance(value, float) else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
