"""How the text of a hypothesis is read: cause and effect, what is denied, patterns, changes, places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.detectors.registry import all_rules
from deep_code_reasoning.experiments.claims import kinds, patterns, read
from deep_code_reasoning.experiments.scene import Scene
from deep_code_reasoning.experiments.wording import Words, parts_of, stems_of
from deep_code_reasoning.finding import Diagnosis, Verdict
from deep_code_reasoning.incident import Incident

NAMES = {
    "service": ("payment", "order", "lock", "user-api", "OrderProcessor"),
    "host": ("worker-06",),
    "operation": ("POST /orders", "charge"),
}
SCENE = Scene(Diagnosis("i", Verdict("unknown", "", 0.0), Incident()), NAMES)

TEXTS = [
    ("garbage collection pauses", ["RUN001"], ()),
    ("The leases expire because clocks drift", ["TIME001", "LOCK001"], ()),
    ("clock drift leads to expired leases", ["TIME001", "LOCK001"], ()),
    ("The root cause of the retries is a deadlock", ["LOCK003", "RETRY001"], ()),
    ("Not a deadlock: DNS lookups fail", ["EXT001"], ()),
    ("no deadlock, no GC; an N+1 query", ["DB001"], ()),
    ("messages are not acknowledged", ["QUEUE003"], ()),
    ("there is no such host", ["EXT001"], ()),
    ("commit 4f2a9bc01 removed the timeout", ["change"], ()),
    ("the last deploy of payment", ["change"], ("payment",)),
    ("GcPauseMonitor says: gc pauses in the payment service", ["RUN001"], ("payment",)),
    ("payment_gc_pause", ["RUN001"], ()),
    ("lock-order problems: lock contention in order to write", ["LOCK002"], ()),
    ("lock contention in the lock service", ["LOCK002"], ("lock",)),
    ("lock contention at order", ["LOCK002"], ("order",)),
    ("clock skew on worker-06", ["TIME001"], ("worker-06",)),
    ("clock skew on worker-07", ["TIME001"], ()),
    ("user api runs an n + 1 query", ["DB001"], ("user-api",)),
    ("retries of POST /orders by OrderProcessor", ["RETRY001"], ("OrderProcessor", "POST /orders")),
    ("the search is O(n^2)", ["COST001"], ()),
    ("more calls a request from payment", ["FANOUT001"], ("payment",)),
    ("a memory leak in the connection handler", ["SAT001"], ()),
    ("le café est fermé", [], ()),
    ("", [], ()),
    ("a cause", [], ()),
    ("because", [], ()),
    ("not", [], ()),
]


@pytest.mark.parametrize(("text", "codes", "places"), TEXTS)
def test_what_a_text_claims(text: str, codes: list[str], places: tuple[str, ...]) -> None:
    claims = read(text, SCENE).claims
    assert [claim.code for claim in claims] == codes
    assert {place for claim in claims if claim.is_cause for place in claim.places} == set(places)


def test_what_is_denied_is_told_and_not_tested() -> None:
    reading = read("It is not the connection pool, but a memory leak", SCENE)
    assert [claim.kind for claim in reading.claims] == ["memory runs out"]
    assert "connection pool" in reading.denied


def test_causes_and_effects_are_parted() -> None:
    claims = read("Deadlocks, due to more traffic, which triggers a retry storm", SCENE).claims
    assert {claim.code: claim.is_cause for claim in claims} == {"TRAF001": True, "LOCK003": False, "RETRY001": False}


@given(
    st.text(max_size=400)
    | st.lists(st.sampled_from([*"(){}[]<>|\"'`%$\\", "because", "not", "gc", "->"])).map(" ".join)
)
def test_any_text_can_be_read(text: str) -> None:
    reading = read(text, SCENE)
    assert all(claim.code for claim in reading.claims)
    assert isinstance(parts_of(text).cause, Words)


def test_a_long_text_is_read_at_once() -> None:
    assert [claim.code for claim in read("gc " + "because not " * 100_000, SCENE).claims] in ([], ["RUN001"])


def test_the_catalogue_names_detectors_there_are_and_phrases_that_find_themselves() -> None:
    codes = {rule.code for rule in all_rules()}
    assert {pattern.code for pattern in patterns()} <= codes
    assert codes - {pattern.code for pattern in patterns()} == {"SAT002", "TRACE002"}  # symptoms, not causes
    assert len(set(kinds())) == len(kinds())
    for pattern in patterns():
        for phrase in pattern.phrases:
            assert stems_of(phrase), phrase
            assert pattern.code in {claim.code for claim in read(f"We see {phrase} here", SCENE).claims}, phrase
