"""Broken, cut, huge and malicious evidence: nothing is raised, nothing valid is lost, what is lost is told."""

import bz2
import gzip
import json
import lzma
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.sources import detect as detection
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream, Limits
from sources.packed import zstd
from sources.reading import cases, read_bytes, read_path

PAGES = sorted(Path(__file__).parent.glob("*.md"))
EXAMPLES = [case.data for page in PAGES for case in cases(page)]


def span_line(number: int) -> bytes:
    span = {"traceId": f"{number + 1:032x}", "spanId": f"{number + 1:016x}", "name": "é", "startTimeUnixNano": "1"}
    request = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    return json.dumps(request, ensure_ascii=False).encode() + b"\n"


def spans_file(count: int) -> bytes:
    return b"".join(map(span_line, range(count)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_evidence_never_raises(data: st.DataObject, tmp_path: Path) -> None:
    """Every reader reads every mutated example, also those that it would not claim."""
    content = bytearray(data.draw(st.sampled_from(EXAMPLES)))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 40)))
        content[start:end] = data.draw(
            st.one_of(st.binary(max_size=8), st.sampled_from([b'"', b"{", b"]", b"\\", b"\n"]))
        )
    path = tmp_path / "evidence"
    path.write_bytes(bytes(content))
    for reader in detection.readers():
        assert 0 <= reader.claims(EvidenceStream(path).sample()) <= 100
        for part in reader.read(EvidenceStream(path)):
            if isinstance(part, Batch):
                part.rows.validate(full=True)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(broken=st.lists(st.integers(0, 29), unique=True, max_size=6), seed=st.integers(0, 2**16))
def test_every_line_is_a_row_or_is_told(broken: list[int], seed: int, tmp_path: Path) -> None:
    """Cutting lines anywhere costs those lines and no others; each is named with its line and its byte."""
    chance = random.Random(seed)
    lines = [span_line(number) for number in range(30)]
    for number in broken:
        lines[number] = lines[number][: chance.randrange(25, len(lines[number]) - 2)] + b"\n"
    reading = read_bytes(b"".join(lines), tmp_path)
    starts = [sum(map(len, lines[:number])) for number in range(30)]
    assert {skip.line for skip in reading.skipped} == {number + 1 for number in broken}
    assert all(skip.offset == starts[skip.line - 1] for skip in reading.skipped if skip.line)
    found = {row["source_offset"] for row in reading.rows["spans"]}
    assert found >= {start for number, start in enumerate(starts) if number not in broken}


def zstd_with_checksum(data: bytes) -> bytes:
    """As the command line tool writes it."""
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


