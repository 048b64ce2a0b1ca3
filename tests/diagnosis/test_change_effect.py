"""What a change did to requests, taken from the findings about the code it touched."""

from __future__ import annotations

import pytest

from deep_code_reasoning.diagnosis.change_effect import effect_in_words, effect_of, location_of
from deep_code_reasoning.finding import Finding, Location, Subject

LOOP = Location("lib/cart_validator.rb", 31, "validate")
CALLS = {
    "statement": "GET stock/items/?",
    "calls_per_parent_baseline": 1.0,
    "calls_per_parent_incident": 6.2,
    "rate_ratio": 6.2,
    "rate_ratio_low": 5.9,
    "rate_ratio_high": 6.5,
    "added_ms_per_trace": 31.0,
    "share_of_entry_increase": 0.88,
}


def finding(id: str, service: str, location: Location | None = None, **numbers: float | str) -> Finding:
    return Finding("DB001", id, "warning", "cause", Subject(service=service, location=location), numbers=numbers, id=id)


def test_the_finding_about_the_file_touched_tells_the_effect():
    other = finding("LAT-1", "order", share_of_entry_increase=0.97)
    effect = effect_of([other, finding("DB-1", "order", LOOP, **CALLS)], {"order"}, {"src/lib/cart_validator.rb"})
    assert effect is not None
    assert (effect.finding, effect.calls, effect.rate_ratio) == ("DB-1", (1.0, 6.2), (6.2, 5.9, 6.5))
    assert effect_in_words(effect) == (
        "GET stock/items/? is called 6.2 times a request instead of 1.0 (rate ratio 6.2, 5.9 to 6.5); "
        "that is 31.0 ms a request, 88% of the rise"
    )


def test_without_a_file_in_common_the_largest_share_tells_it():
    small = finding("DB-1", "order", **CALLS | {"share_of_entry_increase": 0.2})
    large = finding("LAT-1", "order", share_of_entry_increase=0.7)
    effect = effect_of([small, large], {"order"}, {"README.md"})
    assert effect is not None
    assert effect.finding == "LAT-1"
    assert effect.calls is None


@pytest.mark.parametrize("service", ["catalog", "order"])
def test_nothing_measured_where_the_change_runs_is_no_effect(service: str):
    assert effect_of([finding("X-1", service)], {"order"}, {"a.py"}) is None


def test_the_location_is_of_a_touched_file_only():
    found = [finding("A-1", "order", Location("src/other.rb", 3)), finding("DB-1", "order", LOOP)]
    assert location_of(found, {"lib/cart_validator.rb"}) == LOOP
    assert location_of(found, {"validator.rb"}) is None
