"""Cycles of waits: found when they close at one time, and not otherwise; hostile reports cost little time."""

from __future__ import annotations

import time

from deep_code_reasoning.detectors.locks import wait_cycles
from deep_code_reasoning.detectors.locks.wait_cycles import Wait


def wait(waiter: int, holder: int, key: str, begin: int = 0, end: int = 100) -> Wait:
    return Wait(waiter, holder, key, begin, end, end - begin)


def test_three_that_wait_in_a_ring_are_one_cycle_told_once() -> None:
    ring = [wait(1, 2, "b"), wait(2, 3, "c"), wait(3, 1, "a")]
    assert [len(cycle) for cycle in wait_cycles.cycles(ring)] == [3]
    assert wait_cycles.cycles(ring[::-1]) == wait_cycles.cycles(ring)


def test_a_queue_is_no_cycle() -> None:
    assert wait_cycles.cycles([wait(1, 2, "a"), wait(2, 3, "a"), wait(3, 4, "a")]) == []


def test_waits_at_different_times_are_no_cycle() -> None:
    assert wait_cycles.cycles([wait(1, 2, "a", 0, 10), wait(2, 1, "b", 10, 20)]) == []
    assert len(wait_cycles.cycles([wait(1, 2, "a", 0, 11), wait(2, 1, "b", 10, 20)])) == 1


def test_two_cycles_that_share_a_waiter_are_both_told() -> None:
    both = [wait(1, 2, "a"), wait(2, 1, "b"), wait(1, 3, "c"), wait(3, 1, "d")]
    assert len(wait_cycles.cycles(both)) == 2


def test_everybody_waiting_for_everybody_ends_soon() -> None:
    crowd = [wait(a, b, str(b)) for a in range(60) for b in range(60) if a != b]
    begun = time.process_time()
    assert wait_cycles.cycles(crowd)
    assert time.process_time() - begun < 5


def test_reports_are_read_and_hostile_ones_are_quick() -> None:
    text = "Process 7 waits for ShareLock on transaction 1; blocked by process 8."
    assert wait_cycles.told(text) == [Wait("7", "8", "ShareLock on transaction 1")]
    begun = time.process_time()
    for hostile in ("process 1 waits for " * 400, '"a": waiting to lock monitor ' * 300, '"' * 8000, "thread a " * 900):
        assert wait_cycles.told(hostile) == []
    assert time.process_time() - begun < 2
