"""Broken, cut, huge and malicious files: their good neighbours are loaded, the loss is told with its place."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import json
import os
import random
import re
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deep_code_reasoning.errors import EvidenceError
from deep_code_reasoning.ingest import LoadReport
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.derivation import REPEATED_SPAN
from ingest.loading import load_all, opened
from sources.packed import tar, zipped, zstd
from store.otlp import logs_line

LOADS = """
import json, resource, sys
from pathlib import Path
from ingest.loading import load_all
from deep_code_reasoning.settings import Settings
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
settings = Settings(state_dir=Path("state"), allowed_roots=(Path.cwd(),), threads=2, kernels=sys.argv[1] == "1")
before = peak()
report = load_all(Path("a.gz"), settings)
print(json.dumps([peak() - before, report.rows["spans"], [[part.place, part.reason] for part in report.unread]]))
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
GOOD = 3  # log records in each of the two neighbours
LATEST = 2**63 - 1
CUT = "compressed data ends before its end mark"
BOMB = "expands more than the allowed ratio (a decompression bomb)"


def span(number: int, **fields: object) -> dict:
    start = 1_790_000_000_000_000_000 + number * 1_000_000
    return {
        "traceId": f"{number + 1:032x}",
        "spanId": f"{number + 1:016x}",
        "name": "op",
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 1000),
        **fields,
    }


def line(*spans: dict) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode() + b"\n"


def lines(count: int) -> bytes:
    return b"".join(line(span(number)) for number in range(count))


@pytest.fixture
def loaded(tmp_path: Path, settings: Settings) -> Callable[..., LoadReport]:
    """Loads a folder of the given files between two good ones, and checks that those are there."""

    def load_between(**files: bytes) -> LoadReport:
        folder = tmp_path / "evidence"
        folder.mkdir(exist_ok=True)
        for name in ("0-before.json", "zz-after.json"):
            (folder / name).write_text(logs_line(f"{name} one", "two", "three"))
        for name, content in files.items():
            (folder / name.replace("__", ".")).write_bytes(content)
        report = load_all(folder, settings)
        with opened(settings, folder) as tables:
            neighbours = tables.rows(
                "SELECT count(*) FROM logs JOIN sources USING (source) "
                "WHERE path LIKE '%-before.json' OR path LIKE '%-after.json'"
            )
        assert neighbours == [(2 * GOOD,)]
        return report

    return load_between


def told(report: LoadReport) -> list[tuple[str, str, int]]:
    """(place, reason, count), places without the folder."""
    return [(part.place.rpartition("/evidence/")[2], part.reason, part.count) for part in report.unread]


def where_byte(place: str) -> str:
    """The file of a place that is a byte."""
    match = re.fullmatch(r"(.+)@\d+", place)
    assert match, place
    return match[1]


def test_a_line_broken_off(loaded) -> None:
    report = loaded(a=lines(2) + line(span(2))[:-20] + b"\n" + line(span(3)))
    assert told(report) == [("a:3", "not well-formed JSON (broken off or damaged)", 1)]
    assert report.rows["spans"] >= 3


