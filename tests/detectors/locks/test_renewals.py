"""A late renewal is blamed on the part that made it late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.detectors.groundwork.clocks.by_host import ClockLine
from deep_code_reasoning.detectors.locks.renewals import Renewal, cause, habit, late_without_skew

MS = 1_000_000
TTL, MARGIN, NETWORK = 2000 * MS, 100 * MS, 1 * MS


def line(offset: int) -> ClockLine:
    return ClockLine(float(offset), 0.5 * MS, 0.0, 0.0, 0, 100)


def renewal(number: int, host: str, offset: int = 0, pause: int = 0, network: int = 0) -> Renewal:
    """Granted at 0 by the lock service's clock; the client's is `offset` ahead and it waits for the expiry told."""
    sent = TTL - MARGIN - offset + pause
    arrival = sent + NETWORK + network
    return Renewal(
        key="k", trace_number=number, host=host, hold=1, client_service="pay", server_service="lock",
        server_host="lock", arrival=arrival, expiry=TTL, told=offset + NETWORK, ttl=float(TTL), margin=None,
        client_start=sent + offset, server_start=arrival, granted=arrival <= TTL, client_number=number, trace_id="t",
        span_id="s", server_span_id="v", name="Renew", code_file_path=None, code_line_number=None,
        code_function_name=None,
    )  # fmt: skip


healthy = [renewal(number, "right") for number in range(20)]
over_margin = st.integers(MARGIN + 2 * MS, 1000 * MS)


@given(over_margin)
def test_a_clock_behind(behind: int) -> None:
    late = renewal(99, "wrong", offset=-behind)
    known = habit([*healthy, late], {"right": line(0), "wrong": line(-behind)})
    assert known.basis == "absolute"
    assert known.margin_nano == MARGIN
    assert cause(late, known, line(-behind)) == "skew"
    assert late_without_skew(late, known, line(-behind)) == (False, True)


@given(over_margin, st.lists(st.integers(-4 * MS, 4 * MS), min_size=30, max_size=60))
def test_one_clock_far_off_is_not_outvoted_by_many_that_are_a_little_off(behind: int, little: list[int]) -> None:
    """Timers fire some milliseconds late: by that much the plans of hosts that are hardly off cannot be told apart."""
    others = [renewal(number, f"h{number}", offset, pause=3 * MS) for number, offset in enumerate(little)]
    late = renewal(99, "wrong", offset=-behind)
    lines = {f"h{number}": line(offset) for number, offset in enumerate(little)} | {"wrong": line(-behind)}
    known = habit([*healthy, *(o._replace(margin=float(MARGIN)) for o in others), late], lines | {"right": line(0)})
    assert known.basis == "absolute"
    assert cause(late, known, line(-behind)) == "skew"


@given(over_margin)
def test_a_pause(length: int) -> None:
    late = renewal(99, "right", pause=length)
    known = habit([*healthy, late], {"right": line(0)})
    assert cause(late, known, line(0)) == "pause"
    assert late_without_skew(late, known, line(0))[0]


@given(over_margin)
def test_a_slow_network(length: int) -> None:
    late = renewal(99, "right", network=length)
    known = habit([*healthy, late], {"right": line(0)})
    assert cause(late, known, line(0)) == "network"


@given(st.integers(0, 200 * MS), st.integers(0, 200 * MS), st.integers(2 * MS, 200 * MS))
def test_no_part_is_blamed_that_did_not_matter(behind: int, pause: int, more: int) -> None:
    network = max(0, MARGIN - behind - pause) + more
    late, clock = renewal(99, "wrong", -behind, pause, network), line(-behind)
    known = habit([*healthy, late], {"right": line(0), "wrong": clock})
    parts = {"skew": behind if known.basis == "absolute" else 0, "pause": pause, "network": network}
    blamed = cause(late, known, clock)
    if blamed == "unexplained":
        assert max(parts.values()) - MS <= late.late_nano
    else:
        assert parts[blamed] >= late.late_nano - MS
