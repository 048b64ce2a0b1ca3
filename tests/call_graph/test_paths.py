"""A small program of every language: the path from its entry point, step by step. The pages are in `cases/`."""

from __future__ import annotations

from pathlib import Path

import pytest

from call_graph.cases import FOLDER, read_case, shown
from call_graph.programs import path_of, write
from deep_code_reasoning.code.language import languages

PAGES = sorted(FOLDER.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_path(page: Path, tmp_path: Path) -> None:
    case = read_case(page)
    assert case.expected
    assert shown(path_of(write(tmp_path, case.files), case.entry)) == case.expected


def test_there_is_a_page_of_every_language() -> None:
    assert {page.stem for page in PAGES} == set(languages())