@pytest.mark.parametrize("pack", [gzip.compress, zstd_with_checksum, bz2.compress, lzma.compress])
class TestCompressed:
    def test_reads_as_it_is(self, pack, tmp_path: Path) -> None:
        assert read_bytes(pack(spans_file(100)), tmp_path).count("spans") == 100

    def test_members_one_after_another(self, pack, tmp_path: Path) -> None:
        data = pack(spans_file(40)) + pack(spans_file(30)) + b"\0" * 512
        reading = read_bytes(data, tmp_path)
        assert (reading.count("spans"), reading.skipped) == (70, [])

    def test_a_truncated_file_keeps_what_came_out(self, pack, tmp_path: Path) -> None:
        """Random ids, so that the compressed file is long enough to be cut in the middle."""
        chance = random.Random(1)
        lines = [span_line(chance.getrandbits(60)) for _ in range(20_000)]
        packed = pack(b"".join(lines))
        reading = read_bytes(packed[: len(packed) // 2], tmp_path)
        assert 5_000 < reading.count("spans") < 12_000, "a block of bzip2 is 900 kB"
        assert "compressed data ends before its end mark" in reading.reasons
        (cut,) = [s for s in reading.skipped if s.reason == "compressed data ends before its end mark"]
        assert 0 <= cut.offset - reading.rows["spans"][-1]["source_offset"] < 2 * len(lines[0])

    def test_damage_in_the_middle(self, pack, tmp_path: Path) -> None:
        chance = random.Random(2)
        packed = bytearray(pack(b"".join(span_line(chance.getrandbits(60)) for _ in range(20_000))))
        middle = len(packed) // 2
        packed[middle : middle + 64] = b"\xff" * 64
        reading = read_bytes(bytes(packed), tmp_path)
        assert reading.count("spans") > 1_000
        assert reading.skipped

    def test_bytes_behind_the_end(self, pack, tmp_path: Path) -> None:
        reading = read_bytes(pack(spans_file(3)) + b"trailing", tmp_path)
        assert (reading.count("spans"), reading.reasons) == (3, ["bytes after the end of the compressed data"])

    def test_a_bomb_is_stopped_by_its_ratio(self, pack, tmp_path: Path) -> None:
        data = pack(spans_file(10) + b" " * (64 << 20))
        reading = read_bytes(data, tmp_path, limits=Limits(ratio=100))
        assert reading.count("spans") == 10
        assert reading.reasons == ["expands more than the allowed ratio (a decompression bomb)"]

    def test_a_bomb_is_stopped_by_its_size(self, pack, tmp_path: Path) -> None:
        data = pack(spans_file(10) + b" " * (8 << 20))
        reading = read_bytes(data, tmp_path, limits=Limits(decompressed_bytes=1 << 20))
        assert reading.count("spans") == 10
        assert reading.reasons == ["expands to more than the allowed size (a decompression bomb)"]


def test_zstd_with_skippable_frames(tmp_path: Path) -> None:
    skippable = b"\x52\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
    data = skippable + zstd.compress(spans_file(4)) + skippable + zstd.compress(spans_file(5)) + skippable
    reading = read_bytes(data, tmp_path)
    assert (reading.count("spans"), reading.skipped) == (9, [])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le"])
def test_other_encodings_of_unicode(encoding: str, tmp_path: Path) -> None:
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    reading = read_bytes((mark + spans_file(5).decode()).encode(encoding), tmp_path)
    assert [row["name"] for row in reading.rows["spans"]] == ["é"] * 5
    assert reading.rows["spans"][1]["source_offset"] == len(span_line(0))


def test_invalid_utf8_is_repaired(tmp_path: Path) -> None:
    reading = read_bytes(span_line(1).replace("é".encode(), b"a\xffb"), tmp_path)
    assert (reading.only("spans")["name"], reading.skipped) == ("a\ufffdb", [])


def test_lone_surrogates_and_control_characters(tmp_path: Path) -> None:
    reading = read_bytes(span_line(1).replace("é".encode(), b"a\\ud800b\x01c"), tmp_path)
    assert (reading.only("spans")["name"], reading.skipped) == ("a?b\x01c", [])


def test_nul_bytes_around_lines(tmp_path: Path) -> None:
    """What a file has where a machine lost power: zeros between records."""
    reading = read_bytes(span_line(1) + b"\0" * 4096 + span_line(2), tmp_path)
    assert (reading.count("spans"), reading.skipped) == (2, [])
    text = b"2026-10-13T09:00:00Z INFO a\n" + b"\0" * 512 + b"2026-10-13T09:00:01Z INFO b\n"
    assert [row["body"] for row in read_bytes(text, tmp_path).rows["logs"]] == ["INFO a", "INFO b"]


@pytest.mark.parametrize("depth", [500, 10_000, 100_000])
def test_deep_nesting(depth: int, tmp_path: Path) -> None:
    deep = b'{"arrayValue":{"values":[' * depth + b"]}}" * depth
    line = span_line(1).replace(b'"name"', b'"attributes":[{"key":"k","value":' + deep + b'}],"name"')
    reading = read_bytes(span_line(0) + line + b"[" * depth + b"\n" + span_line(2), tmp_path)
    assert {row["source_offset"] for row in reading.rows["spans"]} >= {0}
    assert len(reading.rows["spans"]) + len(reading.skipped) >= 4
    assert reading.rows["spans"][-1]["trace_id"].endswith("3")


def test_a_line_longer_than_allowed_costs_itself(tmp_path: Path) -> None:
    long = span_line(1).replace(b'"name"', b'"pad":"' + b"x" * 3_000_000 + b'","name"')
    reading = read_bytes(span_line(0) + long + span_line(2), tmp_path, limits=Limits(line_bytes=1_000_000))
    assert reading.count("spans") == 2
    assert [(s.line, s.offset, s.reason) for s in reading.skipped] == [
        (2, len(span_line(0)), "line longer than the allowed length")
    ]


def test_a_large_request_is_decoded_resource_by_resource(tmp_path: Path) -> None:
    """Above 8 MiB; a broken resource in it costs only itself."""
    spans = [
        {"traceId": f"{n + 1:032x}", "spanId": f"{n + 1:016x}", "name": "x" * 900, "startTimeUnixNano": "1"}
        for n in range(10_000)
    ]
    resources = [{"scopeSpans": [{"spans": spans[i : i + 1_000]}]} for i in range(0, 10_000, 1_000)]
    resources[3]["scopeSpans"] = 7  # ty: ignore[invalid-assignment]
    reading = read_bytes(json.dumps({"resourceSpans": resources}).encode(), tmp_path)
    assert reading.count("spans") == 9_000
    assert len(reading.skipped) == 1


@pytest.mark.parametrize(("nanos", "kept"), [("1", True), (str(2**63 - 1), True), (str(2**63), False), ("-1", False)])
def test_the_first_and_the_last_time(nanos: str, kept: bool, tmp_path: Path) -> None:
    line = span_line(1).replace(b'"startTimeUnixNano": "1"', f'"startTimeUnixNano": "{nanos}"'.encode())
    reading = read_bytes(line, tmp_path)
    assert reading.count("spans") == int(kept)
    assert len(reading.skipped) == int(not kept)


def test_a_batch_stays_near_65536_rows(tmp_path: Path) -> None:
    path = tmp_path / "evidence"
    path.write_bytes(spans_file(90_000))
    reader = detection.detect(EvidenceStream(path).sample())
    assert reader
    sizes = [part.rows.num_rows for part in reader.read(EvidenceStream(path)) if isinstance(part, Batch)]
    assert max(sizes) <= 65_536
    assert sum(sizes) == 90_001  # and the one resource


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        EvidenceStream(tmp_path / "pipe").sample()


def test_a_file_that_vanishes_is_told(tmp_path: Path) -> None:
    assert [skip.reason for skip in EvidenceStream(tmp_path / "gone").chunks() if isinstance(skip, Skipped)] == [
        "the file could not be read further"
    ]


def test_regexes_are_linear(tmp_path: Path) -> None:
    """Lines made to set a careless pattern backtracking: 2 MB of them within seconds."""
    head = b"2026-10-13T09:00:00Z ERROR x\n"
    evil = [
        b"a." * 200_000,
        b"a" * 400_000,
        b" at" + b" " * 200_000,
        b"[" * 200_000,
        b"1" * 200_000,
        b"Jan 1 " * 60_000,
    ]
    reading = read_path_of(head + b"\n".join(evil) + b"\n\tat a.b(C.java:1)\n" + head, tmp_path)
    assert reading.count("logs") >= 2


def read_path_of(data: bytes, folder: Path):
    path = folder / "a.log"
    path.write_bytes(data)
    return read_path(path)
