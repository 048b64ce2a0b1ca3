"""The catalogue of detectors as a whole: codes, pages, golden cases, SQL, and that detectors stay apart."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import ModuleType

import pytest
import sqlglot

from deep_code_reasoning import detectors
from deep_code_reasoning.detectors import registry
from deep_code_reasoning.errors import UsageError
from detectors import golden

FOLDER = Path(detectors.__file__).parent
SQL = sorted(FOLDER.glob("**/*.sql"))
MODULES = registry.modules()
SECTIONS = ["What it detects", "Why it matters", "How it is computed", "Not this when", "What to do"]

each_detector = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.RULE.code)


def test_codes_and_names_are_unique() -> None:
    for key in ("code", "name"):
        keys = [getattr(rule, key) for rule in registry.all_rules()]
        assert len(keys) == len(set(keys)) > 0


@each_detector
def test_code_and_name_are_well_formed(module: ModuleType) -> None:
    assert re.fullmatch(r"[A-Z]{2,7}\d{3}", module.RULE.code)
    assert module.RULE.name == Path(module.__file__ or "").stem.replace("_", "-")
    assert module.RULE.title.endswith(".")


@each_detector
def test_page_has_its_sections_in_order(module: ModuleType) -> None:
    page = registry.page(module.RULE.code)
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == SECTIONS
    for section in page.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        assert len(text.split()) >= 8, f"{title}: says nothing"


@each_detector
def test_sql_is_beside(module: ModuleType) -> None:
    assert Path(module.__file__ or "").with_suffix(".sql").exists()


@each_detector
def test_golden_page_has_a_case_for_and_a_case_against(module: ModuleType) -> None:
    source = Path(module.__file__ or "")
    page = golden.PAGES / source.parent.name / f"{source.stem}.md"
    assert page.exists(), f"{module.RULE.code} has no golden page"
    cases = golden.cases(page)
    assert any(case.expected for case in cases), "no case where it finds something"
    assert any(not case.expected for case in cases), "no case where it has to keep quiet"
    for case in cases:
        assert all(row.get("code", module.RULE.code) == module.RULE.code for row in case.expected)


def test_every_golden_page_belongs_to_a_detector() -> None:
    names = {(Path(module.__file__ or "").parent.name, Path(module.__file__ or "").stem) for module in MODULES}
    assert {(page.parent.name, page.stem) for page in golden.pages()} == names


@each_detector
def test_detectors_do_not_import_one_another(module: ModuleType) -> None:
    others = {other.__name__ for other in MODULES if other is not module}
    tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
    imported = {
        f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    prefixes = {name.rpartition(".")[0] for name in imported} | imported
    assert not others & prefixes


@pytest.mark.parametrize("path", SQL, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_sql_can_be_carried_to_clickhouse(path: Path) -> None:
    text = re.sub(r"\$\w+", "1", path.read_text(encoding="utf-8"))
    for statement in sqlglot.parse(text, read="duckdb"):
        if statement:
            written = statement.sql("clickhouse", unsupported_level=sqlglot.ErrorLevel.RAISE)
            assert sqlglot.parse_one(written, read="clickhouse")


def test_a_rule_is_found_by_code_and_by_name() -> None:
    for rule in registry.all_rules():
        assert registry.rule(rule.code.lower()) is registry.rule(rule.name) is rule


def test_an_unknown_rule_is_answered_with_those_that_come_close() -> None:
    with pytest.raises(UsageError, match=r"'lease-overlaps'; known are LOCK001 lease-overlap"):
        registry.rule("lease-overlaps")