@pytest.mark.parametrize(("pack", "least"), [(gzip.compress, 8_000), (zstd.compress, 8_000), (bz2.compress, 4_000)])
def test_compressed_and_broken_off(loaded, pack, least: int) -> None:
    """Half of the file; bzip2 gives nothing of the block of up to 900 kB that was cut."""
    chance = random.Random(1)
    content = b"".join(line(span(n, name=f"{chance.getrandbits(128):x}")) for n in range(20_000))
    packed = pack(content)
    report = loaded(a__packed=packed[: len(packed) // 2])
    spans = report.rows["spans"]
    assert least <= spans <= 11_500
    (place, _, count), *broken = [part for part in told(report) if part[1] == CUT]
    assert (where_byte(place), count, broken) == ("a.packed", 1, [])
    ends = list(itertools.accumulate(map(len, content.splitlines(keepends=True)), initial=0))
    assert ends[spans] <= int(place.rpartition("@")[2]) <= ends[spans + 1]
    assert {reason for _, reason, _ in told(report)} <= {CUT, "not well-formed JSON (broken off or damaged)"}


@pytest.mark.parametrize("kernels", ["0", "1"])
def test_a_line_of_a_gigabyte(tmp_path: Path, kernels: str) -> None:
    """In 2 MB of gzip, at a ratio that is still allowed; it is never in memory as a whole."""
    first = line(span(0, name=os.urandom(500_000).hex()))
    block = gzip.compress(b"x" * (32 << 20))
    packed = gzip.compress(first + b'{"pad":"') + block * 32 + gzip.compress(b'"}\n' + line(span(1)))
    (tmp_path / "a.gz").write_bytes(packed)
    ran = subprocess.run(
        [sys.executable, "-c", LOADS, kernels], cwd=tmp_path, capture_output=True, check=True, env=ENVIRONMENT
    )
    growth, spans, unread = json.loads(ran.stdout)
    assert (spans, unread) == (2, [["a.gz:2", "line longer than the allowed length"]])
    assert growth < 500 << 20


def test_nul_bytes(loaded) -> None:
    report = loaded(a=line(span(0)) + bytes(100_000) + line(span(1)), b=bytes(50_000))
    assert report.rows["spans"] == 2
    assert told(report) == [("b", "format not recognised", 1)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig", "utf-32"])
def test_other_encodings(loaded, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    report = loaded(a=(mark + lines(3).decode()).encode(encoding))
    assert (report.rows["spans"], report.unread) == (3, ())


def test_json_nested_a_hundred_thousand_levels(loaded) -> None:
    value = b'{"arrayValue":{"values":[' * 100_000 + b"]}}" * 100_000
    deep = line(span(1)).replace(b'"name"', b'"attributes":[{"key":"k","value":' + value + b'}],"name"')
    report = loaded(a=line(span(0)) + deep + line(span(2)), b=b"[" * 100_000, c=b'{"a":' * 100_000)
    assert report.rows["spans"] >= 2
    places = [place for place, _, _ in told(report)]
    assert {"b", "c"} <= set(places)
    assert report.rows["spans"] == 3 or any(place.startswith("a:2") for place in places)


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_a_bomb_by_its_ratio(loaded, pack) -> None:
    report = loaded(a__packed=pack(line(span(0)) + b" " * (64 << 20) * 3 + b"\n" + line(span(1))))
    ((place, reason, count),) = told(report)
    assert (where_byte(place), reason, count) == ("a.packed", BOMB, 1)
    assert int(place.rpartition("@")[2]) < 193 << 20
    assert report.rows["spans"] == 1


def test_a_bomb_by_its_size(loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    from deep_code_reasoning.sources import stream

    small = stream.Limits(decompressed_bytes=1 << 20)
    monkeypatch.setattr(stream, "Limits", lambda **given: small)
    chance = random.Random(3)
    content = b"".join(line(span(n, name=f"{chance.getrandbits(256):x}")) for n in range(8_000))
    report = loaded(a__gz=gzip.compress(content))
    ((place, reason, count),) = [part for part in told(report) if "bomb" in part[1]]
    assert (where_byte(place), reason) == ("a.gz", "expands to more than the allowed size (a decompression bomb)")
    assert count == 1
    assert 0 < report.rows["spans"] < 8_000
    assert len(content) > int(place.rpartition("@")[2]) > 0


def test_a_zip_bomb_and_a_tar_bomb(loaded) -> None:
    zeros = zipped({"ok.json": lines(2), "zeros": bytes(40 << 20), "more": bytes(40 << 20)})
    nested = zipped({f"{n}.zip": zipped({"zeros": bytes(64 << 20)}) for n in range(4)})
    report = loaded(a__zip=zeros, b__zip=nested, c__tgz=zstd.compress(tar({"zeros": bytes(200 << 20)})))
    assert report.rows["spans"] == 2
    found = told(report)
    end = found[-1][0]
    assert found == [
        ("a.zip!/zeros", "format not recognised", 1),
        ("a.zip!/more", BOMB, 1),
        ("b.zip!/0.zip!/zeros", BOMB, 4),
        ("c.tgz!/zeros", "archive that ends within this member (cut off)", 1),
        (end, BOMB, 1),
    ]
    assert where_byte(end) == "c.tgz"


def test_a_truncated_zip(loaded) -> None:
    data = zipped({"a.json": lines(4), "b.json": os.urandom(50_000)})
    report = loaded(cut__zip=data[:-30_000])
    assert report.rows["spans"] == 4
    assert told(report) == [
        ("cut.zip!/b.json", "archive that ends within this member (cut off)", 1),
        (
            f"cut.zip@{data.index(b'PK', 10)}",
            "archive cut off before its end; the whole members before the cut were read",
            1,
        ),
    ]


def test_hostile_members_are_told_and_nothing_is_written(loaded, tmp_path: Path) -> None:
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../escaped.json", lines(2))
        archive.writestr("secret.json", lines(1))
        archive.getinfo("secret.json").flag_bits |= 1
    report = loaded(a__tar=tar({"ok.json": line(span(7))}, "w:", link), b__zip=packed.getvalue())
    assert report.rows["spans"] == 3
    assert told(report) == [
        ("a.tar!/link", "a link in an archive, which is not followed", 1),
        ("b.zip!/secret.json", "encrypted member of an archive", 1),
    ]
    assert not list(tmp_path.rglob("escaped*"))


def test_span_ids_twice_are_shown_once_and_told(loaded, settings: Settings, tmp_path: Path) -> None:
    first = line(span(1), span(2))
    report = loaded(a=first + line(span(1), span(3)), b=line(span(1)))
    assert report.rows["spans"] == 5
    assert told(report) == [(f"a@{len(first)}", REPEATED_SPAN, 1), ("b@0", REPEATED_SPAN, 1)]
    with opened(settings, tmp_path / "evidence") as tables:
        assert tables.count("spans") == 3


def test_parents_in_a_circle(loaded, settings: Settings, tmp_path: Path) -> None:
    """Of one, two and 20,000 spans, and a chain of 50,000 that hangs below one: no view hangs on them."""
    count = 20_000
    trace = f"{9:032x}"
    ring = [
        span(n, traceId=trace, spanId=f"{n + 1:016x}", parentSpanId=f"{(n + 1) % count + 1:016x}") for n in range(count)
    ]
    tail = [
        span(n, traceId=trace, spanId=f"{n + 1:016x}", parentSpanId=f"{n:016x}") for n in range(count, count + 50_000)
    ]
    own = span(0, traceId=f"{5:032x}", parentSpanId=f"{1:016x}")
    pair = [span(n, traceId=f"{6:032x}", spanId=f"{n:016x}", parentSpanId=f"{3 - n:016x}") for n in (1, 2)]
    started = time.monotonic()
    report = loaded(
        a=line(own) + line(*pair) + b"".join(line(*ring[n : n + 500]) for n in range(0, count, 500)),
        b=b"".join(line(*tail[n : n + 500]) for n in range(0, 50_000, 500)),
    )
    assert report.rows["spans"] == count + 50_000 + 3
    with opened(settings, tmp_path / "evidence") as tables:
        assert tables.rows("SELECT count(*) FROM topology WHERE in_cycle") == [(count + 3,)]
        assert tables.rows("SELECT max(depth) FROM span_tree") == [(50_000,)]
        assert tables.count("trace_roots") >= 1
        tables.rows("SELECT count(*) FROM service_edges")
    assert time.monotonic() - started < 30


def test_times_that_cannot_be(loaded, settings: Settings, tmp_path: Path) -> None:
    report = loaded(
        a=line(
            span(0, endTimeUnixNano="1"),  # ends before it starts
            span(1, startTimeUnixNano="0", endTimeUnixNano="0"),
            span(2, startTimeUnixNano="1", endTimeUnixNano="2"),
            span(3, startTimeUnixNano=str(LATEST - 1), endTimeUnixNano=str(LATEST)),
            span(4, startTimeUnixNano=str(LATEST + 1), endTimeUnixNano=str(LATEST + 2)),
            span(5, startTimeUnixNano="1", endTimeUnixNano=str(LATEST)),
            span(6, startTimeUnixNano="99999999999999999999999", endTimeUnixNano="-1"),
        )
    )
    reasons = {reason: (place, count) for place, reason, count in told(report)}
    assert all(place.startswith("a") for place, _ in reasons.values())
    assert reasons["time that is not nanoseconds between 1970 and 2262"][0] in ("a:1", "a@0")
    lost = sum(count for reason, (_, count) in reasons.items() if "kept" not in reason)
    assert report.rows["spans"] + lost >= 7
    with opened(settings, tmp_path / "evidence") as tables:
        assert tables.rows("SELECT count(*) FROM spans WHERE duration_nano < 0") == [(0,)]
        assert tables.rows("SELECT count(*) FROM span_tree WHERE self_time_nano < 0") == [(0,)]
        tables.rows("SELECT * FROM trace_roots")


def test_binary_garbage(loaded) -> None:
    report = loaded(
        a=random.Random(5).randbytes(300_000),
        b=b"\x1f\x8b" + random.Random(6).randbytes(90_000),
        c=b"\x28\xb5\x2f\xfd" + random.Random(7).randbytes(90_000),
        d=b"PK\3\4" + bytes(range(256)) * 9,
    )
    assert [(place.partition("!")[0].partition("@")[0], count) for place, _, count in told(report)] == [
        *(("a", 1), ("b", 1), ("c", 1)),
        *(("d", 1), ("d", 1)),  # the member that is not whole, and where the archive ends
    ]
    assert report.rows == {"logs": 2 * GOOD, "resources": report.rows["resources"]}


def test_only_bad_input_is_an_error_that_names_it(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "cut.zip").write_bytes(zipped({"a.json": os.urandom(9_000)})[:5_000])
    with pytest.raises(EvidenceError, match=r"cut\.zip!/a\.json: archive that ends within this member"):
        load_all(folder, settings)
