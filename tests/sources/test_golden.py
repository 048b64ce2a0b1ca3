"""The golden pages beside this file, each case against the reader that detection chooses."""

from pathlib import Path

import pytest

from deep_code_reasoning.kernels.cache import Kernels
from sources.reading import Case, cases, check, read_bytes

PAGES = sorted(Path(__file__).parent.glob("*.md"))
CASES = [pytest.param(page.stem, case, id=f"{page.stem}: {case.title}") for page in PAGES for case in cases(page)]


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
@pytest.mark.parametrize(("reader", "case"), CASES)
def test_case(reader: str, case: Case, compiled: bool, tmp_path: Path, kernels: Kernels) -> None:
    reading = read_bytes(case.data, tmp_path, case.file, kernels=kernels if compiled else None)
    assert reading.reader == reader
    check(case, reading)


def test_there_are_pages() -> None:
    assert len(PAGES) >= 5
