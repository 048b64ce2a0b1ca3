"""Hypotheses over many families of detectors, true and false, each judged for the right reason."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detectors import golden, golden_evidence
from experiments.conftest import Place

DATA = tomllib.loads(Path(__file__).with_name("hypotheses.toml").read_text(encoding="utf-8"))["case"]


def test_there_are_enough_of_both_kinds() -> None:
    verdicts = [one["verdict"] for case in DATA for one in case["hypotheses"]]
    assert len(verdicts) >= 20
    assert len({case["page"].split("/")[0] for case in DATA}) >= 8
    assert all(verdicts.count(kind) >= 6 for kind in ("supported", "refuted", "inconclusive"))


@pytest.mark.slow
@pytest.mark.parametrize("case", DATA, ids=lambda case: case["page"])
def test_hypotheses(case: dict[str, Any], loaded: Callable[..., Place], tmp_path: Path) -> None:
    page = golden.cases(golden.PAGES / f"{case['page']}.md")[0]
    windows = page.incident()
    place = loaded(golden_evidence.write(page, tmp_path), baseline=windows.baseline, incident=windows.incident)
    told = []
    for one in case["hypotheses"]:
        tested = place.tested(one["text"])
        if (tested.verdict, one["reason"] in tested.counted.reason) != (one["verdict"], True):
            shown = "\n".join(f"    {o.prediction.statement}: {o.result}; {o.reason}" for o in tested.outcomes)
            told.append(
                f"{one['text']}: {tested.verdict}; {tested.counted.reason}\n  {tested.hypothesis.reading}\n{shown}"
            )
    assert not told, "\n".join(told)
