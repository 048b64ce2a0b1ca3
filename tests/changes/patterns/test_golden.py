"""Every golden page holds, and says the same when only the patch is at hand or the change is undone and done again."""

from __future__ import annotations

import pytest

from changes.patterns import golden
from deep_code_reasoning.changes.diffs import pattern_catalogue
from deep_code_reasoning.changes.diffs.seen import matches_of

CASES = [case for page in golden.pages() for case in golden.cases(page)]
CODES = {module.__name__.rpartition(".")[2]: module.PATTERN.code for module in pattern_catalogue.modules()}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: golden.Case) -> None:
    found = sorted(case.found(CODES[case.page.stem]), key=lambda match: (match.path, match.line or 0))
    shown = "\n".join(f"{one.path}:{one.line} {one.function}: {one.words}" for one in found) or "none"
    assert case.expected is not None, "no matches block"
    assert len(found) == len(case.expected), shown
    assert not any(golden.differs(*pair) for pair in zip(case.expected, found, strict=True)), shown


@pytest.mark.parametrize("case", CASES, ids=str)
def test_fragments_do_not_fail_and_tell_lines_of_the_patch(case: golden.Case) -> None:
    files = [
        golden.changed_file(path, case.before.get(path), case.after.get(path), whole=False)
        for path in {**case.before, **case.after}
    ]
    for match in matches_of(files).matches:
        assert (
            match.text.rstrip("…") in " ".join(text.strip() for file in files for text in file.patch.splitlines())
            or match.text == ""
        )


@pytest.mark.parametrize("case", [case for case in CASES if case.before and case.after], ids=str)
def test_reformatting_alone_is_no_match(case: golden.Case) -> None:
    """The side after, with an empty line above each of its lines and a comment in front, against itself."""
    for path, text in case.after.items():
        loose = "\n\n".join(text.split("\n")) if not path.endswith((".md", ".py")) else "\n\n" + text
        assert matches_of([golden.changed_file(path, text, loose)]).matches == ()


@pytest.mark.parametrize("case", [case for case in CASES if case.after], ids=str)
def test_a_file_that_only_moved_is_no_match(case: golden.Case) -> None:
    for path, text in case.after.items():
        files = [golden.changed_file(path, text, None), golden.changed_file(f"moved/{path}", None, text)]
        assert matches_of(files).matches == ()
