"""How an escalation ended, in somebody's words, and an estimate of the time it saved that is kept apart from them.

The estimate. Whoever escalates may say how many minutes each attempt took. n attempts failed; with no other knowledge
of the chance that an attempt succeeds (a uniform prior), all of the next k fail with probability (n + 1) / (n + k + 1)
(Laplace's rule of succession, chained). That is one half at k = n + 1: as many more attempts as were made, and one. So

    minutes by hand = (n + 1) * median minutes of an attempt
    estimate        = minutes by hand - minutes the escalation took

It is made only for what was solved and only where the caller gave times; else it is unknown. It may be negative.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any, Literal, get_args

OutcomeKind = Literal["solved", "partly", "wrong"]
OUTCOMES: tuple[OutcomeKind, ...] = get_args(OutcomeKind)


def minutes_estimated(outcome: str, request: Mapping[str, Any], escalation_seconds: float | None) -> float | None:
    """Of a kept request (`EscalationRequest.as_json()`); None where nothing can be said."""
    times = [minutes for minutes in request.get("attempt_minutes") or () if minutes is not None]
    if outcome != "solved" or not times or escalation_seconds is None:
        return None
    attempts = len(request.get("attempted_approaches") or times)
    return round((attempts + 1) * statistics.median(times) - escalation_seconds / 60, 1)
