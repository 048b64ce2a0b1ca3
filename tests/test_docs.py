"""The generated pages: one a detector with its examples, stale ones told and removed, links that lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from deep_code_reasoning.detectors import registry

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_detector_has_a_page_with_what_it_reports_and_when_it_keeps_quiet(generate: ModuleType) -> None:
    pages = generate.pages()
    for rule in registry.all_rules():
        page = pages[f"detectors/{rule.code}-{rule.name}.md"]
        assert registry.page(rule.code).strip() in page
        reports, quiet = page.split("It keeps quiet:")
        assert "\n- " in reports.split("It reports:")[1]
        assert "\n- " in quiet
        assert f"(detectors/{rule.code}-{rule.name}.md)" in pages["detectors.md"]


def test_pages_that_differ_are_told_and_put_right(generate: ModuleType, tmp_path: Path) -> None:
    wanted = {"index.md": "all\n", "detectors/A.md": "a\n"}
    assert generate.differing(tmp_path, wanted) == ["detectors/A.md", "index.md"]
    generate.write(tmp_path, wanted)
    assert generate.differing(tmp_path, wanted) == []
    (tmp_path / "detectors" / "A.md").write_text("edited by hand\n")
    (tmp_path / "detectors" / "B.md").write_text("of a detector that is no more\n")
    assert generate.differing(tmp_path, wanted) == ["detectors/A.md", "detectors/B.md"]
    generate.write(tmp_path, wanted)
    assert (tmp_path / "detectors" / "A.md").read_text() == "a\n"
    assert not (tmp_path / "detectors" / "B.md").exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT / "docs").as_posix())
def test_links_lead_to_files(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert broken == []
