"""Clock steps and shared host keys against simulated clocks: what is told holds, and quiet clocks are left alone."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from deep_code_reasoning.detectors.groundwork.clocks import host_clocks, host_islands
from deep_code_reasoning.detectors.groundwork.clocks.by_host import Clocks
from store.rows import tables_of

EPOCH = 1_791_882_000_000_000_000
MS = 1_000_000
SECOND = 1_000 * MS


def called(random: Random, start: float, there: float, theta, false: bool = False, unit: int = 1) -> list:
    """A client span on a and the server span it causes on b, whose clock is ahead of a's by theta(true time)."""
    work, back = (0.2 * MS + random.expovariate(1 / (2 * MS)) for _ in range(2))
    begin, answered = start + there, start + there + work
    begin, answered = begin + theta(begin) + 300 * MS * false, answered + theta(answered) + 300 * MS * false
    t1, t2, t3, t4 = (EPOCH + int(at) // unit * unit for at in (start, begin, answered, start + there + work + back))
    ids = {"trace_id": f"{random.getrandbits(128):032x}"}
    client = ids | {"span_id": "a", "kind": "client", "host": "a"}
    server = ids | {"span_id": "b", "parent_span_id": "a", "kind": "server", "host": "b"}
    return [
        client | {"start_time_unix_nano": t1, "duration_nano": t4 - t1},
        server | {"start_time_unix_nano": t2, "duration_nano": max(0, t3 - t2)},
    ]


def spans(random: Random, count: int, theta, false_share: float = 0.0, unit: int = 1) -> list:
    return [
        span
        for _ in range(count)
        for span in called(
            random,
            random.random() * 600 * SECOND,
            0.2 * MS + random.expovariate(1 / (3 * MS)),
            theta,
            random.random() < false_share,
            unit,
        )
    ]


def broken(path: Path, spans: list) -> list[tuple]:
    with tables_of(path, spans=spans) as tables:
        host_clocks.prepare(tables)
        return tables.rows("SELECT kind, low_nano, high_nano, begin_unix_nano, end_unix_nano FROM host_clock_breaks")


@pytest.mark.parametrize("seed", range(8))
def test_a_step_is_found_with_its_moment_and_size(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    moment = random.uniform(60, 540) * SECOND
    jump = random.choice((-1, 1)) * random.uniform(30, 5_000) * MS
    offset, drift = random.uniform(-200, 200) * MS, random.uniform(-100, 100) * 1e-6
    found = broken(tmp_path, spans(random, 800, lambda at: offset + drift * at + jump * (at >= moment)))
    assert len(found) == 1
    kind, low, high, begin, end = found[0]
    assert kind == "step"
    assert low <= jump <= high
    assert begin - 20 * MS <= EPOCH + moment <= end + 20 * MS
    assert high - low < 40 * MS


@pytest.mark.parametrize("seed", range(4))
def test_the_bounds_hold_on_either_side_of_a_step(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    moment, jump = random.uniform(60, 540) * SECOND, random.uniform(-400, 400) * MS

    def theta(at: float) -> float:
        return 50 * MS + jump * (at >= moment)

    with tables_of(tmp_path, spans=spans(random, 800, theta)) as tables:
        host_clocks.prepare(tables)
        line = Clocks(tables).between("b", "a")
        assert line is not None
        for at in (0, moment - 1, moment + 1, 600 * SECOND):
            assert abs(line.at(EPOCH + at) - theta(at)) <= line.error_nano


@pytest.mark.parametrize("seed", range(4))
def test_two_machines_under_one_key_are_no_step_and_bound_nothing(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    apart = random.uniform(50, 3_000) * MS
    with tables_of(tmp_path, spans=spans(random, 600, lambda at: apart * (random.random() < 0.4))) as tables:
        host_clocks.prepare(tables)
        ((kind, low),) = tables.rows("SELECT kind, low_nano FROM host_clock_breaks")
        assert kind == "several clocks"
        assert 0 < low <= apart
        assert Clocks(tables).between("b", "a") is None


def test_steady_clocks_with_false_calls_are_left_alone(tmp_path: Path) -> None:
    """Of 150 pairs of hosts with a false call in a hundred (promised: one alarm in a million), none is reported."""
    random, everything = Random(5), []
    for pair in range(150):
        offset, drift = random.uniform(-500, 500) * MS, random.uniform(-150, 150) * 1e-6
        count = random.choice((3, 10, 40, 150))
        some = spans(random, count, lambda at, o=offset, d=drift: o + d * at, false_share=0.01)
        everything += [span | {"host": f"{span['host']}{pair}"} for span in some]
    assert broken(tmp_path, everything) == []


@pytest.mark.parametrize("unit", [1_000, MS, SECOND])
@pytest.mark.parametrize("seed", range(3))
def test_times_that_were_cut_off_bound_only_so_well(tmp_path: Path, unit: int, seed: int) -> None:
    random = Random(seed)
    offset = random.uniform(-3_000, 3_000) * MS
    with tables_of(tmp_path, spans=spans(random, 200, lambda at: offset, unit=unit)) as tables:
        host_clocks.prepare(tables)
        line = Clocks(tables).between("b", "a")
        assert line is not None
        assert abs(line.offset_nano - offset) <= line.error_nano
        assert tables.rows("SELECT COUNT(*) FROM host_clock_breaks") == [(0,)]


def test_hosts_that_no_call_connects_are_not_compared() -> None:
    end = {("a", "b"): (1.0, 3.0, 5), ("c", "d"): (-4.0, -2.0, 3)}
    found = list(host_islands.islands(["a", "b", "c", "d"], [end, end]))
    assert [(island.hosts, island.bounds[1]) for island in found] == [
        (["a", "b"], (1.0, 3.0, 1.0, 3.0)),
        (["c", "d"], (-4.0, -2.0, -4.0, -2.0)),
    ]


def test_a_circle_that_contradicts_itself_is_told_with_its_size() -> None:
    end = {("a", "b"): (0.0, 1.0, 9), ("b", "c"): (0.0, 1.0, 9), ("a", "c"): (30.0, 31.0, 4)}
    (island,) = host_islands.islands(["a", "b", "c"], [end, end])
    (cycle,) = island.cycles
    assert cycle.refused == ("a", "c")
    assert sorted(cycle.hosts) == ["a", "b", "c"]
    assert cycle.excess == pytest.approx(28.0)
    assert island.bounds[2] == (0.0, 2.0, 0.0, 2.0)


def test_clocks_of_two_islands_are_kept_apart(tmp_path: Path) -> None:
    random, theta = Random(1), lambda at: 70 * MS
    near = spans(random, 40, theta)
    far = [span | {"host": {"a": "c", "b": "d"}[span["host"]]} for span in spans(random, 30, theta)]
    with tables_of(tmp_path, spans=near + far) as tables:
        host_clocks.prepare(tables)
        clocks = Clocks(tables)
        assert [sorted(island) for island in clocks.islands()] == [["a", "b"], ["c", "d"]]
        assert clocks.between("d", "a") is None
        inside = clocks.between("d", "c")
        assert inside is not None
        assert abs(inside.offset_nano - 70 * MS) <= inside.error_nano
        assert tables.rows("SELECT host FROM host_clocks ORDER BY host") == [("a",), ("b",)]
