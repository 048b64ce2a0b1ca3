"""Where evidence falls silent: between two exports, not in a pause, not at night."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deep_code_reasoning.diagnosis.stretches import LIKE_IT, LONGER, NEIGHBOURS, apart, stretches_of
from store.rows import tables_of

SECOND = 1_000_000_000


def cut(seconds: np.ndarray | list[float]) -> list[tuple[float, float]]:
    moments = (np.asarray(seconds, dtype=float) * SECOND).astype(np.int64)
    return [(one.start / SECOND, (one.end - 1) / SECOND) for one in apart(moments, moments)]


def busy(start: float, seconds: int) -> list[float]:
    return [start + second for second in range(seconds)]


def test_two_exports_are_two_stretches() -> None:
    assert cut([*busy(0, 60), *busy(600, 60)]) == [(0, 59), (600, 659)]


def test_several_exports_of_few_moments_each() -> None:
    exports = [busy(start, 30) for start in (0, 300, 900, 5_000)]
    assert cut(np.concatenate(exports)) == [(e[0], e[-1]) for e in exports]


def test_evidence_without_silence_is_one_stretch() -> None:
    assert cut(busy(0, 500)) == [(0, 499)]


def test_a_pause_below_a_minute_is_no_silence() -> None:
    assert len(cut([*busy(0, 60), *busy(118, 60)])) == 1


def test_a_quiet_night_is_not_cut_to_pieces() -> None:
    night = [3_600 + 300 * turn for turn in range(1, 100)]
    assert len(cut([*busy(0, 3_600), *night, *busy(night[-1] + 100, 3_600)])) == 1


def test_rare_irregular_events_are_one_stretch() -> None:
    """Events at random, one in ten minutes: a gap is called silence as often as promised, that is never here."""
    for seed in range(50):
        assert len(cut(np.random.default_rng(seed).exponential(600, 400).cumsum())) == 1


def test_the_documented_chance_of_silence_by_accident() -> None:
    chance = np.prod([i / (i + LONGER) for i in range(LIKE_IT + 1, 2 * NEIGHBOURS + 1)])
    assert 1 / chance == pytest.approx(8e6, rel=0.1)


def test_an_absurd_time_stands_alone() -> None:
    assert cut([0, *busy(1_700_000_000, 60)])[1:] == [(1_700_000_000, 1_700_000_059)]


def test_no_evidence_no_stretch() -> None:
    assert cut([]) == []
    assert cut([5]) == [(5, 5)]
    assert len(cut([5, 500])) == 1, "two moments have no usual gap"


def test_of_logs_alone_the_lines_of_one_request_count_once(tmp_path: Path) -> None:
    lines = [{"trace_id": f"{n // 5:032x}", "time_unix_nano": n, "body": "x"} for n in range(20)]
    lines += [{"time_unix_nano": 30 + n, "body": "y"} for n in range(3)]
    with tables_of(tmp_path, logs=lines) as tables:
        found = stretches_of(tables)
    assert found.counted.tolist() == [0, 5, 10, 15, 30, 31, 32]
    assert (len(found.traces), found.unit) == (0, "requests or lines in the logs")
