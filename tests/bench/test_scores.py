"""The arithmetic of the scores: ranks, reliability, temperature, isotonic steps, and what counts as an alarm."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
sys.path.append(str(BENCH))

import calibration  # noqa: E402
import scored_incidents  # noqa: E402
from calibration import Verdict  # noqa: E402
from scored_incidents import Answered, Incident  # noqa: E402
from store.rows import tables_of  # noqa: E402

INCIDENT = Incident("one", Path("one"), "payment", "slow")


def verdicts(*pairs: tuple[float, int, int]) -> list[Verdict]:
    """(confidence, right, of) each."""
    return [Verdict(confidence, number < right) for confidence, right, of in pairs for number in range(of)]


@pytest.mark.parametrize(
    ("services", "verdict", "rank", "is_right"),
    [
        (("payment", "cart"), {"kind": "code", "service": "payment"}, 1, True),
        (("cart", "payment"), {"kind": "code", "service": "cart"}, 2, False),
        (("payment",), {"kind": "unknown", "service": None}, 1, True),
        ((), {"kind": "none", "service": None}, None, False),
        (("payment",), {"kind": "none", "service": None}, 1, False),
    ],
)
def test_what_is_right(services: tuple[str, ...], verdict: dict, rank: int | None, is_right: bool) -> None:
    answer = Answered(INCIDENT, 1.0, services, verdict)
    assert (answer.rank, answer.is_right) == (rank, is_right)


def test_a_set_is_read_with_its_windows(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "case.json").write_text('{"baseline": ["1", "2"], "incident": ["3", "4"]}')
    (tmp_path / "b" / "traces.jsonl").write_text("")
    (tmp_path / "truth.json").write_text('{"b": {"service": "s", "fault": "f"}, "a": {"service": "t", "fault": "g"}}')
    first, second = scored_incidents.read_set(tmp_path, tmp_path / "truth.json")
    assert (first.name, first.windows) == ("a", ())
    assert second.windows == ("--baseline", "1/2", "--incident", "3/4")
    assert [path.name for path in second.files()] == ["traces.jsonl"]


def test_reliability_counts_each_verdict_once() -> None:
    lines = calibration.reliability(verdicts((0.3, 1, 2), (0.5, 1, 4), (0.85, 3, 4), (1.0, 2, 2)))
    assert [line.split(" | ")[:3] for line in lines[2:]] == [
        ["| 0.0-0.5", "2", "1"],
        ["| 0.5-0.6", "4", "1"],
        ["| 0.8-0.9", "4", "3"],
        ["| 0.9-1.0", "2", "2"],
    ]


def test_wilson_interval_is_the_published_one() -> None:
    assert calibration.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert calibration.wilson(0, 10)[0] == 0


def test_brier_of_one_half_is_a_quarter() -> None:
    assert calibration.brier(verdicts((0.5, 3, 7))) == 0.25


def test_the_temperature_is_the_one_that_makes_odds_true() -> None:
    """Said 0.9 (9 to 1), right in 3 of 4 (3 to 1): log odds are to be halved."""
    said = verdicts((0.9, 30, 40))
    assert calibration.best_temperature(said) == pytest.approx(math.log(9) / math.log(3), rel=1e-4)
    assert calibration.best_temperature(verdicts((0.75, 30, 40))) == pytest.approx(1, rel=1e-4)


def test_isotonic_steps_rise_and_pool_what_falls() -> None:
    steps = calibration.isotonic(verdicts((0.6, 1, 2), (0.7, 1, 4), (0.9, 4, 4)))
    assert steps == [(0.6, 0.7, pytest.approx(2 / 6)), (0.9, 0.9, 1.0)]


def test_an_alarm_counts_once_however_often_it_sounds(tmp_path: Path) -> None:
    def span(number: int, service: str, ms: int, status: str = "unset") -> dict:
        return {
            "service_name": service,
            "name": "work",
            "trace_id": f"{number:032x}",
            "start_time_unix_nano": number * 1000,
            "duration_nano": ms,
            "status_code": status,
        }

    before = [span(n, service, 10 + n % 3) for n in range(50) for service in ("cart", "stock", "web")]
    after = [span(n, "cart", 500) for n in range(50, 100)] + [span(n, "web", 10) for n in range(50, 100)]
    after += [span(60, "stock", 900), span(61, "stock", 5, "error")]
    sql = (BENCH / "alert_counting.sql").read_text(encoding="utf-8")
    edges = {"baseline_start": 0, "baseline_end": 50_000, "incident_start": 50_000, "incident_end": 100_000}
    with tables_of(tmp_path, spans=before + after) as tables:
        assert tables.rows(sql, **edges) == [("stock",), ("cart",)]
