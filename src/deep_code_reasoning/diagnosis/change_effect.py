"""What a change did to requests: the finding about the very code it touched that explains most of the slowdown."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from deep_code_reasoning.changes.candidates.same_file import same_file
from deep_code_reasoning.finding import ChangeEffect, Finding, Location

CALLS = (
    ("calls_per_parent_baseline", "calls_per_parent_incident"),
    ("calls_per_request_baseline", "calls_per_request_incident"),
)
RATIO = ("rate_ratio", "rate_ratio_low", "rate_ratio_high")
CALLED = ("statement", "called")


def effect_of(findings: Iterable[Finding], services: Collection[str], paths: Collection[str]) -> ChangeEffect | None:
    """`services`: that run the change; `paths`: the files it touched. None where no finding measured anything there."""
    measured = [
        (_touches(finding, paths), _number(finding, "share_of_entry_increase") or 0.0, finding)
        for finding in findings
        if finding.subject.service in services and (_calls(finding) or "share_of_entry_increase" in finding.numbers)
    ]
    if not measured:
        return None
    _, _, best = max(measured, key=lambda one: one[:2])
    ratio = tuple(value for name in RATIO if (value := _number(best, name)) is not None)
    called = next((str(best.numbers[name]) for name in CALLED if name in best.numbers), best.title)
    return ChangeEffect(
        finding=best.id,
        what=called,
        calls=_calls(best),
        rate_ratio=(ratio[0], ratio[1], ratio[2]) if len(ratio) == len(RATIO) else None,
        added_ms=_number(best, "added_ms_per_trace"),
        share_of_rise=_number(best, "share_of_entry_increase"),
    )


def location_of(findings: Iterable[Finding], paths: Collection[str]) -> Location | None:
    """Where a file that the change touched was seen at work, as it names it."""
    places = [finding.subject.location for finding in findings if finding.subject.location]
    return next((place for place in places if any(same_file(path, place.file) for path in paths)), None)


def effect_in_words(effect: ChangeEffect) -> str:
    """`GET stock/items/? is called 6.2 times a request instead of 1.0 (rate ratio 6.2, 5.9 to 6.5); ...`."""
    if effect.calls:
        before, after = effect.calls
        text = f"{effect.what} is called {after:,.1f} times a request instead of {before:,.1f}"
    else:
        text = effect.what
    if effect.rate_ratio:
        ratio, low, high = effect.rate_ratio
        never = effect.calls is not None and effect.calls[0] == 0
        told = (
            f"never before; at least {low:,.0f} times as often"
            if never
            else f"rate ratio {ratio:,.1f}, {low:,.1f} to {high:,.1f}"
        )
        text += f" ({told})"
    if effect.share_of_rise is not None and effect.added_ms is not None:
        text += f"; that is {effect.added_ms:,.1f} ms a request, {effect.share_of_rise:.0%} of the rise"
    return text


def _touches(finding: Finding, paths: Collection[str]) -> bool:
    return location_of([finding], paths) is not None


def _calls(finding: Finding) -> tuple[float, float] | None:
    for names in CALLS:
        before, after = (_number(finding, name) for name in names)
        if before is not None and after is not None:
            return before, after
    return None


def _number(finding: Finding, name: str) -> float | None:
    value = finding.numbers.get(name)
    return float(value) if isinstance(value, int | float) else None
