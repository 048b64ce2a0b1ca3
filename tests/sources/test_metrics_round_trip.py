"""Random metrics written in each format read back as they were."""

import io
import json
import math
from csv import writer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.sources.instants import any_nanos
from deep_code_reasoning.sources.metrics.exposition import parse_key
from sources.reading import read_bytes

quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

NAMES = st.from_regex(r"[a-z][a-z_:]{0,12}[a-z]", fullmatch=True).filter(
    lambda name: not name.endswith(("_total", "_bucket", "_sum", "_count", "_created", "_info"))
)
LABEL_NAMES = st.sampled_from(["route", "code", "method", "le_gal", "x"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
NUMBERS = st.one_of(st.floats(allow_nan=False), st.integers(-(10**6), 10**6).map(float))
MILLIS = st.integers(1_000_000_000_000, 3_000_000_000_000)
POINTS = st.lists(
    st.tuples(NAMES, st.dictionaries(LABEL_NAMES, TEXTS.filter(bool), max_size=3), NUMBERS, MILLIS),
    min_size=1,
    max_size=20,
)


def found(reading) -> list:
    rows = reading.rows.get("metrics", [])
    return [(row["name"], row["attributes"], row["value"], row["time_unix_nano"]) for row in rows]


def expected(points: list) -> list:
    return [(name, labels, value, millis * 1_000_000) for name, labels, value, millis in points]


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def key(name: str, labels: dict[str, str]) -> str:
    return name + "{" + ",".join(f'{label}="{escaped(value)}"' for label, value in labels.items()) + "}"


@quick
@given(points=POINTS)
def test_prometheus_text(points: list, tmp_path: Path) -> None:
    lines = [f"{key(name, labels)} {value!r} {millis}\n" for name, labels, value, millis in points]
    text = "# TYPE any gauge\nany 1 1790000000000\n" + "".join(lines)
    reading = read_bytes(text.encode(), tmp_path)
    assert reading.skipped == []
    assert sorted(found(reading)[1:], key=repr) == sorted(expected(points), key=repr)


@quick
@given(points=POINTS)
def test_prometheus_api(points: list, tmp_path: Path) -> None:
    result = [
        {"metric": {"__name__": name, **labels}, "values": [[millis / 1000, repr(value)]]}
        for name, labels, value, millis in points
    ]
    answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    reading = read_bytes(json.dumps(answer).encode(), tmp_path)
    assert reading.skipped == []
    assert found(reading) == expected(points)


@quick
@given(points=POINTS)
def test_long_csv(points: list, tmp_path: Path) -> None:
    """Texts on one line: a field does not span lines. An empty label is none."""
    points = [
        (name, {k: clean for k, v in labels.items() if (clean := " ".join(v.split()))}, value, millis)
        for name, labels, value, millis in points
    ]
    file = io.StringIO()
    labels = ["route", "code", "method", "le_gal", "x"]
    table = writer(file, lineterminator="\n")
    table.writerow(["timestamp", "metric", *labels, "value"])
    table.writerow([1_790_000_000_000, "any", *[""] * len(labels), 1])
    table.writerows(
        [millis, name, *[given.get(x, "") for x in labels], repr(value)] for name, given, value, millis in points
    )
    reading = read_bytes(file.getvalue().encode(), tmp_path)
    if reading.reader is None:  # labels as long as prose
        return
    assert reading.skipped == []
    assert found(reading)[1:] == expected(points)


@quick
@given(values=st.lists(st.lists(st.one_of(st.none(), NUMBERS), min_size=3, max_size=3), min_size=1, max_size=30))
@example(values=[[None, None, None]])
def test_wide_csv(values: list, tmp_path: Path) -> None:
    """Every number once, in the order of rows and columns; empty cells are no points."""
    lines = ["time,a,b,c", "1790000000,1,1,1"]
    lines += [
        f"{1_790_000_001 + i}," + ",".join("" if v is None else repr(v) for v in row) for i, row in enumerate(values)
    ]
    reading = read_bytes("\n".join(lines).encode(), tmp_path)
    points = [
        (name, {}, value, (1_790_000_001 + i) * 10**9)
        for i, row in enumerate(values)
        for name, value in zip("abc", row, strict=True)
        if value is not None
    ]
    assert found(reading)[3:] == points


@quick
@given(counts=st.lists(st.integers(0, 1000), min_size=1, max_size=8), amount=st.floats(0, 1e6))
def test_buckets_are_taken_apart(counts: list[int], amount: float, tmp_path: Path) -> None:
    """Cumulative buckets, in any order, give the counts that they were summed from."""
    bounds = [str(2.0**i) for i in range(len(counts) - 1)] + ["+Inf"]
    lines = [f'h_bucket{{le="{b}"}} {sum(counts[: i + 1])} 1790000000000\n' for i, b in enumerate(bounds)]
    lines += [f"h_sum {amount!r} 1790000000000\n", f"h_count {sum(counts)} 1790000000000\n"]
    reading = read_bytes(("# TYPE h histogram\n" + "".join(reversed(lines))).encode(), tmp_path)
    row = reading.only("metrics")
    assert row["bucket_counts"] == counts
    assert row["explicit_bounds"] == ([2.0**i for i in range(len(counts) - 1)] or None)
    assert (row["count"], row["sum"]) == (sum(counts), amount)
    assert row["value"] is None if not sum(counts) else math.isclose(row["value"], amount / sum(counts))


@quick
@given(name=NAMES, labels=st.dictionaries(LABEL_NAMES, TEXTS))
def test_keys_parse_back(name: str, labels: dict[str, str]) -> None:
    assert parse_key(key(name, labels)) == (name, tuple(labels.items()))


TIMES = [
    "1790000000", "1790000000.5", "1790000000.000000001", "1790000000123", "1790000000123456", "1790000000123456789",
    "2026-09-21T13:33:20Z", "2026-09-21 13:33:20", "2026-09-21T13:33:20.123456789Z", "2026-09-21T13:33:20+02:00",
    "2026/09/21 13:33:20", "2026-09-21T13:33:20,5", "21/Sep/2026:13:33:20 +0000", "9223372036854775807",
    "9223372036854775808", "-1", "1e300", "nan", "0", "yesterday", "1677-01-01T00:00:00Z", "3000-01-01T00:00:00Z",
    "99999999",
]  # fmt: skip


@quick
@given(times=st.lists(st.sampled_from(TIMES), min_size=1, max_size=6))
def test_a_column_of_times_is_read_as_each_of_them(times: list[str]) -> None:
    import pyarrow as pa

    from deep_code_reasoning.sources.metrics.times import NOT_A_TIME, instants

    oracle = [told[0] if (told := any_nanos(time)) else NOT_A_TIME for time in times]
    assert instants(pa.array(times)).tolist() == oracle


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_endings(ending: str, tmp_path: Path) -> None:
    text = ending.join(["# TYPE a gauge", "a 1 1790000000000", 'a{x="y"} 2 1790000000000', ""])
    assert [row["value"] for row in read_bytes(text.encode(), tmp_path).rows["metrics"]] == [1.0, 2.0]
    text = ending.join(["time,metric,value", "1790000000,a,1", "", "1790000001,a,2"])
    assert [row["value"] for row in read_bytes(text.encode(), tmp_path).rows["metrics"]] == [1.0, 2.0]
