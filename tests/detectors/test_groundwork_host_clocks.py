"""host_clocks over real tables: the true offset always lies within offset ± error."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from deep_code_reasoning.detectors.groundwork.clocks import host_clocks
from deep_code_reasoning.detectors.groundwork.clocks.by_host import Clocks
from store.rows import tables_of

EPOCH = 1_791_882_000_000_000_000
MS = 1_000_000


def calls(offsets: dict[str, int], drifts: dict[str, float], count: int, seed: int) -> list[dict]:
    """Client and server spans between random hosts, network delays of 0.2 ms and more, stamped by skewed clocks."""
    random, spans = Random(seed), []

    def shown(host: str, at: float) -> int:
        return EPOCH + offsets[host] + round(at * (1 + drifts[host] * 1e-6))

    for number in range(count):
        client, server = random.sample(sorted(offsets), 2)
        start = random.random() * 600e9
        there, work, back = (0.2 * MS + random.expovariate(1 / (2 * MS)) for _ in range(3))
        times = (start, start + there, start + there + work, start + there + work + back)
        t1, t2, t3, t4 = (shown(host, at) for host, at in zip((client, server, server, client), times, strict=True))
        common = {"trace_id": f"{number + 1:032x}"}
        called = {"span_id": "a", "kind": "client", "host": client}
        served = {"span_id": "b", "parent_span_id": "a", "kind": "server", "host": server}
        spans.append(common | called | {"start_time_unix_nano": t1, "duration_nano": t4 - t1})
        spans.append(common | served | {"start_time_unix_nano": t2, "duration_nano": t3 - t2})
    return spans


hosts = st.dictionaries(
    st.sampled_from("abcde"),
    st.tuples(st.integers(-500 * MS, 500 * MS), st.floats(-90, 90)),
    min_size=2,
)


@given(hosts, st.integers(1, 200), st.integers(0, 2**32))
@settings(max_examples=12, deadline=None)
def test_true_offsets_lie_within_the_bounds(hosts: dict, count: int, seed: int) -> None:
    offsets = {host: offset for host, (offset, _) in hosts.items()}
    drifts = {host: drift for host, (_, drift) in hosts.items()}
    with (
        TemporaryDirectory() as folder,
        tables_of(Path(folder), spans=calls(offsets, drifts, count, seed)) as tables,
    ):
        host_clocks.prepare(tables)
        clocks = Clocks(tables)
        assert tables.rows("SELECT SUM(slack_nano) FROM host_clock_pairs") == [(0,)]
        for host, line in clocks.lines.items():
            reference = next(iter(clocks.lines))
            for at in (0.0, 300e9, 600e9):
                true = offsets[host] - offsets[reference] + at * (drifts[host] - drifts[reference]) * 1e-6
                found = line.at(EPOCH + at)
                # the host's own clock is used as time: off by less than a second, at 200 ppm a fifth of a ms
                extrapolated = 1e9 * 200e-6 + _outside(tables, EPOCH + at) * 400e-6
                assert abs(true - found) <= line.error_nano + extrapolated
            # lines that fit the calls: shared by 200 ppm of the longest call, over the time the calls span
            assert abs(drifts[host] - drifts[reference] - line.drift_ppm) <= line.drift_error_ppm + 0.1


def _outside(tables, at: float) -> float:
    """How long before the first or after the last call a moment is."""
    first, last = tables.rows("SELECT MIN(time_unix_nano), MAX(time_unix_nano) FROM clock_samples")[0]
    return max(0.0, first - at, at - last)


def test_a_call_with_an_absurd_time_spoils_nothing(tmp_path: Path) -> None:
    spans = calls({"a": 0, "b": 40 * MS}, {"a": 0, "b": 0}, 200, seed=1)
    lost = calls({"a": 0, "b": 40 * MS}, {"a": 0, "b": 0}, 1, seed=2)
    for span in lost:
        span |= {"trace_id": "f" * 32, "start_time_unix_nano": span["start_time_unix_nano"] - EPOCH}
    with tables_of(tmp_path, spans=[*spans, *lost]) as tables:
        host_clocks.prepare(tables)
        line = Clocks(tables).between("b", "a")
        assert line is not None
        assert abs(line.offset_nano - 40 * MS) <= line.error_nano < 2 * MS


def test_evidence_of_one_host_has_no_pairs(tmp_path: Path) -> None:
    spans = [{"span_id": "a", "kind": "client", "host": "one"}, {"span_id": "b", "parent_span_id": "a", "host": "one"}]
    with tables_of(tmp_path, spans=spans) as tables:
        host_clocks.prepare(tables)
        assert tables.count("host_clocks") == tables.count("host_clock_pairs") == 0
        assert Clocks(tables).between("one", "one") is not None
        assert Clocks(tables).between("one", "two") is None


def test_calls_from_the_ends_of_sixty_four_bits_do_not_overflow(tmp_path: Path) -> None:
    """The quantiles are then so far apart that a width beside them is no 64-bit time any more."""
    spans = calls({"a": 0, "b": 5 * MS}, {"a": 0.0, "b": 0.0}, 60, 1)
    for place, span in enumerate(spans):
        span["start_time_unix_nano"] += 4_000_000_000_000_000_000 if place // 2 % 2 else -1_700_000_000_000_000_000
    with tables_of(tmp_path, spans=spans) as tables:
        host_clocks.prepare(tables)
        assert len(Clocks(tables).lines) >= 1
