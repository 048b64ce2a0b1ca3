"""Detection by content: each format is claimed by its own reader, other things by nobody."""

from pathlib import Path

import pytest

from deep_code_reasoning.sources.detect import detect, readers, unclaimed_reason
from deep_code_reasoning.sources.logs import text_layouts
from deep_code_reasoning.sources.reader import Sample
from deep_code_reasoning.sources.stream import EvidenceStream
from sources.reading import cases

PAGES = sorted(Path(__file__).parent.glob("*.md"))

UNCLAIMED = {
    "source code": b"import os\n\n\ndef main():\n    return os.getcwd()\n",
    "prose": b"# Readme\n\nIt was released on 2026-09-22 and works.\n",
    "binary": bytes(range(256)) * 64,
    "windows of a case": b'{\n "baseline": ["2023-01-29T08:50:00+00:00"]\n}\n',
    "commits": b'[{"sha": "3a1f", "commit": {"message": "fix", "author": {"date": "2026-09-22T10:02:11Z"}}}]',
    "deep": b"[" * 60_000,
    "numbers": b"17\n18\n",
}


def sample(content: bytes, name: str = "evidence") -> Sample:
    return Sample(Path(name), content[:65_536], complete=len(content) <= 65_536)


@pytest.mark.parametrize("content", UNCLAIMED.values(), ids=UNCLAIMED)
def test_other_things_are_claimed_by_nobody(content: bytes) -> None:
    assert detect(sample(content, "traces.otlp.jsonl")) is None


def test_the_name_does_not_matter() -> None:
    for page in PAGES:
        for case in cases(page):
            reader = detect(sample(case.data, "data.csv"))
            assert reader
            assert reader.name == page.stem


def test_claims_are_clear() -> None:
    """No two readers claim an example equally, so the order of modules decides nothing."""
    for page in PAGES:
        for case in cases(page):
            claims = sorted((reader.claims(sample(case.data)) for reader in readers()), reverse=True)
            assert claims[0] > claims[1]
            assert all(0 <= claim <= 100 for claim in claims)


def test_every_reader_says_what_it_accepts_and_has_a_page() -> None:
    assert len({reader.name for reader in readers()}) == len(readers())
    assert {page.stem for page in PAGES} >= {reader.name for reader in readers()} - {"git-repository"}
    assert all(reader.accepts and "\n" not in reader.accepts for reader in readers())


def test_what_nobody_claims_is_told_apart_from_an_empty_file() -> None:
    assert unclaimed_reason(sample(b"x")) == "format not recognised"
    assert unclaimed_reason(sample(b"")) == "empty file"


def test_what_is_damaged_from_its_start_is_not_told_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "spans.json.gz"
    path.write_bytes(b"\x1f\x8b\x08\0" + b"\xff" * 200)
    damaged = EvidenceStream(path).sample()
    assert damaged.head == b""
    assert unclaimed_reason(damaged) == "compressed data is damaged from here on"


def test_a_layout_is_compiled_for_a_line_that_could_be_in_it() -> None:
    """All of them take 15 ms, which every JSON log would wait for."""
    every = [text_layouts._layout(entry) for entry in text_layouts._table()["layouts"]]
    assert not any(text_layouts.begins('{"time": "2026-10-13T09:00:00Z"}', layout) for layout in every)
    assert not any("pattern" in vars(layout) for layout in every)
    assert any(text_layouts.begins("2026-10-13T09:00:00Z paid", layout) for layout in every)
    assert {layout.format for layout in every if "pattern" in vars(layout)} == {None, "syslog"}
    assert not any(layout.pattern.match('{"') for layout in every), "text_record takes it as known"
