"""Every case of every golden page, through the real loading, store, groundwork and detector."""

from __future__ import annotations

import pytest

from detectors import golden

CASES = [case for page in golden.pages() for case in golden.cases(page)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_page(case: golden.Case, detect) -> None:
    found = detect(case)
    expected = case.expected
    shown = "\n".join(f"  {finding}" for finding in found) or "  nothing"
    assert len(found) == len(expected), f"{len(expected)} findings expected, found\n{shown}"
    for row, finding in zip(expected, found, strict=True):
        assert not (told := golden.differences(row, finding)), "\n".join([*told, shown])
