"""The catalogue of patterns as a whole: codes, pages, golden cases, one vocabulary of symptoms."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from changes.patterns import golden
from deep_code_reasoning.changes import diffs
from deep_code_reasoning.changes.diffs import pattern_catalogue
from deep_code_reasoning.changes.diffs.kinds import kinds

MODULES = pattern_catalogue.modules()
SECTIONS = ["What it finds", "Why it matters", "How it is computed", "Not this when"]
DATA = tomllib.loads((Path(diffs.__file__).parent / "kinds.toml").read_text(encoding="utf-8"))

each_pattern = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.PATTERN.code)


def test_codes_and_names_are_unique() -> None:
    for key in ("code", "name"):
        keys = [getattr(module.PATTERN, key) for module in MODULES]
        assert len(keys) == len(set(keys)) > 0


@each_pattern
def test_page_has_its_sections_in_order(module: ModuleType) -> None:
    page = pattern_catalogue.page(module.PATTERN.code)
    assert page
    assert page == pattern_catalogue.page(module.PATTERN.name.upper())
    assert re.fullmatch(r"DIFF\d{3}", module.PATTERN.code)
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == SECTIONS
    for section in page.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        assert len(text.split()) >= 8, f"{title}: says nothing"


@each_pattern
def test_symptoms_are_those_of_the_kinds(module: ModuleType) -> None:
    assert module.PATTERN.symptoms
    assert module.PATTERN.symptoms <= set(DATA["symptoms"])


@each_pattern
def test_golden_page_has_cases_for_and_against_in_three_languages(module: ModuleType) -> None:
    page = golden.PAGES / f"{module.__name__.rpartition('.')[2]}.md"
    assert page.exists(), f"{module.PATTERN.code} has no golden page"
    for some in (bool, lambda expected: not expected):
        cases = [case for case in golden.cases(page) if some(case.expected)]
        assert cases
    languages = {language for case in golden.cases(page) if case.expected for language in case.languages}
    assert len(languages) >= 3, f"{page.name}: {languages}"


def test_every_golden_page_belongs_to_a_pattern() -> None:
    assert {page.stem for page in golden.pages()} == {module.__name__.rpartition(".")[2] for module in MODULES}


def test_a_kind_says_its_words_in_one_place() -> None:
    """A kind that is also a pattern has words and symptoms from there, and another names patterns that exist."""
    names = {module.PATTERN.name for module in MODULES}
    for entry in DATA["kind"]:
        assert ("words" in entry, "symptom" in entry) == ((entry["name"] not in names),) * 2, entry["name"]
        assert set(entry.get("same_as", ())) <= names
    assert all(kind.words and kind.symptom for kind in kinds())


def test_an_unknown_code_has_no_page() -> None:
    assert pattern_catalogue.page("DIFF999") is None


def test_the_catalogue_loads_no_grammar() -> None:
    told = "import sys, deep_code_reasoning.changes.diffs.kinds as k; k.kinds(); print('tree_sitter' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
