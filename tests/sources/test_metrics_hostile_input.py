"""Broken and huge metrics: nothing is raised, whole lines around the damage are kept, what is lost is told by place."""

import gzip
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.sources.detect import detect
from deep_code_reasoning.sources.metrics.line_blocks import Block, blocks
from deep_code_reasoning.sources.metrics.metrics_csv import MetricsCsv
from deep_code_reasoning.sources.metrics.prometheus_api import PrometheusApi
from deep_code_reasoning.sources.metrics.prometheus_text import PrometheusText
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import LINE_TOO_LONG, EvidenceStream, Limits
from sources.reading import cases, read_bytes

SCRAPE = b"# TYPE a gauge\n" + b"".join(b'a{n="%d"} %d 1790000000000\n' % (i % 50, i) for i in range(20_000))
TABLE = b"time,metric,value\n" + b"".join(b"%d,m%d,%d\n" % (1_790_000_000 + i, i % 50, i) for i in range(20_000))


@pytest.mark.parametrize("content", [SCRAPE, TABLE], ids=["scrape", "table"])
class TestDamage:
    def test_a_line_in_the_middle(self, content: bytes, tmp_path: Path) -> None:
        lines = content.split(b"\n")
        lines[10_000] = b"\x00\xff{,,,"
        reading = read_bytes(b"\n".join(lines), tmp_path)
        assert reading.count("metrics") == 19_999
        assert [(skip.line, skip.offset) for skip in reading.skipped] == [(10_001, len(b"\n".join(lines[:10_000])) + 1)]

    def test_every_line_knows_its_place(self, content: bytes, tmp_path: Path) -> None:
        reading = read_bytes(content, tmp_path)
        starts = [0]
        for line in content.split(b"\n")[:-1]:
            starts.append(starts[-1] + len(line) + 1)
        assert sorted(row["source_offset"] for row in reading.rows["metrics"]) == starts[1:-1]

    def test_cut_off(self, content: bytes, tmp_path: Path) -> None:
        packed = gzip.compress(content)
        reading = read_bytes(packed[: len(packed) // 2], tmp_path)
        assert 0 < reading.count("metrics") < 20_000
        assert "compressed data ends before its end mark" in reading.reasons

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
    def test_encodings(self, content: bytes, encoding: str, tmp_path: Path) -> None:
        reading = read_bytes(content.decode().encode(encoding), tmp_path)
        assert (reading.count("metrics"), reading.skipped) == (20_000, [])

    def test_invalid_utf8_is_repaired(self, content: bytes, tmp_path: Path) -> None:
        reading = read_bytes(content.replace(b'n="7"', b'n="\xff"').replace(b",m7,", b",\xff,"), tmp_path)
        assert (reading.count("metrics"), reading.skipped) == (20_000, [])
        assert "\ufffd" in {row["name"] for row in reading.rows["metrics"]} | {
            row["attributes"].get("n") for row in reading.rows["metrics"]
        }

    def test_batches_stay_small(self, content: bytes, tmp_path: Path) -> None:
        path = tmp_path / "evidence"
        body = content[content.index(b"\n") + 1 :]
        path.write_bytes(content + body * 8)
        reader = detect(EvidenceStream(path).sample())
        assert reader
        sizes = [part.rows.num_rows for part in reader.read(EvidenceStream(path)) if isinstance(part, Batch)]
        assert max(sizes) <= 65_536
        assert sum(sizes) >= 180_000


def test_a_hundred_thousand_label_sets(tmp_path: Path) -> None:
    lines = [b'a{id="%d",pod="p-%d"} 1 1790000000000\n' % (i, i % 100) for i in range(100_000)]
    started = time.monotonic()
    reading = read_bytes(b"# TYPE a gauge\n" + b"".join(lines), tmp_path)
    assert (reading.count("metrics"), reading.count("resources"), reading.skipped) == (100_000, 100, [])
    assert time.monotonic() - started < 30


def test_an_unclosed_quote_does_not_swallow_the_lines_behind_it(tmp_path: Path) -> None:
    lines = TABLE.split(b"\n")
    lines[5] = b'1790000000,"m1,5'
    reading = read_bytes(b"\n".join(lines), tmp_path)
    assert (reading.count("metrics"), [skip.line for skip in reading.skipped]) == (19_999, [6])


def test_mixed_types_and_absurd_numbers(tmp_path: Path) -> None:
    rows = [
        b"1790000000,a,1",
        b"1790000001,a,Infinity",
        b"1790000002,a,nan",
        b"1790000003,a,1_0",
        b"9e30,a,1",
        b"-9,a,1",
    ]
    reading = read_bytes(b"time,metric,value\n" + b"\n".join([*rows, *[b"1790000009,a,2"] * 20]), tmp_path)
    assert [row["value"] for row in reading.rows["metrics"]][:2] == [1.0, float("inf")]
    assert reading.count("metrics") == 22
    assert sorted(skip.line or 0 for skip in reading.skipped) == [5, 6, 7]


def test_blocks_hold_every_line_once(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    content = b"".join(b"%d\n" % i * (i % 3 + 1) for i in range(50_000)) + b"last"
    path.write_bytes(content)
    parts = [part for part in blocks(EvidenceStream(path), size=1_000) if isinstance(part, Block)]
    assert b"".join(part.data for part in parts) == content + b"\n"
    for part in parts:
        assert content[part.offset :].startswith(part.data.rstrip(b"\n"))
        assert content[: part.offset].count(b"\n") == part.line - 1


def test_a_line_without_end_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"a\n" + b"x" * (9 << 20) + b"\nb\n")
    parts = list(blocks(EvidenceStream(path, limits=Limits(line_bytes=2 << 20)), size=1 << 20))
    assert [part.data for part in parts if isinstance(part, Block)] == [b"a\n", b"b\n"]
    assert [(part.line, part.reason) for part in parts if isinstance(part, Skipped)] == [(2, LINE_TOO_LONG)]
    assert parts[-1] == Block(3, 2 + (9 << 20) + 1, b"b\n")


@pytest.mark.parametrize(
    "line", [b"a{" * 100_000, b'a{x="' + b"\\" * 200_001, b" " * 200_000 + b"x", b"1," * 100_000, b'"' * 200_001]
)
def test_patterns_are_linear(line: bytes, tmp_path: Path) -> None:
    started = time.monotonic()
    for content in (SCRAPE, TABLE):
        reading = read_bytes(content + line + b"\n", tmp_path)
        assert reading.count("metrics") >= 20_000
    assert time.monotonic() - started < 10


PAGES = [Path(__file__).parent / f"{name}.md" for name in ("prometheus-text", "prometheus-api", "metrics-csv")]
EXAMPLES = [case.data for page in PAGES for case in cases(page)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_metrics_never_raise(data: st.DataObject, tmp_path: Path) -> None:
    """Every reader of metrics reads every mutated example, also those that it would not claim."""
    content = bytearray(data.draw(st.sampled_from(EXAMPLES)))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 40)))
        pieces = [b'"', b"{", b"]", b"\\", b"\n", b",", b" ", b"#", b"9" * 20, b"NaN", b"-"]
        content[start:end] = data.draw(st.one_of(st.binary(max_size=8), st.sampled_from(pieces)))
    path = tmp_path / "evidence"
    path.write_bytes(bytes(content))
    for reader in (PrometheusText(), PrometheusApi(), MetricsCsv()):
        assert 0 <= reader.claims(EvidenceStream(path).sample()) <= 100
        for part in reader.read(EvidenceStream(path)):
            if isinstance(part, Batch):
                part.rows.validate(full=True)
