"""Sampling: the share that a sampler kept is found again, random ids are left alone, weights follow what is known."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from deep_code_reasoning.detectors.groundwork.sampling import sampling, trace_ids
from deep_code_reasoning.detectors.groundwork.traces import trace_outcomes
from deep_code_reasoning.incident import Incident
from store.rows import tables_of


def ids(random: Random, count: int, keeps) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        low = random.getrandbits(64)
        if keeps(low):
            found.append(f"{low:016x}")
    return found


def signed(low: int) -> int:
    return abs(low - (1 << 64) if low >> 63 else low)


RULES = {
    "low 64 bits": lambda share: lambda low: low < share * 2**64,
    "signed": lambda share: lambda low: signed(low) < share * 2**63,
    "consistent": lambda share: lambda low: low % 2**56 >= (1 - share) * 2**56,
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("share", [0.001, 0.05, 0.5, 0.9])
def test_the_share_that_a_sampler_kept_is_found_in_the_ids(rule: str, share: float) -> None:
    for seed in range(10):
        found = trace_ids.threshold(ids(Random(seed), 400, RULES[rule](share)))
        if found:
            # the highest of n even values lies within 12 / n of the threshold, but for a chance of e^-12
            assert share * (1 - 12 / 400) < found.share < share * (1 + 1 / 400)
    hits = sum(trace_ids.threshold(ids(Random(seed), 400, RULES[rule](share))) is not None for seed in range(10))
    assert hits >= 9  # Kolmogorov's test refuses one in a hundred


def test_ids_that_were_not_sampled_are_left_alone() -> None:
    """Three thousand services with 20 to 400 random ids; promised is less than one alarm in a hundred thousand."""
    random = Random(11)
    alarms = sum(
        trace_ids.threshold(ids(random, random.choice((20, 60, 400)), lambda low: True)) is not None
        for _ in range(3_000)
    )
    assert alarms == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda random, at: at + 1,  # counted
        lambda random, at: 1_791_882_000_000_000 + at * 1_000,  # microseconds
        lambda random, at: random.getrandbits(62) | (1 << 63),  # UUID version 4: two bits are fixed
        lambda random, at: 7,
    ],
    ids=["counted", "times", "uuid", "constant"],
)
def test_ids_that_are_not_random_tell_nothing(make) -> None:
    random = Random(3)
    assert trace_ids.threshold([f"{make(random, at):016x}" for at in range(500)]) is None


def test_damaged_ids_tell_nothing() -> None:
    assert trace_ids.threshold(["", "xyz", "12"]) is None
    assert trace_ids.threshold([]) is None


@pytest.mark.parametrize(
    ("state", "weight"),
    [
        ("th:0", 1), ("th:8", 2), ("th:c;rv:abcdef", 4), ("p:3;r:11", 8), ("th:", 1), ("th:fffffffffffffff", None),
        ("p:99", None), ("th:xyz", None), ("rv:1", None), ("", None),
    ],
)  # fmt: skip
def test_a_trace_state_tells_the_weight(state: str, weight: float | None) -> None:
    assert sampling.weight_of(state) == weight


def test_traces_weigh_what_their_sampler_says_and_else_what_their_ids_show(tmp_path: Path) -> None:
    random = Random(2)
    kept = ids(random, 300, RULES["low 64 bits"](0.25))
    spans = [
        {"trace_id": f"{1:016x}{low}", "span_id": "a", "service_name": "by ids", "start_time_unix_nano": at}
        for at, low in enumerate(kept)
    ]
    told = [("sampling.probability", "0.5", 2.0), ("SampleRate", "20", 20.0), ("tracestate", "a=b,ot=th:c", 4.0)]
    spans += [
        {
            "trace_id": f"{at:08x}{random.getrandbits(96):024x}",
            "span_id": "a",
            "service_name": "told",
            "attributes": [{"key": key, "value": value}],
        }
        for at, (key, value, _) in enumerate(told)
    ]
    with tables_of(tmp_path, spans=spans) as tables:
        trace_outcomes.prepare(tables, Incident())
        sampling.prepare(tables, Incident())
        weights = tables.rows(
            "SELECT root_service, weight FROM trace_weights JOIN trace_outcomes USING (trace_number)"
            " ORDER BY trace_number"
        )
        assert [weight for service, weight in weights if service == "told"] == [weight for _, _, weight in told]
        by_ids = {weight for service, weight in weights if service == "by ids"}
        assert len(by_ids) == 1
        assert by_ids.pop() == pytest.approx(4, rel=0.05)


def test_a_share_that_only_one_window_tells_is_not_compared(tmp_path: Path) -> None:
    with tables_of(tmp_path, spans=[{"service_name": "s"}]) as tables:
        trace_outcomes.prepare(tables, Incident())
        sampling.prepare(tables, Incident())
        found = sampling.Sampling(tables)
        whole = sampling.Kept("none", None, 1.0, None, None, 9)
        by_logs = sampling.Kept("head", "logs", 0.1, None, None, 9)
        by_ids = sampling.Kept("head", "trace ids", 0.1, None, None, 9)
        tail = sampling.Kept("tail", "logs", None, None, None, 9)
        for pair, expected in (
            ((whole, whole), True), ((whole, by_ids), True), ((whole, by_logs), False), ((by_logs, by_logs), True),
            ((by_logs, by_ids), True), ((by_ids, tail), False),
        ):  # fmt: skip
            found.kept = {("s", "baseline"): pair[0], ("s", "incident"): pair[1]}
            assert found.comparable("s") is expected
        assert found.comparable("another")


def test_weights_undo_a_sampler_that_prefers_failing_traces(tmp_path: Path) -> None:
    """2,000 requests, a tenth of which fail; all failing and one in twenty of the others are kept. Logs name all."""
    random = Random(8)
    spans, logs = [], []
    for number in range(2_000):
        failed = number % 10 == 0
        ids = {"trace_id": f"{random.getrandbits(128):032x}", "service_name": "s"}
        logs.append(ids | {"body": "served", "severity_number": 17 if failed else 9, "time_unix_nano": number})
        if failed or random.random() < 0.05 or number in (1, 1_999):
            status = "error" if failed else "ok"
            spans.append(ids | {"start_time_unix_nano": number, "kind": "server", "status_code": status})
    with tables_of(tmp_path, spans=spans, logs=logs) as tables:
        trace_outcomes.prepare(tables, Incident())
        sampling.prepare(tables, Incident())
        assert not sampling.Sampling(tables).comparable("s")
        failing, every, traces = tables.rows(
            "SELECT SUM(CASE WHEN has_error THEN weight END), SUM(weight), COUNT(*)"
            " FROM trace_weights JOIN trace_outcomes USING (trace_number)"
        )[0]
        assert traces < 400
        assert failing / every == pytest.approx(0.1, abs=0.002)
        assert every == pytest.approx(2_000, rel=0.01)
